# SPDX-License-Identifier: Apache-2.0
"""A budget of N redemptions, two replicas, 10,000 customers who ask at the same moment and accept what they
are offered: N accept, no one more. OFFERD_FAULT_CROWD: how many customers (10000); OFFERD_FAULT_REDEMPTIONS (500)."""
import os
import resource

from fleet import Fleet, Shoppers, account, check, main, rehearsal, rule, rules_of, servers_or_skip, tell

CROWD = int(os.environ.get('OFFERD_FAULT_CROWD', '10000'))
REDEMPTIONS = int(os.environ.get('OFFERD_FAULT_REDEMPTIONS', '500'))


def more_files():
    """As many connections as customers."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200


def test_a_budget_is_exact_over_replicas_and_a_crowd():
    crowd = min(CROWD, more_files())
    alone = rehearsal()
    servers = None if alone else servers_or_skip()
    try:
        budget = None if alone else (REDEMPTIONS, '30m')
        with Fleet(servers, rules=rules_of(rule('scarce', 'CARD-128', budget=budget)),
                   flags=['--max-connections', str(crowd)]) as fleet:
            with Shoppers(fleet.ports, shoppers=crowd, burst=True, rate=0, budget_ms=1000, limit=1, seconds=60) as load:
                load.wait(90)
            figures, rows = account(load, fleet)
        told = load.figures
        expected = told['with_offers'] if alone else REDEMPTIONS
        stored = sum(row[3] == 'offer_accepted' for row in rows)
        tell(f'{crowd} customers at once at {len(fleet.replicas)} replicas: {told["decisions_answered"]} answered in '
             f'{told["seconds"]:.2f} s ({told["not_200"]} not 200), {told["with_offers"]} were offered it, '
             f'{told["accepted"]} accepted, {told["accepts_over"]} came too late; in the log {stored}; budget {expected}')
        check(told['decisions_answered'] == crowd and told['not_200'] == 0, told)
        check(told['accepted'] == stored == expected, told['accepted'], stored, expected)
        check(figures['events found'] == figures['events acknowledged'] and not figures['events found twice'], figures)
    finally:
        if servers:
            servers.end()


main()
