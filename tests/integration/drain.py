# SPDX-License-Identifier: Apache-2.0
"""The end of a server that others still talk to: the first SIGTERM finishes what is in flight and loses
nothing, the second ends it at once."""
import http.client
import json
import signal
import socket
import sqlite3
import threading
import time

from harness import PATIENCE, ROOT, Offerd, check, free_port, main, request, tell, wait_until

GOOD = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_bytes()
HEAD = b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(GOOD)


def connect(offerd):
    return socket.create_connection(('127.0.0.1', offerd.port), timeout=10 * PATIENCE)


def answer_of(wire):
    reply = http.client.HTTPResponse(wire)
    reply.begin()
    return reply.status, reply.getheader('Connection'), reply.read()


def wait_for_its_head(offerd):
    """Until a request is in flight beside the one that asks."""
    wait_until(5, 'the head', lambda: offerd.metric('offerd_http_requests_in_flight') >= 2)


def wait_for_draining(offerd):
    """Until nobody new is let in any more."""
    def refused():
        try:
            connect(offerd).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # came at the very moment when the listening socket was closed: ask again
        return False
    wait_until(2, 'new connections are refused', refused)


def wait_for_end(offerd, seconds):
    offerd.process.wait(seconds * PATIENCE)
    return offerd._ended()


class Shopper(threading.Thread):
    """Asks one after the other on one connection until the server says that it is the last."""

    def __init__(self, offerd):
        super().__init__(daemon=True)
        self.offerd, self.answered, self.lost, self.closed = offerd, 0, '', False

    def run(self):
        with connect(self.offerd) as wire:
            while not self.closed and not self.lost:
                try:
                    wire.sendall(HEAD + GOOD)
                    status, connection, _ = answer_of(wire)
                except (OSError, http.client.HTTPException) as failure:
                    self.lost = repr(failure)
                    return
                self.answered += 1
                self.closed = connection == 'close'
                if status != 200:
                    self.lost = f'status {status}'


def test_no_request_is_lost_when_it_is_asked_to_end_under_load():
    with Offerd() as offerd:
        shoppers = [Shopper(offerd) for _ in range(8)]
        for shopper in shoppers:
            shopper.start()
        wait_until(5, 'shoppers are served', lambda: all(s.answered > 20 for s in shoppers))
        began = time.monotonic()
        offerd.signal(signal.SIGTERM)
        for shopper in shoppers:
            shopper.join(10 * PATIENCE)
        status = wait_for_end(offerd, 10)
        tell(f'{sum(s.answered for s in shoppers)} answered; ended {time.monotonic() - began:.2f} s after SIGTERM')
        check(status == 0, offerd.log_text())
        check(not any(s.lost for s in shoppers), [s.lost for s in shoppers if s.lost])
        check(all(s.closed for s in shoppers), 'not everybody was told that it was the last answer')


def test_a_request_that_is_half_sent_is_answered_to_its_end():
    with Offerd() as offerd, connect(offerd) as wire:
        wire.sendall(HEAD + GOOD[:20])
        wait_for_its_head(offerd)
        offerd.signal(signal.SIGTERM)
        wait_for_draining(offerd)
        time.sleep(0.3)
        check(offerd.process.poll() is None, 'it did not wait')
        wire.sendall(GOOD[20:])
        status, connection, _ = answer_of(wire)
        check((status, connection) == (200, 'close'), status, connection)
        check(wait_for_end(offerd, 5) == 0, offerd.log_text())


