# SPDX-License-Identifier: Apache-2.0
"""One customer's visit, from end to end: offers, answers to them, and what the next decision makes of it."""
from harness import ROOT, Offerd, check, main, run, scratch, wait_until

RULE = '''version: 1
currency: JPY
timezone: Asia/Tokyo
locales: [ja, en]
rules:
  - id: card
    name: a card
    kind: cross_sell
    status: active
    owner: camera
    trigger: [add_to_cart]
    placement: [cart-drawer]
    offer: {{pick: {{skus: [CARD-128]}}}}
    limits: {{{limits}}}
    rank: {{priority: 50}}
    message:
      ja: {{title: "{{offer.name}}", cta: 入れる, decline: いらない}}
      en: {{title: "{{offer.name}}", cta: Add, decline: "No, thanks"}}
'''
ASK = {'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'customer_id': 'C1', 'session_id': 'S1', 'item': 'CAM-A7',
       'locale': 'en', 'explain': True, 'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}}


def rules(limits='after_decline: {silence: 14d}'):
    where = scratch()
    (where / 'rules.yaml').write_text(RULE.format(limits=limits))
    return where


def demo_data():
    where = scratch() / 'data'
    done = run('import', '--catalog', ROOT / 'config/demo/catalog.csv', '--data', where)
    check(done.returncode == 0, done.stderr)
    return where


def decide(offerd, **more):
    answer = offerd.post('/offers', {**ASK, **more})
    check(answer.status == 200, answer)
    return answer.json


def say(offerd, decision, word, body=None):
    offer = decision['offers'][0]
    return offerd.post(f"/offers/{decision['decision_id']}/{offer['offer_id']}/{word}", body or {})


def test_an_accepted_offer_answers_with_the_exact_cart_change_however_often():
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        decision = decide(offerd)
        for _ in range(2):
            answer = say(offerd, decision, 'accept')
            check(answer.status == 200, answer)
            check(answer.json['apply'] == decision['offers'][0]['apply'], answer)
        check(decision['offers'][0]['apply'] == {'add': [{'sku': 'CARD-128', 'quantity': 1}], 'remove': [],
                                                 'coupon': None}, decision)


def test_a_decline_is_thanked_and_respected_by_the_next_decision_and_after_a_restart():
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        decision = decide(offerd)
        answer = say(offerd, decision, 'decline')
        check(answer.status == 200 and answer.json.get('message'), answer)
        again = decide(offerd)
        check(again['offers'] == [], again)
        check(again['considered'][0]['result'] == 'silent', again)
        check(decide(offerd, customer_id='C2')['offers'], 'another customer is not silenced')
        offerd.stop()
        offerd.start()
        check(decide(offerd)['offers'] == [], 'forgotten by the restart')


def test_a_guest_who_declines_is_thanked_and_promised_nothing():
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        answer = say(offerd, decide(offerd, customer_id=None, session_id=None), 'decline', {'locale': 'en'})
        check(answer.json['message'] == 'Thank you for telling us.', answer)
        answer = say(offerd, decide(offerd), 'decline', {'locale': 'ja'})
        check(answer.json['message'] == 'ご回答ありがとうございます。今後のご案内に活かします。', answer)


def test_a_guest_is_remembered_by_the_session():
    guest = {'customer_id': None, 'session_id': 'visit-1'}
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        answer = say(offerd, decide(offerd, **guest), 'decline', {'locale': 'en'})
        check('keep it in mind' in answer.json['message'], answer)
        check(decide(offerd, **guest)['offers'] == [], 'asked again in the same visit')
        check(decide(offerd, customer_id=None, session_id='visit-2')['offers'], 'another visitor is not silenced')
        decision = decide(offerd, customer_id=None, session_id='visit-3')
        answer = say(offerd, decision, 'decline', {'customer_id': 'C9'})  # signed in meanwhile
        check(answer.status == 200, answer)
        check(decide(offerd, customer_id='C9')['offers'] == [], 'the customer is asked again')


def test_an_event_is_visible_to_the_next_decision():
    with Offerd(rules=rules('per_customer: [{max: 2, per: session}]'), data=demo_data()) as offerd:
        for shown in range(3):
            decision = decide(offerd)
            check(len(decision['offers']) == (1 if shown < 2 else 0), shown, decision)
            if shown < 2:
                answer = offerd.post('/events', {'event_id': f'shown-{shown}', 'type': 'offer_shown',
                                                 'customer_id': 'C1', 'session_id': 'S1',
                                                 'decision_id': decision['decision_id'],
                                                 'offer_id': decision['offers'][0]['offer_id']})
                check(answer.status == 202, answer)
                check(answer.json['results'][0]['status'] == 'accepted', answer)
        check(decision['considered'][0]['result'] == 'cap_reached', decision)
        check(decide(offerd, session_id='S2')['offers'], 'a new session begins anew')


def test_an_import_beside_the_service_reaches_profiles_and_model():
    where = scratch()
    rule = RULE.format(limits='after_decline: {silence: 14d}').replace(
        '    limits:', '    audience: {not_owns: {sku: CARD-128}}\n    limits:')
    (where / 'rules.yaml').write_text(rule)
    with Offerd(rules=where, data=demo_data(), flags=['--model-refresh-s', '1']) as offerd:
        consent = offerd.post('/events', {'event_id': 'consent', 'type': 'customer_updated', 'customer_id': 'C1',
                                          'customer': {'consent': {'personalization': True}}})
        check(consent.status == 202, consent)
        check(decide(offerd)['offers'], 'the customer owns no card yet')
        orders = scratch() / 'orders.csv'
        orders.write_text('order_id,customer_id,ordered_at,sku,quantity,unit_price\n'
                          'O1,C1,2026-11-01T10:00:00,CARD-128,1,3780\n')
        done = run('import', '--orders', orders, '--data', offerd.data)
        check(done.returncode == 0, done.stderr)
        wait_until(10, 'the order is known', lambda: decide(offerd)['considered'][0]['result'] == 'condition_false')


def test_skus_that_the_catalogue_does_not_know_are_accepted_and_counted():
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        lines = [{'sku': sku, 'quantity': 1, 'unit_price': 100} for sku in ('CARD-128', 'NEW-1', 'NEW-2')]
        answer = offerd.post('/events', {'event_id': 'o', 'type': 'order_placed', 'customer_id': 'C1',
                                         'order': {'id': 'O', 'currency': 'JPY', 'items': lines}})
        check(answer.status == 202, answer)
        check('\nofferd_events_unknown_skus_total 2\n' in offerd.get('/metrics').text, 'not 2')


def test_a_made_up_offer_id_is_not_found():
    with Offerd(rules=rules(), data=demo_data()) as offerd:
        decision, other = decide(offerd), decide(offerd)
        offer_id = decision['offers'][0]['offer_id']
        damaged = offer_id[:5] + ('A' if offer_id[5] != 'A' else 'B') + offer_id[6:]
        for path in (f"/offers/{decision['decision_id']}/{damaged}/accept", f"/offers/{other['decision_id']}/{offer_id}/accept",
                     '/offers/x/y/decline'):
            check(offerd.post(path, {}).status == 404, path)


def test_broken_rules_and_no_good_ones_before_are_not_ready_until_they_are_mended():
    where = rules()
    good = (where / 'rules.yaml').read_text()
    (where / 'rules.yaml').write_text(good.replace('kind: cross_sell', 'kind: crosssell'))
    offerd = Offerd(rules=where, data=demo_data(), start=False)
    with offerd.start(ready=False):
        not_ready = wait_until(10, 'an answer', lambda: attempt(offerd))
        check(not_ready.status == 503 and 'errors' in not_ready.text, not_ready)
        check(decide(offerd)['offers'] == [], 'a decision is answered all the same')
        (where / 'rules.yaml').write_text(good)
        wait_until(5, 'ready', lambda: offerd.get('/readyz').status == 200)
        check(decide(offerd)['offers'], 'no offer')


def attempt(offerd):
    try:
        return offerd.get('/readyz')
    except OSError:
        return None


def test_without_a_ruleset_it_answers_with_nothing_rather_than_not_at_all():
    with Offerd(rules=scratch(), data=demo_data()) as offerd:
        check(decide(offerd)['offers'] == [], 'offers without rules')


main()
