# SPDX-License-Identifier: Apache-2.0
"""deploy/haproxy/haproxy.cfg as it is, but for addresses, before two replicas: restarting one costs nothing."""
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
import time

from harness import PATIENCE, ROOT, Offerd, check, demo_data, free_port, main, request, run, scratch, skip, tell, wait_until

OFFER = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_bytes()
HAPROXY = shutil.which('haproxy', path='/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin')


def config(front, ports, log='127.0.0.1:9', more=''):
    """The delivered file with loopback addresses in place of Docker's names, and @more lines for the shop's door."""
    text = (ROOT / 'deploy/haproxy/haproxy.cfg').read_text()
    changes = [(r'bind :8080\b', f'bind 127.0.0.1:{front}'), (r'bind :8404\b', f'bind 127.0.0.1:{free_port()}'),
               (r'log stdout format raw', f'log {log} format raw'), (r'frontend shop\n', f'frontend shop\n{more}'), (r'(?s)resolvers docker\n.*?\n\n', ''),
               (r' resolvers docker init-addr last,libc,none', ''),
               *((rf'server offerd-{n} offerd-{n}:8080', f'server offerd-{n} 127.0.0.1:{port}')
                 for n, port in zip('ab', ports))]
    for pattern, ours in changes:
        text, times = re.subn(pattern, ours, text)
        check(times == 1, f'{pattern}: {times} times in haproxy.cfg')
    return text


class Balancer:
    def __init__(self, *replicas, **changes):
        if not HAPROXY:
            skip('haproxy is not installed')
        self.port = free_port()
        path = scratch() / 'haproxy.cfg'
        path.write_text(config(self.port, [replica.port for replica in replicas], **changes))
        seen = subprocess.run([HAPROXY, '-c', '-f', path], capture_output=True, text=True, timeout=20 * PATIENCE)
        check(seen.returncode == 0 and 'WARNING' not in seen.stderr, seen.stderr)
        self.process = subprocess.Popen([HAPROXY, '-db', '-f', path], stderr=subprocess.DEVNULL)
        wait_until(10, 'haproxy', self.answers)

    def answers(self):
        try:
            return request(self.port, 'GET', '/readyz').status == 200
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class Shoppers:
    """Storefronts that keep their connections and ask without pause, until the block ends."""

    def __init__(self, port, count=4):
        self.port, self.over = port, threading.Event()
        self.good, self.bad = [0] * count, []
        self.threads = [threading.Thread(target=self.shop, args=(n,)) for n in range(count)]

    def shop(self, n):
        connection, asked = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20 * PATIENCE), 0
        while not self.over.is_set():
            asked += 1
            event = {'event_id': f'{n}-{asked}', 'type': 'product_viewed', 'customer_id': f'c{n}', 'sku': 'CAM-A7'}
            path, body, wanted = (('/offers', OFFER, 200), ('/events', json.dumps(event), 202))[asked % 2]
            try:
                connection.request('POST', path, body, {'Content-Type': 'application/json'})
                answer = connection.getresponse()
                told = answer.read()
                if answer.status == wanted:
                    self.good[n] += 1
                else:
                    self.bad.append(f'{path}: {answer.status} {told[:200]}')
            except (OSError, http.client.HTTPException) as failure:
                self.bad.append(f'{path}: {failure!r}')
                connection.close()
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def served(self, more):
        """Until @more requests after now have been answered."""
        goal = sum(self.good) + more
        wait_until(30, f'{more} more answers', lambda: sum(self.good) >= goal or self.bad)


def up(replicas):
    """Both replicas get requests."""
    def count():
        return [replica.metric('offerd_decisions_total') or 0 for replica in replicas]
    before = count()
    wait_until(30, 'both replicas serve', lambda: all(now > then for now, then in zip(count(), before)), every=0.05)


def test_a_rolling_restart_fails_no_request():
    with Offerd(data=demo_data()) as a, Offerd(data=demo_data()) as b, Balancer(a, b) as balancer:
        with Shoppers(balancer.port) as shoppers:
            began = time.monotonic()
            for replica, away in ((a, 100), (b, 100), (a, 2000), (b, 2000)):
                up((a, b))
                replica.stop()
                shoppers.served(away)
                replica.start()
            up((a, b))
        tell(f'{sum(shoppers.good)} answers in {time.monotonic() - began:.1f} s and four restarts, {len(shoppers.bad)} failed')
        check(not shoppers.bad, shoppers.bad[:5])


FOR_OPS = ('GET', '/metrics'), ('GET', '/rules'), ('POST', '/-/reload')


def spellings(path):
    """@path as it is, and whatever somebody may try who wants it all the same."""
    letters = [(i, f'%{ord(c):02x}') for i, c in enumerate(path)]
    yield path
    yield from (path[:i] + code + path[i + 1:] for i, code in letters)
    yield from (path[:i] + code.upper() + path[i + 1:] for i, code in letters)
    yield ''.join(code for _, code in letters)
    yield from (path + more for more in ('%00', '%00/x', ';x', '/', '/.', '/..', '%', '%zz', '%20', '%3f', '%23'))
    yield from (before + path for before in ('/', '/.', '/x/..', '/%2e', '/v1', '/v1/..', 'http://localhost'))


def test_what_is_for_ops_is_not_shown_outside():
    with Offerd(data=demo_data()) as a, Offerd(data=demo_data()) as b, Balancer(a, b) as balancer:
        for method, path in FOR_OPS:
            for spelling in spellings(path):
                for asked in (spelling, spelling + '?force=true'):
                    answer = request(balancer.port, method, asked)
                    check(answer.status in (400, 404), asked, answer)  # 400: HAProxy's own, for what is no path
        check(request(balancer.port, 'GET', '/re%61dyz').status == 200, 'what is not for ops may be written as one likes')
        check(request(balancer.port, 'POST', '/offers', OFFER.decode()).status == 200)


def test_where_strangers_come_from_is_logged_as_the_runbook_says():
    told = (ROOT / 'docs/runbook.md').read_text().partition('### OfferdStrangers')[2].partition('\n###')[0]
    more = re.search('(?s)```haproxy\n(.*?)```', told)[1]
    keys = scratch() / 'keys'
    keys.write_text(run('key', 'shop', '--scope', 'storefront').stdout.split('\n')[1] + '\n')
    flags = ['--api-keys-file', keys]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(('127.0.0.1', 0))
        log.settimeout(5 * PATIENCE)
        address = f'127.0.0.1:{log.getsockname()[1]}'
        with Offerd(flags=flags) as a, Offerd(flags=flags) as b, Balancer(a, b, log=address, more=more) as balancer:
            check(request(balancer.port, 'GET', '/healthz').status == 200)
            check(request(balancer.port, 'POST', '/offers', '{}').status == 401)
            line = log.recv(4000).decode()
    check(line.startswith('127.0.0.1:') and ' 401 ' in line and 'POST /offers' in line, line)


main()
