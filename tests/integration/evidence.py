# SPDX-License-Identifier: Apache-2.0
"""Every figure that a reason gives as its evidence, in a thousand answers, counted again from the raw orders."""
import csv
import gzip
import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

from harness import Offerd, check, data_file, demo_data, main, run, scratch, tell, unhurried, wait_until

ANSWERS = 1000
MOST_TOGETHER = 60  # pairs of longer orders are not counted (include/model/copurchase.h)
RULES = '''version: 1
currency: {currency}
timezone: UTC
locales: [ja, en]
rules:
'''
RULE = '''  - id: {id}
    name: {id}
    kind: cross_sell
    status: active
    owner: gifts
    trigger: [{trigger}]
    placement: [{id}]
    offer: {{pick: {{{pick}, limit: 5}}}}
    rank: {{priority: 50}}
    message:
      ja: {{title: "{{offer.name}}", cta: 見る, decline: 閉じる}}
      en: {{title: "{{offer.name}}", cta: View, decline: Close}}
      reasons: [popular, bought_together, bought_before]
'''
WAYS = {'item': ('add_to_cart', 'relation: bought_together, of: trigger_item'),
        'cart': ('cart_view', 'relation: bought_together, of: cart'),
        'person': ('cart_view', 'relation: personal')}


class Shop:
    """A shop's orders as they are in the file, and what they say."""

    def __init__(self, path):
        self.baskets, self.buyers, self.times = defaultdict(dict), {}, {}
        with (gzip.open if path.suffix == '.gz' else open)(path, 'rt', encoding='utf-8', newline='') as file:
            for row in csv.DictReader(file):
                self.baskets[row['order_id']][row['sku']] = True
                self.buyers.setdefault(row['order_id'], row['customer_id'])
                self.times.setdefault(row['order_id'], row['ordered_at'])
        self.holding, self.of_buyer = defaultdict(set), defaultdict(list)
        for order, basket in self.baskets.items():
            for sku in basket:
                self.holding[sku].add(order)
            self.of_buyer[self.buyers[order]].append(order)
        del self.of_buyer['']

    def together(self, a, b):
        return sum(len(self.baskets[order]) <= MOST_TOGETHER for order in self.holding[a] & self.holding[b])

    def bought(self, customer, sku):
        """How often, and when last, as the file says it."""
        orders = [order for order in self.of_buyer[customer] if sku in self.baskets[order]]
        return len(orders), max((self.times[order] for order in orders), default=None)


def imported(path, catalog, currency):
    data = scratch() / 'data'
    done = run('import', '--catalog', catalog, '--orders', path, '--currency', currency, '--data', data, timeout=240)
    check(done.returncode == 0, done.stderr)
    return data


def rules(currency):
    where = scratch()
    (where / 'rules.yaml').write_text(RULES.format(currency=currency) + ''.join(
        RULE.format(id=id, trigger=trigger, pick=pick) for id, (trigger, pick) in WAYS.items()), encoding='utf-8')
    return where


def agree(offerd, customers):
    events = [{'event_id': f'consent-{customer}', 'type': 'customer_updated', 'customer_id': customer,
               'customer': {'consent': {'personalization': True}}} for customer in customers]
    for begin in range(0, len(events), 50):
        answer = offerd.post('/events', events[begin:begin + 50])
        check(answer.status == 202, answer)


def ask(offerd, way, cart, customer, currency):
    body = {'placement': way, 'trigger': WAYS[way][0], 'locale': 'en', 'customer_id': customer, 'limit': 5,
            'budget_ms': 1000, 'cart': {'currency': currency, 'items': [{'sku': sku, 'quantity': 1} for sku in cart]}}
    if way == 'item':
        body['item'] = cart[-1]
    answer = offerd.post('/offers', body)
    check(answer.status == 200 and not answer.json['degraded'], answer)
    return answer.json['offers']


