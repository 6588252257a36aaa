#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No allocation and no lock of ours on the read path: 10,000 decisions, counted.

The real server runs with count_calls.c preloaded, answers until it is warm, and is then asked
10,000 times more on kept-alive connections. Whatever its worker threads allocate or lock from the
program's own code meanwhile is a failure; libmicrohttpd's own (its response objects) is told.
TAP on stdout. Environment: OFFERD, LOAD, COUNT_CALLS (the library), OFFERD_TEST_DATA.
"""
import os
import pathlib
import struct
import subprocess
import sys

import offers

RECORD = struct.Struct('16s6Q')
CALLERS = ['the program', 'libmicrohttpd', 'other libraries']
DECISIONS, WARMING = 10_000, 5_000
# The workers; the journal and the keeper may allocate and lock as they like.
WORKER = os.environ.get('WORKER_THREAD', 'worker')


def counts(path):
    """Of all worker threads together: allocations by caller, then locks by caller."""
    total = [0] * 6
    for name, *numbers in RECORD.iter_unpack(pathlib.Path(path).read_bytes()):
        if WORKER in name.rstrip(b'\0').decode():
            total = [a + b for a, b in zip(total, numbers)]
    return total


def decisions(port, body_file, n, connections):
    done = subprocess.run([os.environ['LOAD'], '--connect', f'127.0.0.1:{port}', '--body-file', str(body_file),
                           '--requests', str(n), '--connections', str(connections), '--seconds', '60', '--json'],
                          capture_output=True, text=True, timeout=90)
    if done.returncode != 0:
        raise offers.Trouble(f'load ended with {done.returncode}: {done.stdout}{done.stderr}')


def measure(work):
    shop = offers.Shop(os.environ['OFFERD'], work)
    body_file, log, table = work / 'cart.json', work / 'offerd.log', work / 'counts'
    body_file.write_bytes(shop.request(3))
    port = offers.free_port()
    command = [os.environ['OFFERD'], 'serve', '--data', shop.data, '--rules', shop.rules, '--listen', f'127.0.0.1:{port}']
    preload = {'LD_PRELOAD': os.environ['COUNT_CALLS'], 'COUNT_CALLS_FILE': str(table)}
    with offers.running(command, log, preload) as process:
        offers.wait_for(process, port, '/readyz', log)
        offers.give_consent(port, shop)
        offers.sample(port, shop.request(3))
        # More connections than will be counted: whatever is kept for each has then been made.
        decisions(port, body_file, WARMING, 64)
        before = counts(table)
        decisions(port, body_file, DECISIONS, 16)
        after = counts(table)
    return [b - a for a, b in zip(before, after)], after


def main():
    print('1..3', flush=True)
    with offers.workplace() as work:
        grown, after = measure(work)
    for what, numbers in (('allocations', grown[:3]), ('locks', grown[3:])):
        for caller, number in zip(CALLERS, numbers):
            print(f'# {DECISIONS} decisions: {number} {what} by {caller}')
    # A counter that never counts would pass too: libmicrohttpd allocates and locks for each answer.
    results = [('the counters see what a worker does', sum(after) > 0 and grown[1] > 0 and grown[4] > 0),
               (f'no allocation of ours in {DECISIONS} decisions', grown[0] == 0 and grown[2] == 0),
               (f'no lock of ours in {DECISIONS} decisions', grown[3] == 0 and grown[5] == 0)]
    for number, (sentence, holds) in enumerate(results, 1):
        print(f'{"ok" if holds else "not ok"} {number} - {sentence}', flush=True)
    return not all(holds for _, holds in results)


if __name__ == '__main__':
    sys.exit(main())
