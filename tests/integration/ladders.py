# SPDX-License-Identifier: Apache-2.0
"""Upgrades and downgrades found in catalogues that nobody wrote ladders for: every product of a real shop is asked, and every
answer is held against the catalogue by other means."""
import collections
import csv
import gzip
import json

from harness import ROOT, Offerd, check, data_file, demo_data, main, run, scratch, tell

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

LOW, HIGH = 1.05, 1.6  # what upgrade_of means when nobody says
SIZE_NEXT = .06


def rules(currency):
    where = scratch()
    (where / 'rules.yaml').write_text(RULES.replace('{currency}', currency))
    return where


def ask(offerd, sku, trigger, currency):
    answer = offerd.post('/offers', {'placement': 'cart-drawer', 'trigger': trigger, 'locale': 'en', 'item': sku, 'limit': 1,
                                     'cart': {'currency': currency, 'items': [{'sku': sku, 'quantity': 1}]}})
    check(answer.status == 200, answer)
    return answer.json['offers'][0] if answer.json['offers'] else None


def adventureworks():
    with gzip.open(data_file('adventureworks/products.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        shop = {row['sku']: row for row in csv.DictReader(file)}
    for row in shop.values():
        row['price'] = float(row['list_price'])
    kin = collections.defaultdict(list)
    for row in shop.values():
        kin[row['category'], row['subcategory']].append(row)
    where = scratch() / 'data'
    done = run('import', '--catalog', data_file('adventureworks/products.csv.gz'), '--currency', 'USD', '--data', where)
    check(done.returncode == 0, done.stderr)
    return shop, kin, where


def has_gain(base, better):
    """What of this catalogue is better by common sense: a higher class, less weight."""
    gains = ['LMH'.index(better['class']) > 'LMH'.index(base['class'])] if base['class'] and better['class'] else []
    if base['weight'] and better['weight']:
        gains.append(float(better['weight']) < float(base['weight']))
    return any(gains)


def same_size_was_to_be_had(base, kin):
    """A dearer sibling within the ratio, of the same size and for the same people, that is better."""
    return [row for row in kin if LOW <= row['price'] / base['price'] <= HIGH and row['size'] == base['size']
            and row['style'] == base['style'] and row['product_line'] == base['product_line'] and has_gain(base, row)]


def check_step(base, offer, kin, up):
    other = kin[offer['items'][0]['sku']]
    ratio = other['price'] / base['price']
    check(other['subcategory'] == base['subcategory'], base['sku'], offer)
    check(LOW <= ratio <= HIGH if up else .5 <= ratio <= .95, base['sku'], ratio, offer)
    check(offer['apply'] == {'add': [{'sku': other['sku'], 'quantity': 1}],
                             'remove': [{'sku': base['sku'], 'quantity': 1}], 'coupon': None}, offer)
    check(offer['price']['gap'] == round(100 * other['price']) - round(100 * base['price']), offer)
    rows = offer['compare']
    order = [{True: 0, False: 1, None: 2}[row['better']] for row in rows]
    check(order == sorted(order), 'gains do not come first', rows)
    if up:
        check(rows and rows[0]['better'] is True, 'nothing is better', base['sku'], offer)
        check(has_gain(base, other), base['sku'], other['sku'])
    return other


def test_each_upgrade_of_a_real_shop_is_of_its_kind_a_modest_step_better_and_of_the_same_size():
    shop, kin, where = adventureworks()
    offered = silent = 0
    with Offerd(rules=rules('USD'), data=where) as offerd:
        for sku, base in shop.items():
            siblings = kin[base['category'], base['subcategory']]
            dearer = [row for row in siblings if LOW <= row['price'] / base['price'] <= HIGH]
            offer = ask(offerd, sku, 'add_to_cart', 'USD')
            if not offer:
                check(not same_size_was_to_be_had(base, siblings), 'an upgrade was passed over', sku,
                      [row['sku'] for row in same_size_was_to_be_had(base, siblings)])
                silent += bool(dearer)
                continue
            offered += 1
            other = check_step(base, offer, shop, up=True)
            if other['size'] != base['size']:
                check(not same_size_was_to_be_had(base, siblings), 'the size changes', sku, other['sku'])
                check(abs(float(other['size']) / float(base['size']) - 1) <= SIZE_NEXT, sku, other['sku'])
            check({base['style'], other['style']} != {'M', 'W'}, sku, other['sku'])
            check(('Front' in base['name']) == ('Front' in other['name']), sku, other['sku'])
    tell(f'{offered + silent} products have a sibling {LOW} to {HIGH} times as dear: {offered} are offered an upgrade, '
         f'{silent} have none that is better and fits')
    check(offered >= 60, offered)


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
