# SPDX-License-Identifier: Apache-2.0
"""The witnesses themselves: shoppers, account and wire see what is wrong when something is."""
import contextlib
import http.server
import json
import socket
import threading
import time
import types

from fleet import Shoppers, Waits, Wire, account, check, late_by_whom, main

NOTHING = {'events_unacknowledged': 0, 'events_503': 0, 'events_5xx': 0, 'rejected': 0, 'accepts_failed': 0,
           'decisions_asked': 0, 'decisions_answered': 0, 'late': 0, 'server_errors': 0, 'degraded': 0, 'broken': 0,
           'violations': 0, 'accepted': 0, 'accepts_over': 0, 'accepts_503': 0, 'hiccups': 0}


def told(*lines):
    """What account() reads of shoppers, with a journal of @lines."""
    load = types.SimpleNamespace(figures=NOTHING, budget_ms=20, others_percent=0, waits=Waits(None))
    load.lines = lambda kind: [line[1:] for line in lines if line[0] == kind]
    return load


def acknowledged(event_id):
    return ('E', '1', event_id, 'c', 'offer_shown', 'r', 'd', 'o', 'accepted')


def row(position, event_id, kind='offer_shown', customer='c', rule='r', decision='d', offer='o'):
    return (position, event_id, customer, kind, rule, decision, offer)


def test_an_acknowledged_event_that_is_not_in_the_log_is_seen():
    figures, _ = account(told(acknowledged('a'), acknowledged('b')), None, rows=[row(1, 'a')])
    check((figures['events acknowledged'], figures['events found']) == (2, 1), figures)


def test_an_event_that_is_twice_in_the_log_is_seen():
    figures, _ = account(told(acknowledged('a')), None, rows=[row(1, 'a'), row(2, 'a')])
    check(figures['events found twice'] == 1, figures)


def test_an_acceptance_that_was_lost_or_stored_twice_is_seen():
    accept = ('A', '1', 'c', 'r', 'd', 'o', '200')
    figures, _ = account(told(accept), None, rows=[])
    check((figures['events acknowledged'], figures['events found']) == (1, 0), figures)
    figures, _ = account(told(accept), None, rows=[row(1, 'x', 'offer_accepted'), row(2, 'y', 'offer_accepted')])
    check(figures['events found twice'] == 1, figures)


def test_a_showing_over_the_cap_or_after_a_decline_is_seen():
    figures, _ = account(told(), None, cap=2, rows=[row(n, f'e{n}') for n in range(4)])
    check(figures['caps exceeded'] == 2, figures)
    for shown, rule, after in ('c', 'r', 1), ('a', 'r', 0), ('c', 'another', 0):
        # The log may have them in another order: what counts is when each was acknowledged.
        rows = [row(1, 'b', 'offer_declined'), row(2, shown, rule=rule)]
        figures, _ = account(told(*[acknowledged(i) for i in 'abc']), None, rows=rows)
        check(figures['shown after a decline'] == after, shown, rule, figures)


def test_an_acceptance_over_the_budget_is_seen():
    rows = [row(n, f'e{n}', 'offer_accepted', offer=f'o{n}') for n in range(5)]
    figures, _ = account(told(), None, rows=rows, budgets={'r': 3})
    check(figures['budgets exceeded'] == 2, figures)


def test_only_what_the_machine_slept_through_is_excused():
    machine, ours = late_by_whom(told(('L', '1000', '41000', 'p', ''), ('L', '100000', '140000', 'p', ''),
                                      ('H', '2000', '30000', '-1')))
    check((len(machine), len(ours)) == (1, 1), machine, ours)
    # Two cores that stood still at once: it is one time.
    machine, ours = late_by_whom(told(('L', '100000', '160000', 'p', ''), ('H', '110000', '130000', '0'),
                                      ('H', '111000', '129000', '1'), ('H', '112000', '131000', '-1')))
    check((len(machine), len(ours)) == (0, 1), machine, ours)
    machine, ours = late_by_whom(told(('L', '100000', '160000', 'p', ''), ('H', '135000', '160001', '1'),
                                      ('H', '110000', '130000', '0')))
    check((len(machine), len(ours)) == (1, 0), machine, ours)
    load = told(('L', '1000', '41000', 'p', ''), ('L', '1000', '41000', 'q', ''))
    load.waits.samples = {'p': [(0, 7, 100), (42000, 7, 30100)], 'q': [(0, 8, 100), (42000, 8, 3100)]}
    machine, ours = late_by_whom(load)
    check([late[2] for late in machine + ours] == ['p', 'q'] and len(ours) == 1, machine, ours)


