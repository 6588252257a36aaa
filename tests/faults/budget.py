# SPDX-License-Identifier: Apache-2.0
"""A budget of N redemptions, two replicas, thousands of customers who ask at the same moment and accept what they
are offered: N accept, no one more, and nobody is offered it in vain. OFFERD_FAULT_CROWD: how many customers (2000; by hand 10000); OFFERD_FAULT_REDEMPTIONS: N (200)."""
import collections
import os
import resource

from fleet import Fleet, Shoppers, account, check, main, rehearsal, request, rule, rules_of, servers_or_skip, tell, wait_until

CROWD = int(os.environ.get('OFFERD_FAULT_CROWD', '2000'))
REDEMPTIONS = int(os.environ.get('OFFERD_FAULT_REDEMPTIONS', '200'))


def more_files():
    """As many connections as customers."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200


def was_offered(port):
    """What is left of a budget comes from the log when it is first asked for; who asked declines, which releases it."""
    answer = request(port, 'POST', '/offers', {
        'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'customer_id': f'first-at-{port}', 'item': 'CAM-A7',
        'budget_ms': 1000, 'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}}).json
    for offer in answer['offers']:
        said = request(port, 'POST', f"/offers/{answer['decision_id']}/{offer['offer_id']}/decline", {})
        check(said.status == 200, said)
    return answer['offers']


def test_a_budget_is_exact_over_replicas_and_a_crowd():
    crowd = min(CROWD, more_files())
    alone = rehearsal()
    servers = None if alone else servers_or_skip()
    try:
        budget = None if alone else (REDEMPTIONS, '30m')
        with Fleet(servers, rules=rules_of(rule('scarce', 'CARD-128', budget=budget)),
                   flags=['--max-connections', str(crowd)]) as fleet:
            for port in fleet.ports:
                wait_until(10, 'the budget is known to this replica', lambda port=port: was_offered(port))
            with Shoppers(fleet.ports, shoppers=crowd, burst=True, rate=0, budget_ms=1000, limit=1, seconds=60) as load:
                load.wait(90)
            figures, rows = account(load, fleet)
        told = load.figures
        expected = told['with_offers'] if alone else REDEMPTIONS
        stored = sum(row[3] == 'offer_accepted' for row in rows)
        tell(f'{crowd} customers at once at {len(fleet.replicas)} replicas, again after a degraded answer: {told["decisions_answered"]} answers in '
             f'{told["seconds"]:.2f} s ({told["not_200"]} not 200), {told["with_offers"]} were offered it, '
             f'{told["accepted"]} accepted, {told["accepts_over"]} came too late; in the log {stored}; budget {expected}')
        why = collections.Counter(line[5].strip() or 'not degraded' for line in load.lines('D'))
        tell(f'answers: {dict(why)}')
        check(told['decisions_answered'] == told['decisions_asked'] >= crowd and told['not_200'] == 0, told)
        check(told['accepted'] == stored == expected, told['accepted'], stored, expected)
        # The log alone would see to that. What is held when it is shown is there when it is taken: nobody is told no.
        check(told['accepts_over'] == 0, told['accepts_over'])
        check(figures['events found'] == figures['events acknowledged'] and not figures['events found twice'], figures)
    finally:
        if servers:
            servers.end()


main()
