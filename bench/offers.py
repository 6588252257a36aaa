# SPDX-License-Identifier: Apache-2.0
"""POST /offers under load, against a server that decides nothing: the first half of bench.py.

A is `offerd serve` with Online Retail (or the demo shop) and 1,000 rules; B is fixed_answer, which
answers a body of the same size. Both run pinned to one core, the load on the other, and the load
goes to A B A B ..., so that a machine that slows down slows both. Ratios are taken turn by turn.
"""
import contextlib
import csv
import gzip
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

import make_catalog
import make_rules

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = 0, 1
MOST_CPU_RATIO, LEAST_THROUGHPUT_RATIO = 2.5, 0.45
CONNECTIONS = 16
OFFERS = 3


class Trouble(Exception):
    """The benchmark cannot say anything true: why."""


# ── a shop to ask about ──────────────────────────────────────────────────────────────────────────

class Shop:
    """
    A data directory, a rule directory and the two carts of one known customer. It is trained, as the keeper trains
    every shop daily.
    """
    stores = []  # the words that name others than those in the data directory

    def __init__(self, offerd, work, rules=1000, trained=True):
        self.offerd, self.work = offerd, work
        self.data, self.rules = work / 'data', work / 'rules'
        root = pathlib.Path(os.environ.get('OFFERD_TEST_DATA') or HERE.parent.parent / 'shared' / 'data')
        if (root / 'online-retail' / 'products.csv.gz').exists():
            self._online_retail(root / 'online-retail')
        else:
            print(f'Online Retail is not under OFFERD_TEST_DATA ({root}): using the demo shop instead,')
            print('so the figures are those of 100 products and not of 3,798.')
            self._demo()
        self._import()
        if trained:
            self._train()
        self.lines = self._lines_of_customer()
        made = make_rules.make_rules(self.catalog, rules, focus_skus=[line['sku'] for line in self.lines[:3]])
        make_rules.write_rules(made, self.rules, self.currency, self.timezone)
        self.sharing = sum('add_to_cart' in rule['trigger'] and 'cart-drawer' in rule['placement'] for rule in made)
        self.n_rules = len(made)

    def _online_retail(self, source):
        self.name, self.currency, self.minor, self.timezone = 'Online Retail', 'GBP', 100, 'Europe/London'
        self.customer = '17850'
        self.catalog, self.orders = self.work / 'catalog.csv', source / 'order_lines.csv.gz'
        make_catalog.make_catalog(source / 'products.csv.gz', self.catalog)

    def _demo(self):
        demo = HERE.parent / 'config' / 'demo'
        self.name, self.currency, self.minor, self.timezone = 'demo shop', 'JPY', 1, 'Asia/Tokyo'
        self.catalog, self.orders = demo / 'catalog.csv', self.work / 'orders.csv'
        with open(self.orders, 'wb') as out:
            subprocess.run(['python3', demo / 'generate_orders.py'], stdout=out, check=True, timeout=60)
        with open(self.orders, encoding='utf-8', newline='') as lines:
            owner_lines = {}
            for row in csv.DictReader(lines):
                if row['customer_id']:
                    owner_lines.setdefault(row['customer_id'], set()).add(row['sku'])
        self.customer = max(owner_lines, key=lambda each: len(owner_lines[each]))

    def _import(self):
        started = time.monotonic()
        done = subprocess.run([self.offerd, 'import', '--catalog', self.catalog, '--orders', self.orders,
                               '--data', self.data, '--currency', self.currency],
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Trouble(f'offerd import ended with {done.returncode}:\n{done.stdout}{done.stderr}')
        print(f'{self.name}: imported in {time.monotonic() - started:.1f} s')

    def _train(self):
        started = time.monotonic()
        done = subprocess.run([self.offerd, 'train', '--data', self.data, '--quiet', *self.stores],
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise Trouble(f'offerd train ended with {done.returncode}:\n{done.stdout}{done.stderr}')
        print(f'{self.name}: trained in {time.monotonic() - started:.1f} s')

    def _lines_of_customer(self):
        """Ten different SKUs this customer has bought, as cart lines."""
        opened = gzip.open if str(self.orders).endswith('.gz') else open
        lines, seen = [], set()
        with opened(self.orders, 'rt', encoding='utf-8', newline='') as rows:
            for row in csv.DictReader(rows):
                if row['customer_id'] == self.customer and row['sku'] not in seen:
                    seen.add(row['sku'])
                    lines.append({'sku': row['sku'], 'quantity': int(row['quantity']),
                                  'unit_price': round(float(row['unit_price']) * self.minor)})
                if len(lines) == 10:
                    return lines
        raise Trouble(f'customer {self.customer} has bought fewer than ten things')

    def request(self, n_lines, stranger=False):
        """The body of a decision about the customer's first @n_lines lines, as a storefront writes it."""
        who = {} if stranger else {'customer_id': self.customer}
        return json.dumps({
            'placement': 'cart-drawer', 'trigger': 'add_to_cart', **who, 'locale': 'en',
            'limit': OFFERS, 'budget_ms': 20, 'item': self.lines[0]['sku'],
            'cart': {'currency': self.currency, 'items': self.lines[:n_lines]}}, separators=(',', ':')).encode()


# ── processes ────────────────────────────────────────────────────────────────────────────────────

def pinned(core):
    """What a child does before it becomes the program: stay on one core, when there are two."""
    if len(os.sched_getaffinity(0)) > 1:
        return lambda: os.sched_setaffinity(0, {core})
    return None


@contextlib.contextmanager
def running(command, log, env=None):
    """The process, ended by its own id on the way out whatever happened."""
    with open(log, 'wb') as out:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   preexec_fn=pinned(SERVER_CORE), env={**os.environ, **(env or {})})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    try:
        connection.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for(process, port, path, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if ask(port, 'GET', path)[0] < 500:
                return
        time.sleep(.05)
    raise Trouble(f'{process.args[0]} did not get ready; its log ends:\n' + pathlib.Path(log).read_text()[-2000:])


def give_consent(port, shop):
    """Without consent only the cart is used: a known customer is one who has said yes."""
    event = {'event_id': 'bench-consent', 'type': 'customer_updated', 'customer_id': shop.customer,
             'at': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
             'customer': {'consent': {'personalization': True}}}
    status, answer = ask(port, 'POST', '/events', json.dumps(event))
    if status != 202:
        raise Trouble(f'POST /events answered {status}: {answer.decode()}')


def sample(port, body, times=50):
    """A typical answer of offerd, checked to be what the benchmark says it measures."""
    answers = []
    for _ in range(times):
        status, text = ask(port, 'POST', '/offers', body)
        if status != 200:
            raise Trouble(f'POST /offers answered {status}: {text.decode()}')
        seen = json.loads(text)
        if len(seen['offers']) != OFFERS or seen['degraded']:
            raise Trouble(f'wanted {OFFERS} offers, nothing degraded; got: {text.decode()}')
        answers.append(text)
    return sorted(answers, key=len)[times // 2]


# ── measuring ────────────────────────────────────────────────────────────────────────────────────

def load(tool, port, process, body_words, seconds, rate=None):
    """@body_words: the option for load, --body-file F or --bodies F."""
    command = [tool, '--connect', f'127.0.0.1:{port}', *body_words, '--connections', CONNECTIONS,
               '--seconds', seconds, '--warmup', min(.5, seconds / 4), '--pid', process.pid, '--json']
    if rate:
        command += ['--rate', f'{rate:.0f}']
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds + 30,
                          preexec_fn=pinned(LOAD_CORE))
    if not done.stdout:
        raise Trouble(f'load ended with {done.returncode}: {done.stderr}')
    seen = json.loads(done.stdout)
    if seen['not_200'] or seen['broken'] or not seen['answered']:
        raise Trouble(f'{command[2]} did not answer as it should: {seen}')
    return seen


def machine_busy_s():
    """Seconds that all cores together have worked, since boot, for anybody (also other machines' guests: steal)."""
    with open('/proc/stat', encoding='ascii') as lines:
        user, nice, system, _idle, _wait, irq, soft, steal, *_ = map(int, lines.readline().split()[1:])
    return (user + nice + system + irq + soft + steal) / os.sysconf('SC_CLK_TCK')


def process_busy_s(pid):
    after_name = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf('SC_CLK_TCK')


def in_turn(tool, servers, body_words, turns, seconds, rate=None):
    """{'offerd': [result, ...], 'fixed': [...]}: A B A B ..."""
    results = {name: [] for name in servers}
    for _ in range(turns):
        for name, (port, process) in servers.items():
            children, began = os.times(), time.monotonic()
            before = machine_busy_s() - process_busy_s(process.pid)
            seen = load(tool, port, process, body_words, seconds, rate)
            others = machine_busy_s() - process_busy_s(process.pid) - before
            now = os.times()
            others -= now.children_user + now.children_system - children.children_user - children.children_system
            seen['others_share'] = max(0, others / (time.monotonic() - began) / (os.cpu_count() or 1))
            results[name].append(seen)
    return results


def median(results, name):
    return statistics.median(result[name] for result in results)


def ratio(results, name):
    """The median of the ratios of neighbouring turns."""
    return statistics.median(a[name] / b[name] for a, b in zip(results['offerd'], results['fixed']))


ROWS = [('requests/s', 'requests_per_s', '{:,.0f}'), ('p50 us', 'p50_us', '{:,.0f}'), ('p99 us', 'p99_us', '{:,.0f}'),
        ('p99.9 us', 'p999_us', '{:,.0f}'), ('CPU us/request', 'cpu_us_per_request', '{:.2f}'),
        ('answer bytes', 'answer_bytes', '{:,.0f}')]


def table(title, results):
    print(f'\n{title}\n  {"":16}{"offerd":>12}{"fixed":>12}{"ratio":>9}   each turn of offerd | fixed')
    for label, name, form in ROWS:
        each = {who: ' '.join(form.format(turn[name]) for turn in turns) for who, turns in results.items()}
        print(f'  {label:16}{form.format(median(results["offerd"], name)):>12}'
              f'{form.format(median(results["fixed"], name)):>12}{ratio(results, name):9.2f}   '
              f'{each["offerd"]} | {each["fixed"]}')
    unanswered = {who: sum(turn['unanswered'] for turn in turns) for who, turns in results.items()}
    if any(unanswered.values()):
        print(f'  not answered by the end: offerd {unanswered["offerd"]}, fixed {unanswered["fixed"]}')
    others = max(turn['others_share'] for turns in results.values() for turn in turns)
    if others > .05:
        print(f'  other programs took up to {others:.0%} of the machine meanwhile: trust the ratios, not the figures')


def check_sizes(results, size):
    for turn in results['offerd']:
        if abs(turn['answer_bytes'] - size) > size * .02:
            raise Trouble(f'answers of {turn["answer_bytes"]} bytes under load, {size} before: not the same answers')


def measure_cart(tools, shop, offerd, n_lines, turns, seconds):
    """Closed, then open load with the cart of @n_lines; the results of both."""
    body_file, answer_file = shop.work / f'cart{n_lines}.json', shop.work / f'answer{n_lines}.json'
    body_file.write_bytes(shop.request(n_lines))
    answer = sample(offerd[0], shop.request(n_lines))
    answer_file.write_bytes(answer)
    port, log = free_port(), shop.work / f'fixed{n_lines}.log'
    with running([tools['fixed_answer'], '--body-file', answer_file, '--listen', f'127.0.0.1:{port}'], log) as process:
        wait_for(process, port, '/', log)
        servers = {'offerd': offerd, 'fixed': (port, process)}
        words = ['--body-file', body_file]
        closed = in_turn(tools['load'], servers, words, turns, seconds)
        rate = .4 * min(median(closed[who], 'requests_per_s') for who in closed)
        opened = in_turn(tools['load'], servers, words, turns, seconds, rate)
    sample(offerd[0], shop.request(n_lines))
    for results in (closed, opened):
        check_sizes(results, len(answer))
    what = f'{n_lines}-line cart ({len(shop.request(n_lines))} bytes), {OFFERS} offers ({len(answer)} bytes)'
    table(f'{what}: closed load, {CONNECTIONS} connections', closed)
    table(f'{what}: open load, {rate:,.0f} requests/s, latency from when each was due', opened)
    return {'closed': closed, 'open': opened, 'rate': rate,
            'cpu_ratio': ratio(closed, 'cpu_us_per_request'), 'throughput_ratio': ratio(closed, 'requests_per_s')}


def verdict(results):
    cart = results['3']
    holds = {'CPU per request': (cart['cpu_ratio'], cart['cpu_ratio'] <= MOST_CPU_RATIO, f'at most {MOST_CPU_RATIO}'),
             'throughput': (cart['throughput_ratio'], cart['throughput_ratio'] >= LEAST_THROUGHPUT_RATIO,
                            f'at least {LEAST_THROUGHPUT_RATIO}')}
    print('\n3-line cart, closed load, offerd against the fixed answer:')
    for what, (value, kept, wanted) in holds.items():
        print(f'  {what}: {value:.2f} times, wanted {wanted}: {"holds" if kept else "DOES NOT HOLD"}')
    return all(kept for _, kept, _ in holds.values())


def run(tools, shop, turns=5, seconds=3.0):
    """Measures all; (results, whether what was promised holds)."""
    print(f'{shop.n_rules} rules, {shop.sharing} of them for add_to_cart at cart-drawer; customer {shop.customer}')
    if not pinned(SERVER_CORE):
        print('only one core here: server and load share it, requests/s and latency say little')
    port, log = free_port(), shop.work / 'offerd.log'
    command = [tools['offerd'], 'serve', '--data', shop.data, '--rules', shop.rules, '--listen', f'127.0.0.1:{port}']
    with running(command, log, {'OFFERD_WORKERS': '1', 'OFFERD_TOKEN_KEY': '00' * 16, 'OFFERD_TRAIN_EVERY_H': '0'}) as process:
        wait_for(process, port, '/readyz', log)
        give_consent(port, shop)
        results = {str(n): measure_cart(tools, shop, (port, process), n, turns, seconds) for n in (3, 10)}
    return results, verdict(results)


@contextlib.contextmanager
def workplace(keep=None):
    if keep:
        path = pathlib.Path(keep)
        path.mkdir(parents=True, exist_ok=True)
        yield path
    else:
        with tempfile.TemporaryDirectory(prefix='offerd-bench-') as path:
            yield pathlib.Path(path)
