#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""offerd train: from a file or from the log; what it writes and tells; what it leaves alone when it fails."""
import json
import pathlib
import random

from harness import Offerd, check, data_file, main, run, scratch, tell


def orders_file(directory, n=400, lines=None):
    """Pairs that go together, a little of everything else, customers who come back."""
    chance, path = random.Random(7), pathlib.Path(directory) / 'orders.csv'
    with open(path, 'w', encoding='utf-8') as out:
        print('order_id,customer_id,ordered_at,sku', file=out)
        for order in range(n):
            pair = chance.randrange(6)
            skus = [f'A{pair}', f'B{pair}'] + [f'C{chance.randrange(20)}'] * chance.randrange(2)
            for sku in lines or skus:
                print(f'O{order},C{order % 40},2026-{1 + order * 10 // n:02}-{1 + order % 28:02}T10:00:00,{sku}', file=out)
    return path


def trained(*words, code=0):
    done = run('train', *words, timeout=300)
    check(done.returncode == code, done.returncode, done.stdout, done.stderr)
    return done


def test_a_file_is_learned_from_and_the_figures_are_told():
    directory = scratch()
    out = pathlib.Path(directory) / 'trained.bin'
    told = trained('--orders', orders_file(directory), '--out', out).stdout
    for part in ('learned from 400 orders', 'chosen: ', 'HR@10', 'bytes, ', 'a SKU', 'peak memory'):
        check(part in told, part, told)
    check(out.read_bytes()[:8] == b'offerdTR')
    check([p.name for p in pathlib.Path(directory).iterdir() if 'trained' in p.name] == ['trained.bin'])


def test_json_has_the_same_and_without_out_nothing_is_written():
    directory = scratch()
    told = json.loads(trained('--orders', orders_file(directory), '--json').stdout)
    check(told['orders'] == 400 and told['file'] is None and told['form'] == 'dense', told)
    figures = told['figures']
    check(figures['cases'] == 80 and figures['hr10'] > figures['hr10_popular'], told)
    check(told['bytes'] > 0 and abs(told['bytes'] / told['skus'] - told['bytes_per_sku']) < 1e-3, told)
    check(sorted(told['parameters']) == ['counts_share', 'half_life_days', 'history_weight', 'recent_weight', 'ridge', 'size_power',
                                         'support', 'top'], told)
    check([p.name for p in pathlib.Path(directory).iterdir()] == ['orders.csv'])


def test_the_log_is_learned_from_and_trained_bin_stands_beside_it():
    with Offerd() as offerd:
        for number in range(60):
            event = {'event_id': f'e-{number}', 'type': 'order_placed', 'customer_id': f'c{number % 7}',
                     'order': {'id': f'o{number}', 'currency': 'JPY',
                               'items': [{'sku': sku, 'quantity': 1, 'unit_price': 100} for sku in
                                         (('PH-128', 'CASE-1') if number % 2 else ('PH-256', 'CABLE'))]}}
            answer = offerd.post('/events', event)
            check(answer.status == 202, answer.status, answer.body)
        told = json.loads(trained('--data', offerd.data, '--json').stdout)
        check(told['orders'] == 60 and told['skus'] == 4, told)
        check((pathlib.Path(offerd.data) / 'trained.bin').stat().st_size == told['bytes'], told)


def test_the_same_orders_give_the_same_model_however_many_threads():
    directory = scratch()
    source, bytes_ = orders_file(directory), []
    for threads in ('1', '3'):
        out = pathlib.Path(directory) / f'{threads}.bin'
        trained('--orders', source, '--out', out, '--threads', threads)
        bytes_.append(bytearray(out.read_bytes()))
        bytes_[-1][16:24] = bytes_[-1][88:96] = bytes(8)  # the checksum, and when it was trained
    check(bytes_[0] == bytes_[1])


def test_what_cannot_be_learned_from_is_told_and_the_old_model_stays():
    directory = scratch()
    out = pathlib.Path(directory) / 'trained.bin'
    out.write_bytes(b'old')
    done = trained('--orders', orders_file(directory, lines=['A']), '--out', out, code=1)
    check('none holds two different SKUs' in done.stderr, done.stderr)
    check(out.read_bytes() == b'old')
    done = trained('--orders', orders_file(directory), '--out', f'{directory}/nowhere/trained.bin', code=1)
    check('nowhere/trained.bin' in done.stderr, done.stderr)


def test_nothing_to_read_and_wrong_words():
    directory = scratch()
    done = trained('--data', f'{directory}/none', code=1)
    check('there are no orders' in done.stderr and not pathlib.Path(f'{directory}/none').exists(), done.stderr)
    for words in (['orders.csv'], ['--threads', '0'], ['--memory', 'much'], ['--nonsense']):
        check('--help' in trained(*words, code=2).stderr, words)
    help_text = trained('--help').stdout
    check('--orders FILE' in help_text and 'HR@10' in help_text, help_text)


def test_a_real_shop_is_learned_well_and_fast():
    source = data_file('adventureworks/order_lines.csv.gz')
    told = json.loads(trained('--orders', source, '--json').stdout)
    tell(told)
    figures = told['figures']
    check(figures['hr10'] > .7 and figures['mrr20'] > .4, told)
    check(figures['hr10_history'] >= figures['hr10'] and told['form'] == 'dense', told)


main()
