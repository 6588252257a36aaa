# SPDX-License-Identifier: Apache-2.0
"""kill -9 under event load: every event that was answered as accepted is in the log once, none twice.

Several clients post events with ids of their own, single and in arrays, and write down each id that was
answered 202. At a random moment the service is killed with SIGKILL and started again on the same data;
what was sent but not answered is sent again, as a client would. At the end the log is counted.

OFFERD_KILL_ROUNDS: how many kills (10; by hand 100). OFFERD_KILL_SEED repeats a run.
OFFERD_KILL_DATA: start from a copy of this data directory (a large one, to see how long a restart takes).
"""
import http.client
import json
import os
import random
import shutil
import sqlite3
import threading
import time

from harness import Offerd, check, demo_data, main, scratch, tell, wait_until

ROUNDS = int(os.environ.get('OFFERD_KILL_ROUNDS', '10'))
CLIENTS = 4
SEED = int(os.environ.get('OFFERD_KILL_SEED', str(time.time_ns() % 1000000)))


class Client(threading.Thread):
    """Posts events until it is told to stop; over the service's death it repeats what had no answer."""

    def __init__(self, number, port, stop):
        super().__init__(daemon=True)
        self.number, self.port, self.stop = number, port, stop
        self.random = random.Random(SEED * 100 + number)
        self.next, self.unanswered, self.connection = 0, [], None
        self.acknowledged, self.duplicates, self.wrong = set(), 0, []

    def new_events(self):
        events = []
        for _ in range(self.random.choice((1, 1, 1, 5, 20))):
            self.next += 1
            event = {'event_id': f'k{self.number}-{self.next}', 'customer_id': f'c{self.random.randrange(50)}'}
            if self.random.random() < .3:
                event |= {'type': 'order_placed', 'order': {'id': f'o{self.next}', 'currency': 'JPY', 'items': [
                    {'sku': 'CAM-A7', 'quantity': 1, 'unit_price': 198000}]}}
            else:
                event |= {'type': 'product_viewed', 'sku': 'CAM-A7'}
            events.append(event)
        return events

    def post(self, events):
        if not self.connection:
            self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        body = json.dumps(events if len(events) > 1 else events[0])
        self.connection.request('POST', '/events', body, {'Content-Type': 'application/json'})
        reply = self.connection.getresponse()
        return reply.status, json.loads(reply.read())

    def run(self):
        while not self.stop.is_set():
            self.unanswered = self.unanswered or self.new_events()
            try:
                status, answer = self.post(self.unanswered)
            except (OSError, http.client.HTTPException, ValueError):
                self.connection = None
                time.sleep(.002)
                continue
            if status == 503:
                continue
            for result in answer.get('results', ()):
                if status != 202 or result['status'] == 'rejected':
                    self.wrong.append(answer)
                self.duplicates += result['status'] == 'duplicate'
                self.acknowledged.add(result['event_id'])
            if status != 202:
                self.wrong.append((status, answer))
            self.unanswered = []


def seed_data():
    given = os.environ.get('OFFERD_KILL_DATA')
    if not given:
        return demo_data(orders=False)
    data = scratch() / 'data'
    shutil.copytree(given, data)
    return data


def acknowledged_so_far(clients):
    return sum(len(client.acknowledged) for client in clients)


def test_every_acknowledged_event_survives_kill_9_and_counts_once():
    data, chance, stop = seed_data(), random.Random(SEED), threading.Event()
    offerd = Offerd(data=data)
    clients = [Client(n, offerd.port, stop) for n in range(CLIENTS)]
    restarts = []
    try:
        for client in clients:
            client.start()
        for n in range(ROUNDS):
            if n % 2:  # under load for certain; the other kills come at any moment
                wait_until(10, 'a load', lambda: acknowledged_so_far(clients) > 10 * n)
            time.sleep(chance.uniform(.02, .4))
            offerd.kill()
            began = time.monotonic()
            offerd.start()
            restarts.append(time.monotonic() - began)
        wait_until(10, 'a load', lambda: acknowledged_so_far(clients) > 10 * ROUNDS)
        time.sleep(.2)
        stop.set()
        for client in clients:
            client.join(15)
        offerd.kill()
    finally:
        stop.set()
        offerd.stop()

    with sqlite3.connect(f'file:{data}/offerd.db', uri=True) as db:
        stored = [row[0] for row in db.execute("SELECT event_id FROM events WHERE event_id LIKE 'k%'")]
        whole = db.execute('PRAGMA integrity_check').fetchone()[0]
    acknowledged = set().union(*(client.acknowledged for client in clients))
    sent = {f'k{client.number}-{n}' for client in clients for n in range(1, client.next + 1)}
    restarts.sort()
    tell(f'{ROUNDS} kills (seed {SEED}): {len(acknowledged)} events acknowledged, {len(stored)} stored, '
         f'{sum(client.duplicates for client in clients)} were repeated after a kill and known already; '
         f'start to ready: median {restarts[len(restarts) // 2] * 1000:.0f} ms, longest {restarts[-1] * 1000:.0f} ms')
    check(whole == 'ok', whole)
    check(not any(client.wrong for client in clients), *[client.wrong[:3] for client in clients])
    check(len(acknowledged) > ROUNDS * 10, f'only {len(acknowledged)} events were acknowledged: no load')
    check(len(stored) == len(set(stored)), 'an event is stored twice')
    check(acknowledged <= set(stored), f'lost: {sorted(acknowledged - set(stored))[:10]}')
    check(set(stored) <= sent, 'an event is stored that nobody sent')


main()
