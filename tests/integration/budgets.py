# SPDX-License-Identifier: Apache-2.0
"""A rule's budget, with the real program and its embedded store: never exceeded, whoever asks at the same time, and
never forgotten. Prints what was granted and accepted."""
import itertools
import threading
import time

from harness import ROOT, Offerd, check, main, run, scratch, tell, wait_until

RULES = '''version: 1
currency: JPY
timezone: Asia/Tokyo
locales: [ja, en]
rules:
'''
RULE = '''  - id: {id}
    name: a few of a card
    kind: cross_sell
    status: active
    owner: camera
    trigger: [add_to_cart]
    placement: [{placement}]
    offer: {{pick: {{skus: [{sku}]}}}}
    {budget}
    rank: {{priority: {priority}}}
    message:
      ja: {{title: "{{offer.name}}", cta: 入れる, decline: いらない}}
      en: {{title: "{{offer.name}}", cta: Add, decline: "No, thanks"}}
'''
ASK = {'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'item': 'CAM-A7', 'locale': 'en', 'explain': True,
       'budget_ms': 1000, 'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}}
THREADS = 8
names = (f'stranger-{n}' for n in itertools.count())  # a decline silences the rule for its customer


def rule(budget, id='few', sku='CARD-128', priority=50, placement='cart-drawer'):
    return RULE.format(id=id, sku=sku, priority=priority, placement=placement,
                       budget=f'budget: {budget}' if budget else 'tags: [without]')


def write(where, *rules):
    (where / 'rules.yaml').write_text(RULES + ''.join(rules))


def shop(*rules):
    """A running shop; .where is its directory of rules."""
    where, data = scratch(), scratch() / 'data'
    write(where, *rules)
    done = run('import', '--catalog', ROOT / 'config/demo/catalog.csv', '--data', data)
    check(done.returncode == 0, done.stderr)
    offerd = Offerd(rules=where, data=data, start=False)
    offerd.where = where
    start(offerd)
    return offerd


def start(offerd):
    offerd.start()
    knows_its_budgets(offerd)


def knows_its_budgets(offerd):
    """New rules' budgets are read from the log in the background, within a moment."""
    first = next(names)
    wait_until(5, 'budgets are known', lambda: not decide(offerd, customer_id=first)['degraded'])
    forget(offerd, first)


def forget(offerd, customer):
    """Whatever the customer is offered, he declines, so that he holds nothing."""
    decision = decide(offerd, customer_id=customer)
    for offer in decision['offers']:
        check(outcome(offerd, decision, offer, 'decline').status == 200)


def reload(offerd):
    """Unchanged: it has seen by itself what was written."""
    answer = offerd.post('/-/reload')
    check(answer.json['result'] in ('live', 'unchanged'), answer)


def decide(offerd, **more):
    answer = offerd.post('/offers', {**ASK, **more})
    check(answer.status == 200, answer)
    return answer.json


def outcome(offerd, decision, offer, word):
    return offerd.post(f"/offers/{decision['decision_id']}/{offer['offer_id']}/{word}", {})


def offered(offerd, customer, rule='few'):
    """(decision, offer) of the rule, or None."""
    decision = decide(offerd, customer_id=customer)
    for offer in decision['offers']:
        if offer['rule'] == rule:
            return decision, offer
    return None


def accept(offerd, made):
    return outcome(offerd, *made, 'accept')


def reason(offerd, customer, rule='few'):
    considered = decide(offerd, customer_id=customer)['considered']
    return next(c for c in considered if c['rule'] == rule)


def at_once(n, work):
    """work(i) for each i < n, by several threads at the same time; the answers."""
    answers, turn, lock, faults = [None] * n, iter(range(n)), threading.Lock(), []

    def worker():
        while True:
            with lock:
                i = next(turn, None)
            if i is None or faults:
                return
            try:
                answers[i] = work(i)
            except Exception as fault:  # told by the test, not by the thread
                faults.append(fault)

    threads = [threading.Thread(target=worker) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return answers


def test_of_many_at_once_exactly_as_many_are_offered_and_accepted_as_there_are():
    with shop(rule('{redemptions: 25}')) as offerd:
        made = [m for m in at_once(400, lambda i: offered(offerd, f'C{i}')) if m]
        check(len(made) == 25, len(made), 'of 25 offered')
        seen = reason(offerd, 'late')
        check((seen['result'], seen['seen'], seen['wanted']) == ('budget_used_up', 25, 25), seen)
        statuses = at_once(3 * len(made), lambda i: accept(offerd, made[i % len(made)]).status)
        check(statuses == [200] * len(statuses), statuses)  # each said three times, counted once
        check(not offered(offerd, 'later'))
        tell(f'400 customers, 25 to give: {len(made)} offered, {len(made)} accepted')


def test_the_log_refuses_what_is_accepted_beyond_the_budget():
    with shop(rule('{redemptions: 3, hold: 1s}')) as offerd:
        made = []
        for round in range(3):  # each round's holds are over before the next
            made += [offered(offerd, f'C{round}-{i}') for i in range(3)]
            check(all(made), made)
            wait_until(5, 'all holds are over', lambda: has_room(offerd, 3))
        answers = at_once(len(made), lambda i: accept(offerd, made[i]))
        statuses = sorted(a.status for a in answers)
        check(statuses == [200] * 3 + [409] * 6, statuses)
        gone = next(a for a in answers if a.status == 409)
        check(gone.headers['content-type'].startswith('application/problem+json'), gone.headers)
        check(gone.json['type'].endswith('/problems/budget-used-up'), gone)
        taken = [m for m, a in zip(made, answers) if a.status == 200]
        check(accept(offerd, taken[0]).status == 200)  # said again: it is his already
        check(offerd.metric('offerd_events_total{type="offer_accepted",status="rejected"}') == 6)
        tell('9 offers of 3, each once held: 3 accepted, 6 answered 409')


def has_room(offerd, n):
    """Could @n strangers be offered it now? They decline, so nothing is held afterwards."""
    strangers = [next(names) for _ in range(n)]
    room = [bool(offered(offerd, stranger)) for stranger in strangers]
    for stranger in strangers:
        forget(offerd, stranger)
    return all(room)


def test_an_event_of_an_acceptance_beyond_the_budget_is_rejected_and_not_stored():
    with shop(rule('{redemptions: 1, hold: 1s}')) as offerd:
        first = offered(offerd, 'C1')
        wait_until(5, 'the hold is over', lambda: offered(offerd, 'C2'))
        second = offered(offerd, 'C2')
        check(accept(offerd, first).status == 200)
        event = {'event_id': 'mine', 'type': 'offer_accepted', 'customer_id': 'C2',
                 'decision_id': second[0]['decision_id'], 'offer_id': second[1]['offer_id']}
        other = {'event_id': 'other', 'type': 'product_viewed', 'customer_id': 'C2', 'sku': 'CAM-A7'}
        for _ in range(2):  # the same again: it was not stored, so it is no duplicate
            answer = offerd.post('/events', [event, other])
            check(answer.status == 202, answer)
            check([r['status'] for r in answer.json['results']][0] == 'rejected', answer)
            check(answer.json['results'][0]['problem']['detail'] == "the rule's budget is used up", answer)
            check(answer.json['results'][1]['status'] != 'rejected', answer)


def test_why_an_offer_was_wanted_is_kept_though_it_is_used_up():
    with shop(rule('{redemptions: 1, hold: 1s}')) as offerd:
        made = []
        for i in range(2):
            made.append(offered(offerd, f'W{i}'))
            wait_until(5, 'its hold is over', lambda: has_room(offerd, 1))
        check(accept(offerd, made[0]).status == 200)
        decision, offer = made[1]
        answer = offerd.post(f"/offers/{decision['decision_id']}/{offer['offer_id']}/accept", {'reason': 'for my trip'})
        check(answer.status == 409 and answer.json['type'].endswith('/problems/budget-used-up'), answer)
        check(offerd.metric('offerd_events_total{type="feedback",status="accepted"}') == 1)


def test_what_was_offered_of_a_rule_that_is_gone_keeps_to_its_budget():
    """Its author may take it out, or rename it; of a fleet one replica may have its rules later than the others."""
    others = [rule(None, id=id, sku='CARD-64', priority=10) for id in ['one', 'two']]
    with shop(rule('{redemptions: 1, hold: 1s}'), *others) as offerd:
        first = offered(offerd, 'C1')
        wait_until(5, 'the hold is over', lambda: offered(offerd, 'C2'))
        second = offered(offerd, 'C2')
        write(offerd.where, *others)
        reload(offerd)
        check([r['id'] for r in offerd.get('/rules').json['rules']] == ['one', 'two'])
        statuses = [accept(offerd, made).status for made in [first, second, first]]
        check(statuses == [200, 409, 200], statuses)  # the last: said again


def test_a_decline_gives_back_what_the_offer_held():
    with shop(rule('{redemptions: 1}')) as offerd:
        made = offered(offerd, 'C1')
        check(made and offered(offerd, 'C1'), 'the same customer is shown it again')
        check(not offered(offerd, 'C2'))
        check(outcome(offerd, *made, 'decline').status == 200)
        check(offered(offerd, 'C2'), 'given back')


def test_a_hold_ends_by_itself():
    with shop(rule('{redemptions: 1, hold: 1s}')) as offerd:
        began = time.monotonic()
        check(offered(offerd, 'C1'))
        while second := offered(offerd, 'C2'):
            check(time.monotonic() - began > 1, 'offered while it is held')  # else we were held up for longer than that
            check(outcome(offerd, *second, 'decline').status == 200)
            began = time.monotonic()
            check(offered(offerd, next(names)))
        wait_until(5, 'the hold is over', lambda: offered(offerd, 'C3'))


def test_guests_are_counted_as_well():
    with shop(rule('{redemptions: 2}')) as offerd:
        made = [decide(offerd, customer_id=None) for _ in range(2)]
        check(not decide(offerd, customer_id=None)['offers'])
        for decision in made:
            check(outcome(offerd, decision, decision['offers'][0], 'accept').status == 200)
        offerd.kill()
        start(offerd)
        check(not decide(offerd, customer_id=None)['offers'])


def test_the_live_rules_show_their_budgets():
    with shop(rule('{redemptions: 2, hold: 10m}'), rule(None, id='plenty')) as offerd:
        few, plenty = offerd.get('/rules').json['rules']
        check(few['budget'] == {'redemptions': 2, 'hold_s': 600}, few)
        check('budget' not in plenty, plenty)


def test_another_rule_takes_the_place_of_one_that_is_used_up():
    with shop(rule('{redemptions: 1}', priority=90), rule(None, id='plenty', sku='CARD-64', priority=10)) as offerd:
        check([o['rule'] for o in decide(offerd, customer_id='C1', limit=1)['offers']] == ['few'])
        check([o['rule'] for o in decide(offerd, customer_id='C2', limit=1)['offers']] == ['plenty'])


def test_acceptances_outlive_a_crash_and_an_edit_of_the_rule():
    with shop(rule('{redemptions: 3}')) as offerd:
        for customer in ['C1', 'C2']:
            check(accept(offerd, offered(offerd, customer)).status == 200)
        check(offered(offerd, 'C3'))
        offerd.kill()
        start(offerd)
        check(offered(offerd, 'C4'), 'the hold of C3 went with the process, two acceptances are left')
        check(not offered(offerd, 'C5'))

        write(offerd.where, rule('{redemptions: 4}', priority=60))
        reload(offerd)
        wait_until(5, 'one more', lambda: offered(offerd, 'C5'))
        check(not offered(offerd, 'C6'))

        write(offerd.where, rule('{redemptions: 2}', priority=60))
        reload(offerd)
        seen = reason(offerd, 'C7')
        check((seen['result'], seen['seen'], seen['wanted']) == ('budget_used_up', 4, 2), seen)


def test_a_budget_begins_with_what_was_accepted_before_there_was_one():
    with shop(rule(None)) as offerd:
        check(accept(offerd, offered(offerd, 'C1')).status == 200)
        write(offerd.where, rule('{redemptions: 2}'))
        reload(offerd)
        wait_until(5, 'the budget is known', lambda: offered(offerd, 'C2'))
        check(not offered(offerd, 'C3'))


main()
