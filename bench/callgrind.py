# SPDX-License-Identifier: Apache-2.0
"""Instructions per decision and per stage: the second half of bench.py.

decide.c runs decisions in its own process, without HTTP, under valgrind's callgrind. Instructions
do not depend on what else the machine does, so a change of one percent can be seen here.
"""
import re
import shutil
import subprocess

import offers

STAGES = ['decode', 'profile', 'match', 'pick', 'allow', 'rank', 'reserve', 'encode']
DECISIONS = 1000
# A real shop is trained; what is known of the customer and what was learned each cost something.
HOW = {'trained': (), 'a stranger': (), 'not trained': ('--untrained',)}
LINE = re.compile(r'^\s*([\d,]+)\s+\([^)]*\)\s+\S*?:(\w+)')


def annotated(out_file):
    """{function: instructions, inclusive}, from callgrind_annotate."""
    done = subprocess.run(['callgrind_annotate', '--inclusive=yes', '--auto=no', '--threshold=100', out_file],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise offers.Trouble(f'callgrind_annotate ended with {done.returncode}: {done.stderr}')
    counts = {}
    for line in done.stdout.splitlines():
        found = LINE.match(line)
        if found:
            counts.setdefault(found[2], int(found[1].replace(',', '')))
    return counts


def count(decide, shop, body_file, out_file, decisions=DECISIONS, options=()):
    """{'decision': instructions of one, 'decode': of its stage, ...}."""
    command = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out_file}', '--instr-atstart=no',
               '--collect-atstart=no', '--toggle-collect=measured_decision', decide, '--data', shop.data,
               '--rules', shop.rules, '--body-file', body_file, '--decisions', decisions, *options]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise offers.Trouble(f'decide under callgrind ended with {done.returncode}:\n{done.stderr[-2000:]}')
    counts = annotated(out_file)
    if 'measured_decision' not in counts:
        raise offers.Trouble('callgrind saw no decision: was decide built where valgrind is installed?')
    each = {'decision': counts['measured_decision'] / decisions}
    each.update({stage: counts.get(f'{stage}_run', 0) / decisions for stage in STAGES})
    return each


def run(tools, shop):
    """Counts for both carts and prints them; None, with a word, when valgrind is not here."""
    if not shutil.which('valgrind'):
        print('\nno valgrind here: instructions are not counted (./dev deps all installs it)')
        return None
    results = {}
    for n_lines in (3, 10):
        for how, options in HOW.items():
            body_file = shop.work / f'cart{n_lines}.json'
            body_file.write_bytes(shop.request(n_lines, stranger=how == 'a stranger'))
            results[f'{n_lines} lines, {how}'] = count(tools['decide'], shop, body_file, shop.work / 'callgrind.out',
                                                       options=options)
    print(f'\nInstructions per decision, mean of {DECISIONS}, in the process (no HTTP)')
    print(f'  {"":24}' + ''.join(f'{name:>10}' for name in ['decision', *STAGES]))
    for what, each in results.items():
        print(f'  {what:24}' + ''.join(f'{each[name]:10,.0f}' for name in ['decision', *STAGES]))
    return results
