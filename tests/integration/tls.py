# SPDX-License-Identifier: Apache-2.0
"""HTTPS to clients: everything that HTTP does, with a certificate made here; a pair that cannot serve refuses the start."""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings

from harness import PATIENCE, ROOT, Answer, Offerd, check, demo_data, main, run, scratch, skip, tell, wait_until

OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())


def make_pair(kind='ec'):
    """A self-signed certificate for 127.0.0.1 and its key: two paths."""
    if not shutil.which('openssl'):
        skip('no openssl here to make a certificate with')
    there = scratch()
    what = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] if kind == 'ec' else ['rsa:2048']
    subprocess.run(['openssl', 'req', '-x509', '-newkey', *what, '-nodes', '-keyout', there / 'key.pem', '-out', there / 'cert.pem',
                    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
                   check=True, capture_output=True, timeout=60)
    return there / 'cert.pem', there / 'key.pem'


class Secure(Offerd):
    def __init__(self, flags=(), pair=None, **options):
        self.cert, self.key = pair or make_pair()
        self.context = ssl.create_default_context(cafile=self.cert)
        super().__init__(flags=['--tls-cert', self.cert, '--tls-key', self.key, *flags], **options)

    def connect(self, timeout=10):
        return http.client.HTTPSConnection('127.0.0.1', self.port, timeout=timeout * PATIENCE, context=self.context)

    def ask(self, method, path, body=None, headers=None, timeout=10):
        body = json.dumps(body) if isinstance(body, (dict, list)) else body
        wire = self.connect(timeout)
        try:
            wire.request(method, path, body, headers or {})
            reply = wire.getresponse()
            return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            wire.close()

    def get(self, path, **options):
        return self.ask('GET', path, **options)

    def post(self, path, body=None, **options):
        return self.ask('POST', path, body, **options)

    def cpu_s(self):
        with open(f'/proc/{self.process.pid}/stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def event(n, customer='C1'):
    return {'event_id': f'e-{n}', 'type': 'product_viewed', 'customer_id': customer, 'sku': 'CAM-A7'}


def test_every_kind_of_request_is_answered_over_one_connection():
    with Secure(data=demo_data(orders=False)) as offerd:
        wire = offerd.connect()

        def say(method, path, body=None):
            wire.request(method, path, json.dumps(body) if body is not None else None)
            reply = wire.getresponse()
            return reply.status, reply.read()
        for n in range(50):
            status, text = say('POST', '/offers', {**OFFER, 'budget_ms': 1000, 'customer_id': f'C{n}'})
            check(status == 200 and json.loads(text)['offers'], status, text)
            check(say('POST', '/events', event(n))[0] == 202)
        first = wire.sock
        check(say('GET', '/rules')[0] == 200 and say('GET', '/metrics')[0] == 200 and say('POST', '/-/reload')[0] == 200)
        check(say('GET', '/nowhere')[0] == 404 and say('POST', '/offers', [])[0] in (400, 422))
        check(wire.sock is first, 'the connection was closed in between')
        check(first.version() in ('TLSv1.2', 'TLSv1.3'), first.version())
        tell(f'{first.version()}, {first.cipher()[0]}')
        wire.close()


def test_a_large_body_and_a_large_answer_go_through_whole():
    with Secure(data=demo_data(orders=False)) as offerd:
        batch = [event(n, customer='C' * 100) for n in range(1000)]
        answer = offerd.post('/events', batch)
        check(answer.status == 202, answer)
        check(len(answer.json['results']) == 1000 == len({each['event_id'] for each in answer.json['results']}))
        tell(f'{len(json.dumps(batch))} bytes sent, {len(answer.body)} answered')
        check(len(json.dumps(batch)) > 150_000 and len(answer.body) > 40_000)
        check(offerd.post('/offers', ' ' * 300_000).status == 413)


def test_many_clients_at_once_are_answered_and_requests_in_little_pieces_too():
    with Secure(data=demo_data(orders=False), flags=['--workers', 2]) as offerd:
        statuses = []

        def ask():
            wire = offerd.connect(20)
            for n in range(20):
                wire.request('POST', '/offers', json.dumps(OFFER))
                reply = wire.getresponse()
                reply.read()
                statuses.append(reply.status)
            wire.close()
        threads = [threading.Thread(target=ask) for _ in range(30)]
        for thread in threads:
            thread.start()
        body = json.dumps(OFFER).encode()
        wire = offerd.context.wrap_socket(socket.create_connection(('127.0.0.1', offerd.port), 10), server_hostname='127.0.0.1')
        for piece in (b'POST /offers HTT', b'P/1.1\r\nHost: x\r\nContent-Le', b'ngth: %d\r\n\r\n' % len(body), body[:9], body[9:]):
            wire.sendall(piece)
            time.sleep(0.02)
        check(wire.recv(12) == b'HTTP/1.1 200')
        wire.close()
        for thread in threads:
            thread.join()
        check(len(statuses) == 600 and set(statuses) == {200}, set(statuses))


def test_plain_http_and_old_versions_are_not_spoken():
    with Secure() as offerd:
        with socket.create_connection(('127.0.0.1', offerd.port), 10) as wire:
            wire.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
            try:
                check(b'HTTP/1.1' not in wire.recv(1000))
            except ConnectionError:
                pass
        stranger = ssl.create_default_context()
        try:
            http.client.HTTPSConnection('127.0.0.1', offerd.port, timeout=10, context=stranger).request('GET', '/')
            check(False, 'a self-signed certificate was trusted')
        except ssl.SSLCertVerificationError:
            pass
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(offerd.cert)
        old.set_ciphers('ALL:@SECLEVEL=0')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # that it is old is the point
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        try:
            old.wrap_socket(socket.create_connection(('127.0.0.1', offerd.port), 10), server_hostname='127.0.0.1')
            check(False, 'TLS 1.1 was spoken')
        except (ssl.SSLError, ConnectionError):
            pass
        check(offerd.get('/healthz').status == 200)


def test_quiet_and_half_open_connections_cost_nothing_and_are_closed():
    with Secure(flags=['--idle-timeout-s', 1, '--slow-request-s', 1, '--workers', 1]) as offerd:
        connections = offerd.metric('offerd_http_connections')
        quiet = offerd.connect()
        quiet.request('GET', '/healthz')
        quiet.getresponse().read()
        silent = socket.create_connection(('127.0.0.1', offerd.port), 10)  # never shakes hands
        half = socket.create_connection(('127.0.0.1', offerd.port), 10)
        half.sendall(b'\x16\x03\x01\x02')  # the beginning of a handshake
        slow = offerd.context.wrap_socket(socket.create_connection(('127.0.0.1', offerd.port), 10), server_hostname='127.0.0.1')
        slow.sendall(b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{')
        before, began = offerd.cpu_s(), time.monotonic()
        time.sleep(0.5)
        used = (offerd.cpu_s() - before) / (time.monotonic() - began)
        tell(f'{used:.0%} of a processor')
        check(used < 0.2 * PATIENCE, f'{used:.0%} of a processor while nothing happens')
        for what, wire in (('silent', silent), ('half', half), ('slow', slow), ('quiet', quiet.sock)):
            wire.settimeout(10 * PATIENCE)
            try:
                rest = wire.recv(100)
            except (ssl.SSLError, ConnectionError):
                rest = b''
            check(b'HTTP' not in rest, what, rest)
        wait_until(5, 'all are let go', lambda: offerd.metric('offerd_http_connections') == connections)
        check(offerd.get('/healthz').status == 200)


def test_stopping_answers_what_is_in_flight():
    with Secure(data=demo_data(orders=False)) as offerd:
        wire = offerd.connect()
        wire.putrequest('POST', '/events')
        body = json.dumps(event(1)).encode()
        wire.putheader('Content-Length', str(len(body)))
        wire.endheaders(body[:10])
        wait_until(5, 'the head', lambda: offerd.metric('offerd_http_requests_in_flight') >= 2)
        stopping = threading.Thread(target=offerd.stop)
        stopping.start()
        time.sleep(0.1)
        wire.send(body[10:])
        check(wire.getresponse().status == 202)
        wire.close()
        stopping.join()


def test_a_pair_that_cannot_serve_refuses_the_start_with_a_word():
    (cert, key), (_, other) = make_pair(), make_pair()
    nothing = scratch() / 'nothing.pem'
    text = scratch() / 'text'
    text.write_text('not a key\n')
    for flags, words in ((['--tls-cert', cert, '--tls-key', other], ['do not match']),
                         (['--tls-cert', cert], ['tls_key', 'not']),
                         (['--tls-key', key], ['tls_cert', 'not']),
                         (['--tls-cert', nothing, '--tls-key', key], ['tls_cert', str(nothing), 'No such file']),
                         (['--tls-cert', cert, '--tls-key', text], ['tls_key', str(text), 'PEM']),
                         (['--tls-cert', key, '--tls-key', cert], ['cannot be used'])):
        done = run('serve', '--data', scratch(), '--rules', ROOT / 'config/rules', '--listen', '127.0.0.1:0', *flags)
        check(done.returncode == 1 and all(word in done.stderr for word in words), flags, done)


def test_what_a_connection_and_a_request_cost_over_tls():
    for kind in ('ec', 'rsa'):
        with Secure(data=demo_data(orders=False), pair=make_pair(kind), flags=['--workers', 1]) as offerd:
            before = offerd.cpu_s()
            for _ in range(100):
                check(offerd.get('/healthz').status == 200)
            tell(f'{kind}: {(offerd.cpu_s() - before) * 10:.1f} ms of the server\'s CPU for a connection with one request')


main()
