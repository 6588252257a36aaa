#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a directory of rule files of a size that a large shop might have.

    make_rules.py --catalog F.csv[.gz] --out DIR [--rules 1000] [--sharing 20]
                  [--focus SKU,SKU,...] [--seed 1] [--currency GBP]

The catalogue needs the columns sku, price and category. Each pair of trigger and placement
gets --sharing rules of mixed kinds and conditions about the catalogue's own categories and
prices; the first pair is add_to_cart at cart-drawer, and a good third of its rules are
about the categories of the --focus SKUs, so that a cart of these is worth an offer.
The same arguments give the same bytes.
"""
import argparse
import collections
import csv
import gzip
import json
import pathlib
import random
import re

# Half of the rules hang on triggers that name an item: only these can swap it or bundle with it.
NAMES_AN_ITEM = ['add_to_cart', 'product_view', 'remove_from_cart']
OTHER_TRIGGERS = ['cart_view', 'checkout', 'post_purchase', 'login', 'order_delivered', 'reorder_due',
                  'hesitation', 'exit_intent', 'survey_answered']
ITEM_PLACEMENTS = ['cart-drawer', 'product-modal', 'product-page', 'cart-page', 'mini-cart', 'app-sheet',
                   'kiosk', 'chat']
OTHER_PLACEMENTS = ['cart-page', 'email', 'home']
PAIRS = [*((trigger, placement) for placement in ITEM_PLACEMENTS for trigger in NAMES_AN_ITEM),
         *((trigger, placement) for placement in OTHER_PLACEMENTS for trigger in OTHER_TRIGGERS)]
KINDS = ['cross_sell', 'upsell', 'bundle', 'free_shipping']
RULES_A_FILE = 100

PLAIN = re.compile(r'[A-Za-z][A-Za-z_.-]*|[0-9]+(\.[0-9]+)?%|[1-9][0-9]*[smhd]|\d{4}-\d\d-\d\d|\d\d:\d\d-\d\d:\d\d')
RESERVED = {'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'y', 'n'}


def flow(value):
    """YAML of one value, in flow style. Text that YAML could read otherwise is quoted."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, dict):
        return '{' + ', '.join(f'{key}: {flow(each)}' for key, each in value.items()) + '}'
    if isinstance(value, list):
        return '[' + ', '.join(map(flow, value)) + ']'
    if isinstance(value, str) and (not PLAIN.fullmatch(value) or value.lower() in RESERVED):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def rule_text(rule):
    lines = []
    for key, value in rule.items():
        if key == 'message':
            lines.append('message:')
            lines += [f'  {locale}: {flow(text)}' for locale, text in value.items()]
        elif isinstance(value, dict) and key in ('when', 'offer', 'limits'):
            lines.append(f'{key}:')
            lines += [f'  {name}: {flow(each)}' for name, each in value.items()]
        else:
            lines.append(f'{key}: {flow(value)}')
    return '  - ' + '\n    '.join(lines) + '\n'


