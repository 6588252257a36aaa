# SPDX-License-Identifier: Apache-2.0
"""`./dev bench --production`: the same decisions over PostgreSQL and Redis, and durable events beside pgbench.

  (a) the customer's profile is in the worker's own cache: beside the fixed answer
  (b) every profile is read from Redis (all customers of the shop in turn, and hardly any kept): beside the fixed answer that
      asks the same Redis for the same keys, one asynchronous GET a request
  (c) POST /events in arrays of 50 and one by one, durable when answered: beside pgbench, which inserts such rows on
      the same server, 100 in a transaction

PostgreSQL and Redis are private ones (tests/support/servers.py). In (a) and (b) Redis shares the load's core, so that the
server has one of its own; in (c) everybody takes what core is free.
"""
import csv
import gzip
import json
import os
import random
import re
import subprocess
import sys
import time

import offers

sys.path.append(str(offers.HERE.parent / 'tests' / 'support'))
import servers as neighbours  # noqa: E402  (found by the line above)

MOST_CPU_RATIO_CACHED, MOST_CPU_RATIO_REDIS, LEAST_EVENTS_RATIO = 2.5, 1.8, .5
KEPT = 100  # hot_profiles at its least: with thousands of customers in turn nobody is met again in time
BATCH, SINGLES, EVENTS_CONNECTIONS = 50, 64, 16
ROWS_A_TRANSACTION = 100


class FleetShop(offers.Shop):
    """The shop of the bench, in PostgreSQL."""

    def __init__(self, offerd, work, servers):
        self.servers = servers
        super().__init__(offerd, work)

    @property
    def stores(self):
        return ['--database-url', self.servers.database_url, '--redis-url', self.servers.redis_url]

    def _import(self):
        began = time.monotonic()
        for words in (['migrate', '--database-url', self.servers.database_url],
                      ['import', '--catalog', self.catalog, '--orders', self.orders, '--currency', self.currency,
                       '--data', self.data, *self.stores]):
            done = subprocess.run([str(word) for word in (self.offerd, *words)], capture_output=True, text=True, timeout=900)
            if done.returncode != 0:
                raise offers.Trouble(f'offerd {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}')
        print(f'{self.name}: imported into PostgreSQL in {time.monotonic() - began:.1f} s')

    def customers(self):
        opened = gzip.open if str(self.orders).endswith('.gz') else open
        with opened(self.orders, 'rt', encoding='utf-8', newline='') as rows:
            return sorted({row['customer_id'] for row in csv.DictReader(rows) if row['customer_id']})

    def bodies(self, customers):
        one = json.loads(self.request(3))
        return [json.dumps(one | {'customer_id': customer, 'budget_ms': 100}, separators=(',', ':'))
                for customer in customers]


def serve(tools, shop, port, *flags):
    return [tools['offerd'], 'serve', '--data', shop.data, '--rules', shop.rules, '--listen', f'127.0.0.1:{port}',
            *shop.stores, '--token-key', '00' * 16, *flags]


def redis_calls(redis):
    """How many commands it has answered, those that keep a link alive left out."""
    calls = re.findall(r'cmdstat_([a-z|]+):calls=(\d+)', redis.command('INFO', 'commandstats').decode())
    return sum(int(n) for name, n in calls if name.split('|')[0] not in ('ping', 'info', 'scan'))


def metric(port, name):
    page = offers.ask(port, 'GET', '/metrics')[1].decode()
    return sum(float(line.rsplit(' ', 1)[1]) for line in page.splitlines() if line.startswith(name))


def beside_fixed(title, tools, shop, offerd, body_words, size, turns, seconds, fixed_words=()):
    """A B A B: offerd and the fixed answer of @size bytes."""
    port, log = offers.free_port(), shop.work / 'fixed.log'
    with offers.running([tools['fixed_answer'], '--body-bytes', size, '--listen', f'127.0.0.1:{port}', *fixed_words],
                        log) as process:
        offers.wait_for(process, port, '/', log)
        pair = {'offerd': offerd, 'fixed': (port, process)}
        closed = offers.in_turn(tools['load'], pair, body_words, turns, seconds)
        rate = .4 * min(offers.median(closed[who], 'requests_per_s') for who in closed)
        opened = offers.in_turn(tools['load'], pair, body_words, turns, seconds, rate)
    offers.table(f'{title}: closed load, {offers.CONNECTIONS} connections', closed)
    offers.table(f'{title}: open load, {rate:,.0f} requests/s, latency from when each was due', opened)
    return {'closed': closed, 'open': opened, 'cpu_ratio': offers.ratio(closed, 'cpu_us_per_request'),
            'throughput_ratio': offers.ratio(closed, 'requests_per_s')}


