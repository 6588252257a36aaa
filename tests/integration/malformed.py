# SPDX-License-Identifier: Apache-2.0
"""20,000 malformed requests: only 4xx or a closed connection, no crash, and a good one is answered after it.

The seed is fixed. What is counted as malformed is malformed for certain: a damaged body only when
Python's own strict reader refuses it, a wrong value only where the interface says so.
"""
import collections
import copy
import json
import random
import re
import select
import socket
import time

from harness import PATIENCE, ROOT, Failed, Offerd, check, demo_data, main, tell

TOTAL = 20_000
OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
EVENT = {'event_id': 'malformed-1', 'type': 'order_placed', 'customer_id': 'C17850', 'at': '2026-11-21T10:02:11Z',
         'order': {'id': 'A-1001', 'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1, 'unit_price': 198000}]}}
GOOD = {'/offers': OFFER, '/events': EVENT}

NUMBERS = ['1e999', '-1e999', '1' * 400, '9223372036854775808', '-9223372036854775809', '1e308', '0.1', '-1',
           '1.5e-300', '99999999999999999999999999']
NOT_TEXT = [0, 1.5, True, [], {}, ['x']]
LONG = 'x' * 129
WRONG = {
    '/offers': [
        (('placement',), [*NOT_TEXT, None, '', LONG]),
        (('trigger',), [*NOT_TEXT, None, '', 'no_such_trigger', LONG]),
        (('customer_id',), [*NOT_TEXT, '', LONG]),
        (('locale',), [*NOT_TEXT, None, '', 'x' * 36]),
        (('limit',), ['3', 0, -1, 1.5, 11, True, None, [], {}, 10 ** 30]),
        (('budget_ms',), ['3', 0, -1, 1.5, 1001, False, None, [], {}, 10 ** 30]),
        (('item',), [*NOT_TEXT, '', LONG]),
        (('explain',), [0, 1, 'true', None, [], {}]),
        (('cart',), [0, 'x', True, None, []]),
        (('cart', 'currency'), [*NOT_TEXT, None, '', 'JP', 'XXQ', 'EUR', 'jpy ']),
        (('cart', 'items'), [0, 'x', True, None, {}, [0], ['x'], [None], [[]], [{}], [OFFER['cart']['items'][0]] * 501]),
        (('cart', 'items', 0, 'sku'), [*NOT_TEXT, None, '', LONG]),
        (('cart', 'items', 0, 'quantity'), ['1', 0, -1, 1.5, 1_000_001, True, None, [], {}, 10 ** 20]),
        (('cart', 'items', 0, 'unit_price'), ['1', -1, 1.5, 10 ** 12 + 1, True, None, [], {}, 10 ** 20]),
    ],
    '/events': [
        (('event_id',), [*NOT_TEXT, None, '', LONG, 'a\0b', 'a\nb']),
        (('type',), [*NOT_TEXT, None, '', 'no_such_type', 'ORDER_PLACED']),
        (('customer_id',), [*NOT_TEXT, '', LONG]),
        (('at',), [*NOT_TEXT, '', 'yesterday', '2026-13-01T00:00:00Z', '2026-11-21', '9999-01-01T00:00:00Z',
                   '1999-01-01T00:00:00Z']),
        (('order',), [*NOT_TEXT, None, 'x']),
        (('order', 'id'), [*NOT_TEXT, None, '', LONG]),
        (('order', 'currency'), [*NOT_TEXT, None, '', 'JP', 'XXQ']),
        (('order', 'items'), [0, 'x', True, None, {}, [], [0], [None], [[]], [{}], [EVENT['order']['items'][0]] * 2001]),
        (('order', 'items', 0, 'sku'), [*NOT_TEXT, None, '', LONG]),
        (('order', 'items', 0, 'quantity'), ['1', 0, -1, 1.5, 1_000_001, True, None, [], {}, 10 ** 20]),
        (('order', 'items', 0, 'unit_price'), ['1', -1, 1.5, 10 ** 12 + 1, True, None, [], {}, 10 ** 20]),
    ],
}


def refuse(_):
    raise ValueError('not a JSON number')


def is_json(body):
    try:
        json.loads(body.decode('utf-8'), parse_constant=refuse)
        return True
    except (ValueError, RecursionError):
        return False


def truncated(chance, path):
    body = json.dumps(GOOD[path], ensure_ascii=False).encode()
    return body[:chance.randrange(len(body))]


def with_wrong_value(chance, path):
    place, values = chance.choice(WRONG[path])
    body = copy.deepcopy(GOOD[path])
    at = body
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = chance.choice(values)
    return json.dumps(body).encode()


def with_wrong_number(chance, path):
    """A number that JSON can write and nobody can sell."""
    text = json.dumps(GOOD[path])
    field = chance.choice(['quantity', 'unit_price'])
    return re.sub(rf'"{field}": \d+', lambda m: f'"{field}": {chance.choice(NUMBERS)}', text).encode()


def without_something(chance, path):
    body = copy.deepcopy(GOOD[path])
    needed = {'/offers': ['placement', 'trigger', 'cart'], '/events': ['event_id', 'type', 'customer_id', 'order']}
    gone = chance.choice(needed[path])
    if gone == 'customer_id':  # a guest may buy, but not look at products
        body.update(type='product_viewed', sku='CAM-A7')
    del body[gone]
    return json.dumps(body).encode()


def deep(chance, path):
    depth = chance.choice([33, 40, 100, 1000, 5000])
    opening, closing = chance.choice([('[', ']'), ('{"a":', '}')])
    nest = opening * depth + '1' + closing * chance.choice([0, depth, depth - 1])
    body = json.dumps(GOOD[path])[:-1]
    return chance.choice([nest, f'{body}, "unknown": {nest}}}']).encode()


def bad_utf8(chance, path):
    body = json.dumps(GOOD[path], ensure_ascii=False).encode()
    bad = chance.choice([b'\xff', b'\xc0\xaf', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xe3\x81', b'\x80', b'\xf8\x88\x80\x80\x80'])
    at = chance.choice([m.start() + 1 for m in re.finditer(rb'"', body)])
    return body[:at] + bad + body[at:]


def flipped(chance, path):
    while True:
        body = bytearray(json.dumps(GOOD[path], ensure_ascii=False).encode())
        for _ in range(chance.randint(1, 8)):
            what, at = chance.randrange(3), chance.randrange(len(body))
            if what == 0:
                body[at] = chance.randrange(256)
            elif what == 1:
                del body[at]
            else:
                body[at:at] = bytes([chance.randrange(256)])
        if not is_json(bytes(body)):
            return bytes(body)


def noise(chance, _):
    while True:
        body = chance.randbytes(chance.randint(1, 300))
        if not is_json(body):
            return body


BODIES = [truncated, with_wrong_value, with_wrong_number, without_something, deep, bad_utf8, flipped, noise]


def framed(path, body, length=None, more=b''):
    length = len(body) if length is None else length
    return (b'POST %s HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: %s\r\n%s\r\n'
            % (path.encode(), str(length).encode(), more) + body)


def bad_length(chance, path):
    body = json.dumps(GOOD[path]).encode()
    cut = chance.randrange(1, len(body))
    return chance.choice([
        lambda: framed(path, body, length=cut),
        lambda: framed(path, body, length=len(body) + cut),
        lambda: framed(path, body, length='-1'),
        lambda: framed(path, body, length='1e3'),
        lambda: framed(path, body, length='0x10'),
        lambda: framed(path, body, length='99999999999999999999999'),
        lambda: framed(path, body, length=''),
        lambda: framed(path, body, more=b'Content-Length: %d\r\n' % cut),
        lambda: framed(path, body, more=b'Transfer-Encoding: chunked\r\n'),
        lambda: framed(path, b'zz\r\n' + body, more=b'Transfer-Encoding: chunked\r\n').replace(b'Content-Length', b'X-Length'),
        lambda: framed(path, b'ffffffffffffffffff\r\n' + body, more=b'Transfer-Encoding: chunked\r\n').replace(b'Content-Length', b'X-Length'),
    ])()


def bad_head(chance, path):
    body = json.dumps(GOOD[path]).encode()
    line = b'POST ' + path.encode() + b' HTTP/1.1\r\n'
    return chance.choice([
        lambda: chance.randbytes(chance.randint(1, 200)) + b'\r\n\r\n',
        lambda: line[:chance.randrange(1, 12)] + b'\r\n\r\n',
        lambda: b'POST\r\n\r\n',
        lambda: b'POST ' + path.encode() + b'\r\n\r\n',
        lambda: b'\0' * chance.randint(1, 50) + line + b'\r\n',
        lambda: line + b'Host shop\r\nContent-Length: 2\r\n\r\n{',
        lambda: line + b'Host: shop\r\n' + b'X: ' + chance.randbytes(20).replace(b'\n', b'') + b'\x00\r\n\r\n',
        lambda: line + b'Host: shop\r\n' + b'A' * chance.choice([100, 20_000]) + b'\r\n\r\n',
        lambda: framed(path, body, more=b'Content-Encoding: gzip\r\n'),
        lambda: framed(path, body).replace(b'application/json', b'text/' + str(chance.random()).encode()),
        lambda: framed(path + '/' + str(chance.random()), body),
        lambda: framed(path, body).replace(b'POST', chance.choice([b'PUT', b'DELETE', b'PATCH', b'BREW', b'GET'])),
    ])()


class Wire:
    """One kept-alive connection, made anew whenever the server has closed it."""

    def __init__(self, port):
        self.port, self.socket, self.left, self.silent = port, None, b'', []

    def connect(self):
        self.close()
        self.socket = socket.create_connection(('127.0.0.1', self.port), timeout=10 * PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.left = None, b''

    def was_closed(self):
        """By the server, for having been quiet too long while we were busy or held up."""
        try:
            return bool(select.select([self.socket], [], [], 0)[0]) and not self.socket.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return True

    def ask(self, text, last=False):
        """The status answered; 0 when the connection was closed instead. After @last no more is sent."""
        if not self.socket or self.was_closed():
            self.connect()
        try:
            self.socket.sendall(text)
            self.socket.settimeout((0.1 if last else 10) * PATIENCE)
            if last:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # what it said before it closed is still to be read
        try:
            status = self.answer()
        except ConnectionError:
            status = 0
        except TimeoutError:
            if not last:
                raise Failed(f'no answer to {text[:600]!r}') from None
            self.silent.append(self.socket)  # not a whole head yet, so the server waits for more: see ends()
            self.socket, status = None, 0
        if status == 0 or last:
            self.close()
        return status

    def ends(self):
        """Every connection that was left waiting is closed by the server."""
        for wire in self.silent:
            wire.settimeout(10 * PATIENCE)
            said = b''
            try:
                while piece := wire.recv(65536):
                    said += piece
            except ConnectionError:
                pass
            check(said[:10] in (b'', b'HTTP/1.1 4'), said)
            wire.close()
        return len(self.silent)

    def answer(self):
        while (end := self.left.find(b'\r\n\r\n')) < 0:
            if not (piece := self.socket.recv(65536)):
                return 0
            self.left += piece
        head = self.left[:end].decode('latin-1')
        whole = end + 4 + int(re.search(r'(?i)content-length: (\d+)', head)[1])
        while len(self.left) < whole:
            if not (piece := self.socket.recv(65536)):
                return 0
            self.left += piece
        self.left = self.left[whole:]
        if re.search(r'(?i)connection: close', head):
            self.close()
        return int(head.split()[1])


def test_malformed_requests_are_refused_and_nothing_else_happens():
    chance = random.Random(20261121)
    counts, began = collections.Counter(), time.monotonic()
    with Offerd(data=demo_data(), flags=['--slow-request-s', '1', '--idle-timeout-s', '2']) as offerd:
        wire = Wire(offerd.port)
        for path in GOOD:
            check(wire.ask(framed(path, json.dumps(GOOD[path]).encode())) in (200, 202), path)
        for n in range(TOTAL):
            path = ('/offers', '/events')[n % 2]
            kind = chance.random()
            if kind < 0.9:
                make = BODIES[n // 2 % len(BODIES)]
                text, broken = framed(path, make(chance, path)), False
            else:
                make = bad_length if kind < 0.95 else bad_head
                text, broken = make(chance, path), True
            status = wire.ask(text, last=broken)
            fine = 400 <= status < 500 or (broken and status == 0)
            check(fine, f'{status} for {make.__name__}, number {n}: {text[:600]!r}\n{offerd.log_text(5)}')
            counts[status or 'closed'] += 1
        check(offerd.process.poll() is None, offerd.log_text())
        check(wire.ask(framed('/offers', json.dumps(OFFER).encode())) == 200, 'a good request after all that')
        again = json.dumps({**EVENT, 'event_id': 'malformed-2'}).encode()
        check(wire.ask(framed('/events', again)) == 202, 'a good event after all that')
        wire.close()
        tell(f'{wire.ends()} connections were closed only for waiting too long')
    tell(f'{sum(counts.values())} malformed requests in {time.monotonic() - began:.1f} s: '
         + ', '.join(f'{n} × {status}' for status, n in sorted(counts.items(), key=str)))
    check(sum(counts.values()) == TOTAL)


main()
