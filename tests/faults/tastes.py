# SPDX-License-Identifier: Apache-2.0
"""What became of offers at one replica decides on both within seconds, and after a start from nothing too."""
import time

from fleet import Fleet, check, main, rehearsal, rule, rules_of, scratch, servers_or_skip, skip, tell, wait_until

SOON_S = 5


def ask(replica, limit=1):
    """A guest without a session: no caps, no fatigue."""
    answer = replica.post('/offers', {
        'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'item': 'CAM-A7', 'limit': limit, 'budget_ms': 1000,
        'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}})
    check(answer.status == 200, answer)
    return answer.json


def share(replica, name):
    return sum(ask(replica)['offers'][0]['rule'] == name for _ in range(30)) / 30


def live(replica, favourite, n=150):
    """Shows both offers @n times; of the favourite half are accepted."""
    batch = []
    for i in range(n):
        decision = ask(replica, limit=2)
        check(len(decision['offers']) == 2, decision)
        for offer in decision['offers']:
            kinds = ['offer_shown'] + ['offer_accepted'] * (offer['rule'] == favourite and i % 2)
            batch += [{'event_id': f"{kind}-{decision['decision_id']}-{offer['rule']}", 'type': kind,
                       'decision_id': decision['decision_id'], 'offer_id': offer['offer_id']} for kind in kinds]
    answer = replica.post('/events', batch)
    check({result['status'] for result in answer.json['results']} == {'accepted'}, answer)
    return len(batch)


def test_outcomes_at_one_replica_change_the_order_on_both():
    if rehearsal():
        skip('this build has no PostgreSQL and Redis')
    rules = rules_of(rule('bag', 'BAG-SLING', cap=60), rule('card', 'CARD-128', cap=60))
    with servers_or_skip() as servers, Fleet(servers, rules=rules) as fleet:
        before = ask(fleet[0])['offers'][0]['rule']
        favourite = {'bag': 'card', 'card': 'bag'}[before]
        check([share(replica, before) for replica in fleet] == [1, 1])
        events = live(fleet[0], favourite)
        began = time.monotonic()
        for replica in fleet:
            wait_until(SOON_S, f'{favourite} first', lambda: share(replica, favourite) > .9, every=.05)
        tell(f'{events} events changed the order on both replicas within {time.monotonic() - began:.1f} s')
        newcomer = fleet[1]
        newcomer.stop()
        newcomer.data = scratch()  # without outcomes.bin: from the log
        newcomer.start()
        check(share(newcomer, favourite) > .9)


main()