def cached(tools, shop, turns, seconds):
    port, log = offers.free_port(), shop.work / 'cached.log'
    body_file = shop.work / 'cart.json'
    body_file.write_bytes(shop.request(3))
    with offers.running(serve(tools, shop, port, '--workers', '1'), log) as process:
        offers.wait_for(process, port, '/readyz', log)
        offers.give_consent(port, shop)
        for _ in range(20):  # the first one waits for a fold of the log, and may be answered without it
            offers.ask(port, 'POST', '/offers', shop.request(3))
        answer = offers.sample(port, shop.request(3))
        before = redis_calls(shop.servers.redis)
        result = beside_fixed('(a) profile in the local cache, 3-line cart', tools, shop, (port, process),
                              ['--body-file', body_file], len(answer), turns, seconds)
        asked = sum(turn['answered'] for load in ('closed', 'open') for turn in result[load]['offerd'])
        print(f'  Redis was asked {redis_calls(shop.servers.redis) - before} times for {asked} decisions')
    return result


def consent_of_all(port, customers):
    for start in range(0, len(customers), 500):
        events = [{'event_id': f'bench-consent-{customer}', 'type': 'customer_updated', 'customer_id': customer,
                   'customer': {'consent': {'personalization': True}}} for customer in customers[start:start + 500]]
        status, answer = offers.ask(port, 'POST', '/events', json.dumps(events))
        if status != 202:
            raise offers.Trouble(f'POST /events answered {status}: {answer.decode()[:500]}')


