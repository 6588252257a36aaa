# SPDX-License-Identifier: Apache-2.0
"""Upgrades and downgrades found in catalogues that nobody wrote ladders for: every product of a real shop is asked, and every
answer is held against the catalogue by other means."""
import collections
import csv
import gzip
import json

from harness import ROOT, Offerd, check, data_file, demo_data, main, run, scratch, tell, wait_until

RULES = '''version: 1
currency: {currency}
timezone: UTC
locales: [ja, en]
rules:
''' + ''.join(f'''  - id: step-{way}
    name: a step {way}
    kind: {kind}
    status: active
    owner: tests
    trigger: [{trigger}]
    placement: [cart-drawer]
    offer: {{pick: {{relation: {relation}, of: trigger_item}}}}
    rank: {{priority: 50}}
    message:
      ja: {{title: "{{offer.name}}", cta: 見る, decline: 閉じる}}
      en: {{title: "{{offer.name}}", cta: View, decline: Close}}
''' for way, kind, trigger, relation in (('up', 'upsell', 'add_to_cart', 'upgrade_of'),
                                         ('down', 'downsell', 'remove_from_cart', 'downgrade_of')))

LOW, HIGH = 1.05, 1.6  # what upgrade_of means when nobody says …
FAR = 2.05             # … and how far it goes for what is better without a but
SIZE_NEXT = .06
FEWEST = 5             # customers, of whom a move is told
MARK_DIGITS = 6        # moves are told as of the orders rounded down to so many binary digits


def rules(currency, without_gain=False):
    where = scratch()
    text = RULES.replace('{currency}', currency)
    if without_gain:
        text = text.replace('upgrade_of, of: trigger_item', 'upgrade_of, of: trigger_item, without_gain: true')
    (where / 'rules.yaml').write_text(text)
    return where


def ask(offerd, sku, trigger, currency):
    answer = offerd.post('/offers', {'placement': 'cart-drawer', 'trigger': trigger, 'locale': 'en', 'item': sku, 'limit': 1,
                                     'cart': {'currency': currency, 'items': [{'sku': sku, 'quantity': 1}]}})
    check(answer.status == 200, answer)
    return answer.json['offers'][0] if answer.json['offers'] else None


