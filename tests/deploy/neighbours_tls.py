# SPDX-License-Identifier: Apache-2.0
"""TLS to the neighbours. Redis, a server that speaks only TLS: through deploy/stunnel/redis.conf as it is, but for
addresses; and, where it is built in (hiredis 1.0 or newer with its hiredis_ssl), by rediss:// itself. PostgreSQL:
libpq's sslmode, before a server that lets nobody in without."""
import atexit
import contextlib
import functools
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
from certificates import Authority
from servers import Missing, Servers


def need(name):
    return shutil.which(name, path='/usr/sbin:/usr/bin:/usr/local/bin') or skip(f'{name} is not installed')


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30 * PATIENCE,
                          stdin=subprocess.DEVNULL, **options)


def certificates(place, name):
    """A certificate authority (ca.pem), and what it says of @name (redis.pem, redis.key)."""
    need('openssl')
    authority = Authority(place)
    authority.sign('redis', f'DNS:{name}')
    return authority


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


# ── rediss://, where it is built in ──

NAME = 'redis.example.net'
TOKEN_KEY = '00112233445566778899aabbccddeeff'


class Tls:
    """A Redis that takes TLS alone, with a certificate of @names; @clients: from known clients alone. @plain: without TLS."""

    def __init__(self, names=f'DNS:{NAME}', days=2, clients=False, plain=False):
        self.program, self.place, self.port = need('redis-server'), scratch(), free_port()
        need('openssl')
        self.authority = Authority(self.place)
        self.authority.sign('redis', names, days)
        self.words = ['--port', self.port] if plain else [
            '--port', '0', '--tls-port', self.port, '--tls-cert-file', 'redis.pem', '--tls-key-file', 'redis.key',
            '--tls-ca-cert-file', 'ca.pem', '--tls-auth-clients', 'yes' if clients else 'no']
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [str(word) for word in (self.program, *self.words, '--bind', '127.0.0.1', '--save', '', '--user', 'default', 'off', '--user', 'offerd', 'on',
                                    '>secret', '~offerd:*', '&*', '+@all', '-@admin', '-@dangerous', '+info')],
            cwd=self.place, stdout=subprocess.DEVNULL)
        wait_until(10, 'redis', lambda: not socket.socket().connect_ex(('127.0.0.1', self.port)))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def url(self, host='127.0.0.1', **words):
        words = {'cacert': self.authority.file, 'sni': NAME} | words
        query = '&'.join(f'{word}={value}' for word, value in words.items() if value)
        return f'rediss://offerd:secret@{host}:{self.port}/0' + (f'?{query}' if query else '')

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()


class Fleet:
    """A PostgreSQL with the demo shop in it, for replicas with any Redis: one for all tests."""

    def __init__(self):
        self.servers = Servers(only='pg')
        atexit.register(self.servers.end)
        self.database = self.servers.pg.create('fleet')
        for words in (['migrate'], ['import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--data', scratch()]):
            done = harness.run(*words, env=self.env('redis://127.0.0.1:1'))
            check(done.returncode == 0, words, done.stderr)
        self.has_tls = 'not built in' not in self.rebuild('rediss://127.0.0.1:1').stderr

    def env(self, url):
        return {'OFFERD_DATABASE_URL': self.database, 'OFFERD_TOKEN_KEY': TOKEN_KEY, 'OFFERD_REDIS_URL': url}

    def rebuild(self, url, *words):
        return harness.run('rebuild', *words, env=self.env(url))

    def replica(self, url):
        return Offerd(env=self.env(url), flags=['--workers', '1'])


@functools.cache
def started():
    try:
        return Fleet()
    except Missing as why:
        return why


def fleet_with(tls):
    fleet = started()
    if isinstance(fleet, Missing):
        skip(str(fleet))
    if fleet.has_tls != tls:
        skip('TLS to Redis is built in' if fleet.has_tls else 'TLS to Redis is not built in: that needs hiredis 1.0 or newer with hiredis_ssl')
    return fleet


def is_up(offerd):
    return [offerd.metric(f'offerd_redis_up{{use="{use}"}}') for use in ('profiles', 'budgets')] == [1, 1]


def whole_again(offerd):
    """A Redis that is reached may still be without what it is told anew: what budgets have spent."""
    wait_until(10, 'a decision with all', lambda: offerd.post('/offers', question()).json['degraded'] == [])


def question(**more):
    return json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text()) | {'budget_ms': 1000} | more


def seen(customer, event_id):
    return {'event_id': event_id, 'type': 'product_viewed', 'customer_id': customer, 'sku': 'CAM-A7'}


def test_rediss_is_refused_with_the_way_round_where_it_is_not_built_in():
    done = harness.run('serve', '--rules', ROOT / 'config/rules', '--data', scratch(), '--listen', '127.0.0.1:0',
                       env=fleet_with(tls=False).env('rediss://offerd:secret@127.0.0.1:6380'))
    check(done.returncode == 1 and 'not built in' in done.stderr and 'stunnel' in done.stderr and 'secret' not in done.stderr, done)