def same_instant(said, written, zone=timezone.utc):
    """@written as the file has it, in the shop's zone."""
    at = datetime.fromisoformat(written.replace('Z', '+00:00'))
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return datetime.fromisoformat(said.replace('Z', '+00:00')) == at


def check_reason(shop, reason, offered, bases, customer, zone):
    """Recounts what one reason says; its code when there was something to recount."""
    evidence, text = reason['evidence'], reason['text']
    if reason['code'] == 'bought_together':
        fits = [sku for sku in bases if shop.together(sku, offered) == evidence['orders'] and
                int(evidence['orders'] * 100 / len(shop.holding[sku]) + 1e-9) == round(evidence['share'] * 100)]
        check(fits, offered, bases, evidence, [(shop.together(b, offered), len(shop.holding[b])) for b in bases])
        check(str(evidence['orders']) in text, reason)
    elif reason['code'] == 'popular':
        check(evidence['orders'] == len(shop.holding[offered]), offered, evidence, len(shop.holding[offered]))
        check(str(evidence['orders']) in text, reason)
    elif reason['code'] == 'bought_before':
        times, last = shop.bought(customer, offered)
        check(evidence.get('times', times) == times > 0, customer, offered, evidence, times)
        check(same_instant(evidence['last_at'], last, zone), customer, offered, evidence, last)
    else:
        return None
    return reason['code']


def recount(shop, offerd, currency, zone=timezone.utc):
    dice, said, silent = random.Random(11), Counter(), 0
    customers = sorted(shop.of_buyer, key=lambda customer: -len(shop.of_buyer[customer]))
    customers = customers[:100] + dice.sample(customers[100:], min(200, len(customers) - 100))
    agree(offerd, customers)
    baskets = sorted(order for order, basket in shop.baskets.items() if len(basket) > 1)
    for turn in range(ANSWERS):
        way = list(WAYS)[turn % len(WAYS)]
        basket = list(shop.baskets[dice.choice(baskets)])
        cart = dice.sample(basket, min(len(basket), dice.randint(1, 12)))
        customer = dice.choice(customers)
        offers = ask(offerd, way, cart, customer, currency)
        silent += not offers
        for offer in offers:
            offered = offer['items'][0]['sku']
            check(offered not in cart, offered, cart)
            bases = cart[-1:] if way == 'item' else cart
            if way != 'person':
                check(any(shop.together(base, offered) for base in bases), 'never bought together', offered, bases)
            for reason in offer['reasons']:
                said[check_reason(shop, reason, offered, bases, customer, zone)] += 1
    tell(f'{ANSWERS} answers, {silent} of them silent; true: {dict(said)}')
    return said


def test_of_the_demo_shop():
    data = demo_data()
    zone = timezone(timedelta(hours=9))  # its orders are told in Asia/Tokyo
    with Offerd(rules=rules('JPY'), data=data) as offerd:
        said = recount(Shop(data / 'orders.csv.gz'), offerd, 'JPY', zone)
        check(said['bought_together'] > 100 and said['popular'] > 100 and said['bought_before'] > 10, said)


def test_of_a_real_shop_before_and_after_it_was_trained():
    unhurried()
    path = data_file('online-retail/order_lines.csv.gz')
    shop = Shop(path)
    data = imported(path, data_file('online-retail/products.csv.gz'), 'GBP')
    with Offerd(rules=rules('GBP'), data=data) as offerd:
        said = recount(shop, offerd, 'GBP')
        check(said['bought_together'] > 1000 and said['popular'] > 1000 and said['bought_before'] > 100, said)
        done = run('train', '--data', data, '--quiet', timeout=300)
        check(done.returncode == 0, done.stderr)
        wait_until(10, 'trained', lambda: offerd.metric('offerd_model_trained_orders') > 0)
        said = recount(shop, offerd, 'GBP')
        check(said['bought_together'] > 1000 and said['bought_before'] > 100, said)


main()
