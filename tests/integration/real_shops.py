# SPDX-License-Identifier: Apache-2.0
"""Offers for two real catalogues, with their own order histories: what a shop would see on its first day."""
import csv
import gzip
import json

from harness import Offerd, check, data_file, main, run, scratch, tell

TEXTS = '''message:
      ja: {title: "{offer.name}", cta: 見る, decline: 閉じる}
      en: {title: "{offer.name}", cta: View, decline: Close}'''

UPSELL = '''version: 1
currency: USD
timezone: UTC
locales: [ja, en]
rules:
  - id: bike-upsell
    name: a better bike
    kind: upsell
    status: active
    owner: bikes
    trigger: [add_to_cart]
    placement: [cart-drawer]
    when: {trigger.item: {category: Bikes}}
    offer: {pick: {relation: upgrade_of, of: trigger_item, price_ratio: [1.05, 1.6]}}
    rank: {priority: 50}
    ''' + TEXTS + '\n'

TOGETHER = '''version: 1
currency: GBP
timezone: Europe/London
locales: [ja, en]
rules:
  - id: together
    name: bought together
    kind: cross_sell
    status: active
    owner: gifts
    trigger: [add_to_cart]
    placement: [cart-drawer]
    offer: {pick: {relation: bought_together, of: trigger_item}}
    rank: {priority: 50}
    ''' + TEXTS + '\n'


def rules(text):
    where = scratch()
    (where / 'rules.yaml').write_text(text)
    return where


def imported(shop, currency, *, orders='order_lines.csv.gz'):
    where = scratch() / 'data'
    done = run('import', '--catalog', data_file(f'{shop}/products.csv.gz'), '--orders', data_file(f'{shop}/{orders}'),
               '--currency', currency, '--data', where, timeout=120)
    check(done.returncode == 0, done.stderr)
    tell(done.stdout + done.stderr)
    return where


def products(shop):
    with gzip.open(data_file(f'{shop}/products.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        return {row['sku']: row for row in csv.DictReader(file)}


def ask(offerd, sku, currency, limit=1):
    answer = offerd.post('/offers', {'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'locale': 'en', 'item': sku,
                                     'limit': limit, 'explain': True,
                                     'cart': {'currency': currency, 'items': [{'sku': sku, 'quantity': 1}]}})
    check(answer.status == 200, answer)
    return answer.json


def test_every_upsell_of_a_bike_is_a_bike_of_its_kind_a_step_dearer():
    shop = products('adventureworks')
    bikes = [sku for sku, row in shop.items() if row['category'] == 'Bikes']
    offered = 0
    with Offerd(rules=rules(UPSELL), data=imported('adventureworks', 'USD')) as offerd:
        for sku in bikes:
            answer = ask(offerd, sku, 'USD')
            for offer in answer['offers']:
                better = shop[offer['items'][0]['sku']]
                ratio = float(better['list_price']) / float(shop[sku]['list_price'])
                check(better['subcategory'] == shop[sku]['subcategory'], sku, offer)
                check(1.05 <= ratio <= 1.6, sku, ratio, offer)
                check(offer['compare'], 'no comparison', offer)
                check(offer['apply'] == {'add': [{'sku': better['sku'], 'quantity': 1}],
                                         'remove': [{'sku': sku, 'quantity': 1}], 'coupon': None}, offer)
                offered += 1
                if offered == 1:
                    tell(f"{sku} {shop[sku]['name']} -> {better['sku']} {better['name']}: "
                         f"{json.dumps(offer['compare'], ensure_ascii=False)}")
    tell(f'{offered} of {len(bikes)} bikes have an upsell')
    check(offered >= 25, offered)  # the others have no better one in their size and for the same people


def test_what_is_bought_together_is_what_the_orders_say():
    """The evidence of an offer, counted again from the order file by other means."""
    shop = products('online-retail')
    known = sorted(shop, key=lambda sku: -int(shop[sku]['orders']))[:20]
    orders = {}
    with gzip.open(data_file('online-retail/order_lines.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        for row in csv.DictReader(file):
            orders.setdefault(row['order_id'], set()).add(row['sku'])
    small = [basket for basket in orders.values() if len(basket) <= 60]
    with Offerd(rules=rules(TOGETHER), data=imported('online-retail', 'GBP')) as offerd:
        for sku in known:
            answer = ask(offerd, sku, 'GBP')
            check(len(answer['offers']) == 1, answer)
            offer = answer['offers'][0]
            other = offer['items'][0]['sku']
            evidence = offer['reasons'][0]['evidence']
            both = sum(1 for basket in small if sku in basket and other in basket)
            check(evidence['orders'] == both, sku, other, evidence, both)
            tell(f"{sku} {shop[sku]['name']} -> {other} {shop[other]['name']} ({both} orders)")


main()
