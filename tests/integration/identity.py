# SPDX-License-Identifier: Apache-2.0
"""A guest signs in: what was declined and shown before holds for the customer, once, also after kill -9."""
from harness import ROOT, Offerd, check, main, run, scratch

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
ASK = {'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'item': 'CAM-A7', 'locale': 'en', 'explain': True,
       'budget_ms': 1000, 'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}}
SILENCE = 'after_decline: {silence: 14d}'
CAP = 'per_customer: [{max: 3, per: 30d}]'


def shop(limits, audience=''):
    rules, data = scratch(), scratch() / 'data'
    (rules / 'rules.yaml').write_text(RULE.format(limits=limits).replace('    limits:', audience + '    limits:'))
    done = run('import', '--catalog', ROOT / 'config/demo/catalog.csv', '--data', data)
    check(done.returncode == 0, done.stderr)
    return Offerd(rules=rules, data=data)


def decide(offerd, **who):
    answer = offerd.post('/offers', {**ASK, **who})
    check(answer.status == 200 and not answer.json['degraded'], answer)
    return answer.json


def result(offerd, **who):
    return decide(offerd, **who)['considered'][0]['result']


def decline(offerd, **who):
    decision = decide(offerd, **who)
    check(decision['offers'], decision)
    answer = offerd.post(f"/offers/{decision['decision_id']}/{decision['offers'][0]['offer_id']}/decline", {})
    check(answer.status == 200, answer)


def post(offerd, *events):
    answer = offerd.post('/events', list(events))
    check(answer.status == 202, answer)
    return [result['status'] for result in answer.json['results']]


def identified(number, customer, anonymous=None, **more):
    event = {'event_id': f'identified-{number}', 'type': 'customer_identified', 'customer_id': customer, **more}
    return event | ({'anonymous_id': anonymous} if anonymous else {})


def shown(offerd, number, customer):
    decision = decide(offerd, customer_id=customer)
    check(decision['offers'], customer, decision)
    check(post(offerd, {'event_id': f'shown-{number}', 'type': 'offer_shown', 'customer_id': customer,
                        'decision_id': decision['decision_id'],
                        'offer_id': decision['offers'][0]['offer_id']}) == ['accepted'])


def test_what_a_visitor_declined_is_not_offered_to_the_customer_who_signs_in():
    with shop(SILENCE) as offerd:
        decline(offerd, customer_id='visitor-1')
        check(result(offerd, customer_id='C1') == 'shown')  # the customer's profile is at hand now
        check(post(offerd, identified(1, 'C1', 'visitor-1')) == ['accepted'])
        check(result(offerd, customer_id='C1') == 'silent', 'asked again after signing in')
        check(result(offerd, customer_id='C2') == 'shown', 'another customer is silenced')


def test_a_guest_of_the_session_is_meant_when_no_id_is_given():
    with shop(SILENCE) as offerd:
        decline(offerd, session_id='visit-1')
        check(post(offerd, identified(1, 'C1', session_id='visit-1')) == ['accepted'])
        check(result(offerd, customer_id='C1', session_id='visit-2') == 'silent')


def test_what_was_shown_counts_once_however_often_the_visitor_is_named():
    with shop(CAP) as offerd:
        shown(offerd, 1, 'visitor-1')
        for number in range(5):
            check(post(offerd, identified(number, 'C1', 'visitor-1')) == ['accepted'])
        check(post(offerd, identified(0, 'C1', 'visitor-1')) == ['duplicate'])
        shown(offerd, 2, 'C1')
        check(result(offerd, customer_id='C1') == 'shown', 'two of three were shown')
        shown(offerd, 3, 'visitor-1')  # signed out meanwhile
        check(result(offerd, customer_id='C1') == 'shown', 'counted before it was said')
        check(post(offerd, identified(6, 'C1', 'visitor-1')) == ['accepted'])
        check(result(offerd, customer_id='C1') == 'cap_reached', 'three of three were shown')
        check(result(offerd, customer_id='visitor-1') == 'shown', 'the visitor has seen two')


def test_chains_and_circles_count_once_as_well():
    with shop(CAP) as offerd:
        shown(offerd, 1, 'phone')
        check(post(offerd, identified(1, 'laptop', 'phone'), identified(2, 'phone', 'laptop'),
                   identified(3, 'laptop', 'phone'), identified(4, 'C1', 'laptop'),
                   identified(5, 'C1', 'phone')) == ['accepted'] * 5)
        shown(offerd, 2, 'C1')
        shown(offerd, 3, 'C1')
        check(result(offerd, customer_id='C1') == 'cap_reached')


def test_it_holds_over_kill_9_at_any_step_and_repeats_after_it():
    with shop(CAP) as offerd:
        def restart():
            offerd.kill()
            offerd.start()

        shown(offerd, 1, 'visitor-1')
        restart()
        check(post(offerd, identified(1, 'C1', 'visitor-1')) == ['accepted'])
        restart()
        check(post(offerd, identified(1, 'C1', 'visitor-1'), identified(2, 'C1', 'visitor-1'))
              == ['duplicate', 'accepted'])
        shown(offerd, 2, 'C1')
        restart()
        check(result(offerd, customer_id='C1') == 'shown', 'two of three were shown')
        shown(offerd, 3, 'C1')
        check(result(offerd, customer_id='C1') == 'cap_reached')
        restart()
        check(result(offerd, customer_id='C1') == 'cap_reached', 'forgotten by the restart')


def test_consent_stays_the_customers_own():
    with shop(SILENCE, audience='    audience: {not_owns: {sku: CARD-128}}\n') as offerd:
        consent = {'event_id': 'consent', 'type': 'customer_updated', 'customer_id': 'visitor-1',
                   'customer': {'consent': {'personalization': True}}}
        check(post(offerd, consent, identified(1, 'C1', 'visitor-1')) == ['accepted'] * 2)
        check(result(offerd, customer_id='visitor-1') == 'shown')
        check(result(offerd, customer_id='C1') == 'condition_unknown', 'looked at without consent')


def test_nobody_is_identified_as_nobody_or_as_the_same():
    with shop(SILENCE) as offerd:
        for event, pointer in ((identified(1, 'C1'), '/anonymous_id'), (identified(1, 'C1', 'C1'), '/anonymous_id'),
                               (identified(1, None, 'visitor-1'), '/customer_id')):
            answer = offerd.post('/events', event)
            check(answer.status == 422 and answer.json['pointer'] == pointer, answer)


main()
