#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""offerd import: every line accounted for, nothing half done, the same again changes nothing."""
import csv
import gzip
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time

from harness import (PATIENCE, PROGRAM, QUIET_PERCENT, ROOT, Machine, Offerd, check, data_file, main, of_one_thread,
                     run, scratch, skip, tell, unhurried, wait_until)

CATALOG = 'sku,name,price,category,storage_gb\nA,Camera,100,camera,64\nB,Lens,50,lens,\nC,Bag,20,bag,\n'
ORDERS = ('order_id,customer_id,ordered_at,line_no,sku,quantity,unit_price\n'
          'O-1,C1,2026-01-02T10:00:00,1,A,1,100\n'
          'O-1,C1,2026-01-02T10:00:00,2,B,2,50\n'
          'O-2,,2026-01-03,1,B,1,50\n')


def write(text, name='orders.csv'):
    path = scratch() / name
    if name.endswith('.gz'):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding='utf-8')
    return path


def imported(*arguments, **options):
    done = run('import', *arguments, **options)
    check(done.returncode == 0, done.returncode, done.stdout, done.stderr)
    return done


def rows(data, query):
    with sqlite3.connect(f'file:{data}/offerd.db?mode=ro', uri=True) as db:
        return db.execute(query).fetchall()


def orders_in(data):
    return rows(data, "SELECT count(*) FROM events WHERE type = 'order_placed'")[0][0]


def stored(data):
    """The same while the database may only just come into being."""
    try:
        return orders_in(data)
    except sqlite3.OperationalError:
        return 0


def products_in(data):
    return rows(data, 'SELECT count(*) FROM products')[0][0]


def account(stdout, what):
    """read, accepted, merged, refused of that file's summary; fails unless they add up."""
    block = stdout[stdout.index(what):]
    line = re.search(r'^  ([\d,]+) lines read = (.*)$', block, re.M)
    read = int(line[1].replace(',', ''))
    parts = [int(n.replace(',', '')) for n in re.findall(r'([\d,]+) (?:accepted|merged|replaced|refused)', line[2])]
    check(read == sum(parts), line[0])
    return read, parts[0], parts[1] if len(parts) == 3 else 0, parts[-1]


def cost(stdout):
    took = re.search(r'took ([\d.]+) s, peak memory (\d+) MB', stdout)
    return float(took[1]), int(took[2])


def test_help_teaches_and_wrong_usage_says_what_to_say():
    help_ = imported('--help')
    for word in ('--catalog', '--orders', '--currency', '--rejects', 'order_id,customer_id', 'Exit codes'):
        check(word in help_.stdout, word, help_.stdout)
    for wrong in ([], ['--catalogue', 'x'], ['x.csv'], ['--orders', 'x', '--timezone', 'Mars/Olympus']):
        done = run('import', *wrong)
        check(done.returncode == 2 and done.stderr, wrong, done.returncode, done.stderr)


def test_a_catalogue_and_orders_arrive_and_a_second_import_adds_nothing():
    data = scratch()
    arguments = ['--catalog', write(CATALOG, 'catalog.csv.gz'), '--orders', write(ORDERS), '--data', data]
    first, second = imported(*arguments), imported(*arguments)

    check('2 new, 0 already known' in first.stdout, first.stdout)
    check('0 new, 2 already known' in second.stdout, second.stdout)
    check('2 orders counted (0 new)' in second.stdout, second.stdout)
    check(orders_in(data) == 2 and products_in(data) == 3, orders_in(data), products_in(data))
    check(rows(data, 'SELECT event_id, customer_id FROM events ORDER BY position') ==
          [('import:O-1', 'C1'), ('import:O-2', None)])


def test_the_environment_names_the_data_directory():
    data = scratch() / 'made' / 'on the way'
    data.parent.mkdir()
    imported('--catalog', write(CATALOG), env={'OFFERD_DATA_DIR': str(data)})
    check(products_in(data) == 3)


