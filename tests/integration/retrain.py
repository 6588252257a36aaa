#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A running service trains again beside its work: a process of its own, whose result is taken over."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import PATIENCE, PROGRAM, ROOT, Offerd, check, main, scratch, skip, unhurried, wait_until

DAILY = {'OFFERD_TRAIN_EVERY_H': '24'}


def order(number):
    """Cases go with the phone of their number, glass with all."""
    skus = [f'PHONE-{number % 5}', f'CASE-{number % 5}', 'GLASS'][:2 + number % 2]
    return {'event_id': f'order-{number}', 'type': 'order_placed', 'customer_id': f'c{number % 40}',
            'order': {'id': f'o-{number}', 'currency': 'JPY',
                      'items': [{'sku': sku, 'quantity': 1, 'unit_price': 1000} for sku in skus]}}


def place(offerd, n):
    answer = offerd.post('/events', [order(number) for number in range(n)])
    check(answer.status == 202, answer)


def trainings(offerd, result):
    return offerd.metric(f'offerd_trainings_total{{result="{result}"}}')


def test_what_was_ordered_is_trained_and_taken_over_without_a_word_from_anyone():
    with Offerd(env=DAILY) as offerd:
        place(offerd, 300)
        wait_until(90, 'a training', lambda: trainings(offerd, 'done') == 1, every=.2)
        wait_until(30, 'its result in use', lambda: offerd.metric('offerd_model_trained_orders') == 300, every=.2)
        check((offerd.data / 'trained.bin').stat().st_size > 500)
        check(trainings(offerd, 'failed') == 0)


def test_too_few_orders_are_left_to_counting():
    unhurried()
    with Offerd(env=DAILY) as offerd:
        place(offerd, 50)
        time.sleep(27)  # the first look comes after 10 to 20 seconds, then every 5
        check(trainings(offerd, 'done') == 0 and trainings(offerd, 'failed') == 0)
        check(not (offerd.data / 'trained.bin').exists())


def test_one_that_ended_with_its_service_is_not_tried_again_at_once():
    """In a container without memory both end, and the next is due as soon as the service is back."""
    unhurried()
    with Offerd(env=DAILY) as offerd:
        place(offerd, 300)
        mark = offerd.data / 'training.mark'
        wait_until(90, 'a training under way', lambda: mark.exists(), every=.0005)
        offerd.kill()
        (offerd.data / 'trained.bin').unlink(missing_ok=True)  # if it was that quick
        offerd.start()
        check(trainings(offerd, 'failed') == 1 and any('ended together with the service' in line for line in offerd.log), offerd.log_text())
        time.sleep(27)
        check(trainings(offerd, 'done') == 0 and not mark.exists() and not (offerd.data / 'trained.bin').exists(), offerd.log_text())


def with_a_memory_limit(limit, used):
    """The words before a command that sees itself in a control group with that limit: made up, and seen by it alone."""
    place = scratch()
    own = next((line[3:] for line in pathlib.Path('/proc/self/cgroup').read_text().splitlines() if line.startswith('0::')), '/')
    group = place / own.strip('/')
    group.mkdir(parents=True, exist_ok=True)
    for name, bytes_ in (('max', limit), ('current', used)):
        (group / f'memory.{name}').write_text(f'{bytes_}\n')
    words = [shutil.which('unshare') or skip('unshare is not installed'), '--mount', 'sh', '-c',
             'mount --bind "$0" /sys/fs/cgroup && exec "$@"', str(place)]
    if subprocess.run([*words, 'true'], capture_output=True, timeout=60 * PATIENCE).returncode:
        skip('no mounts of our own here')
    return words


def test_under_a_memory_limit_a_training_makes_do_with_half_of_what_is_left_or_says_so():
    """The shop of a thousand products that the training takes apart whole: twelve megabytes, where there are four and then forty."""
    unhurried()
    orders = [order(number) for number in range(300)]
    for number, event in enumerate(orders):
        for n, item in enumerate(event['order']['items']):
            item['sku'] = f'SKU-{(number * 3 + n) % 900}'
    cases = ((8, 'failed'), (80, 'done'))
    with contextlib.ExitStack() as both:
        services = [both.enter_context(Offerd(env=DAILY, before=with_a_memory_limit(256 << 20, (256 - left_mb) << 20))) for left_mb, _ in cases]
        for offerd in services:
            check(offerd.post('/events', orders).status == 202)
        for offerd, (left_mb, result) in zip(services, cases):
            wait_until(90, f'{result} with {left_mb} MB left', lambda: trainings(offerd, result) == 1, every=.2)
            check(any(f'it may take {left_mb // 2} MB' in line for line in offerd.log), offerd.log_text())
            refused = any('training takes more memory than --memory allows' in line for line in offerd.log)
            check(refused == (result == 'failed'), offerd.log_text())


def test_a_training_of_a_service_is_the_first_to_go_when_memory_is_short():
    pipe = scratch() / 'orders.csv'
    os.mkfifo(pipe)  # it waits there for orders that never come
    process = subprocess.Popen([PROGRAM, 'train', '--attached', '--orders', str(pipe)], stdout=subprocess.DEVNULL)
    try:
        said = pathlib.Path('/proc', str(process.pid), 'oom_score_adj')
        wait_until(10, 'the kernel is told', lambda: said.read_text() == '1000\n')
    finally:
        process.kill()
        process.wait()


def test_a_training_that_cannot_be_started_is_told_and_counted():
    """As under a filter of system calls that knows nothing of idle priority."""
    unhurried()
    unit, program = ROOT / 'deploy/systemd/offerd.service', ROOT / 'tests/support/syscall_filter.py'
    filtered = [sys.executable, str(program), str(unit), '--deny', 'sched_setscheduler', '--']
    if subprocess.run([*filtered, 'true'], timeout=60 * PATIENCE).returncode:
        skip('no filter of system calls here')
    with Offerd(env=DAILY, before=filtered) as offerd:
        place(offerd, 300)
        wait_until(60, 'a failure that is counted', lambda: trainings(offerd, 'failed') == 1, every=.2)
        check(any('cannot be started: Operation not permitted' in line for line in offerd.log), offerd.log_text())
        check(trainings(offerd, 'done') == 0 and not (offerd.data / 'trained.bin').exists())


def begin_together():
    """All tests at once, as most of each is waiting and each has services and data of its own. What main() then runs
    under a test's name is the wait for its end, which raises what it raised; the time told is that wait's."""
    tests = {name: test for name, test in globals().items() if name.startswith('test_')}
    pool = ThreadPoolExecutor(len(tests))
    globals().update({name: pool.submit(test).result for name, test in tests.items()})


if __name__ == '__main__':
    if not sys.argv[1:]:  # those that are named are run one after the other
        begin_together()
    main()
