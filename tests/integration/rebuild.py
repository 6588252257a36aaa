#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""offerd rebuild on the embedded store: the log alone gives the same profiles, time and again."""
import re

from harness import Offerd, check, data_file, main, run, scratch


def rebuilt(data, *words):
    done = run('rebuild', '--data', data, *words)
    check(done.returncode == 0, done.returncode, done.stdout, done.stderr)
    return done.stdout


def figure(told, name):
    return re.search(rf'^{name}: (.*)$', told, re.M)[1]


def event(number, customer, kind='product_viewed', **fields):
    return {'event_id': f'e-{number}', 'type': kind, 'customer_id': customer, **fields}


def test_the_same_log_gives_the_same_digest_beside_a_service_and_after_a_crash():
    with Offerd() as offerd:
        for number in range(30):
            answer = offerd.post('/events', event(number, f'c{number % 7}', sku='PH-128'))
            check(answer.status == 202, answer)
        first = rebuilt(offerd.data)
        check(figure(first, 'customers') == '7', first)
        check(figure(rebuilt(offerd.data, '--check'), 'digest') == figure(first, 'digest'), first)

        offerd.kill()
        check(figure(rebuilt(offerd.data), 'digest') == figure(first, 'digest'), first)

        offerd.start()
        check(offerd.post('/events', event(30, 'c1', 'feedback', text='good')).status == 202)
        check(figure(rebuilt(offerd.data), 'digest') != figure(first, 'digest'), first)


def test_a_repeated_event_changes_nothing():
    with Offerd() as offerd:
        check(offerd.post('/events', event(1, 'c1', sku='PH-128')).status == 202)
        first = rebuilt(offerd.data)
        check(offerd.post('/events', event(1, 'c1', sku='PH-128')).status in (200, 202))
        check(rebuilt(offerd.data) == first, first)


def test_two_imports_of_a_real_shop_give_the_same_profiles():
    told = []
    for _ in range(2):
        data = scratch()
        done = run('import', '--catalog', data_file('online-retail/products.csv.gz'), '--orders',
                   data_file('online-retail/order_lines.csv.gz'), '--currency', 'GBP', '--data', data, timeout=120)
        check(done.returncode == 0, done.stderr)
        told.append(rebuilt(data))
    check(told[0] == told[1], *told)
    check(int(figure(told[0], 'customers')) > 4000, told[0])


def test_a_directory_without_data_is_told_and_left_as_it_is():
    data = scratch()
    done = run('rebuild', '--data', data)
    check(done.returncode == 1 and 'there is no data' in done.stderr, done)
    check(list(data.iterdir()) == [], list(data.iterdir()))


def test_help_teaches_and_wrong_usage_says_so():
    done = run('rebuild', '--help')
    check(done.returncode == 0 and '--check' in done.stdout and 'Exit codes' in done.stdout, done)
    done = run('rebuild', '--chek')
    check(done.returncode == 2 and '--chek' in done.stderr, done)


if __name__ == '__main__':
    main()