def test_an_imported_order_is_the_same_bytes_as_a_posted_one():
    data = scratch()
    imported('--catalog', write(CATALOG), '--orders', write(ORDERS), '--data', data)
    with Offerd() as offerd:
        answer = offerd.post('/events', {
            'event_id': 'import:O-1', 'type': 'order_placed', 'customer_id': 'C1', 'at': '2026-01-02T10:00:00Z',
            'order': {'id': 'O-1', 'currency': 'JPY', 'items': [
                {'sku': 'A', 'quantity': 1, 'unit_price': 100}, {'sku': 'B', 'quantity': 2, 'unit_price': 50}]}})
        check(answer.status == 202, answer)
        posted = rows(offerd.data, 'SELECT payload FROM events')[0][0]
    check(rows(data, "SELECT payload FROM events WHERE event_id = 'import:O-1'")[0][0] == posted, posted)


def test_refused_lines_are_named_and_written_to_the_rejects_file():
    orders = write(ORDERS + 'C-9,C1,2026-01-04,1,A,-1,100\nO-3,C1,yesterday,1,"A ""x""",1,100\n', 'dirty.csv')
    rejects = scratch() / 'rejects.csv'
    done = imported('--orders', orders, '--data', scratch(), '--rejects', rejects)

    check(account(done.stdout, 'orders ') == (5, 3, 0, 2), done.stdout)
    check('dirty.csv:5: refused: has a negative quantity: a cancellation or return' in done.stderr, done.stderr)
    check("dirty.csv:6: refused: has a date that is not like" in done.stderr and "('yesterday')" in done.stderr, done.stderr)
    with open(rejects, encoding='utf-8', newline='') as lines:
        refused = list(csv.DictReader(lines))
    check([r['line'] for r in refused] == ['5', '6'], refused)
    check(refused[1]['text'] == 'O-3,C1,yesterday,1,"A ""x""",1,100', refused)


def test_stock_below_zero_is_told_and_counts_as_none():
    data = scratch()
    done = imported('--catalog', write('sku,price,stock\nA,100,4\nB,50,-3\nC,20,\nD,9,-1\n'), '--data', data)
    check('2 with a stock below zero (oversold; the first in line 3): counts as 0, none left' in done.stdout, done.stdout)
    check(rows(data, 'SELECT sku, stock FROM products ORDER BY sku') == [('A', 4), ('B', 0), ('C', None), ('D', 0)],
          rows(data, 'SELECT sku, stock FROM products ORDER BY sku'))


def test_only_the_first_twenty_of_a_kind_are_told_and_all_are_counted():
    orders = write(ORDERS + 'O-9,C1,2026-01-04,1,A,0,100\n' * 100)
    done = imported('--orders', orders, '--data', scratch())
    check(done.stderr.count(': refused: has a quantity of zero') == 20, done.stderr)
    check('100 refused: has a quantity of zero' in done.stdout, done.stdout)