def test_rediss_carries_everything_and_each_replica_hears_of_the_others_changes():
    fleet = fleet_with(tls=True)
    with Tls() as redis, fleet.replica(redis.url()) as one, fleet.replica(redis.url()) as other:
        for replica in (one, other):
            wait_until(10, 'Redis', lambda: is_up(replica))
        check(one.post('/events', seen('demo-visitor', 'carried')).status == 202)
        for replica in (one, other):
            whole_again(replica)
        for _ in range(200):
            check(one.post('/offers', question()).json['degraded'] == [])
        near = one.metric('offerd_profile_finds_total{from="near"}')
        check(near > 100, near, one.log_text())
        answer = one.post('/offers', question()).json
        rule, ids = answer['offers'][0]['rule'], (answer['decision_id'], answer['offers'][0]['offer_id'])
        began = time.monotonic()
        check(other.post(f'/offers/{ids[0]}/{ids[1]}/decline', {}).status in (200, 202, 204))
        wait_until(1, f'{rule} is silenced', lambda: rule not in [offer['rule'] for offer in one.post('/offers', question()).json['offers']])
        tell(f'of 200 decisions {near:.0f} had the profile at hand; a decline at the other was heard after {(time.monotonic() - began) * 1000:.0f} ms')
        done = fleet.rebuild(redis.url(), '--check')
        check(done.returncode == 0, done.stdout, done.stderr)


def test_rediss_speaks_to_nobody_but_the_server_it_was_told_of():
    """Each by the command that writes, with its word and status; and by a replica, which serves on without Redis and says why."""
    fleet = fleet_with(tls=True)
    with contextlib.ExitStack() as all_of_them:
        good, expired, other_name, clients, plain = (all_of_them.enter_context(Tls(**words)) for words in (
            {}, {'days': -1}, {'names': 'DNS:somebody.example.net,IP:127.0.0.2'}, {'clients': True}, {'plain': True}))
        stranger = Authority(good.place, 'stranger')
        clients.authority.sign('client', 'DNS:offerd')
        Authority(clients.place, 'unknown').sign('false', 'DNS:offerd')
        with fleet.replica(good.url()) as offerd:
            check(offerd.post('/events', seen('c', 'first')).status == 202)
        for what, url, word in (
                ('another name', other_name.url(), "not for 'redis.example.net'"),
                ('another address', good.url(sni=None), "not for '127.0.0.1'"),
                ('an unknown authority', good.url(cacert=stranger.file), 'certificate is refused'),
                ('the authorities of this system', good.url(cacert=None), 'certificate is refused'),
                ('an expired certificate', expired.url(), 'certificate has expired'),
                ('no certificate of ours', clients.url(), 'certificate required|the certificate it wants'),
                ('a false certificate of ours', clients.url(cert=clients.place / 'false.pem', key=clients.place / 'false.key'), 'unknown ca|the certificate it wants'),
                ('a plain Redis', plain.url(), r'does it speak plain Redis\?')):
            done = fleet.rebuild(url)
            check(done.returncode not in (0, None) and re.search(word, done.stderr), what, done)
            check('secret' not in done.stderr, done.stderr)
            with fleet.replica(url) as offerd:
                said = wait_until(10, f'{what}: a word in the log', lambda: [line for line in offerd.log if 'profiles away' in line and re.search(word, line)])
                check(offerd.post('/offers', question()).status == 200 and not is_up(offerd), offerd.log_text())
                check(not [line for line in offerd.log if 'profiles reached' in line or 'secret' in line], offerd.log_text())
            tell(f'{what}: {done.stderr.strip()}\n{said[0]}')
        url = clients.url(cert=clients.place / 'client.pem', key=clients.place / 'client.key')
        check(fleet.rebuild(url).returncode == 0 and fleet.rebuild(good.url()).returncode == 0)


def test_a_plain_url_gets_nothing_from_a_redis_that_takes_tls_alone():
    fleet = fleet_with(tls=True)
    with Tls() as redis:
        with fleet.replica(redis.url()) as offerd:
            check(offerd.post('/events', seen('c', 'first')).status == 202)
        done = fleet.rebuild(redis.url().replace('rediss:', 'redis:').split('?')[0])
        check(done.returncode not in (0, None), done)
        tell(done.stderr.strip())


def test_files_that_rediss_names_are_read_at_the_start_or_it_does_not_start():
    fleet = fleet_with(tls=True)
    with Tls() as redis:
        redis.authority.sign('client', 'DNS:offerd')
        for words in ({'cacert': '/nowhere/ca.pem'}, {'cacert': redis.place / 'redis.key'},
                      {'cert': redis.place / 'client.pem', 'key': redis.place / 'ca.key'}):
            done = harness.run('serve', '--rules', ROOT / 'config/rules', '--data', scratch(), '--listen', '127.0.0.1:0', env=fleet.env(redis.url(**words)))
            check(done.returncode == 1 and 'redis_url' in done.stderr and 'secret' not in done.stderr, done)
            tell(done.stderr.strip().splitlines()[-1])


