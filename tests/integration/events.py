# SPDX-License-Identifier: Apache-2.0
"""Events over HTTP: taken once, answered one by one, seen by the next decision, kept over a restart."""
import sqlite3
import subprocess

from harness import PROGRAM, ROOT, Offerd, check, demo_data, main, run

REQUEST = {'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'locale': 'ja', 'limit': 3, 'budget_ms': 1000,
           'item': 'CAM-A7',
           'cart': {'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1, 'unit_price': 198000}]}}


def view(number, customer='c', **more):
    return {'event_id': f'v-{number}', 'type': 'product_viewed', 'customer_id': customer, 'sku': 'CAM-A7', **more}


def statuses(answer):
    check(answer.status == (202 if any(r['status'] != 'rejected' for r in answer.json['results']) else 422), answer)
    return [result['status'] for result in answer.json['results']]


def rows(data, query, *values):
    with sqlite3.connect(f'file:{data}/offerd.db?mode=ro', uri=True) as db:
        return db.execute(query, values).fetchall()


def offers(offerd, customer, **more):
    answer = offerd.post('/offers', {**REQUEST, 'customer_id': customer, **more})
    check(answer.status == 200 and not answer.json['degraded'], answer)
    return answer.json


def outcome(decision, offer, kind, number, customer):
    return {'event_id': f'{kind}-{number}', 'type': f'offer_{kind}', 'customer_id': customer,
            'decision_id': decision['decision_id'], 'offer_id': offer['offer_id']}


def test_one_event_an_array_and_a_cloud_event_are_taken():
    with Offerd(data=demo_data(orders=False)) as offerd:
        check(statuses(offerd.post('/events', view(1))) == ['accepted'])
        check(statuses(offerd.post('/events', [view(1), view(2), view(2)])) == ['duplicate', 'accepted', 'duplicate'])
        cloud = {'specversion': '1.0', 'id': 'ce', 'source': '/shop', 'type': 'offerd.product_viewed',
                 'subject': 'c', 'data': {'sku': 'CAM-A7'}}
        check(statuses(offerd.post('/events', cloud)) == ['accepted'])
        check(rows(offerd.data, 'SELECT event_id FROM events ORDER BY position') == [('v-1',), ('v-2',), ('ce',)])


def test_a_bad_event_is_named_and_its_neighbours_are_stored():
    with Offerd(data=demo_data(orders=False)) as offerd:
        order = {'event_id': 'o', 'type': 'order_placed', 'customer_id': 'c',
                 'order': {'id': 'A', 'currency': 'JPY', 'items': [{'sku': 'S', 'quantity': -1, 'unit_price': 1}]}}
        answer = offerd.post('/events', [view(1), order, view(2)])
        check(statuses(answer) == ['accepted', 'rejected', 'accepted'], answer)
        check(answer.json['results'][1]['problem']['pointer'] == '/1/order/items/0/quantity', answer)
        check(rows(offerd.data, 'SELECT count(*) FROM events') == [(2,)])


def test_a_body_that_is_not_json_stores_nothing():
    with Offerd(data=demo_data(orders=False)) as offerd:
        for body in ('', '{', '[{"event_id": "v-1"', '{"event_id": "v-1",}', '\xff', '[' * 5000, '7'):
            answer = offerd.post('/events', body.encode('latin-1'), headers={'Content-Type': 'application/json'})
            check(400 <= answer.status < 500, body[:20], answer)
        check(rows(offerd.data, 'SELECT count(*) FROM events') == [(0,)])


def test_the_next_decision_knows_that_an_offer_was_declined():
    with Offerd(data=demo_data(orders=False)) as offerd:
        decision = offers(offerd, 'c')
        check(decision['offers'], decision)
        first = decision['offers'][0]
        check(statuses(offerd.post('/events', outcome(decision, first, 'declined', 1, 'c'))) == ['accepted'])
        check(first['rule'] not in [offer['rule'] for offer in offers(offerd, 'c')['offers']])
        check(first['rule'] in [offer['rule'] for offer in offers(offerd, 'another')['offers']])


def test_accept_and_decline_are_events_and_may_be_repeated():
    with Offerd(data=demo_data(orders=False)) as offerd:
        decision = offers(offerd, 'c')
        path = f"/offers/{decision['decision_id']}/{decision['offers'][0]['offer_id']}"
        for _ in range(3):
            check(offerd.post(path + '/decline').status == 200)
        check(rows(offerd.data, 'SELECT type, customer_id FROM events') == [('offer_declined', 'c')])
        check(decision['offers'][0]['rule'] not in [o['rule'] for o in offers(offerd, 'c')['offers']])
        decision = offers(offerd, 'd')
        path = f"/offers/{decision['decision_id']}/{decision['offers'][0]['offer_id']}"
        answers = [offerd.post(path + '/accept') for _ in range(2)]
        check(all(a.status == 200 and a.json['apply'] == decision['offers'][0]['apply'] for a in answers), *answers)
        check(rows(offerd.data, "SELECT count(*) FROM events WHERE type = 'offer_accepted'") == [(1,)])


def test_a_decline_outlives_the_process():
    data = demo_data(orders=False)
    with Offerd(data=data) as offerd:
        decision = offers(offerd, 'c')
        first = decision['offers'][0]
        check(statuses(offerd.post('/events', outcome(decision, first, 'declined', 1, 'c'))) == ['accepted'])
        offerd.kill()
        offerd.start()
        check(first['rule'] not in [offer['rule'] for offer in offers(offerd, 'c')['offers']])


def test_an_offer_id_that_was_not_made_here_is_rejected():
    with Offerd(data=demo_data(orders=False)) as offerd:
        decision = offers(offerd, 'c')
        forged = {**decision['offers'][0], 'offer_id': decision['offers'][0]['offer_id'][:-2] + 'AA'}
        check(statuses(offerd.post('/events', [outcome(decision, forged, 'shown', 1, 'c')])) == ['rejected'])
        check(statuses(offerd.post('/events', [outcome(decision, decision['offers'][0], 'shown', 2, 'other')]))
              == ['rejected'])
        answer = offerd.post('/events', outcome(decision, forged, 'shown', 3, 'c'))
        check(answer.status == 422 and answer.json['pointer'] == '/offer_id', answer)


def test_metrics_tell_what_became_of_events():
    with Offerd(data=demo_data(orders=False)) as offerd:
        offerd.post('/events', [view(1), view(1), {'event_id': 'x'}])
        check(offerd.metric('offerd_events_total{type="product_viewed",status="accepted"}') == 1)
        check(offerd.metric('offerd_events_total{type="product_viewed",status="duplicate"}') == 1)
        check(offerd.metric('offerd_events_total{type="unknown",status="rejected"}') == 1)
        check(offerd.metric('offerd_journal_commits_total') >= 1)


def test_a_second_service_is_refused_the_same_data():
    with Offerd(data=demo_data(orders=False)) as offerd:
        done = run('serve', '--data', offerd.data, '--rules', ROOT / 'config/rules', '--listen', '127.0.0.1:0')
        check(done.returncode not in (0, 139), done)
        check('served by another process' in done.stderr, done.stderr)
        check(offerd.get('/readyz').status == 200)


def test_an_import_beside_a_service_fails_no_event():
    with Offerd(data=demo_data(orders=False)) as offerd:
        orders = offerd.data / 'orders.csv'
        made = subprocess.run(['python3', '-I', str(ROOT / 'config/demo/generate_orders.py')], capture_output=True,
                              timeout=60, check=True)
        orders.write_bytes(made.stdout)
        importing = subprocess.Popen([PROGRAM, 'import', '--data', str(offerd.data), '--orders', str(orders),
                                      '--catalog', str(ROOT / 'config/demo/catalog.csv')],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        sent = 0
        while importing.poll() is None or sent < 20:
            check(statuses(offerd.post('/events', view(sent, 'beside'))) == ['accepted'])
            sent += 1
        said = importing.communicate(timeout=10)[0].decode()
        check(importing.returncode == 0, said)
        check(rows(offerd.data, "SELECT count(*) FROM events WHERE customer_id = 'beside'") == [(sent,)])


def test_a_newer_database_is_refused_in_clear_words():
    data = demo_data(orders=False)
    with sqlite3.connect(data / 'offerd.db') as db:
        db.execute('PRAGMA user_version = 9999')
    done = run('serve', '--data', data, '--rules', ROOT / 'config/rules', '--listen', '127.0.0.1:0')
    check(done.returncode not in (0, 139) and 'newer offerd' in done.stderr, done)


main()
