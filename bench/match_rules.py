#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that matching takes, by the number of rules: match_rules.py BUILD [RULES ...]

callgrind counts in the four measured_ functions of match_rules.c. Reading 100,000 rules takes it minutes, so
that number is only counted when it is named, and only with the index: looking at each would take hours.
"""
import pathlib
import subprocess
import sys
import tempfile

import callgrind

REQUESTS = 128
WAYS = ['index', 'top', 'flat', 'brute']
QUICK_FROM = 50_000


def count(program, rules, dense, work):
    out = work / f'callgrind{rules}.out'
    command = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}', '--collect-atstart=no',
               '--toggle-collect=measured_*', str(program), '--rules', str(rules), '--count', str(REQUESTS)]
    command += ['--dense'] * dense + ['--quick'] * (rules >= QUICK_FROM)
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    if done.returncode != 0:
        sys.exit(f'match_rules under callgrind ended with {done.returncode}: {done.stderr[-1000:]}')
    counts = callgrind.annotated(str(out))
    return [counts[f'measured_{way}'] / REQUESTS if f'measured_{way}' in counts else None for way in WAYS]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]) / 'bench/match_rules'
    numbers = [int(word) for word in sys.argv[2:]] or [10, 100, 1000, 10000]
    print('Instructions a request\n' + f'{"mixture":>10}{"rules":>8}' + ''.join(f'{way:>14}' for way in WAYS))
    with tempfile.TemporaryDirectory() as work:
        for dense in (False, True):
            for rules in numbers:
                if dense and rules < 1000:
                    continue
                each = count(program, rules, dense, pathlib.Path(work))
                print(f'{"dense" if dense else "realistic":>10}{rules:8}' + ''.join(f'{"-" if n is None else format(n, ",.0f"):>14}' for n in each), flush=True)


if __name__ == '__main__':
    main()