def test_rediss_comes_back_after_its_server_was_killed():
    fleet = fleet_with(tls=True)
    with Tls() as redis, fleet.replica(redis.url()) as offerd:
        wait_until(10, 'Redis', lambda: is_up(offerd))
        for i in range(3):
            check(offerd.post('/events', seen('demo-visitor', f'killed-{i}')).status == 202)
            whole_again(offerd)
            began = time.monotonic()
            redis.kill()
            wait_until(10, 'away', lambda: not is_up(offerd), every=.001)
            away = time.monotonic() - began
            check(offerd.post('/offers', question()).status == 200)
            redis.start()
            began = time.monotonic()
            wait_until(10, 'Redis', lambda: is_up(offerd))
            back = time.monotonic() - began
            whole_again(offerd)
            tell(f'gone: seen after {away * 1000:.0f} ms; back: after {back * 1000:.0f} ms')
        check(fleet.rebuild(redis.url()).returncode == 0)


def test_a_certificate_that_ended_meanwhile_is_told_and_a_new_one_is_enough():
    """The outage begins with a mere end of the connection; the reason that lasts is told all the same, once."""
    fleet = fleet_with(tls=True)
    with Tls() as redis, fleet.replica(redis.url()) as offerd:
        wait_until(10, 'Redis', lambda: is_up(offerd))
        redis.kill()
        wait_until(10, 'away', lambda: not is_up(offerd))
        redis.authority.sign('redis', f'DNS:{NAME}', days=-1)
        redis.start()
        said = wait_until(10, 'a word in the log', lambda: [line for line in offerd.log if 'profiles away' in line and 'certificate has expired' in line])
        time.sleep(1)  # what must not come: more words
        check(len([line for line in offerd.log if 'profiles away' in line]) == 2 and not is_up(offerd), offerd.log_text())
        tell(said[0])
        redis.kill()
        redis.authority.sign('redis', f'DNS:{NAME}')
        redis.start()
        wait_until(10, 'Redis', lambda: is_up(offerd))


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


def connections(servers):
    """How many there are: to PostgreSQL's database, to Redis."""
    to_pg = servers.pg.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'counted'")
    to_redis = servers.redis.command('CLIENT', 'LIST')
    to_redis = to_redis.decode() if isinstance(to_redis, bytes) else to_redis
    return int(to_pg[0][0]), len(to_redis.strip().splitlines()) - 1  # our own question is one of them


def test_a_replica_has_as_many_connections_as_operators_are_told_to_plan_for():
    """Once it has done all that takes one: folded a profile, restored a budget, doubted Redis."""
    text = (ROOT / 'docs/production.md').read_text()
    most, at_first = map(int, re.search(r'\*\*Connections\.\*\* At most (\d+) for each replica, .*?: (\d+) always', text).groups())
    each, more = map(int, re.search(r'\*\*Connections\.\*\* (\d+) for each worker of a replica, and (\d+) more', text).groups())
    workers = 2
    try:
        servers = Servers()
    except Missing as why:
        skip(str(why))
    with servers:
        env = {'OFFERD_DATABASE_URL': servers.pg.create('counted'), 'OFFERD_REDIS_URL': servers.redis_url, 'OFFERD_TOKEN_KEY': TOKEN_KEY}
        for words in (['migrate'], ['import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--data', scratch()]):
            done = harness.run(*words, env=env)
            check(done.returncode == 0, words, done.stderr)
        without_budget = scratch()
        for name in ('saas.yaml', 'shared.yaml'):
            shutil.copy(ROOT / 'config/rules' / name, without_budget)
        with Offerd(env=env, rules=without_budget, flags=['--workers', str(workers)]) as offerd:
            wait_until(10, 'the first', lambda: connections(servers)[0] == at_first)
        with Offerd(env=env, flags=['--workers', str(workers)]) as offerd:
            for number in range(40):  # either worker, and profiles that only the log has
                check(offerd.post('/events', seen(f'c{number}', f'e{number}')).status == 202)
                check(offerd.post('/offers', question(customer_id=f'c{number}')).status == 200)
            servers.redis.command('FLUSHALL')
            for number in range(40):
                check(offerd.post('/offers', question(customer_id=f'c{number}')).status == 200)
            wait_until(10, 'all of Redis', lambda: connections(servers)[1] == each * workers + more)
            tell(f'{connections(servers)} connections to PostgreSQL and Redis')
            servers.redis.kill9()
            check(offerd.post('/events', seen('c1', 'in doubt')).status == 202)

            def to_pg():
                return int(servers.pg.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'counted'")[0][0])
            wait_until(10, 'all of PostgreSQL', lambda: to_pg() == most)
            time.sleep(1)
            check(to_pg() == most, to_pg())


main()
