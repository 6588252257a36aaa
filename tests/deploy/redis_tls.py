# SPDX-License-Identifier: Apache-2.0
"""deploy/stunnel/redis.conf as it is, but for addresses, before a real Redis that speaks only TLS."""
import re
import shutil
import socket
import subprocess
import time

from harness import PATIENCE, ROOT, check, free_port, main, scratch, skip, tell, wait_until


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


main()