def profile_keys(redis, path):
    cursor, keys = b'0', []
    while cursor != b'0' or not keys:
        cursor, some = redis.command('SCAN', cursor, 'MATCH', 'offerd:*:p', 'COUNT', 1000)
        keys += some
        if cursor == b'0' and not keys:
            raise offers.Trouble('Redis holds no profile')
    sizes = sorted(int(redis.command('STRLEN', key)) for key in keys[:500])
    path.write_bytes(b'\n'.join(keys) + b'\n')
    return len(keys), sizes[len(sizes) // 2]


def from_redis(tools, shop, turns, seconds):
    port, log = offers.free_port(), shop.work / 'from_redis.log'
    customers = shop.customers()
    bodies = shop.bodies(customers)
    body_file, keys_file = shop.work / 'customers', shop.work / 'keys'
    body_file.write_text('\n'.join(bodies) + '\n', encoding='utf-8')
    with offers.running(serve(tools, shop, port, '--workers', '1', '--hot-profiles', KEPT), log) as process:
        offers.wait_for(process, port, '/readyz', log)
        consent_of_all(port, customers)
        sizes = []
        for body in bodies:  # one by one, so that each is folded from the log and put into Redis
            status, text = offers.ask(port, 'POST', '/offers', body)
            if status != 200:
                raise offers.Trouble(f'POST /offers answered {status}: {text.decode()}')
            sizes.append(len(text))
        before = redis_calls(shop.servers.redis)
        for body in bodies[:1000]:
            offers.ask(port, 'POST', '/offers', body)
        calls = redis_calls(shop.servers.redis) - before
        n_keys, value_bytes = profile_keys(shop.servers.redis, keys_file)
        print(f'\n{len(customers)} customers in turn; Redis holds {n_keys} profiles, median {value_bytes} bytes')
        print(f'1000 decisions, one after the other: Redis was asked {calls} times')
        if calls < min(1000, len(bodies)):
            raise offers.Trouble('the profiles did not come from Redis')
        degraded = metric(port, 'offerd_degraded_total')
        result = beside_fixed('(b) every profile from Redis, 3-line cart', tools, shop, (port, process),
                              ['--bodies', body_file], sum(sizes) // len(sizes), turns, seconds,
                              ['--redis', f'127.0.0.1:{shop.servers.redis.port}', '--redis-keys', keys_file])
        asked = sum(turn['answered'] for load in ('closed', 'open') for turn in result[load]['offerd'])
        degraded = metric(port, 'offerd_degraded_total') - degraded
        print(f'  {degraded:.0f} of {asked} decisions were degraded')
    result['degraded_share'] = degraded / asked
    return result


# ── events ───────────────────────────────────────────────────────────────────────────────────────

def event_bodies(path, name, n_events, batch):
    dice = random.Random(7)
    with open(path, 'w', encoding='utf-8') as out:
        for start in range(0, n_events, batch):
            events = [{'event_id': f'{name}-{start + i}', 'type': 'product_viewed', 'customer_id': f'c{dice.randrange(20000)}',
                       'session_id': f's{dice.randrange(20000)}', 'sku': f'SKU-{dice.randrange(4000)}'} for i in range(batch)]
            out.write(json.dumps(events if batch > 1 else events[0], separators=(',', ':')) + '\n')


def http_events(tools, shop, port, process, name, n_events, batch, connections):
    bodies = shop.work / f'events-{name}'
    event_bodies(bodies, name, n_events, batch)
    count = f"SELECT count(*) FROM events WHERE event_id LIKE '{name}-%'"
    done = subprocess.run([str(word) for word in (
        tools['load'], '--connect', f'127.0.0.1:{port}', '--path', '/events', '--bodies', bodies, '--requests',
        n_events // batch, '--seconds', 60, '--connections', connections, '--pid', process.pid, '--json')],
        capture_output=True, text=True, timeout=120)
    bodies.unlink()
    if not done.stdout:
        raise offers.Trouble(f'load ended with {done.returncode}: {done.stderr}')
    seen = json.loads(done.stdout)
    stored = int(shop.servers.pg.sql(count)[0][0])
    if seen['not_200'] or seen['broken'] or seen['unanswered'] or stored != seen['answered'] * batch:
        raise offers.Trouble(f'{stored} events are stored; {seen}')
    return {'events_per_s': stored / seen['seconds'], 'cpu_us_per_event': seen['cpu_us_per_request'] / batch, **seen}


def pgbench_rows(shop, seconds, clients, at_once=False):
    """Rows a second, each like an event's, in transactions of ROWS_A_TRANSACTION; one statement a row, or one for all."""
    script = shop.work / 'pgbench.sql'
    into = 'INSERT INTO bench_rows (position, shop, event_id, customer_id, type, at_us, received_us, payload) VALUES\n'
    row = ("(nextval('bench_positions'), 'main', 'pgbench-' || nextval('bench_ids'), 'c' || (random() * 20000)::int, "
           "'product_viewed', 1795000000000000, 1795000000000000, "
           "'{{\"event_id\":\"pgbench-{n}\",\"type\":\"product_viewed\",\"customer_id\":\"c12345\",\"session_id\":\"s12345\","
           "\"at\":\"2026-11-21T21:11:10.328Z\",\"sku\":\"SKU-1234\"}}')")
    rows = [row.format(n=n) for n in range(ROWS_A_TRANSACTION)]
    script.write_text('BEGIN;\n' + (into + ',\n'.join(rows) + ';\n' if at_once else ''.join(into + one + ';\n' for one in rows))
                      + 'END;\n')
    pg = shop.servers.pg
    done = subprocess.run([neighbours.program('pgbench'), '-n', '-M', 'prepared', '-c', str(clients), '-j', '2', '-T',
                           str(max(1, round(seconds))), '-f', str(script), '-h', str(pg.dir), '-p', str(pg.port),
                           '-U', 'offerd', 'offerd'], capture_output=True, text=True, timeout=seconds + 60)
    tps = re.search(r'tps = ([0-9.]+)', done.stdout)
    if not tps:
        raise offers.Trouble(f'pgbench: {done.stdout}{done.stderr}')
    return float(tps[1]) * ROWS_A_TRANSACTION


def events(tools, shop, turns, seconds):
    """The table that pgbench fills has the events' columns and keys, and the same demand that an id comes once."""
    shop.servers.pg.sql('CREATE TABLE bench_rows (LIKE events INCLUDING ALL); CREATE SEQUENCE bench_positions; '
                        'CREATE SEQUENCE bench_ids; CREATE UNIQUE INDEX bench_once ON bench_rows (shop, event_id)')
    port, log = offers.free_port(), shop.work / 'events.log'
    results = {'batches': [], 'singles': [], 'pgbench': [], 'pgbench_at_once': []}
    with offers.running(serve(tools, shop, port), log) as process:
        os.sched_setaffinity(process.pid, range(os.cpu_count() or 1))
        offers.wait_for(process, port, '/readyz', log)
        probe = http_events(tools, shop, port, process, 'probe', 20000, BATCH, EVENTS_CONNECTIONS)
        n_batches = max(BATCH, int(probe['events_per_s'] * seconds) // BATCH * BATCH)
        probe = http_events(tools, shop, port, process, 'single', 4000, 1, SINGLES)
        n_singles = max(1000, int(probe['events_per_s'] * seconds))
        clients = max((1, 4, 8), key=lambda n: pgbench_rows(shop, 1, n))
        for turn in range(turns):
            results['batches'].append(http_events(tools, shop, port, process, f'b{turn}', n_batches, BATCH,
                                                  EVENTS_CONNECTIONS))
            results['pgbench'].append(pgbench_rows(shop, seconds, clients))
            results['pgbench_at_once'].append(pgbench_rows(shop, seconds, clients, at_once=True))
            results['singles'].append(http_events(tools, shop, port, process, f's{turn}', n_singles, 1, SINGLES))
    rows = offers.statistics.median(results['pgbench'])
    print(f'\n(c) durable events, fsync on; {turns} turns, medians')
    print(f'  pgbench, {ROWS_A_TRANSACTION} rows a transaction, {clients} clients: {rows:,.0f} rows/s   '
          f'({" ".join(f"{each:,.0f}" for each in results["pgbench"])})')
    print(f'  the same as one INSERT of {ROWS_A_TRANSACTION} rows: {offers.statistics.median(results["pgbench_at_once"]):,.0f} '
          f'rows/s   ({" ".join(f"{each:,.0f}" for each in results["pgbench_at_once"])})')
    for what, title in (('batches', f'HTTP, arrays of {BATCH}, {EVENTS_CONNECTIONS} connections'),
                        ('singles', f'HTTP, one by one, {SINGLES} connections')):
        per_s = offers.median(results[what], 'events_per_s')
        print(f'  {title}: {per_s:,.0f} events/s, {per_s / rows:.2f} of it; p50 '
              f'{offers.median(results[what], "p50_us") / 1000:.1f} ms, p99 '
              f'{offers.median(results[what], "p99_us") / 1000:.1f} ms, p99.9 '
              f'{offers.median(results[what], "p999_us") / 1000:.1f} ms; CPU '
              f'{offers.median(results[what], "cpu_us_per_event"):.1f} us an event   '
              f'({" ".join(format(turn["events_per_s"], ",.0f") for turn in results[what])})')
    results['clients'] = clients
    results['ratio'] = offers.statistics.median(
        one['events_per_s'] / other for one, other in zip(results['batches'], results['pgbench']))
    return results


def run(tools, work, turns, seconds, only=('cached', 'redis', 'events')):
    """Measures all; (results, whether what was promised holds)."""
    results, holds = {}, []
    try:
        started = neighbours.Servers()
    except neighbours.Missing as why:
        raise offers.Trouble(str(why)) from None
    with started as pair:
        shop = FleetShop(tools['offerd'], work, pair)
        if offers.pinned(offers.LOAD_CORE):
            for thread in os.listdir(f'/proc/{pair.redis.process.pid}/task'):
                os.sched_setaffinity(int(thread), {offers.LOAD_CORE})
        print(f'{shop.n_rules} rules, {shop.sharing} of them for add_to_cart at cart-drawer')
        if 'cached' in only:
            results['cached'] = cached(tools, shop, turns, seconds)
            holds.append(('(a) CPU per request, profile in the local cache', results['cached']['cpu_ratio'],
                          results['cached']['cpu_ratio'] <= MOST_CPU_RATIO_CACHED, f'at most {MOST_CPU_RATIO_CACHED}'))
        if 'redis' in only:
            results['redis'] = from_redis(tools, shop, turns, seconds)
            holds.append(('(b) CPU per request, every profile from Redis', results['redis']['cpu_ratio'],
                          results['redis']['cpu_ratio'] <= MOST_CPU_RATIO_REDIS, f'at most {MOST_CPU_RATIO_REDIS}'))
        if 'events' in only:
            results['events'] = events(tools, shop, max(2, turns // 2), seconds)
            holds.append((f'(c) events in arrays of {BATCH} against pgbench', results['events']['ratio'],
                          results['events']['ratio'] >= LEAST_EVENTS_RATIO, f'at least {LEAST_EVENTS_RATIO}'))
    print()
    for what, value, kept, wanted in holds:
        print(f'{what}: {value:.2f} times, wanted {wanted}: {"holds" if kept else "DOES NOT HOLD"}')
    return results, all(kept for _, _, kept, _ in holds)
