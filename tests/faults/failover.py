# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL comes back without its last commits, as after a failover to a replica that lagged, or a recovery to a
point in time: what is accepted from then on counts at once, whatever Redis and the replicas know of what was lost."""
import os
import shutil
import subprocess

from fleet import Fleet, check, main, rule, rules_of, servers_or_skip, wait_until

LOST = 40


def view(replica, customer, first, n):
    events = [{'event_id': f'{customer}-{i}', 'type': 'product_viewed', 'customer_id': customer, 'sku': 'CAM-A7'}
              for i in range(first, first + n)]
    answer = replica.post('/events', events)
    check(answer.status == 202, answer)


def ask(replica, customer):
    """The offers; made of the customer's whole profile."""
    def known():
        answer = replica.post('/offers', {
            'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'customer_id': customer, 'item': 'CAM-A7',
            'locale': 'en', 'budget_ms': 1000, 'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1}]}})
        check(answer.status == 200, answer)
        return None if answer.json.get('degraded') else answer
    return wait_until(30, f'a decision that knows {customer}', known).json


def stored(fleet, customer):
    rows = fleet.servers.pg.sql(f"SELECT count(*), max(position) FROM events WHERE customer_id = '{customer}'",
                                database=fleet.database)
    return int(rows[0][0]), int(rows[0][1] or 0)


def let_it_be_recovered(pg):
    """A server whose log can be recovered from a copy."""
    with open(pg.data / 'postgresql.conf', 'a', encoding='utf-8') as conf:
        conf.write("wal_level = replica\nrestore_command = 'false'\n")
    pg.end()
    pg.start()


def copy_of(pg):
    pg.end()
    copy = pg.dir / 'copy'
    subprocess.run(['cp', '-a', pg.data, copy], check=True)
    pg.start()
    return copy


def recover(pg, copy):
    """It is on a timeline of its own then, as after a promotion."""
    pg.kill9()
    shutil.rmtree(pg.data)
    copy.rename(pg.data)
    (pg.data / 'recovery.signal').touch()
    owner = pg.data.stat()
    os.chown(pg.data / 'recovery.signal', owner.st_uid, owner.st_gid)
    pg.start()
    wait_until(30, 'it takes writes', lambda: pg.sql('SELECT pg_is_in_recovery()') == [('f',)])


def test_a_decline_counts_after_a_failover_that_lost_events():
    with servers_or_skip(ahead=False) as servers:
        pg = servers.pg
        let_it_be_recovered(pg)
        with Fleet(servers, rules=rules_of(rule('card', 'CARD-128', cap=60))) as fleet:
            one, other = fleet.replicas
            view(one, 'c', 0, 3)
            wait_until(30, 'the first are stored', lambda: stored(fleet, 'c')[0] == 3)
            copy = copy_of(pg)
            view(one, 'c', 3, LOST)
            wait_until(30, 'all are stored', lambda: stored(fleet, 'c')[0] == 3 + LOST)
            lost = stored(fleet, 'c')[1]
            for replica in (one, other):  # both have the profile at hand
                check(ask(replica, 'c')['offers'], 'nothing is offered')

            recover(pg, copy)
            check(stored(fleet, 'c')[0] == 3, stored(fleet, 'c'))
            view(one, 'somebody', 0, 1)
            wait_until(30, 'events are stored again', lambda: stored(fleet, 'somebody')[0] == 1)
            answer = ask(one, 'c')
            check(answer['offers'], 'nothing is offered')
            path = f"/offers/{answer['decision_id']}/{answer['offers'][0]['offer_id']}/decline"
            check(one.post(path, {}).status == 200)
            for replica in (one, other):
                check(not ask(replica, 'c')['offers'], 'what was declined is offered again')

            wait_until(30, 'the decline is stored', lambda: stored(fleet, 'c')[0] == 4)
            check(stored(fleet, 'c')[1] > lost, 'the positions went back', stored(fleet, 'c'), lost)
            view(one, 'somebody', 1, 1)
            wait_until(30, 'one more is stored', lambda: stored(fleet, 'somebody')[0] == 2)
            check(stored(fleet, 'somebody')[1] < 2 * stored(fleet, 'c')[1], 'they leap time and again')


main()