def adventureworks(with_orders=False):
    with gzip.open(data_file('adventureworks/products.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        shop = {row['sku']: row for row in csv.DictReader(file)}
    for row in shop.values():
        row['price'] = float(row['list_price'])
    kin = collections.defaultdict(list)
    for row in shop.values():
        kin[row['category'], row['subcategory']].append(row)
    where = scratch() / 'data'
    orders = ['--orders', data_file('adventureworks/order_lines.csv.gz')] if with_orders else []
    done = run('import', '--catalog', data_file('adventureworks/products.csv.gz'), *orders, '--currency', 'USD',
               '--data', where, timeout=120)
    check(done.returncode == 0, done.stderr)
    return shop, kin, where


def has_gain(base, better):
    """What of this catalogue is better by common sense: a higher class, less weight."""
    gains = ['LMH'.index(better['class']) > 'LMH'.index(base['class'])] if base['class'] and better['class'] else []
    if base['weight'] and better['weight']:
        gains.append(float(better['weight']) < float(base['weight']))
    return any(gains)


def stays(base, other):
    """What the customer chose: the size, for whom it is made, what kind of riding it is for."""
    return all(base[name] == other[name] for name in ('size', 'style', 'product_line'))


def same_was_to_be_had(base, kin, high=HIGH):
    """A dearer sibling, up to so much, that is better and all that the customer chose."""
    return [row for row in kin if LOW <= row['price'] / base['price'] <= high and stays(base, row) and has_gain(base, row)]


def check_step(base, offer, kin, up):
    other = kin[offer['items'][0]['sku']]
    ratio = other['price'] / base['price']
    check(other['subcategory'] == base['subcategory'], base['sku'], offer)
    check(LOW <= ratio <= FAR if up else .5 <= ratio <= .95, base['sku'], ratio, offer)
    check(offer['apply'] == {'add': [{'sku': other['sku'], 'quantity': 1}],
                             'remove': [{'sku': base['sku'], 'quantity': 1}], 'coupon': None}, offer)
    check(offer['price']['gap'] == round(100 * other['price']) - round(100 * base['price']), offer)
    rows = offer['compare']
    order = [{True: 0, False: 1, None: 2}[row['better']] for row in rows]
    check(order == sorted(order), 'gains do not come first', rows)
    if up and ratio > HIGH:
        check(stays(base, other) and has_gain(base, other), 'far, and not better without a but', base['sku'], other['sku'])
    return other


def shop_of_orders():
    """What was ordered how often, and how many customers had one of a kind and at a later time another, or both at one."""
    orders, sold = {}, collections.Counter()
    with gzip.open(data_file('adventureworks/order_lines.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        for row in csv.DictReader(file):
            orders.setdefault(row['order_id'], (row['customer_id'], row['ordered_at'], {}))[2][row['sku']] = True
    first = collections.defaultdict(dict)
    untold = max(0, len(orders).bit_length() - MARK_DIGITS)
    for number, (customer, at, skus) in enumerate(orders.values()):
        sold.update(skus)
        for sku in skus if number < len(orders) >> untold << untold else ():
            first[customer].setdefault(sku, at)
    moved = collections.Counter((a, b) for times in first.values() for a in times for b in times if times[a] < times[b])
    both = collections.Counter((a, b) for times in first.values() for a in times for b in times if times[a] == times[b])
    return sold, moved, both


def why_offered(base, other, kin, sold):
    """The degree of a step, by the columns of the file alone; what has no good reason fails."""
    ratio = other['price'] / base['price']
    if not has_gain(base, other):
        check(stays(base, other), 'only dearer, and something else', base['sku'], other['sku'])
        there, here = sold[other['sku']], sold[base['sku']]
        check(there > here and (there - here) ** 2 >= 4 * (there + here), 'only dearer', base['sku'], other['sku'])
        return 'not known to be better, but ordered clearly more often'
    if ratio > HIGH:
        check(not same_was_to_be_had(base, kin), 'a nearer one is as good', base['sku'], other['sku'])
        return f'better in all that was chosen, {HIGH} to {FAR} times as dear'
    if stays(base, other):
        return 'better in all that was chosen'
    check(not same_was_to_be_had(base, kin, FAR), 'what was chosen changes', base['sku'], other['sku'],
          [row['sku'] for row in same_was_to_be_had(base, kin, FAR)])
    changes = [name for name in ('size', 'style', 'product_line') if base[name] != other[name]]
    return 'better, of another ' + ' and '.join(changes)


def related(base, other):
    return set(base['name'].lower().split()) & set(other['name'].lower().split())


def sides(row):
    return {word for word in ('Front', 'Rear', 'Long-Sleeve', 'Short-Sleeve') if word in row['name']}


def why_silent(base, dearer):
    """Of a product that has dearer siblings, and none is offered."""
    def may_be(row):
        return (row['size'] == base['size'] and row['model'] != base['model'] and related(base, row) and
                {row['style'], base['style']} != {'M', 'W'} and sides(row) == sides(base))
    if not any(may_be(row) for row in dearer):
        return 'none in its size, for the same people, on the same side, of a like name and not just another colour'
    if not any(may_be(row) and has_gain(base, row) for row in dearer):
        return 'none known to be better'
    return 'none that gains more than it loses'


def test_each_upgrade_of_a_real_shop_is_of_its_kind_better_and_what_was_chosen_stays_as_long_as_it_can():
    shop, kin, where = adventureworks(with_orders=True)
    sold = shop_of_orders()[0]
    offered, silent, others = collections.Counter(), collections.Counter(), 0
    with Offerd(rules=rules('USD'), data=where) as offerd:
        for sku, base in shop.items():
            siblings = kin[base['category'], base['subcategory']]
            dearer = [row for row in siblings if LOW <= row['price'] / base['price'] <= HIGH]
            offer = ask(offerd, sku, 'add_to_cart', 'USD')
            if not offer:
                check(not same_was_to_be_had(base, siblings, FAR), 'an upgrade was passed over', sku,
                      [row['sku'] for row in same_was_to_be_had(base, siblings, FAR)])
                if dearer:
                    silent[why_silent(base, dearer)] += 1
                continue
            other = check_step(base, offer, shop, up=True)
            why = why_offered(base, other, siblings, sold)
            if dearer:
                offered[why] += 1
            else:
                others += 1
            if other['size'] != base['size']:
                check(abs(float(other['size']) / float(base['size']) - 1) <= SIZE_NEXT, sku, other['sku'])
            check({base['style'], other['style']} != {'M', 'W'}, sku, other['sku'])
            check(base['style'] != 'U' or other['style'] != 'W' or other['size'] == base['size'], sku, other['sku'])
            check(('Front' in base['name']) == ('Front' in other['name']), sku, other['sku'])
    tell(f'{sum(offered.values()) + sum(silent.values())} products have a sibling {LOW} to {HIGH} times as dear: '
         f'{sum(offered.values())} are offered an upgrade, {dict(offered)}; {sum(silent.values())} are not, {dict(silent)}; '
         f'{others} without such a sibling are offered one that is further')
    check(sum(offered.values()) >= 85, offered)


def test_without_orders_nothing_that_is_only_dearer_is_offered():
    shop, _, where = adventureworks()
    with Offerd(rules=rules('USD'), data=where) as offerd:
        for sku in ('TT-R982', 'TI-R982', 'LT-H902', 'LJ-0192-L', 'BC-R205', 'SO-R809-L', 'FW-R820', 'SH-M897-L'):
            check(ask(offerd, sku, 'add_to_cart', 'USD') is None, sku)


def test_a_rule_may_offer_what_is_only_dearer():
    shop, kin, where = adventureworks()
    offered = with_siblings = 0
    with Offerd(rules=rules('USD', without_gain=True), data=where) as offerd:
        for sku, base in shop.items():
            dearer = [row for row in kin[base['category'], base['subcategory']]
                      if LOW <= row['price'] / base['price'] <= HIGH]
            offer = ask(offerd, sku, 'add_to_cart', 'USD')
            with_siblings += bool(dearer)
            if not offer:
                check(not dearer or why_silent(base, dearer).startswith('none in its size'), 'passed over', sku)
                continue
            offered += bool(dearer)
            other = check_step(base, offer, shop, up=True)
            check({base['style'], other['style']} != {'M', 'W'} and ('Front' in base['name']) == ('Front' in other['name']))
            if not offer['compare'] or not any(row['better'] for row in offer['compare']):
                check(other['size'] == base['size'], sku, other['sku'])
    tell(f'with without_gain: {offered} of {with_siblings} are offered one')
    check(offered >= 105, offered)


def ladders_of_all(data, rule_dir):
    done = run('explain', '--ladder', 'all', '--json', '--rules', rule_dir, '--data', data)
    check(done.returncode == 0, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_customers_moved_on_to_is_as_the_orders_say():
    shop, kin, where = adventureworks(with_orders=True)
    _, moved, both = shop_of_orders()
    told = confirmed = 0
    for ladder_ in ladders_of_all(where, rules('USD')):
        for step in ladder_['up'] + ladder_['down']:
            there, back = (moved[pair] if moved[pair] >= FEWEST else 0
                           for pair in ((ladder_['sku'], step['sku']), (step['sku'], ladder_['sku'])))
            check(step['moved'] == there, ladder_['sku'], step['sku'], step['moved'], there)
            back = back or FEWEST - 1
            beside = both[ladder_['sku'], step['sku']]
            clear = there > back and (there - back) ** 2 >= 4 * (there + back)
            check(step['confirmed'] == (clear and there > (beside if beside >= FEWEST else 0)), ladder_['sku'], step, beside)
            told += there > 0
            confirmed += step['confirmed']
    tell(f'{told} steps with customers who took them, all as counted from the orders; {confirmed} confirmed')
    check(told >= 30, told)


def test_a_running_shop_offers_what_customers_move_on_to():
    _, _, where = adventureworks()
    with Offerd(rules=rules('USD'), data=where) as offerd:
        check(ask(offerd, 'TT-R982', 'add_to_cart', 'USD') is None, 'before')
        for round_, sku in enumerate(('TT-R982', 'TT-M928')):
            events = [{'event_id': f'{sku}-{i}', 'type': 'order_placed', 'customer_id': f'rider-{i}',
                       'at': f'2026-0{round_ + 1}-01T00:00:00Z',
                       'order': {'id': f'{sku}-{i}', 'currency': 'USD',
                                 'items': [{'sku': sku, 'quantity': 1, 'unit_price': 399}]}} for i in range(12)]
            answer = offerd.post('/events', events)
            check(answer.status == 202, answer)
        offer = wait_until(10, 'the step is known', lambda: ask(offerd, 'TT-R982', 'add_to_cart', 'USD'))
        check(offer['items'][0]['sku'] == 'TT-M928', offer)


def test_each_downgrade_of_a_real_shop_is_cheaper_and_of_the_same_size():
    shop, _, where = adventureworks()
    offered = 0
    with Offerd(rules=rules('USD'), data=where) as offerd:
        for sku, base in shop.items():
            offer = ask(offerd, sku, 'remove_from_cart', 'USD')
            if not offer:
                continue
            offered += 1
            check(offer['kind'] == 'downsell', offer)
            other = check_step(base, offer, shop, up=False)
            if other['size'] != base['size']:
                check(abs(float(other['size']) / float(base['size']) - 1) <= SIZE_NEXT, sku, other['sku'])
    tell(f'{offered} products have a step down')
    check(offered >= 60, offered)


def ladder(sku, data, rule_dir):
    done = run('explain', '--ladder', sku, '--json', '--rules', rule_dir, '--data', data)
    check(done.returncode == 0, done.stderr)
    return [step['sku'] for step in json.loads(done.stdout)['up']]


def test_the_demo_shops_ladders_are_what_its_shopkeeper_would_say():
    data, rule_dir = demo_data(orders=False), ROOT / 'config/rules'
    for sku, first in {'PHN-N1-128': 'PHN-N1-256', 'FB14-K5-8-256': 'FB14-K5-16-512', 'CARD-64': 'CARD-128',
                       'BEAN-HOUSE-200': 'BEAN-HOUSE-300', 'BEAN-DARK-200': 'BEAN-DARK-500', 'CAM-A3': 'CAM-A5',
                       'ROOM-STD': 'ROOM-SUP', 'KD-LITE-Y': 'KD-STD-Y', 'WARRANTY-3Y': 'WARRANTY-3YP',
                       'YN-CREAM-40': 'YN-CREAM-60', 'CHG-20': 'CHG-45', 'LENS-50C': 'LENS-50'}.items():
        steps = ladder(sku, data, rule_dir)
        check(steps and steps[0] == first, sku, steps)
    for sku in ('LENS-35', 'CASE-N1', 'SLEEVE-14', 'PHN-N1P-1T', 'OPT-LATE'):  # nothing that does for it is better
        check(ladder(sku, data, rule_dir) == [], sku, ladder(sku, data, rule_dir))


def test_explain_prints_a_ladder_and_says_what_it_does_not_know():
    data, rule_dir = demo_data(orders=False), ROOT / 'config/rules'
    told = run('explain', '--ladder', 'CARD-64', '--lang', 'ja', '--rules', rule_dir, '--data', data)
    check(told.returncode == 0 and '+ ストレージ: 64 GB → 128 GB' in told.stdout, told.stdout, told.stderr)
    every = run('explain', '--ladder', 'all', '--lang', 'en', '--rules', rule_dir, '--data', data)
    check('CARD-64' in every.stdout and every.stdout.count('→') > 40, every.stdout)
    nobody = run('explain', '--ladder', 'NO-SUCH', '--rules', rule_dir, '--data', data)
    check(nobody.returncode == 1 and "no product 'NO-SUCH'" in nobody.stderr, nobody.stderr)
    both = run('explain', '--ladder', 'CARD-64', '--cel', 'x', '--rules', rule_dir, '--data', data)
    check(both.returncode == 2, both.stderr)


main()
