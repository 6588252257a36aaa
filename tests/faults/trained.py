#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is trained on a fleet's orders reaches every replica, and one that starts later."""
from fleet import Fleet, check, main, rehearsal, run, scratch, servers_or_skip, skip, wait_until

SOON_S = 30


def place(replica, n):
    answer = replica.post('/events', [
        {'event_id': f'order-{number}', 'type': 'order_placed', 'customer_id': f'c{number % 40}',
         'order': {'id': f'o-{number}', 'currency': 'JPY',
                   'items': [{'sku': sku, 'quantity': 1, 'unit_price': 1000}
                             for sku in ('CAM-A7', 'BAG-SLING', 'CARD-128')[number % 2:]]}} for number in range(n)])
    check({result['status'] for result in answer.json['results']} == {'accepted'}, answer)


def test_a_training_reaches_both_replicas_and_a_newcomer():
    if rehearsal():
        skip('this build has no PostgreSQL and Redis')
    with servers_or_skip() as servers, Fleet(servers) as fleet:
        place(fleet[0], 300)
        done = run('train', '--quiet', '--data', scratch(), '--database-url', servers.pg.url_of(fleet.database),
                   '--redis-url', servers.redis_url, timeout=60)
        check(done.returncode == 0, done.stdout, done.stderr)
        for replica in fleet:
            wait_until(SOON_S, 'the trained model', lambda: replica.metric('offerd_model_trained_orders') == 300, every=.1)
        fleet[1].stop()
        fleet[1].data = scratch()
        fleet[1].start()
        wait_until(SOON_S, 'the trained model', lambda: fleet[1].metric('offerd_model_trained_orders') == 300, every=.1)


main()
