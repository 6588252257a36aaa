#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program keeps in memory: bench/memory.py BUILD [--only redis|large|start] [--skus N] [--customers N]

  redis   the Online Retail shop in PostgreSQL, every customer's profile in Redis (offerd rebuild): bytes for each key as
          Redis counts them (MEMORY USAGE), what Redis takes in all, and whether every key has an end (TTL)
  large   a made-up shop of a million products and a million customers with their orders: import, rebuild, one replica
          started, a decision for each customer, and the resident memory after each of these
  start   the same products in the embedded store, no orders: when a replica is ready, what processor time that took and what
          it keeps

PostgreSQL and Redis are private ones (tests/support/servers.py). The large shop is made anew each time from one seed: products with
name, price, cost, category, brand, stock and colour; customers with 1 order and more (on average --orders-each), 1 line and more
(on average 3) of products of which some sell much more than others. It takes some ten minutes and ten GB of disk.
"""
import argparse
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import make_rules
import offers

sys.path.append(str(offers.HERE.parent / 'tests' / 'support'))
import servers as neighbours  # noqa: E402  (found by the line above)

SEED, N_RULES = 11, 1000
HOT_PROFILES = 200000  # the default, of all workers; here is one
THINGS = ('lantern', 'holder', 'mug', 'bag', 'lamp', 'chair', 'table', 'cushion', 'frame', 'clock', 'box', 'basket', 'candle',
          'plate', 'bowl', 'glass', 'towel', 'blanket', 'mirror', 'shelf')
COLOURS = ('red', 'pink', 'blue', 'white', 'black', 'green', 'cream', 'silver')
PLACES = ('kitchen', 'garden', 'bath', 'office', 'bed', 'hall', 'play', 'travel', 'party', 'craft')


# ── processes ────────────────────────────────────────────────────────────────────────────────────

def command(title, words):
    """Runs it; tells how long it took and the most memory it had."""
    began = time.monotonic()
    with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as said:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        most = 0  # not ru_maxrss: in that is what we were ourselves when it was forked
        while True:
            with contextlib.suppress(OSError, KeyError):
                most = max(most, memory_of(process.pid)['VmHWM'])
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode != 0:
        raise offers.Trouble(f'{title} ended with {process.returncode}:\n{text[-3000:]}')
    print(f'{title}: {time.monotonic() - began:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of CPU, at most '
          f'{most / 2**20:,.0f} MB resident', flush=True)
    return text


def memory_of(pid):
    said = dict(row.split(':', 1) for row in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines())
    return {name: int(said[name].split()[0]) * 1024 for name in ('VmRSS', 'RssAnon', 'VmHWM')}


def tell_memory(title, pid):
    seen = memory_of(pid)
    print(f'{title}: {seen["VmRSS"] / 2**20:,.0f} MB resident, {seen["RssAnon"] / 2**20:,.0f} MB of it its own, '
          f'at most so far {seen["VmHWM"] / 2**20:,.0f} MB', flush=True)
    return seen


def metrics(port):
    page = offers.ask(port, 'GET', '/metrics')[1].decode()
    return {name: float(value) for name, value in
            (line.rsplit(' ', 1) for line in page.splitlines() if line and not line.startswith('#'))}


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────

class Asker:
    """Many commands to Redis in one flush."""

    def __init__(self, redis):
        self.redis = redis
        self.link = neighbours.socket.socket(neighbours.socket.AF_UNIX)
        self.link.connect(str(redis.socket))
        self.answers = self.link.makefile('rb')

    def ask(self, commands):
        asked = [[word if isinstance(word, bytes) else str(word).encode() for word in one] for one in commands]
        self.link.sendall(b''.join(b'*%d\r\n' % len(one) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in one)
                                   for one in asked))
        return [self.redis._read(self.answers) for _ in asked]

    def keys(self):
        cursor = b'0'
        while True:
            cursor, some = self.ask([('SCAN', cursor, 'COUNT', 1000)])[0]
            if some:
                yield some
            if cursor == b'0':
                return

    def used(self):
        said = self.ask([('INFO', 'memory')])[0].decode()
        return {name: int(re.search(rf'^{name}:(\d+)', said, re.M)[1])
                for name in ('used_memory', 'used_memory_rss')} | {'keys': self.ask([('DBSIZE',)])[0]}


def middle(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def look_at_keys(asker, before, what):
    """Every key: what it weighs and whether it has an end."""
    weights, values, others, endless, ends, most = [], [], 0, [], [], (0, b'')
    for some in asker.keys():
        usages = asker.ask(('MEMORY', 'USAGE', key, 'SAMPLES', 0) for key in some)
        ttls = asker.ask(('TTL', key) for key in some)
        profiles = [key.endswith(b':p') for key in some]
        lengths = asker.ask(('STRLEN', key) if profile else ('EXISTS', key) for key, profile in zip(some, profiles))
        for key, usage, ttl, is_profile, length in zip(some, usages, ttls, profiles, lengths):
            if ttl < 0:
                endless.append(key)
            ends.append(ttl)
            if not is_profile:
                others += 1
                continue
            weights.append(usage)
            values.append(length)
            most = max(most, (usage, key))
    after = asker.used()
    weights.sort()
    values.sort()
    ends.sort()
    if not weights:
        raise offers.Trouble('Redis holds no profile')
    print(f'\n{what}: {len(weights):,} profiles and {others} other keys in Redis')
    print(f'{"":28}{"median":>10}{"p99":>10}{"max":>10}{"mean":>10}')
    for title, seen in (('MEMORY USAGE, bytes', weights), ('the value alone, bytes', values)):
        print(f'{title:28}{middle(seen, .5):>10,}{middle(seen, .99):>10,}{seen[-1]:>10,}{sum(seen) / len(seen):>10,.0f}')
    grown = after['used_memory'] - before['used_memory']
    print(f'used_memory: {before["used_memory"]:,} before, with {before["keys"]} keys, {after["used_memory"]:,} after: '
          f'{grown / len(weights):,.0f} bytes a profile; resident {after["used_memory_rss"]:,}')
    print(f'the heaviest: {most[1].decode(errors="replace")}')
    print(f'TTL: {ends[0]:,} to {ends[-1]:,} s; keys without an end: {len(endless)}')
    if endless:
        raise offers.Trouble(f'keys without an end: {endless[:5]}')
    return len(weights)


def stores(servers):
    return ['--database-url', servers.database_url, '--redis-url', servers.redis_url]


def in_redis(offerd, work):
    root = pathlib.Path(os.environ.get('OFFERD_TEST_DATA') or offers.HERE.parent.parent / 'shared' / 'data')
    source = root / 'online-retail'
    if not source.exists():
        print(f'Online Retail is not under OFFERD_TEST_DATA ({root}): not measured')
        return
    with neighbours.Servers() as servers:
        command('offerd migrate', [offerd, 'migrate', '--database-url', servers.database_url])
        text = command('offerd import', [offerd, 'import', '--catalog', source / 'products.csv.gz', '--orders',
                                         source / 'order_lines.csv.gz', '--currency', 'GBP', '--data', work / 'import',
                                         *stores(servers)])
        print(text.strip())
        asker = Asker(servers.redis)
        before = asker.used()
        print(command('offerd rebuild', [offerd, 'rebuild', '--quiet', '--data', work / 'rebuild', *stores(servers)]).strip())
        look_at_keys(asker, before, 'Online Retail')


# ── the large shop ───────────────────────────────────────────────────────────────────────────────

def make_products(path, n, first=None):
    dice = random.Random(SEED)
    with open(path, 'w', encoding='utf-8') as out:
        out.write('sku,name,price,cost,category,subcategory,brand,stock,colour\n')
        for i in range(min(n, first or n)):
            thing, colour, place = dice.choice(THINGS), dice.choice(COLOURS), dice.choice(PLACES)
            price = round(min(2000, 1 + dice.lognormvariate(2.5, 1)), 2)
            out.write(f'P{i:07d},{place} {colour} {thing} no {i},{price:.2f},{price * dice.uniform(.5, .65):.2f},{place},'
                      f'{place} {thing} {i % 50},brand {dice.randrange(2000)},{dice.randrange(500)},{colour}\n')


def make_orders(path, n_customers, n_skus, orders_each):
    """Customers in order of their first order; their further orders come in between. Popular: an exponent of about 1."""
    dice = random.Random(SEED + 1)
    orders = lines = 0
    with open(path, 'w', encoding='utf-8', buffering=1 << 20) as out:
        out.write('order_id,customer_id,ordered_at,line_no,sku,quantity,unit_price\n')
        known = 0
        total = int(n_customers * orders_each)
        for orders in range(1, total + 1):
            if known < n_customers and (known == 0 or dice.random() < 1 / orders_each or n_customers - known > total - orders):
                customer, known = known, known + 1
            else:
                customer = int(known * dice.random() ** 3)  # some order much more often than others
            second = orders * 31536000 // total
            day, rest = divmod(second, 86400)
            when = f'2025-{1 + day * 12 // 366:02d}-{1 + day % 28:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}'
            line = 0
            while True:
                line += 1
                sku = int(n_skus ** dice.random()) - 1
                out.write(f'O{orders:08d},C{customer:07d},{when},{line},P{sku:07d},{1 + int(dice.expovariate(1))},9.90\n')
                if line == 60 or dice.random() < 1 / 3:
                    break
            lines += line
    return orders, lines


def make_bodies(path, n_customers, n_skus):
    dice = random.Random(SEED + 2)
    customers = list(range(n_customers))
    dice.shuffle(customers)
    with open(path, 'w', encoding='utf-8', buffering=1 << 20) as out:
        for customer in customers:
            sku = f'P{int(n_skus ** dice.random()) - 1:07d}'
            out.write(json.dumps({
                'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'customer_id': f'C{customer:07d}', 'locale': 'en',
                'limit': 3, 'budget_ms': 100, 'item': sku,
                'cart': {'currency': 'EUR', 'items': [{'sku': sku, 'quantity': 1, 'unit_price': 990}]}},
                separators=(',', ':')) + '\n')


def tell_counts(port):
    told = metrics(port)
    print('counted: ' + ', '.join(f'{name} {told[name]:,.0f}' for name in sorted(told) if re.match(
        r'offerd_(profile_finds_total|degraded_total|catalog_products|model_orders|decisions_total)', name)),
        flush=True)


def ask_everybody(tools, port, pid, bodies, n, seconds):
    done = subprocess.run([str(word) for word in (tools / 'bench' / 'load', '--connect', f'127.0.0.1:{port}', '--bodies', bodies,
                                                  '--requests', n, '--seconds', seconds, '--connections', 8, '--pid', pid,
                                                  '--json')], capture_output=True, text=True, timeout=seconds + 600)
    if not done.stdout:
        raise offers.Trouble(f'load ended with {done.returncode}: {done.stderr}')
    seen = json.loads(done.stdout)
    print(f'{seen["answered"]:,} decisions about as many customers in {seen["seconds"]:.1f} s: '
          f'{seen["requests_per_s"]:,.0f} a second, {seen["cpu_us_per_request"]:.1f} us of CPU each, not 200: {seen["not_200"]}',
          flush=True)
    return seen


def large(build, offerd, work, n_skus, n_customers, orders_each):
    catalog, orders, few, bodies = (work / name for name in ('products.csv', 'orders.csv', 'few.csv', 'bodies'))
    began = time.monotonic()
    make_products(catalog, n_skus)
    make_products(few, n_skus, 5000)
    n_orders, n_lines = make_orders(orders, n_customers, n_skus, orders_each)
    make_bodies(bodies, n_customers, n_skus)
    make_rules.write_rules(make_rules.make_rules(few, N_RULES), work / 'rules', 'EUR', 'UTC')
    print(f'\na shop of {n_skus:,} products and {n_customers:,} customers with {n_orders:,} orders of {n_lines:,} lines, made in '
          f'{time.monotonic() - began:.1f} s', flush=True)
    with neighbours.Servers() as servers:
        command('offerd migrate', [offerd, 'migrate', '--database-url', servers.database_url])
        common = ['--currency', 'EUR', '--quiet', '--data', work / 'import', *stores(servers)]
        command('offerd import --catalog', [offerd, 'import', '--catalog', catalog, *common])
        catalog.unlink()
        asker = Asker(servers.redis)
        serve = [offerd, 'serve', '--rules', work / 'rules', '--workers', '1', '--token-key', '0' * 31 + '1', *stores(servers)]
        with replica(serve, work / 'replica-a', 'started without orders') as (_, process, seen):
            print(f'  {seen["RssAnon"] / n_skus:,.0f} bytes of its own a product')
        print(command('offerd import --orders', [offerd, 'import', '--orders', orders, *common]).strip())
        orders.unlink()
        size = servers.pg.sql('SELECT pg_size_pretty(pg_database_size(current_database()))')[0][0]
        print(f'PostgreSQL holds {size}', flush=True)
        with replica(serve, work / 'replica-b', 'started with orders') as (port, process, seen):
            print(f'  {seen["RssAnon"] / n_skus:,.0f} bytes of its own a product')
            print(f'Redis holds {asker.used()["keys"]:,} keys by now: replicas heard of the orders; flushed')
            servers.redis.command('FLUSHALL', timeout=60)
            before = asker.used()
            print(command('offerd rebuild', [offerd, 'rebuild', '--quiet', '--data', work / 'rebuild', *stores(servers)]).strip())
            look_at_keys(asker, before, 'the large shop')
            seen = tell_memory('replica before decisions', process.pid)
            for turn in 1, 2:
                ask_everybody(build, port, process.pid, bodies, n_customers, 600)
                tell_counts(port)
                after = tell_memory(f'replica after {turn} × {n_customers:,} decisions', process.pid)
            kept = min(n_customers, HOT_PROFILES)
            grown = after['RssAnon'] - seen['RssAnon']
            print(f'  {grown / 2**20:,.0f} MB more, {grown / kept:,.0f} bytes for each of the {kept:,} profiles it may keep')


def start(offerd, work, n_skus):
    catalog, few = work / 'start.csv', work / 'few.csv'
    make_products(catalog, n_skus)
    make_products(few, n_skus, 5000)
    make_rules.write_rules(make_rules.make_rules(few, N_RULES), work / 'rules', 'EUR', 'UTC')
    print(f'\na shop of {n_skus:,} products in the embedded store', flush=True)
    command('offerd import --catalog', [offerd, 'import', '--catalog', catalog, '--currency', 'EUR', '--quiet', '--data',
                                        work / 'replica-s'])
    serve = [offerd, 'serve', '--rules', work / 'rules', '--workers', '1', '--token-key', '0' * 31 + '1']
    with replica(serve, work / 'replica-s', 'started') as (_, process, seen):
        print(f'  {seen["RssAnon"] / n_skus:,.0f} bytes of its own a product')


@contextlib.contextmanager
def replica(serve, data, title):
    port, log = offers.free_port(), data.with_suffix('.log')
    began = time.monotonic()
    with open(log, 'wb') as out:
        process = subprocess.Popen([str(word) for word in (*serve, '--data', data, '--listen', f'127.0.0.1:{port}')],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until_ready(process, port, log)
        print(f'a replica: ready after {time.monotonic() - began:.1f} s')
        settle(process.pid)
        yield port, process, tell_memory(title, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(process, port, log, seconds=900):
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError, offers.http.client.HTTPException):
            if offers.ask(port, 'GET', '/readyz')[0] == 200:
                return
        time.sleep(.1)
    raise offers.Trouble(f'not ready; its log ends:\n{log.read_text()[-3000:]}')


def settle(pid, quiet=3, most=600):
    """Waits until it does nothing more: the model is counted in the background."""
    spent = [-1.0]
    for _ in itertools.count():
        cpu = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        spent.append((int(cpu[11]) + int(cpu[12])) / os.sysconf('SC_CLK_TCK'))
        if len(spent) > quiet and spent[-1] - spent[-1 - quiet] < .05 * quiet or len(spent) > most:
            print(f'  quiet after {len(spent) - 1} s, {spent[-1]:.1f} s of CPU so far')
            return
        time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--only', choices=['redis', 'large', 'start'])
    parser.add_argument('--skus', type=int, default=1000000)
    parser.add_argument('--customers', type=int, default=1000000)
    parser.add_argument('--orders-each', type=float, default=2)
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    offerd = args.build.resolve() / 'offerd'
    with tempfile.TemporaryDirectory(prefix='offerd-memory-') as scratch:
        work = pathlib.Path(scratch)
        if args.only in (None, 'redis'):
            in_redis(offerd, work)
        if args.only in (None, 'large'):
            large(args.build.resolve(), offerd, work, args.skus, args.customers, args.orders_each)
        if args.only in (None, 'start'):
            start(offerd, work, args.skus)


if __name__ == '__main__':
    try:
        main()
    except (offers.Trouble, neighbours.Missing, neighbours.Broken) as why:
        sys.exit(f'memory.py: {why}')
