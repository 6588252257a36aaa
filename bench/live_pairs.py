#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a pair that was bought together twenty times is offered, while orders keep coming:

    bench/live_pairs.py BUILD [--skus 100000] [--lines 10000000] [--rate 100] [--pairs 12] [--trained] [--fleet] [--data DIR]

A made-up shop (make_orders) is imported, and trained when asked; then one replica (with --fleet two, over PostgreSQL and Redis of
their own) serves while a stream of further such orders comes through POST /events, --rate a second, from before the first pair to
after the last. Each pair of SKUs that were never bought together is bought twenty times at the first replica and asked for at each until it
is offered with true evidence. Told: seconds for each, the longest, what part of one processor the keeper took, and memory.
--data keeps the imported shop in DIR, or uses what is there. Exit 1: a pair took longer than --within seconds (5).
"""
import argparse
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TIMES, TOKEN_KEY = 20, '00112233445566778899aabbccddeeff'
RULES = '''version: 1
currency: GBP
timezone: UTC
locales: [ja, en]
rules:
  - id: together
    name: bought together
    kind: cross_sell
    status: active
    owner: bench
    trigger: [add_to_cart]
    placement: [cart-drawer]
    offer: {pick: {relation: bought_together, of: trigger_item, limit: 3}}
    rank: {priority: 50}
    message:
      ja: {title: "{offer.name}", cta: 見る, decline: 閉じる}
      en: {title: "{offer.name}", cta: View, decline: Close}
'''
numbers, this_run = itertools.count(1), os.urandom(4).hex()  # a data directory that is used again knows the events of before


def run(*words, **options):
    began = time.monotonic()
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, **options)
    if done.returncode:
        sys.exit(f'{words[0]} {words[1]} ended with {done.returncode}:\n{done.stdout}{done.stderr}')
    print(f'{pathlib.Path(words[0]).name} {words[1]}: {time.monotonic() - began:.1f} s', flush=True)
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Replica:
    def __init__(self, program, port, where, *flags):
        self.port, self.said = port, open(where / f'said-{port}', 'w+', encoding='utf-8')
        self.process = subprocess.Popen(
            [program, 'serve', '--rules', where / 'rules', '--listen', f'127.0.0.1:{port}', '--workers', '1', *flags],
            env={**os.environ, 'OFFERD_TRAIN_EVERY_H': '0'}, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)
        began = time.monotonic()
        while True:
            if self.process.poll() is not None or time.monotonic() - began > 600:
                self.said.seek(0)
                sys.exit('the service does not start:\n' + self.said.read())
            with contextlib.suppress(OSError):
                if self.ask('GET', '/readyz')[0] == 200:
                    break
            time.sleep(.1)
        print(f'replica ready after {time.monotonic() - began:.1f} s, {self.memory()}', flush=True)

    def ask(self, method, path, body=None):
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            connection.request(method, path, body and json.dumps(body), {'Content-Type': 'application/json'})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def offers(self, sku):
        """{sku: orders said to hold both} of what is offered with @sku."""
        status, body = self.ask('POST', '/offers', {
            'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'locale': 'en', 'item': sku, 'limit': 3,
            'cart': {'currency': 'GBP', 'items': [{'sku': sku, 'quantity': 1}]}})
        if status != 200:
            sys.exit(f'{status} {body}')
        return {offer['items'][0]['sku']: next((reason['evidence']['orders'] for reason in offer['reasons']
                                                if reason['code'] == 'bought_together'), 0)
                for offer in json.loads(body)['offers']}

    def keeper_s(self):
        for task in pathlib.Path(f'/proc/{self.process.pid}/task').iterdir():
            name, _, rest = (task / 'stat').read_text().partition(') ')
            if name.endswith('(keeper'):
                return sum(map(int, rest.split()[11:13])) / os.sysconf('SC_CLK_TCK')
        return 0

    def memory(self):
        status = dict(line.split(':', 1) for line in
                      pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines())
        return f'{int(status["RssAnon"].split()[0]) >> 10} MB, at most {int(status["VmHWM"].split()[0]) >> 10} MB with the program'

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def order(skus):
    n = next(numbers)
    return {'event_id': f'{this_run}-{n}', 'type': 'order_placed', 'order': {
        'id': f'{this_run}-{n}', 'currency': 'GBP', 'items': [{'sku': sku, 'quantity': 1, 'unit_price': 500} for sku in skus]}}


class Stream(threading.Thread):
    """Orders as make_orders writes them, at a steady rate, until ended."""

    def __init__(self, make_orders, skus, rate, replica):
        super().__init__(daemon=True)
        self.rate, self.replica, self.sent, self.refused, self.ended = rate, replica, 0, 0, threading.Event()
        text = subprocess.run([make_orders, '2000000', str(skus), '300000', '2'], capture_output=True, text=True, check=True)
        lines = (line.split(',') for line in text.stdout.splitlines()[1:])
        self.orders = [sorted({line[3] for line in order}) for _, order in itertools.groupby(lines, lambda line: line[0])]

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.replica.port, timeout=30)
        began, orders = time.monotonic(), itertools.cycle(self.orders)
        while not self.ended.wait(.05):
            due = int((time.monotonic() - began) * self.rate) - self.sent
            while due > 0:
                batch = [order(next(orders)) for _ in range(min(due, 50))]
                connection.request('POST', '/events', json.dumps(batch), {'Content-Type': 'application/json'})
                reply = connection.getresponse()
                reply.read()
                self.refused += reply.status != 202
                self.sent += len(batch)
                due -= len(batch)


def shop(args, where, program, env):
    """Imports the shop, unless it is there, and trains."""
    data = args.data or where / 'data'
    if env or not (data / 'offerd.db').exists():
        with open(where / 'catalog.csv', 'w', encoding='utf-8') as catalog:
            catalog.write('sku,name,price,stock\n')
            catalog.writelines(f'SKU-{n:06},Thing {n},5.00,1000\n' for n in range(args.skus))
        with open(where / 'orders.csv', 'wb') as history:
            subprocess.run([args.build / 'bench/make_orders', str(args.lines), str(args.skus)], stdout=history, check=True)
        run(program, 'import', '--catalog', where / 'catalog.csv', '--orders', where / 'orders.csv', '--currency', 'GBP',
            '--data', data, '--quiet', env={**os.environ, **env})
        (where / 'orders.csv').unlink()
    if args.trained and (env or not (data / 'trained.bin').exists()):
        print(run(program, 'train', '--data', data, '--quiet', env={**os.environ, **env}))
    return data


def measure(args, replicas):
    dice, slowest = random.Random(this_run), 0
    stream = Stream(args.build / 'bench/make_orders', args.skus, args.rate, replicas[0])
    stream.start()
    began, spent = time.monotonic(), [replica.keeper_s() for replica in replicas]
    time.sleep(args.rest)
    for _ in range(args.pairs):
        a, b = (f'SKU-{dice.randrange(args.skus // 100, args.skus):06}' for _ in range(2))
        if b in replicas[0].offers(a):
            continue
        bought = time.monotonic()
        replicas[0].ask('POST', '/events', [order([a, b]) for _ in range(TIMES)])
        told = []
        for replica in replicas:
            while replica.offers(a).get(b, 0) < TIMES:
                if time.monotonic() - bought > 120:
                    sys.exit(f'{a} and {b} are not offered after two minutes: {replica.offers(a)}')
                time.sleep(.01)
            told.append(time.monotonic() - bought)
        slowest = max(slowest, *told)
        print(f'{a} + {b}: ' + ', '.join(f'{s:.2f} s' for s in told), flush=True)
        time.sleep(dice.random() * 3)
    seconds = time.monotonic() - began
    stream.ended.set()
    stream.join()
    print(f'slowest {slowest:.2f} s; {stream.sent / seconds:.0f} orders a second for {seconds:.0f} s, {stream.refused} refusals')
    for replica, before in zip(replicas, spent):
        print(f'keeper: {(replica.keeper_s() - before) / seconds:.1%} of a processor; {replica.memory()}')
    return slowest


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument('build', type=pathlib.Path)
    for name, usual in {'skus': 100000, 'lines': 10000000, 'rate': 100, 'pairs': 12, 'within': 5, 'rest': 8}.items():
        words.add_argument(f'--{name}', type=int, default=usual)
    words.add_argument('--trained', action='store_true')
    words.add_argument('--fleet', action='store_true')
    words.add_argument('--data', type=pathlib.Path)
    args = words.parse_args()
    program = args.build / 'offerd'
    with contextlib.ExitStack() as stack:
        where = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='offerd-live-')))
        (where / 'rules').mkdir()
        (where / 'rules' / 'rules.yaml').write_text(RULES, encoding='utf-8')
        env, flags = {}, ()
        if args.fleet:
            sys.path.append(str(HERE.parent / 'tests' / 'support'))
            from servers import Servers
            servers = stack.enter_context(Servers())
            url = servers.pg.create('live')
            env = {'OFFERD_DATABASE_URL': url, 'OFFERD_REDIS_URL': servers.redis_url}
            flags = ('--token-key', TOKEN_KEY, '--database-url', url, '--redis-url', servers.redis_url)
            run(program, 'migrate', '--database-url', url)
        data = shop(args, where, program, env)
        replicas = []
        for i in range(2 if args.fleet else 1):
            replicas.append(Replica(program, free_port(), where, '--data', where / f'data-{i}' if args.fleet else data, *flags))
            stack.callback(replicas[-1].end)
        sys.exit(measure(args, replicas) > args.within)


main()