class Shop(http.server.BaseHTTPRequestHandler):
    """A fleet that does what the test wants of it."""
    protocol_version = 'HTTP/1.1'
    requests, events = [], []

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        n = len(Shop.requests)
        Shop.requests.append(self.path)
        if self.path == '/offers':
            if n % 10 == 0:
                time.sleep(.06)
            offer = {'offer_id': f'o{n}', 'rule': 'r'}
            return self.answer(500 if n % 17 == 0 else 200,
                               {'decision_id': f'd{n}', 'offers': [offer], 'degraded': ['profile'] if n % 5 == 0 else []})
        if self.path.endswith('/accept'):
            return self.answer(409 if n % 2 else 200, {})
        Shop.events.append([event['event_id'] for event in body])
        if n % 7 == 0:
            return self.answer(503, {})
        if n % 11 == 0:
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        return self.answer(202, {'results': [{'event_id': e, 'status': 'accepted'} for e in Shop.events[-1]]})

    def log_message(self, *_):
        pass


def test_shoppers_see_what_is_late_wrong_and_broken_and_repeat_events():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Shop)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with Shoppers([server.server_port], shoppers=8, rate=300, cap=2, visits=20) as load:
            time.sleep(5)  # each kind of answer comes by chance
            load.end()
    finally:
        server.shutdown()
        server.server_close()
    seen = load.figures
    check(all(seen[name] > 0 for name in ('late', 'server_errors', 'degraded', 'events_503', 'broken', 'violations',
                                          'accepted', 'accepts_over')), seen)
    check(seen['decisions_answered'] == seen['decisions_asked'] and seen['events_unacknowledged'] == 0, seen)
    check(len(list(load.lines('L'))) == seen['late'], seen)
    confirmed = [line[1] for line in load.lines('E')]
    check(len(confirmed) == len(set(confirmed)) == seen['events_acknowledged'], 'an event was confirmed twice')
    sent = [tuple(ids) for ids in Shop.events]
    check(len(sent) > len(set(sent)), 'nothing was repeated')
    check(set(confirmed) == {event for ids in sent for event in ids}, 'not everything was sent until it was confirmed')


def echo(link):
    with contextlib.suppress(OSError):
        while got := link.recv(100):
            link.sendall(got)


def echoes(listener):
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()


def test_a_wire_passes_delays_holds_and_cuts():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        threading.Thread(target=echoes, args=(listener,), daemon=True).start()
        wire = Wire(listener.getsockname()[1])
        try:
            link = socket.create_connection(('127.0.0.1', wire.port), timeout=.3)

            def heard():
                began = time.monotonic()
                link.sendall(b'x')
                return link.recv(10), time.monotonic() - began
            check(heard()[0] == b'x')
            wire.say('delay 30')
            check(heard()[1] >= .06)
            wire.say('pass')
            wire.say('hole')
            try:
                check(not heard(), 'heard through a hole')
            except TimeoutError:
                pass
            wire.say('pass')
            check(link.recv(10) == b'x', 'what was held back is lost')
            wire.say('cut')
            try:
                check(heard()[0] == b'', 'heard over a cut wire')
            except OSError:
                pass
            try:
                socket.create_connection(('127.0.0.1', wire.port), timeout=.3)
                check(False, 'a cut wire took a connection')
            except OSError:
                pass
        finally:
            wire.end()


main()