def test_nobody_new_is_served_and_who_is_connected_hears_not_ready():
    with Offerd() as offerd, connect(offerd) as busy, connect(offerd) as other:
        busy.sendall(HEAD + GOOD[:20])
        other.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        check(answer_of(other)[0] == 200)
        offerd.signal(signal.SIGTERM)
        wait_for_draining(offerd)
        other.sendall(b'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
        status, _, body = answer_of(other)
        check(status == 503 and json.loads(body)['type'] == '/problems/unavailable', status, body)
        busy.sendall(GOOD[20:])
        check(answer_of(busy)[0] == 200)
        check(wait_for_end(offerd, 5) == 0, offerd.log_text())


def test_quiet_connections_do_not_hold_it_up():
    with Offerd() as offerd:
        wires = [connect(offerd) for _ in range(20)]
        for wire in wires[:10]:
            wire.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
            check(answer_of(wire)[0] == 200)
        began = time.monotonic()
        offerd.signal(signal.SIGTERM)
        check(wait_for_end(offerd, 5) == 0, offerd.log_text())
        took = time.monotonic() - began
        tell(f'ended after {took:.2f} s with 20 quiet connections')
        check(took < 3 * PATIENCE, took)
        for wire in wires:
            wire.close()


def test_who_never_finishes_holds_it_up_only_for_so_long():
    with Offerd(flags=['--drain-s', '1', '--slow-request-s', '60']) as offerd, connect(offerd) as wire:
        wire.sendall(HEAD + GOOD[:20])
        wait_for_its_head(offerd)
        began = time.monotonic()
        offerd.signal(signal.SIGTERM)
        check(wait_for_end(offerd, 10) == 0, offerd.log_text())
        check(0.9 < time.monotonic() - began < 4 * PATIENCE, time.monotonic() - began)


def test_the_second_sigterm_ends_it_at_once():
    with Offerd(flags=['--slow-request-s', '60']) as offerd, connect(offerd) as wire:
        wire.sendall(HEAD + GOOD[:20])
        wait_for_its_head(offerd)
        offerd.signal(signal.SIGTERM)
        wait_for_draining(offerd)  # two that came at once would be one
        time.sleep(0.3)
        check(offerd.process.poll() is None, 'the first one did not wait')
        began = time.monotonic()
        offerd.signal(signal.SIGTERM)
        wait_for_end(offerd, 5)
        check(time.monotonic() - began < 1 * PATIENCE, time.monotonic() - began)


def test_the_second_sigterm_ends_it_at_once_though_the_disk_hangs_and_draining_has_given_up():
    with Offerd(flags=['--drain-s', '1']) as offerd, connect(offerd) as wire:
        log = sqlite3.connect(offerd.data / 'offerd.db', isolation_level=None)
        log.execute('BEGIN IMMEDIATE')  # as if the disk did not answer: the journal waits
        event = b'{"event_id": "e", "type": "product_viewed", "customer_id": "C1", "sku": "CAM-A7"}'
        wire.sendall(b'POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
                     b'Content-Length: %d\r\n\r\n%s' % (len(event), event))
        wait_for_its_head(offerd)
        offerd.signal(signal.SIGTERM)
        wait_until(10, 'draining has given up', lambda: any('still busy after draining' in line for line in offerd.log))
        check(offerd.process.poll() is None, 'it did not wait for the journal')
        began = time.monotonic()
        offerd.signal(signal.SIGTERM)
        wait_for_end(offerd, 5)
        check(time.monotonic() - began < 1 * PATIENCE, time.monotonic() - began)
        log.close()


def ended_while_it_waits(number, database_port):
    """The exit status and the log of one that is told to end while it waits for its PostgreSQL, and how long that took."""
    offerd = Offerd(start=False, flags=[
        '--database-url', f'postgresql://offerd@127.0.0.1:{database_port}/offerd', '--token-key', '0' * 32,
        '--redis-url', f'redis://127.0.0.1:{free_port()}/0'])
    offerd.start(ready=False)
    try:
        wait_until(10, 'waiting for PostgreSQL', lambda: any('waiting: ' in line for line in offerd.log))
        began = time.monotonic()
        offerd.signal(number)
        status = wait_for_end(offerd, 10)
    finally:
        offerd.kill()
    return status, offerd.log_text(), time.monotonic() - began


def test_one_that_waits_for_its_database_ends_when_it_is_told_to():
    with socket.create_server(('127.0.0.1', 0)) as silent:  # takes connections and says nothing
        for number, port in ((signal.SIGTERM, free_port()), (signal.SIGINT, free_port()),
                             (signal.SIGTERM, silent.getsockname()[1])):
            status, log, took = ended_while_it_waits(number, port)
            tell(f'ended after {took:.2f} s')
            check(status == 0 and 'stopped before it was ready' in log, status, log)
            check(took < 3 * PATIENCE, took)


def test_events_that_were_answered_before_the_end_are_there_after_it():
    offerd = Offerd()
    with offerd:
        for i in range(50):
            answer = offerd.post('/events', {'event_id': f'drain-{i}', 'type': 'product_viewed',
                                             'customer_id': 'C1', 'sku': 'CAM-A7'})
            check(answer.status == 202, answer)
        offerd.stop()
        offerd.start()
        again = offerd.post('/events', [{'event_id': f'drain-{i}', 'type': 'product_viewed', 'customer_id': 'C1',
                                         'sku': 'CAM-A7'} for i in range(50)])
        statuses = {result['status'] for result in again.json['results']}
        check(statuses == {'duplicate'}, again)


def test_the_same_address_can_be_used_again_at_once():
    offerd = Offerd()
    with offerd:
        for _ in range(3):
            check(request(offerd.port, 'GET', '/healthz').status == 200)
            offerd.stop()
            offerd.start()


main()
