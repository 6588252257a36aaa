# SPDX-License-Identifier: Apache-2.0
"""What a client may do to the server: too much, too slowly, too many. It is refused or cut off, and
the others notice nothing."""
import json
import re
import socket
import time

from harness import PATIENCE, ROOT, Offerd, check, main, tell

GOOD = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
FLAGS = ['--workers', '1', '--idle-timeout-s', '2', '--slow-request-s', '1', '--max-connections', '40']


def connect(offerd):
    return socket.create_connection(('127.0.0.1', offerd.port), timeout=10 * PATIENCE)


def until_closed(wire):
    """Whatever the server says before it closes; '' also when it resets the connection."""
    seen = b''
    try:
        while piece := wire.recv(65536):
            seen += piece
    except ConnectionError:
        pass
    return seen.decode('utf-8', 'replace')


def status_of(text):
    return int(text.split()[1]) if text.startswith('HTTP/1.1 ') else 0


def drip(wire, head, text, seconds):
    """@head at once, then a byte each 50 ms until the server has had enough; how long that took."""
    began = time.monotonic()
    wire.sendall(head)
    wire.settimeout(0.05)
    for byte in text:
        try:
            wire.sendall(byte.encode())
            piece = wire.recv(4096)
            return time.monotonic() - began, piece.decode()
        except TimeoutError:
            pass
        except ConnectionError:
            return time.monotonic() - began, ''
        check(time.monotonic() - began < seconds * PATIENCE, 'still patient after', seconds, 's')
    raise AssertionError('the text was too short to test anything')


def good(offerd):
    answer = offerd.post('/offers', GOOD)
    check(answer.status == 200, answer)


def test_a_body_over_the_limit_is_413_with_and_without_a_length():
    with Offerd(flags=FLAGS) as offerd:
        answer = offerd.post('/offers', ' ' * 300_000)
        check(answer.status == 413 and answer.json['type'] == '/problems/too-large', answer)
        check(offerd.post('/events', ' ' * 1_100_000).status == 413)
        with connect(offerd) as wire:
            wire.sendall(b'POST /offers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
            for _ in range(75):
                wire.sendall(b'1000\r\n' + b' ' * 4096 + b'\r\n')
            wire.sendall(b'0\r\n\r\n')
            check(status_of(wire.recv(4096).decode()) == 413)
        with connect(offerd) as wire:
            wire.sendall(b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n')
            check(status_of(until_closed(wire)) == 413)
        good(offerd)


def test_a_head_over_the_limit_is_refused():
    with Offerd(flags=FLAGS) as offerd:
        for head in (f'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {"a" * 40_000}\r\n\r\n',
                     f'GET /healthz?{"a" * 40_000} HTTP/1.1\r\nHost: x\r\n\r\n',
                     'GET /healthz HTTP/1.1\r\nHost: x\r\n' + 'X-Many: a\r\n' * 4_000 + '\r\n'):
            with connect(offerd) as wire:
                try:
                    wire.sendall(head.encode())
                except ConnectionError:
                    pass
                status = status_of(until_closed(wire))
                check(status in (0, 400, 413, 414, 431), status)
        good(offerd)


def test_a_body_that_comes_a_byte_at_a_time_is_cut_off_in_time():
    with Offerd(flags=FLAGS) as offerd, connect(offerd) as wire:
        took, said = drip(wire, b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', '{' + ' ' * 999, 4)
        tell(f'cut off after {took:.2f} s, saying {said.splitlines()[:1]}')
        check(took > 0.9, 'one second was promised, not', took)
        check(status_of(said) in (408, 0), said)
        good(offerd)


def test_a_head_that_comes_a_byte_at_a_time_is_cut_off_in_time():
    with Offerd(flags=FLAGS) as offerd, connect(offerd) as wire:
        took, _ = drip(wire, b'', 'GET /healthz HTTP/1.1\r\nX: ' + 'a' * 1000, 6)
        tell(f'cut off after {took:.2f} s')
        good(offerd)


def test_a_connection_without_a_request_is_closed():
    with Offerd(flags=FLAGS) as offerd, connect(offerd) as wire:
        began = time.monotonic()
        wire.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        text = until_closed(wire)
        check(status_of(text) == 200 and text.count('HTTP/1.1') == 1, text)
        check(1.5 < time.monotonic() - began < 6 * PATIENCE, time.monotonic() - began)


def test_who_comes_when_all_connections_are_taken_waits_its_turn():
    with Offerd(flags=[*FLAGS, '--idle-timeout-s', '20', '--slow-request-s', '20']) as offerd:
        wires = [connect(offerd) for _ in range(60)]
        for wire in wires:
            wire.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        statuses = [status_of(until_closed(wire)) for wire in wires]
        for wire in wires:
            wire.close()
        check(statuses == [200] * 60, statuses)
        good(offerd)


def test_slow_clients_do_not_delay_the_others():
    with Offerd(flags=[*FLAGS, '--max-connections', '500', '--slow-request-s', '20']) as offerd:
        wires = [connect(offerd) for _ in range(200)]
        for wire in wires:
            wire.sendall(b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{')
        took = []
        for _ in range(50):
            began = time.monotonic()
            good(offerd)
            took.append(time.monotonic() - began)
        for wire in wires:
            wire.close()
        tell(f'median {sorted(took)[25] * 1000:.2f} ms with 200 slow clients')
        check(sorted(took)[25] < 0.2 * PATIENCE, took)


def test_a_client_that_leaves_at_any_moment_harms_nobody():
    body = json.dumps(GOOD).encode()
    whole = b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % len(body) + body
    with Offerd(flags=FLAGS) as offerd:
        for cut in range(0, len(whole) + 1, 7):
            with connect(offerd) as wire:
                wire.sendall(whole[:cut])
                if cut % 2:  # a reset instead of an orderly end
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        good(offerd)


def test_what_was_sent_ahead_is_answered_in_order():
    with Offerd(flags=FLAGS) as offerd, connect(offerd) as wire:
        wire.sendall(b''.join(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path for path in
                              (b'/healthz', b'/nowhere', b'/rules', b'/metrics'))
                     + b'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        text = until_closed(wire)
        statuses = [int(status) for status in re.findall(r'HTTP/1\.1 (\d+)', text)]
        check(statuses == [200, 404, 200, 200, 200], statuses)


main()
