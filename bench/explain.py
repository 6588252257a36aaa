#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a receipt costs: explain.py BUILD [--seconds 1] [--turns 5] [--json F]

The same requests with and without `"explain": true`, in one run: instructions in the process (callgrind),
and CPU per request of the service over HTTP, in turn. The demo shop with its own rules, then with 100 and
1,000 generated ones. A decision without a receipt stops when its answer is full, and with many rules it
finds them by an index; a receipt looks at every rule of the trigger and placement: *rules* is how many.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile

import callgrind
import make_rules
import offers

DEMO = offers.HERE.parent / 'config'
COUNTED = 200


class Shop:
    """The demo shop's data, with these rules."""

    def __init__(self, offerd, work):
        self.offerd, self.work, self.data, self.rules = offerd, work, work / 'data', DEMO / 'rules'
        maker = offers.Shop.__new__(offers.Shop)
        maker.offerd, maker.work, maker.data = offerd, work, self.data
        maker._demo()
        maker._import()
        maker.lines = maker._lines_of_customer()
        self.maker = maker

    def with_rules(self, n):
        self.rules = self.work / f'rules-{n}'
        focus = [line['sku'] for line in self.maker.lines[:3]]
        made = make_rules.make_rules(self.maker.catalog, n, focus_skus=focus)
        make_rules.write_rules(made, self.rules, 'JPY', 'Asia/Tokyo')

    def requests(self):
        if self.rules == DEMO / 'rules':
            for path in sorted((DEMO / 'demo' / 'requests').glob('*.json')):
                yield path.stem, json.loads(path.read_text())
        for n in (3, 10):
            yield f'{n}-line cart', json.loads(self.maker.request(n))
        strange = json.loads(self.maker.request(6))
        strange['cart']['items'][-1]['sku'] = 'GONE-1'
        yield '6 lines, 1 unknown', strange


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
    return ' '.join(['{shop:10} {request:20} {rules:5} {offers:6}'.format(**row),
                     shown(count['plain'], '9,.0f'), shown(count['explained'], '9,.0f'), shown(row['instructions_ratio'], '6.2f'),
                     shown(cpu['plain'], '8.1f'), shown(cpu['explained'], '8.1f'), shown(row['cpu_ratio'], '6.2f')])


def measure(tools, shop, name, turns, seconds):
    log, port, rows = shop.work / 'serve.log', offers.free_port(), []
    command = [shop.offerd, 'serve', '--data', shop.data, '--rules', shop.rules, '--workers', 1,
               '--listen', f'127.0.0.1:{port}', '--log-level', 'warning']
    for title, request in shop.requests():
        bodies = {}
        for how, body in explained_and_plain(request).items():
            bodies[how] = shop.work / f'{how}.json'
            bodies[how].write_text(json.dumps(body, ensure_ascii=False))
        count = instructions(tools, shop, bodies)
        with offers.running(command, log) as process:
            offers.wait_for(process, port, '/readyz', log)
            answer = json.loads(offers.ask(port, 'POST', '/offers', bodies['explained'].read_bytes())[1])
            cpu, cpu_ratio = cpu_us(tools, (port, process), bodies, turns, seconds)
        rows.append({'shop': name, 'request': title, 'rules': len(answer['considered']), 'offers': len(answer['offers']),
                     'instructions': count,
                     'instructions_ratio': count['explained'] / count['plain'] if count['plain'] else None,
                     'cpu_us': cpu, 'cpu_ratio': cpu_ratio})
        print(row_text(rows[-1]), flush=True)
    return rows


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
            print(f'\n{"":37}{"":7} {"instructions":>26} {"CPU us over HTTP":>24}')
            print(f'{"shop":10} {"request":20} {"rules":>5} {"offers":>6} {"plain":>9} {"explained":>9} {"ratio":>6} '
                  f'{"plain":>8} {"explain.":>8} {"ratio":>6}')
            rows = measure(tools, shop, '30 rules', args.turns, args.seconds)
            for n in (100, 1000):
                shop.with_rules(n)
                rows += measure(tools, shop, f'{n} rules', args.turns, args.seconds)
        except offers.Trouble as trouble:
            print(f'explain: {trouble}', file=sys.stderr)
            return 2
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
