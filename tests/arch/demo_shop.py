#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo shop hangs together. Each line printed is one thing that does not.

    demo_shop.py SOURCE_ROOT

Catalogue:  well-formed CSV, unique SKUs, cost below price, ladders to climb.
Rules:      name only what the catalogue has, share names rightly, speak Japanese and English.
Requests:   ask for products, triggers and placements that exist.
Orders:     the same seed gives the same bytes, and names only products of the shop.
The rules need PyYAML; without it the rest is checked and the answer is 77 (skipped).
"""
import csv
import io
import json
import pathlib
import re
import subprocess
import sys

try:
    import yaml
except ImportError:
    yaml = None

BASE = 'sku name name_en category subcategory brand model price cost stock rating reviews tags'.split()
STEP = (1.05, 1.60)     # how much dearer the next rung of a ladder may be
LADDERS = 25            # so many products have a next rung
PRODUCTS = (90, 150)
RULES = (20, 30)
LOCALES = ('ja', 'en')
TEXTS = ('title', 'cta', 'decline')
KINDS = {'upsell', 'cross_sell', 'bundle', 'free_shipping'}
PLACEMENTS = {'cart-drawer', 'cart-page', 'checkout-sidebar', 'product-modal', 'thank-you'}
PLACEHOLDERS = {'price_gap', 'saving', 'price', 'trigger.name', 'offer.name', 'offer.price', 'offer.discount',
                'offer.spec_gain', 'threshold.gap', 'cart.total', 'customer.first_name'}
ITEM_BLOCKS = {'cart.has', 'cart.lacks', 'trigger.item', 'where', 'owns', 'not_owns'}
COLUMN_OF = {'sku': 'sku', 'category': 'category', 'subcategory': 'subcategory', 'brand': 'brand', 'tag': 'tags'}


def number(text, low, high):
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def check_catalog(path, products):
    text = path.read_bytes()
    if b'\r' in text or text.startswith(b'\xef\xbb\xbf') or not text.endswith(b'\n'):
        yield 'lines end with LF, without a BOM'
    rows = list(csv.reader(io.StringIO(text.decode(), newline=''), strict=True))
    header = rows[0]
    if header[:len(BASE)] != BASE or len(set(header)) != len(header):
        yield 'the header is not the base columns and then each attribute once'
    for n, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            yield f'row {n}: {len(row)} cells under {len(header)} headings'
    if not PRODUCTS[0] <= len(products) <= PRODUCTS[1]:
        yield f'{len(products)} products'
    seen = set()
    for p in products:
        sku = p['sku']
        if sku in seen or not re.fullmatch(r'[A-Z0-9][A-Z0-9-]*', sku):
            yield f'{sku}: twice, or not a readable SKU'
        seen.add(sku)
        if not all(p[c] for c in BASE[:12]):
            yield f'{sku}: an empty cell before the tags'
        if not (p['price'].isdigit() and p['cost'].isdigit() and 0 < int(p['cost']) < int(p['price'])):
            yield f'{sku}: sold for {p["price"]}, bought for {p["cost"]}'
        if not (p['stock'].isdigit() and p['reviews'].isdigit() and number(p['rating'], 1, 5)):
            yield f'{sku}: stock, rating or reviews'
        if not re.search(r'[ぁ-んァ-ヶ一-龠]', p['name']) or not p['name_en'].isascii():
            yield f'{sku}: the names are not Japanese and English'
    for column in header[len(BASE):]:
        if not any(p[column] for p in products):
            yield f'the column {column} is empty'


def check_ladders(products):
    climbable = [p['sku'] for p in products if any(
        q['subcategory'] == p['subcategory'] and int(q['stock']) > 0
        and STEP[0] <= int(q['price']) / int(p['price']) <= STEP[1] for q in products)]
    if len(climbable) < LADDERS:
        yield f'only {len(climbable)} products have a next rung, {LADDERS} are wanted'


def words_of(matcher):
    """The values a matcher compares with, if they are written out; for starts_with, (prefix,)."""
    if isinstance(matcher, dict):
        for word, value in matcher.items():
            if word == 'starts_with':
                yield (value,)
            elif word in ('is', 'is_not', 'any_of', 'all_of', 'none_of'):
                yield from words_of(value)
    elif isinstance(matcher, list):
        yield from matcher
    else:
        yield matcher


def check_item(block, columns, values):
    for key, matcher in block.items():
        if key.startswith('attr.'):
            if key[5:] not in columns:
                yield f'no product has the attribute {key[5:]}'
            continue
        for word in words_of(matcher) if key in COLUMN_OF else ():
            known = values[COLUMN_OF[key]]
            if not (any(v.startswith(word[0]) for v in known) if isinstance(word, tuple) else word in known):
                yield f'no product has the {key} {word}'


def walk(node, path=()):
    """Every mapping of a rule file with the keys that lead to it."""
    if isinstance(node, dict):
        yield path, node
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from walk(child, path + (key,))


def check_message(message):
    for locale in LOCALES:
        texts = message.get(locale, {})
        for part in TEXTS:
            if not texts.get(part):
                yield f'no {part} in {locale}'
        for part, text in texts.items():
            for inside in re.findall(r'\{([^{}]*)\}', text):
                name = inside.split('??')[0].strip()
                if name not in PLACEHOLDERS:
                    yield f'{locale}.{part}: the placeholder {{{name}}}'
            if re.sub(r'\{[^{}]*\}', '', text).count('{'):
                yield f'{locale}.{part}: an open brace'


def check_rule(rule, groups, columns, values):
    if rule['kind'] not in KINDS or rule['status'] != 'active':
        yield 'a kind the demo does not show, or not active'
    for placement in set(rule['placement']) - PLACEMENTS:
        yield f'the placement {placement}'
    group = rule['rank'].get('exclusive_group')
    if group and group not in groups:
        yield f'the group {group} is nowhere'
    yield from check_message(rule['message'])
    for path, block in walk({k: v for k, v in rule.items() if k != 'message'}):
        if path and path[-1] in ITEM_BLOCKS:
            yield from check_item(block, columns, values)
        for sku in block.get('skus', ()):
            if sku not in values['sku']:
                yield f'no product {sku}'


def check_rules(folder, columns, values, asked):
    files = {p: yaml.load(p.read_text(encoding='utf-8'), yaml.BaseLoader) for p in sorted(folder.glob('*.yaml'))}
    heads = {json.dumps({k: v for k, v in f.items() if k in ('version', 'currency', 'timezone', 'locales')}, sort_keys=True)
             for f in files.values()}
    if heads != {'{"currency": "JPY", "locales": ["ja", "en"], "timezone": "Asia/Tokyo", "version": "1"}'}:
        yield 'the files do not begin alike'
    if sum('attributes' in f for f in files.values()) != 1:
        yield 'exactly one file names the attributes'
    conditions, groups, ids = {}, {}, {}
    for path, file in files.items():
        for kind, table in ('conditions', conditions), ('groups', groups):
            for name, value in file.get(kind, {}).items():
                if name in table:
                    yield f'{path.name}: {name} is in another file, too'
                table[name] = value
        for name in file.get('attributes', {}):
            if name not in columns:
                yield f'{path.name}: no product has the attribute {name}'
    for path, file in files.items():
        for rule in file.get('rules', ()):
            if rule['id'] in ids:
                yield f'{path.name}: the id {rule["id"]} is taken'
            ids[rule['id']] = rule
            yield from (f'{path.name}: {rule["id"]}: {fault}' for fault in check_rule(rule, groups, columns, values))
        for _, block in walk(file):
            used = block.get('use', ())
            yield from (f'{path.name}: the condition {name} is nowhere' for name in used if name not in conditions)
    for name, condition in conditions.items():
        for path, block in walk(condition):
            if path and path[-1] in ITEM_BLOCKS:
                yield from (f'{name}: {fault}' for fault in check_item(block, columns, values))
    if not RULES[0] <= len(ids) <= RULES[1]:
        yield f'{len(ids)} rules'
    for name, trigger, placement in asked:
        if not any(trigger in r['trigger'] and placement in r['placement'] for r in ids.values()):
            yield f'{name}: no rule for {trigger} at {placement}'


def check_requests(folder, values, asked):
    for path in sorted(folder.glob('*.json')):
        request = json.loads(path.read_text(encoding='utf-8'))
        asked.append((path.name, request['trigger'], request['placement']))
        for sku in [i['sku'] for i in request['cart']['items']] + ([request['item']] if 'item' in request else []):
            if sku not in values['sku']:
                yield f'{path.name}: no product {sku}'
    if len(asked) < 3:
        yield f'{len(asked)} example requests'


def check_orders(script, values):
    once, again = (subprocess.run([sys.executable, '-I', str(script)], capture_output=True, timeout=60) for _ in '12')
    if once.returncode:
        yield f'ended with {once.returncode}: {once.stderr.decode().strip()}'
        return
    if once.stdout != again.stdout:
        yield 'the same seed gave other bytes'
    orders = once.stdout
    rows = list(csv.DictReader(io.StringIO(orders.decode(), newline=''), strict=True))
    unknown = {row['sku'] for row in rows} - values['sku']
    if unknown or len(rows) < 5000:
        yield f'{len(rows)} lines; unknown products: {sorted(unknown)}'
    if any(a['ordered_at'] > b['ordered_at'] for a, b in zip(rows, rows[1:])):
        yield 'the orders are not in order of time'


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    demo, rules = root / 'config' / 'demo', root / 'config' / 'rules'
    catalog = demo / 'catalog.csv'
    with open(catalog, encoding='utf-8', newline='') as file:
        products = list(csv.DictReader(file, restval='', restkey='more'))
    columns = set(products[0]) - set(BASE)
    values = {column: {p[column] for p in products} for column in BASE}
    values['tags'] = {tag for p in products for tag in p['tags'].split('|')}
    asked = []

    bad = [f'catalog.csv: {fault}' for fault in check_catalog(catalog, products)]
    bad += [f'catalog.csv: {fault}' for fault in check_ladders(products)]
    bad += [f'requests/{fault}' for fault in check_requests(demo / 'requests', values, asked)]
    bad += [f'generate_orders.py: {fault}' for fault in check_orders(demo / 'generate_orders.py', values)]
    if yaml:
        bad += [f'rules: {fault}' for fault in check_rules(rules, columns, values, asked)]
    print('\n'.join(bad) or 'the demo shop is in order' + ('' if yaml else ', but for the rules: no PyYAML here'))
    sys.exit(1 if bad else 0 if yaml else 77)


if __name__ == '__main__':
    main()
