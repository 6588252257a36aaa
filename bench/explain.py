#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a receipt costs: explain.py BUILD [--seconds 1] [--turns 5] [--json F]

The same requests with and without `"explain": true`, in one run: instructions in the process (callgrind),
and CPU per request of the service over HTTP, in turn (--turns 0: not). The demo shop with its own rules, then with
100 and 1,000 generated ones; then Online Retail, when it is there (see offers.py). A decision without a receipt stops
when its answer is full, and with many rules it finds them by an index; a receipt looks at every rule of the trigger and
placement: *rules* is how many.

Each request is asked of nobody known, of an owner, who consented and owns 21 products, and of one who consented, owns
the same, and has been shown and has declined what these requests offer. Online Retail's customer consented, and owns
what the orders say. Exit 1: a receipt costs more than 1.2 times the decision, in instructions.
"""
import argparse
import contextlib
import csv
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import callgrind
import make_rules
import offers

DEMO = offers.HERE.parent / 'config'
COUNTED = 200
MOST_RATIO = 1.2
OWNED, ROUNDS = 21, 3


def event(kind, whose, number, **more):
    return {'event_id': f'bench-{whose}-{kind}-{number}', 'type': kind, 'customer_id': whose,
            'at': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), **more}


def tell(port, events):
    status, answer = offers.ask(port, 'POST', '/events', json.dumps(events))
    if status != 202:
        raise offers.Trouble(f'POST /events answered {status}: {answer.decode()}')


class Shop:
    """The demo shop's data, with these rules."""

    def __init__(self, offerd, work):
        self.offerd, self.work, self.data, self.rules = offerd, work, work / 'data', DEMO / 'rules'
        maker = offers.Shop.__new__(offers.Shop)
        maker.offerd, maker.work, maker.data = offerd, work, self.data
        maker._demo()
        maker._import()
        maker.lines = maker._lines_of_customer()
        self.maker, self.told = maker, 0

    def with_rules(self, n):
        self.rules = self.work / f'rules-{n}'
        focus = [line['sku'] for line in self.maker.lines[:3]]
        made = make_rules.make_rules(self.maker.catalog, n, focus_skus=focus)
        make_rules.write_rules(made, self.rules, 'JPY', 'Asia/Tokyo')

    def carts(self):
        if self.rules == DEMO / 'rules':
            for path in sorted((DEMO / 'demo' / 'requests').glob('*.json')):
                yield path.stem, json.loads(path.read_text())
        for n in (3, 10):
            yield f'{n}-line cart', json.loads(self.maker.request(n))
        strange = json.loads(self.maker.request(6))
        strange['cart']['items'][-1]['sku'] = 'GONE-1'
        yield '6 lines, 1 unknown', strange

    def requests(self):
        yield from self.carts()
        for who in self.people():
            for title, request in self.carts():
                yield f'{title}, {who}', {**request, 'customer_id': f'{who}-{self.rules.name}'}

    @staticmethod
    def people():
        return ['owner', 'asked']

    def meet(self, port):
        """Lets the service know the people; those of each rule directory are others."""
        with open(self.maker.catalog, encoding='utf-8', newline='') as rows:
            products = list(csv.DictReader(rows))
        owned = [{'sku': row['sku'], 'quantity': 1, 'unit_price': round(float(row['price']))}
                 for row in products[::len(products) // OWNED][:OWNED]]
        for who in self.people():
            name = f'{who}-{self.rules.name}'
            tell(port, [event('customer_updated', name, 0, customer={'consent': {'personalization': True}}),
                        event('order_placed', name, 0,
                              order={'id': f'bench-{name}', 'currency': 'JPY', 'items': owned})])
        for _ in range(ROUNDS):
            for _, request in self.carts():
                self.show(port, {**request, 'customer_id': f'asked-{self.rules.name}'})

    def show(self, port, request):
        """All that is offered is shown, and the first of it declined."""
        answer = json.loads(offers.ask(port, 'POST', '/offers', json.dumps(request))[1])
        for n, offer in enumerate(answer['offers']):
            self.told += 1
            said = {'decision_id': answer['decision_id'], 'offer_id': offer['offer_id']}
            tell(port, [event(kind, request['customer_id'], self.told, **said)
                        for kind in ('offer_shown', 'offer_declined')[:2 if n == 0 else 1]])


class Retail:
    """Online Retail with 1,000 rules, and its customer, who consented."""

    def __init__(self, offerd, work):
        self.work = work / 'retail'
        self.work.mkdir()
        self.maker = offers.Shop(offerd, self.work)
        self.offerd, self.data, self.rules = offerd, self.maker.data, self.maker.rules

    def is_there(self):
        return self.maker.name == 'Online Retail'

    def meet(self, port):
        offers.give_consent(port, self.maker)

    def requests(self):
        for n in (3, 10):
            yield f'{n}-line cart, consented', json.loads(self.maker.request(n))


def explained_and_plain(request):
    plain = {name: value for name, value in request.items() if name != 'explain'}
    return {'plain': plain, 'explained': {**plain, 'explain': True}}


def instructions(tools, shop, bodies):
    if not shutil.which('valgrind'):
        return {how: None for how in bodies}
    return {how: callgrind.count(tools['decide'], shop, path, shop.work / 'callgrind.out', COUNTED)['decision']
            for how, path in bodies.items()}


def cpu_us(tools, server, bodies, turns, seconds):
    """
    Median microseconds of the service's CPU for each request, and the median ratio turn by turn; None for what was
    not seen: a turn so short that the clock did not tick for one of the two says nothing, and is left out.
    """
    seen = {how: [] for how in bodies}
    for _ in range(turns):
        turn = {how: offers.load(tools['load'], *server, ['--body-file', path], seconds)['cpu_us_per_request']
                for how, path in bodies.items()}
        if all(turn.values()):
            for how, cpu in turn.items():
                seen[how].append(cpu)
    ratios = [b / a for a, b in zip(seen['plain'], seen['explained'])]
    return {how: median_or_none(all_) for how, all_ in seen.items()}, median_or_none(ratios)


def median_or_none(figures):
    return statistics.median(figures) if figures else None


def shown(figure, form):
    """A figure that was not seen is a dash, as wide."""
    return format('-', '>' + form.split('.')[0].rstrip(',')) if figure is None else format(figure, form)


def row_text(row):
    count, cpu = row['instructions'], row['cpu_us']
    return ' '.join(['{shop:10} {request:26} {rules:5} {offers:6}'.format(**row),
                     shown(count['plain'], '9,.0f'), shown(count['explained'], '9,.0f'), shown(row['instructions_ratio'], '6.2f'),
                     shown(cpu['plain'], '8.1f'), shown(cpu['explained'], '8.1f'), shown(row['cpu_ratio'], '6.2f')])


@contextlib.contextmanager
def serving(shop):
    log, port = shop.work / 'serve.log', offers.free_port()
    command = [shop.offerd, 'serve', '--data', shop.data, '--rules', shop.rules, '--workers', 1,
               '--listen', f'127.0.0.1:{port}', '--log-level', 'warning']
    with offers.running(command, log, {'OFFERD_TRAIN_EVERY_H': '0'}) as process:
        offers.wait_for(process, port, '/readyz', log)
        yield port, process


def measure(tools, shop, name, turns, seconds):
    rows = []
    with serving(shop) as (port, _):
        shop.meet(port)
    for title, request in shop.requests():
        bodies = {}
        for how, body in explained_and_plain(request).items():
            bodies[how] = shop.work / f'{how}.json'
            bodies[how].write_text(json.dumps(body, ensure_ascii=False))
        count = instructions(tools, shop, bodies)
        with serving(shop) as server:
            answer = json.loads(offers.ask(server[0], 'POST', '/offers', bodies['explained'].read_bytes())[1])
            cpu, cpu_ratio = cpu_us(tools, server, bodies, turns, seconds)
        rows.append({'shop': name, 'request': title, 'rules': len(answer['considered']), 'offers': len(answer['offers']),
                     'instructions': count,
                     'instructions_ratio': count['explained'] / count['plain'] if count['plain'] else None,
                     'cpu_us': cpu, 'cpu_ratio': cpu_ratio})
        print(row_text(rows[-1]), flush=True)
    return rows


def holds(rows):
    dear = [row for row in rows if row['instructions_ratio'] and row['instructions_ratio'] > MOST_RATIO]
    for row in dear:
        print(f'{row["shop"]}, {row["request"]}: {row["instructions_ratio"]:.3f} times, more than {MOST_RATIO}')
    return not dear


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--seconds', type=float, default=1)
    parser.add_argument('--turns', type=int, default=5)
    parser.add_argument('--json', type=pathlib.Path)
    args = parser.parse_args()
    tools = {name: args.build.resolve() / path
             for name, path in (('offerd', 'offerd'), ('load', 'bench/load'), ('decide', 'bench/decide'))}
    with tempfile.TemporaryDirectory() as work:
        try:
            shop = Shop(tools['offerd'], pathlib.Path(work))
            print(f'\n{"":43}{"":7} {"instructions":>26} {"CPU us over HTTP":>24}')
            print(f'{"shop":10} {"request":26} {"rules":>5} {"offers":>6} {"plain":>9} {"explained":>9} {"ratio":>6} '
                  f'{"plain":>8} {"explain.":>8} {"ratio":>6}')
            rows = measure(tools, shop, '30 rules', args.turns, args.seconds)
            for n in (100, 1000):
                shop.with_rules(n)
                rows += measure(tools, shop, f'{n} rules', args.turns, args.seconds)
            retail = Retail(tools['offerd'], pathlib.Path(work))
            if retail.is_there():
                rows += measure(tools, retail, 'Retail', args.turns, args.seconds)
        except offers.Trouble as trouble:
            print(f'explain: {trouble}', file=sys.stderr)
            return 2
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))
    return 0 if holds(rows) else 1


if __name__ == '__main__':
    sys.exit(main())