class Shop:
    """What the generator knows of the catalogue: categories with their SKUs and usual price."""

    def __init__(self, path):
        opened = gzip.open if str(path).endswith('.gz') else open
        with opened(path, 'rt', encoding='utf-8', newline='') as lines:
            self.products = {row['sku']: row for row in csv.DictReader(lines)}
        self.by_category = collections.defaultdict(list)
        for sku, row in self.products.items():
            self.by_category[row['category']].append(sku)
        self.categories = sorted(name for name, skus in self.by_category.items() if len(skus) >= 5)
        self.weights = [len(self.by_category[name]) for name in self.categories]

    def price(self, sku):
        return float(self.products[sku]['price'])

    def usual_price(self, category):
        prices = sorted(map(self.price, self.by_category[category]))
        return prices[len(prices) // 2]

    def category(self, dice):
        return dice.choices(self.categories, self.weights)[0]


def message(kind, category):
    titles = {
        'cross_sell': (f'Goes with your {category}: {{offer.name}}', f'{category}と一緒に: {{offer.name}}'),
        'upsell': ('{offer.name} for {price_gap} more', 'あと{price_gap}で {offer.name}'),
        'bundle': ('Take both and save {saving}', '一緒に買うと{saving}お得'),
        'free_shipping': ('{threshold.gap} more and shipping is free', 'あと{threshold.gap}で送料無料'),
    }
    en, ja = titles[kind]
    if kind == 'free_shipping':
        body_en, body_ja = 'Your cart is at {cart.total}.', 'カートは今 {cart.total} です。'
    else:
        body_en, body_ja = '{offer.name} is {offer.price} today.', '{offer.name} は {offer.price} です。'
    return {'ja': {'title': ja, 'body': body_ja, 'cta': '追加する', 'decline': '今はいらない'},
            'en': {'title': en, 'body': body_en, 'cta': 'Add it', 'decline': 'Not now'},
            'reasons': {'upsell': ['tier_upgrade'], 'bundle': ['cheaper_together', 'bought_together'],
                        'free_shipping': ['popular']}.get(kind, ['bought_together', 'popular'])}


def offer(shop, dice, kind, category, of, floor):
    if kind == 'free_shipping':
        return {'threshold': {'cart_total': dice.choice([30, 50, 75, 100])}}
    if kind == 'upsell':
        low = dice.choice([1.02, 1.05, 1.1])
        pick = {'relation': 'upgrade_of', 'of': of, 'price_ratio': [low, round(low + dice.choice([.3, .5, .9]), 2)],
                'where': {'in_stock': True}, 'limit': 1}
        return {'pick': pick, 'floor': {'margin': floor}}
    style = dice.random()
    if style < .6:
        where = {'in_stock': True}
        if dice.random() < .3:
            where = {'category': shop.category(dice), **where}
        pick = {'relation': 'bought_together', 'of': of, 'where': where, 'limit': dice.choice([1, 2, 3])}
    elif style < .8:
        pick = {'relation': 'best_seller', 'where': {'category': category, 'in_stock': True}, 'limit': 2}
    else:
        pick = {'skus': dice.sample(shop.by_category[category], 3), 'limit': 2}
    if kind == 'bundle':
        return {'pick': pick, 'with': of, 'floor': {'margin': floor},
                'discount': {'percent': dice.choice(['3%', '5%', '10%']), 'of': 'bundle'}}
    return {'pick': pick, 'floor': {'margin': floor}}


def when(shop, dice, category, names_item, eager):
    """@eager conditions hold for any cart with @category; the others ask for more."""
    usual = shop.usual_price(category)
    lead = {'trigger.item': {'category': category}} if names_item and dice.random() < .5 and not eager \
        else {'cart.has': {'category': category}}
    if eager:
        return {**lead, 'cart.total': {'at_least': 1}} if dice.random() < .3 else lead
    for item in lead.values():
        if dice.random() < .4:
            item['unit_price'] = {'at_least': round(usual * dice.choice([.5, .8, 1.2]), 2)}
    shape = dice.random()
    if shape < .25:
        lead['cart.total'] = {'between': [dice.choice([5, 10, 20]), dice.choice([60, 120, 400])]}
    elif shape < .45:
        lead['cart.lacks'] = {'category': shop.category(dice)}
    elif shape < .6:
        lead['cart.quantity'] = {'at_least': dice.choice([2, 4, 8])}
    elif shape < .75:
        other = [{'cart.has': {'category': shop.category(dice)}} for _ in range(2)]
        return {**lead, 'any': [*other, {'cart.total': {'at_least': dice.choice([40, 80])}}]}
    elif shape < .85:
        return {**lead, 'none': [{'cart.has': {'category': shop.category(dice)}}]}
    return lead


def audience(shop, dice):
    kind = dice.random()
    if kind < .45:
        return {'not_owns': {'category': shop.category(dice)}}
    if kind < .75:
        return {'owns': {'category': shop.category(dice)}}
    return {'consent': ['personalization']}


def rule(shop, dice, number, trigger, placement, focus):
    names_item = trigger in NAMES_AN_ITEM
    kind = dice.choices(KINDS, [35, 35, 25, 5] if names_item else [85, 0, 0, 15])[0]
    eager = focus is not None
    if eager:  # as many of each kind
        kind = KINDS[number % 3]
    category = focus or shop.category(dice)
    of = 'trigger_item' if names_item and (kind != 'cross_sell' or dice.random() < .4) else 'cart'

    made = {'id': f'r{number:04d}-{kind.replace("_", "-")}', 'name': f'Rule {number} about {category}',
            'kind': kind, 'status': 'active', 'owner': f'team-{number % 7}',
            'trigger': [trigger], 'placement': [placement]}
    if not eager and dice.random() < .25:
        made['audience'] = audience(shop, dice)
        if dice.random() < .2:
            made['if_unknown'] = 'allow'
    made['when'] = when(shop, dice, category, names_item, eager)
    if dice.random() < .2:
        made['schedule'] = dice.choice([{'from': '2020-01-01', 'until': '2037-12-31'},
                                        {'days': ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
                                         'hours': '00:00-23:59'}])
    made['offer'] = offer(shop, dice, kind, category, of, dice.choice(['5%', '10%', '12%']))
    made['limits'] = {'per_customer': [{'max': dice.choice([3, 5, 10]), 'per': dice.choice(['day', 'week', '7d', '30d']),
                                        'count': 'shown'}]}
    if dice.random() < .6:
        made['limits']['after_decline'] = {'silence': dice.choice(['7d', '14d', '30d']), 'scope': 'rule'}
    made['rank'] = {'priority': dice.randint(10, 90)}
    made['message'] = message(kind, category)
    return made


def make_rules(catalog, count=1000, sharing=20, focus_skus=(), seed=1):
    """The rules as dictionaries, in the order of their numbers."""
    shop = Shop(catalog)
    dice = random.Random(seed)
    about = [shop.products[sku]['category'] for sku in focus_skus if sku in shop.products]
    made = []
    for number in range(count):
        trigger, placement = PAIRS[number // sharing % len(PAIRS)]
        focus = about[number % len(about)] if about and number < sharing * 2 // 5 else None
        made.append(rule(shop, dice, number, trigger, placement, focus))
    return made


def write_rules(rules, out, currency='GBP', timezone='Europe/London'):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    head = f'version: 1\ncurrency: {currency}\ntimezone: {timezone}\nlocales: [ja, en]\n\nrules:\n'
    for start in range(0, len(rules), RULES_A_FILE):
        text = head + '\n'.join(map(rule_text, rules[start:start + RULES_A_FILE]))
        (out / f'rules-{start // RULES_A_FILE:03d}.yaml').write_text(text, encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--catalog', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--rules', type=int, default=1000)
    parser.add_argument('--sharing', type=int, default=20)
    parser.add_argument('--focus', default='')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--currency', default='GBP')
    args = parser.parse_args()
    rules = make_rules(args.catalog, args.rules, args.sharing, [s for s in args.focus.split(',') if s], args.seed)
    write_rules(rules, args.out, args.currency)
    kinds = collections.Counter(rule['kind'] for rule in rules)
    print(f'{len(rules)} rules in {args.out}: ' + ', '.join(f'{n} {kind}' for kind, n in kinds.most_common()))


if __name__ == '__main__':
    main()
