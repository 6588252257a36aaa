#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `./dev bench` runs: bench.py BUILD [--quick] [--json F] [--keep DIR] [--turns N] [--seconds S]
         [--no-callgrind] [--untrained] [--production]

BUILD is a build directory, best with the options of ./dev release. Prints the tables that bench/README.md
explains. Exit 0: the promised ratios hold; 1: they do not; 2: nothing could be measured.
"""
import argparse
import json
import pathlib
import sys

import callgrind
import offers
import production

PROGRAMS = {'offerd': ['offerd', 'src/app/offerd'], 'load': ['bench/load'], 'fixed_answer': ['bench/fixed_answer']}
WITH_VALGRIND = {'decide': ['bench/decide']}


def find_tools(build, programs):
    tools = {}
    for name, places in programs.items():
        found = [build / place for place in places if (build / place).is_file()]
        if not found:
            raise offers.Trouble(f'{build} has no {name}: ninja -C {build}')
        tools[name] = found[0]
    return tools


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--quick', action='store_true', help='short turns: to see that it works, not how fast')
    parser.add_argument('--turns', type=int, help='of each program; 5, over PostgreSQL and Redis 9')
    parser.add_argument('--seconds', type=float, default=3)
    parser.add_argument('--json', type=pathlib.Path, help='write all results to this file')
    parser.add_argument('--keep', help='use this directory and leave it there (data, rules, bodies, logs)')
    parser.add_argument('--no-callgrind', action='store_true', help='leave out the instruction counts')
    parser.add_argument('--untrained', action='store_true', help='load a shop that has not been trained yet')
    parser.add_argument('--production', action='store_true', help='over PostgreSQL and Redis instead')
    parser.add_argument('--only', action='append', choices=['cached', 'redis', 'events'], help='of --production')
    args = parser.parse_args()
    if args.quick:
        args.turns, args.seconds = 2, .5
    args.turns = args.turns or (9 if args.production else 5)
    try:
        tools = find_tools(args.build.resolve(), PROGRAMS if args.no_callgrind or args.production else {**PROGRAMS, **WITH_VALGRIND})
        with offers.workplace(args.keep) as work:
            if args.production:
                results, holds = production.run(tools, work, args.turns, args.seconds,
                                                args.only or ['cached', 'redis', 'events'])
            else:
                shop = offers.Shop(tools['offerd'], work, trained=not args.untrained)
                results, holds = offers.run(tools, shop, args.turns, args.seconds)
                if not args.no_callgrind:
                    results['instructions'] = callgrind.run(tools, shop)
    except offers.Trouble as trouble:
        print(f'bench: {trouble}', file=sys.stderr)
        return 2
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))
    return 0 if holds else 1


if __name__ == '__main__':
    sys.exit(main())
