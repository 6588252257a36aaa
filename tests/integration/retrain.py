#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A running service trains again beside its work: a process of its own, whose result is taken over."""
import time

from harness import Offerd, check, main, unhurried, wait_until

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


if __name__ == '__main__':
    main()