def test_a_file_that_cannot_be_read_changes_nothing():
    data = scratch()
    imported('--catalog', write(CATALOG), '--orders', write(ORDERS), '--data', data)
    packed = gzip.compress(('order_id,customer_id,ordered_at,sku,quantity,unit_price\n' + ''.join(
        f'X-{n},C,2026-01-01,A,1,{n % 97 + 1}\n' for n in range(20000))).encode())
    cut = scratch() / 'cut.csv.gz'
    cut.write_bytes(packed[:len(packed) // 2])
    good = write(CATALOG.replace('A,Camera', 'Z,Other'))
    for bad, why in [(['--catalog', good, '--orders', cut], 'damaged or cut off'),
                     (['--catalog', write('sku,name\nA,x\n')], "no column 'price'"),
                     (['--catalog', write('sku,price\n')], 'not one product'),
                     (['--catalog', write('sku,price\nA,19.99\n'), '--currency', 'XYZ'], 'ISO 4217'),
                     (['--catalog', good, '--orders', '/nowhere.csv'], 'No such file'),
                     (['--orders', write(ORDERS), '--currency', 'USD'], 'is in JPY')]:
        done = run('import', *bad, '--data', data)
        check(done.returncode == 1 and why in done.stderr, bad, done.returncode, done.stderr)
    check(orders_in(data) == 2 and products_in(data) == 3)
    check(rows(data, "SELECT count(*) FROM products WHERE sku = 'Z'") == [(0,)])


def test_one_file_given_as_the_other_is_refused_and_changes_nothing():
    data = scratch()
    imported('--catalog', write(CATALOG), '--orders', write(ORDERS), '--data', data)
    before = (data / 'offerd.db').read_bytes()
    raw = ('InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n'
           '536365,85123A,HOLDER,6,2010-12-01 08:26:00,255,17850,France\n')
    for wrong, why in [(['--catalog', write(ORDERS)], '--orders FILE'),
                       (['--catalog', write(raw)], 'has InvoiceNo and CustomerID'),
                       (['--catalog', write(CATALOG), '--orders', write(CATALOG, 'catalog.csv')], '--catalog FILE'),
                       (['--catalog', write(ORDERS, 'o.csv'), '--orders', write(CATALOG)], '--orders FILE')]:
        done = run('import', *wrong, '--data', data)
        check(done.returncode == 1 and why in done.stderr, wrong, done.returncode, done.stdout, done.stderr)
    check((data / 'offerd.db').read_bytes() == before, 'changed')


def test_decimals_ask_for_the_currency():
    done = run('import', '--catalog', write('sku,price\nA,19.99\n'), '--data', scratch())
    check(done.returncode == 1 and '--currency' in done.stderr, done.stderr)


def test_progress_is_shown_on_a_terminal():
    of_one_thread()
    if not hasattr(pty, 'openpty'):
        skip('no terminal to be had')
    orders = data_file('online-retail/order_lines.csv.gz')
    ours, theirs = pty.openpty()
    with subprocess.Popen([PROGRAM, 'import', '--orders', orders, '--currency', 'GBP', '--data', scratch()],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, cwd=ROOT) as process:
        os.close(theirs)
        shown = b''
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the other end is closed
            pass
        check(process.wait(60 * PATIENCE) == 0)
    os.close(ours)
    check(re.search(rb'reading the orders: +\d+ %, \d+ lines, \d+ a second, \d+ s left', shown), shown[:500])
    check(shown.endswith(b'\r\x1b[K'), shown[-100:])


def test_adventureworks():
    data = scratch()
    done = imported('--catalog', data_file('adventureworks/products.csv.gz'), '--orders',
                    data_file('adventureworks/order_lines.csv.gz'), '--currency', 'USD', '--data', data)
    tell('AdventureWorks: %.1f s, %d MB' % cost(done.stdout))
    check(products_in(data) == 295 and orders_in(data) == 25162, done.stdout)
    # Two order ids stand for orders of two customers each: 5 lines of the second ones.
    check(account(done.stdout, 'orders ') == (56046, 56041, 0, 5), done.stdout)
    without_its_shortcut(data, 25162)


def test_online_retail_in_seconds_and_ready_again_in_one():
    unhurried()
    data = scratch()
    arguments = ['--catalog', data_file('online-retail/products.csv.gz'), '--orders',
                 data_file('online-retail/order_lines.csv.gz'), '--currency', 'GBP', '--data', data]
    done = imported(*arguments)
    tell('Online Retail: %.1f s, %d MB' % cost(done.stdout))
    check(cost(done.stdout)[0] < 15, done.stdout)
    check(products_in(data) == 3798 and orders_in(data) == 19773, done.stdout)
    check(account(done.stdout, 'orders ') == (517287, 517287, 0, 0), done.stdout)
    again = imported(*arguments)
    check('0 new, 19,773 already known' in again.stdout, again.stdout)

    machine, began = Machine(), time.monotonic()
    with Offerd(rules=scratch(), data=data) as offerd:
        took, machine.pid = time.monotonic() - began, offerd.process.pid
        worked, others = machine.service_s(), machine.others_percent()
        tell(f'ready in {took:.2f} s, {worked:.2f} s of them at work; {others:.0f} percent of the machine taken by others')
        check(worked < 1, 'worked for longer than a second', offerd.log_text())
        check(took < 1 or others > QUIET_PERCENT, 'not ready within a second', offerd.log_text())
        check(offerd.metric('offerd_model_orders') == 19773, offerd.get('/metrics'))
    without_its_shortcut(data, 19773)


def without_its_shortcut(data, orders):
    """Without it, or with a damaged one, the model is folded from the log again."""
    saved = (data / 'model.bin').read_bytes()
    for bytes_ in (b'', saved[:1000], saved[:50] + b'!' + saved[51:]):
        (data / 'model.bin').write_bytes(bytes_)
        with Offerd(rules=scratch(), data=data) as offerd:
            check(offerd.metric('offerd_model_orders') == orders, offerd.get('/metrics'))


def refused_lines(path):
    """The lines of the raw file that are no order lines, by an independent reading: number -> reason."""
    refused = {}
    with gzip.open(path, 'rt', encoding='utf-8', newline='') as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            if int(row['Quantity']) < 0:
                refused[reader.line_num] = 'negative quantity'
            elif float(row['UnitPrice']) < 0:
                refused[reader.line_num] = 'negative unit price'
            elif float(row['UnitPrice']) < 0.005:  # rounds to no pence
                refused[reader.line_num] = 'unit price of zero'
    return refused


def test_the_raw_lines_of_online_retail_are_accounted_for_one_by_one():
    of_one_thread()
    data, rejects = scratch(), scratch() / 'rejects.csv'
    raw = data_file('online-retail/raw_lines.csv.gz')
    done = imported('--catalog', data_file('online-retail/products.csv.gz'), '--orders', raw, '--currency', 'GBP',
                    '--data', data, '--rejects', rejects)
    read, accepted, merged, refused = account(done.stdout, 'orders ')
    tell(f'raw: {read} = {accepted} + {merged} merged + {refused} refused, %.1f s, %d MB' % cost(done.stdout))
    check(read == 541909, done.stdout)

    expected = refused_lines(raw)
    with open(rejects, encoding='utf-8', newline='') as lines:
        told = {int(row['line']): row['reason'] for row in csv.DictReader(lines)}
    check(set(told) == set(expected), sorted(set(told) ^ set(expected))[:10])
    check(all(expected[line] in told[line] for line in told), 'another reason')
    check(refused == len(expected), refused, len(expected))
    kept = rows(data, "SELECT sum(json_array_length(payload, '$.order.items')) FROM events")[0][0]
    check(kept == accepted, kept, accepted)


def test_killed_at_any_moment_and_run_again_every_order_is_there_once():
    of_one_thread()
    data = scratch()
    arguments = ['import', '--orders', data_file('online-retail/order_lines.csv.gz'), '--currency', 'GBP', '--data', data]
    for enough in (1, 3000, 9000):
        with subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, cwd=ROOT) as process:
            wait_until(30, f'{enough} orders', lambda: stored(data) >= enough or process.poll() is not None, every=0.002)
            process.send_signal(signal.SIGKILL)
    tell(f'{orders_in(data)} orders were there after three kills')
    done = imported(*arguments[1:])
    check(orders_in(data) == 19773, done.stdout)
    check('19,773 orders counted' in done.stdout, done.stdout)
    lines = rows(data, "SELECT sum(json_array_length(payload, '$.order.items')) FROM events")[0][0]
    check(lines == 517287, lines)


def test_a_running_service_sees_an_imported_catalogue():
    data = scratch()
    imported('--catalog', write(CATALOG), '--data', data)
    with Offerd(data=data) as offerd:
        check(offerd.metric('offerd_catalog_products') == 3)
        imported('--catalog', write(CATALOG + 'D,Strap,10,strap,\n'), '--orders', write(ORDERS), '--data', data)
        wait_until(5, 'the new catalogue', lambda: offerd.metric('offerd_catalog_products') == 4)
        wait_until(5, 'the new orders', lambda: offerd.metric('offerd_model_orders') == 2)


main()
