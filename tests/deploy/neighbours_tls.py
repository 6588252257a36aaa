# SPDX-License-Identifier: Apache-2.0
"""TLS to the neighbours. Redis: deploy/stunnel/redis.conf as it is, but for addresses, before a server that speaks
only TLS. PostgreSQL: libpq's sslmode, before a server that lets nobody in without."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import harness
from harness import PATIENCE, ROOT, Offerd, check, free_port, main, scratch, skip, tell, wait_until

sys.path.append(str(ROOT / 'tests/support'))
from servers import Missing, Servers


def need(name):
    return shutil.which(name, path='/usr/sbin:/usr/bin:/usr/local/bin') or skip(f'{name} is not installed')


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30 * PATIENCE,
                          stdin=subprocess.DEVNULL, **options)


def certificates(place, name):
    """A certificate authority, and what it says of @name."""
    openssl = need('openssl')
    (place / 'names').write_text(f'subjectAltName=DNS:{name}\n')
    for words in (['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test authority',
                   '-keyout', 'ca.key', '-out', 'ca.pem'],
                  ['req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-keyout', 'redis.key', '-out', 'redis.csr'],
                  ['x509', '-req', '-in', 'redis.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
                   '-extfile', 'names', '-out', 'redis.pem']):
        done = run(openssl, *words, cwd=place)
        check(done.returncode == 0, done.stderr)


class Behind:
    """Redis on a TLS port alone, stunnel before it: .port is where plain Redis is spoken."""

    def __init__(self, name='redis.example.net', authority=None):
        programs = [need('redis-server'), need('stunnel4'), need('redis-cli')]
        self.place, self.port, self.tls = scratch(), free_port(), free_port()
        self.cli = programs[2]
        certificates(self.place, name)
        self.redis = self.stunnel = None
        try:
            self.start(programs, authority)
        except BaseException:
            self.__exit__()
            raise

    def start(self, programs, authority):
        self.redis = subprocess.Popen(
            [programs[0], '--port', '0', '--tls-port', str(self.tls), '--bind', '127.0.0.1', '--save', '',
             '--tls-cert-file', 'redis.pem', '--tls-key-file', 'redis.key', '--tls-ca-cert-file', 'ca.pem',
             '--tls-auth-clients', 'no', '--user', 'default', 'off',
             '--user', 'offerd', 'on', '>secret', '~offerd:*', '&*', '+@all', '-@admin', '-@dangerous', '+info'],
            cwd=self.place, stdout=subprocess.DEVNULL)
        wait_until(10, 'redis', lambda: not socket.socket().connect_ex(('127.0.0.1', self.tls)))
        (self.place / 'stunnel.conf').write_text(self.config(authority or self.place / 'ca.pem'))
        self.stunnel = subprocess.Popen([programs[1], self.place / 'stunnel.conf'], stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        wait_until(10, 'stunnel', lambda: not socket.socket().connect_ex(('127.0.0.1', self.port)))

    def config(self, authority):
        text = (ROOT / 'deploy/stunnel/redis.conf').read_text()
        for pattern, ours in ((r'accept = 127.0.0.1:6379', f'accept = 127.0.0.1:{self.port}'),
                              (r'connect = redis.example.net:6380', f'connect = 127.0.0.1:{self.tls}'),
                              (r'CAfile = \S+', f'CAfile = {authority}')):
            text, times = re.subn(pattern, ours, text)
            check(times == 1, f'{pattern}: {times} times in redis.conf')
        return text

    def say(self, *words):
        return run(self.cli, '-p', self.port, '--user', 'offerd', *words, env={'REDISCLI_AUTH': 'secret'})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.stunnel, self.redis):
            if process:
                process.terminate()
                process.wait(20)


def test_redis_is_spoken_through_tls():
    with Behind() as behind:
        check(behind.say('PING').stdout == 'PONG\n', behind.say('PING'))
        check('no reply' not in behind.say('SET', 'offerd:x', '1').stdout and behind.say('GET', 'offerd:x').stdout == '1\n')
        plain = run(behind.cli, '-p', behind.tls, 'PING')
        check('PONG' not in plain.stdout, 'the port behind speaks plain Redis', plain)


def test_another_server_s_certificate_is_refused():
    with Behind(name='somebody.example.net') as behind:
        check('PONG' not in behind.say('PING').stdout, 'a certificate for another name was accepted')


def test_an_unknown_authority_is_refused():
    with Behind(authority='/etc/ssl/certs/ca-certificates.crt') as behind:
        check('PONG' not in behind.say('PING').stdout, 'a certificate of nobody we know was accepted')


def test_what_tls_costs_a_round_trip():
    """A figure, not a judgement: the median of 2,000 GETs one after the other."""
    with Behind() as behind:
        times = []
        with socket.create_connection(('127.0.0.1', behind.port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for words in [b'*3\r\n$4\r\nAUTH\r\n$6\r\nofferd\r\n$6\r\nsecret\r\n'] + [b'*2\r\n$3\r\nGET\r\n$8\r\nofferd:x\r\n'] * 2000:
                began = time.perf_counter()
                link.sendall(words)
                check(link.recv(100)[:1] in b'+$', 'refused')
                times.append(time.perf_counter() - began)
        tell(f'through stunnel: median {sorted(times)[1000] * 1e6:.0f} us, p99 {sorted(times)[1980] * 1e6:.0f} us')


def test_a_redis_that_is_gone_is_noticed_at_once():
    with Behind() as behind:
        with socket.create_connection(('127.0.0.1', behind.port)) as link:
            link.sendall(b'PING\r\n')
            check(link.recv(100), 'no answer')
            began = time.monotonic()
            behind.redis.kill()
            link.settimeout(5 * PATIENCE)
            try:
                check(link.recv(100) == b'')
            except ConnectionError:
                pass
            tell(f'noticed after {(time.monotonic() - began) * 1000:.0f} ms')


def test_a_service_shares_profiles_through_tls():
    """As long as it does not answer within 50 ms, nothing read from Redis is kept: here it must be."""
    offer = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
    offer['budget_ms'] = 1000  # what is asked here is whether profiles come through, not how soon
    try:
        servers = Servers(only='pg')
    except Missing as why:
        skip(str(why))
    with servers, Behind() as behind:
        env = {'OFFERD_DATABASE_URL': servers.pg.create('tls'), 'OFFERD_TOKEN_KEY': '00112233445566778899aabbccddeeff',
               'OFFERD_REDIS_URL': f'redis://offerd:secret@127.0.0.1:{behind.port}/0'}
        for words in (['migrate'], ['import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--data', scratch()]):
            done = harness.run(*words, env=env)
            check(done.returncode == 0, words, done.stderr)
        with Offerd(env=env, flags=['--workers', '1']) as one, Offerd(env=env, flags=['--workers', '1']) as other:
            wait_until(10, 'Redis', lambda: one.metric('offerd_redis_up{use="profiles"}') == 1)
            check(one.post('/events', {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'demo-visitor', 'sku': 'CAM-A7'}).status == 202)
            check(other.post('/offers', offer).json['degraded'] == [])
            for _ in range(200):
                check(one.post('/offers', offer).json['degraded'] == [])
            near = one.metric('offerd_profile_finds_total{from="near"}')
            tell(f'of 200 decisions {near:.0f} had the profile at hand')
            check(near > 100 and one.metric('offerd_redis_up{use="profiles"}') == 1, near, one.log_text())


def test_postgresql_is_spoken_with_tls_and_asked_who_it_is():
    try:
        servers = Servers()
    except Missing as why:
        skip(str(why))
    with servers:
        place, pg = scratch(), servers.pg
        certificates(place, 'db.example.net')
        for name, ours in (('server.crt', 'redis.pem'), ('server.key', 'redis.key')):
            shutil.copy(place / ours, pg.data / name)
            os.chmod(pg.data / name, 0o600)
            if pg.user:
                os.chown(pg.data / name, pg.user['user'], pg.user['group'])
        url = pg.create('tls')
        (pg.data / 'pg_hba.conf').write_text('local all all trust\nhostssl all all 127.0.0.1/32 trust\n')
        pg.sql('ALTER SYSTEM SET ssl = on')
        pg.sql('SELECT pg_reload_conf()')

        def address(name, more):
            return f'postgresql://offerd@{name}:{pg.port}/tls?hostaddr=127.0.0.1&{more}'
        known = f'sslrootcert={place}/ca.pem'
        good = address('db.example.net', f'sslmode=verify-full&{known}')
        wait_until(10, 'TLS', lambda: harness.run('migrate', '--database-url', good).returncode == 0)
        for what, wrong in (('without TLS', url + '?sslmode=disable'),
                            ('of another name', address('other.example.net', f'sslmode=verify-full&{known}')),
                            ('of an unknown authority', address('db.example.net', 'sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt'))):
            seen = harness.run('migrate', '--status', '--database-url', wrong)
            check(seen.returncode == 1, f'a server {what} was spoken to', seen)
            tell(seen.stderr.strip())
        env = {'OFFERD_DATABASE_URL': good, 'OFFERD_REDIS_URL': servers.redis_url, 'OFFERD_TOKEN_KEY': '00112233445566778899aabbccddeeff'}
        with Offerd(env=env) as offerd:
            check(offerd.post('/events', {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'c', 'sku': 'S'}).status == 202)
            seen = pg.sql("SELECT s.ssl, s.version, count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)"
                          " WHERE a.datname = 'tls' AND a.client_addr IS NOT NULL GROUP BY 1, 2")
            check(len(seen) == 1 and seen[0][0] == 't', seen)
            tell(f'{seen[0][2]} connections with {seen[0][1]}')


main()
