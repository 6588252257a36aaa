# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL waits for a standby that is gone: it takes connections, and no commit ends. Events are taken all the same,
most of them at once, and each is in the log once when the standby is no longer waited for."""
import time

from fleet import Fleet, check, main, servers_or_skip, tell, wait_until

SECONDS, SLOW_S = 12, 0.4


def let_it_wait_for_standbys(pg):
    with open(pg.data / 'postgresql.conf', 'a', encoding='utf-8') as conf:
        conf.write('wal_level = replica\nmax_wal_senders = 2\n')
    pg.end()
    pg.start()


def wait_for(pg, standbys):
    pg.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
    pg.sql('SELECT pg_reload_conf()')
    wait_until(30, 'the server knows', lambda: pg.sql('SHOW synchronous_standby_names') == [(standbys,)])


def test_events_are_taken_while_no_commit_ends_and_are_all_there_afterwards():
    with servers_or_skip(ahead=False) as servers:
        pg = servers.pg
        let_it_wait_for_standbys(pg)
        with Fleet(servers, replicas=2) as fleet:
            def view(n):
                event = {'event_id': f'e-{n}', 'type': 'product_viewed', 'customer_id': f'c-{n % 50}', 'sku': 'CAM-A7'}
                answer = fleet[n % 2].post('/events', event)
                check(answer.status == 202, answer)
            for n in range(4):
                view(n)
            wait_until(30, 'the first are stored', lambda: stored(fleet) == 4)
            wait_for(pg, 'nobody')
            n, took, end = 4, [], time.monotonic() + SECONDS
            try:
                while time.monotonic() < end:
                    began = time.monotonic()
                    view(n)
                    took.append(time.monotonic() - began)
                    n += 1
                check(sum(replica.metric('offerd_spool_events') for replica in fleet.replicas) > 0, 'nothing was spooled')
            finally:
                wait_for(pg, '')
            slow = sum(seconds > SLOW_S for seconds in took)
            tell(f'{len(took)} events in {SECONDS} s, {slow} of them waited for {SLOW_S} s or longer')
            check(len(took) > 10 * SECONDS and slow < len(took) / 4, len(took), slow)
            wait_until(30, 'all are stored', lambda: stored(fleet) == n)
            wait_until(30, 'the spools are empty', lambda: all(replica.metric('offerd_spool_events') == 0 for replica in fleet.replicas))


def stored(fleet):
    return int(fleet.servers.pg.sql("SELECT count(*) FROM events WHERE event_id LIKE 'e-%'", database=fleet.database)[0][0])


main()
