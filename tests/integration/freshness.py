# SPDX-License-Identifier: Apache-2.0
"""What was bought together twenty times just now is offered as bought together within five seconds: with a trained model
and without one, for SKUs with a long history and for new ones, while other orders keep coming, also by another replica."""
import collections
import csv
import gzip
import itertools
import json
import random
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

from harness import ROOT, Offerd, check, data_file, main, request, run, scratch, skip, tell, unhurried, wait_until

sys.path.append(str(ROOT / 'tests' / 'support'))
from servers import Missing, Servers

TIMES, WITHIN_S, LIMIT = 20, 5, 3
KINDRED, ALONE = 3000, 2500  # orders of the made-up shop
TOKEN_KEY = '00112233445566778899aabbccddeeff'
RULES = '''version: 1
currency: GBP
timezone: UTC
locales: [ja, en]
rules:
  - id: together
    name: bought together
    kind: cross_sell
    status: active
    owner: gifts
    trigger: [add_to_cart]
    placement: [cart-drawer]
    offer: {pick: {relation: bought_together, of: trigger_item, limit: 3}}
    rank: {priority: 50}
    message: &texts
      ja: {title: "{offer.name}", cta: 見る, decline: 閉じる}
      en: {title: "{offer.name}", cta: View, decline: Close}
  - id: personal
    name: for you
    kind: cross_sell
    status: active
    owner: gifts
    trigger: [cart_view]
    placement: [page]
    offer: {pick: {relation: personal, limit: 3}}
    rank: {priority: 50}
    message:
      ja: {title: "{offer.name}", cta: 見る, decline: 閉じる}
      en: {title: "{offer.name}", cta: View, decline: Close}
'''.replace('message: &texts', 'message:')
numbers = itertools.count(1)


def rules():
    where = scratch()
    (where / 'rules.yaml').write_text(RULES, encoding='utf-8')
    return where


def made_up_shop(skus=60, orders=KINDRED):
    """Kinds of six SKUs that are bought together again and again, and one that everybody buys, alone; N-… are new. Returns
    catalogue, orders."""
    where, dice = scratch(), random.Random(5)
    catalog, history = where / 'catalog.csv', where / 'orders.csv'
    names = [f'S-{n:03}' for n in range(skus)] + [f'N-{n}' for n in range(6)] + ['S-ALL']
    catalog.write_text('sku,name,price,stock\n' + ''.join(f'{sku},{sku},5.00,1000\n' for sku in names))
    rows, begin = [], datetime.now(timezone.utc) - timedelta(days=200)
    for order in range(orders):
        kind = dice.randrange(skus // 6)
        placed = (begin + timedelta(days=199 * order / orders)).strftime('%Y-%m-%dT%H:%M:%SZ')
        for sku in {kind * 6 + min(dice.randrange(6), dice.randrange(6)) for _ in range(3)}:
            rows.append(f'O{order},C{order % 300},{placed},S-{sku:03},1,5.00\n')
    for order in range(ALONE):
        placed = (begin + timedelta(days=199 * order / ALONE)).strftime('%Y-%m-%dT%H:%M:%SZ')
        rows.append(f'A{order},,{placed},S-ALL,1,5.00\n')
    history.write_text('order_id,customer_id,ordered_at,sku,quantity,unit_price\n' + ''.join(rows))
    return catalog, history


def must_run(*words, **options):
    done = run(*words, timeout=300, **options)
    check(done.returncode == 0, words, done.stdout, done.stderr)
    return done


def imported(catalog, orders):
    where = scratch() / 'data'
    must_run('import', '--catalog', catalog, '--orders', orders, '--currency', 'GBP', '--data', where)
    return where


def placed(*skus):
    return {'event_id': f'e-{next(numbers)}', 'type': 'order_placed', 'order': {
        'id': f'o-{next(numbers)}', 'currency': 'GBP',
        'items': [{'sku': sku, 'quantity': 1, 'unit_price': 500} for sku in skus]}}


def buy(port, *skus, customer=None, at=None):
    event = placed(*skus)
    if customer:
        event['customer_id'] = customer
    if at:
        event['at'] = at
    answer = request(port, 'POST', '/events', event)
    check(answer.status == 202 and answer.json['results'][0]['status'] == 'accepted', answer)


def offers(port, sku):
    """{sku: orders said to hold both} of what is offered with @sku."""
    answer = request(port, 'POST', '/offers', {
        'placement': 'cart-drawer', 'trigger': 'add_to_cart', 'locale': 'en', 'item': sku, 'limit': LIMIT,
        'cart': {'currency': 'GBP', 'items': [{'sku': sku, 'quantity': 1}]}})
    check(answer.status == 200, answer)
    return {offer['items'][0]['sku']: next((reason['evidence']['orders'] for reason in offer['reasons']
                                            if reason['code'] == 'bought_together'), 0)
            for offer in answer.json['offers']}


def freshly_offered(pairs, port, *others, known=0):
    """Buys each pair twenty times at @port; then it must be offered there and at @others, in time, with true evidence:
    @known times and these twenty."""
    for a, b in pairs:
        check(b not in offers(port, a), 'offered before', a, b, offers(port, a))
        for _ in range(TIMES):
            buy(port, a, b)
        began = time.monotonic()
        for where in (port, *others):
            wait_until(WITHIN_S, f'{b} is offered with {a}', lambda: offers(where, a).get(b, 0) >= TIMES + known)
            tell(f'{a} + {b}: offered after {time.monotonic() - began:.2f} s')
            check(offers(where, a)[b] == TIMES + known, offers(where, a))


PAIRS = [('S-000', 'S-057'), ('S-031', 'N-0'), ('N-1', 'S-002'), ('N-2', 'N-3'), ('S-ALL', 'S-010')]


def test_without_a_trained_model():
    with Offerd(rules=rules(), data=imported(*made_up_shop())) as offerd:
        freshly_offered(PAIRS, offerd.port)


def test_with_a_trained_model():
    data = imported(*made_up_shop())
    tell(must_run('train', '--data', data, '--quiet').stdout)
    with Offerd(rules=rules(), data=data) as offerd:
        check(offerd.metric('offerd_model_trained_orders') == KINDRED + ALONE, offerd.metric('offerd_model_trained_orders'))
        freshly_offered(PAIRS, offerd.port)


def test_a_model_trained_beside_the_service_is_taken_over_and_a_bad_one_is_not():
    data = imported(*made_up_shop())
    with Offerd(rules=rules(), data=data) as offerd:
        check(offerd.metric('offerd_model_trained_orders') == 0, 'trained already')
        must_run('train', '--data', data, '--quiet')
        wait_until(5, 'it is taken over', lambda: offerd.metric('offerd_model_trained_orders') == KINDRED + ALONE)
        check(offerd.metric('offerd_model_trained_age_seconds') < 60, offerd.metric('offerd_model_trained_age_seconds'))
        before = offers(offerd.port, 'S-000')
        good = (data / 'trained.bin').read_bytes()
        (data / 'trained.bin').write_bytes(good[:len(good) // 2])  # in place, as cp does it
        wait_until(5, 'the bad one is counted', lambda: offerd.metric('offerd_model_trained_failures_total') >= 1)
        check(any('trained.bin is not used' in line for line in offerd.log), offerd.log_text())
        check(offers(offerd.port, 'S-000') == before, 'it was used')
        freshly_offered(PAIRS[:1], offerd.port)
        offerd.stop()
        offerd.start()  # with half a file, and nothing good before
        check(offerd.metric('offerd_model_trained_orders') == 0, 'it was used')
        (data / 'trained.bin').write_bytes(good)
        wait_until(5, 'it is taken over', lambda: offerd.metric('offerd_model_trained_orders') == KINDRED + ALONE)


class Stream(threading.Thread):
    """Orders of four SKUs each at @port, fifty a second and more, until ended."""

    def __init__(self, port, skus):
        super().__init__(daemon=True)
        self.port, self.skus, self.dice, self.sent, self.ended = port, skus, random.Random(9), 0, threading.Event()

    def run(self):
        while not self.ended.wait(.1):
            answer = request(self.port, 'POST', '/events', [placed(*self.dice.sample(self.skus, 4)) for _ in range(8)])
            check(answer.status == 202, answer)
            self.sent += 8


def test_while_orders_keep_coming_in_a_larger_shop():
    unhurried()
    catalog, orders = made_up_shop(skus=20000, orders=60000)
    data = imported(catalog, orders)
    pairs = [('S-15000', 'S-100'), ('N-0', 'S-19000'), ('S-7000', 'S-12345'), ('N-1', 'N-2')]
    with Offerd(rules=rules(), data=data) as offerd:
        stream = Stream(offerd.port, [f'S-{n:03}' for n in range(5000)] + ['GONE'])
        stream.start()
        time.sleep(1)
        freshly_offered(pairs, offerd.port)
        stream.ended.set()
        stream.join()
        tell(f'beside {stream.sent} other orders')
        known = offerd.metric('offerd_model_orders') or 0
        check(stream.sent > 0 and known > 60000 + ALONE, stream.sent, known)


def seldom(n):
    """The @n pairs of best sellers that are bought together most seldom, each SKU once: (a, b, orders with both)."""
    baskets = {}
    with gzip.open(data_file('online-retail/order_lines.csv.gz'), 'rt', encoding='utf-8', newline='') as file:
        for row in csv.DictReader(file):
            baskets.setdefault(row['order_id'], set()).add(row['sku'])
    sold = collections.Counter(sku for basket in baskets.values() for sku in basket)
    best = [sku for sku, _ in sold.most_common(60)]
    both = collections.Counter(pair for basket in baskets.values() if len(basket) <= 60
                               for pair in itertools.permutations([sku for sku in best if sku in basket], 2))
    pairs, used = [], set()
    for a, b in sorted(itertools.permutations(best, 2), key=lambda pair: both[pair] / sold[pair[0]]):
        if len(pairs) < n and not used & {a, b}:
            pairs.append((a, b, both[a, b]))
            used |= {a, b}
            tell(f'{a} in {sold[a]} orders, {b} in {sold[b]}, both in {both[a, b]}')
    return pairs


def test_a_real_shop_with_a_long_history():
    unhurried()
    data = imported(data_file('online-retail/products.csv.gz'), data_file('online-retail/order_lines.csv.gz'))
    pairs = seldom(4)
    for trained in (False, True):
        if trained:
            tell(must_run('train', '--data', data, '--quiet').stdout)
        with Offerd(rules=rules(), data=data) as offerd:
            for a, b, known in pairs[2:] if trained else pairs[:2]:
                freshly_offered([(a, b)], offerd.port, known=known)


def personal(port, customer, *cart):
    answer = request(port, 'POST', '/offers', {
        'placement': 'page', 'trigger': 'cart_view', 'locale': 'en', 'customer_id': customer, 'limit': LIMIT, 'budget_ms': 1000,
        'cart': {'currency': 'GBP', 'items': [{'sku': sku, 'quantity': 1} for sku in cart]}})
    check(answer.status == 200, answer)
    return answer.json['offers']


def test_what_a_customer_buys_again_is_offered_with_consent_only_and_counted_truly():
    with Offerd(rules=rules(), data=imported(*made_up_shop())) as offerd:
        for day in ('2026-01-10', '2026-03-10', '2026-02-10'):
            buy(offerd.port, 'S-040', 'S-041', customer='again', at=f'{day}T10:00:00Z')
        buy(offerd.port, 'S-042', customer='again', at='2026-02-20T10:00:00Z')
        check(personal(offerd.port, 'again') == [], 'offered without consent')
        consent = offerd.post('/events', {'event_id': 'consent', 'type': 'customer_updated', 'customer_id': 'again',
                                          'customer': {'consent': {'personalization': True}}})
        check(consent.status == 202, consent)
        found = personal(offerd.port, 'again')
        check([offer['items'][0]['sku'] for offer in found] == ['S-040', 'S-041', 'S-042'], json.dumps(found, indent=1))
        reasons = [reason for offer in found for reason in offer['reasons'] if reason['code'] == 'bought_before']
        check(reasons[0] == {'code': 'bought_before', 'text': 'You bought this 3 times',
                             'evidence': {'times': 3, 'last_at': '2026-03-10T10:00:00Z'}}, reasons)
        check(reasons[2]['text'] == 'You bought this before' and reasons[2]['evidence']['times'] == 1, reasons)
        offerd.stop()
        offerd.start()
        check(personal(offerd.port, 'again')[0]['reasons'] == found[0]['reasons'], 'not the same after a restart')


def test_also_on_a_second_replica_and_what_was_trained_reaches_both():
    try:
        servers = Servers()
    except Missing as why:
        skip(str(why))
    with servers:
        url = servers.pg.create('freshness')
        env = {'OFFERD_DATABASE_URL': url, 'OFFERD_REDIS_URL': servers.redis_url}
        flags = ['--token-key', TOKEN_KEY, '--workers', '1', '--database-url', url, '--redis-url', servers.redis_url]
        catalog, orders = made_up_shop()
        must_run('migrate', '--database-url', url)
        must_run('import', '--catalog', catalog, '--orders', orders, '--currency', 'GBP', '--data', scratch(), env=env)
        with Offerd(rules=rules(), flags=flags) as one, Offerd(rules=rules(), flags=flags) as two:
            freshly_offered(PAIRS[:2], one.port, two.port)
            must_run('train', '--data', scratch(), '--quiet', env=env)
            for replica in (one, two):
                wait_until(15, 'trained', lambda: replica.metric('offerd_model_trained_orders') > KINDRED + ALONE)
            freshly_offered(PAIRS[2:], two.port, one.port)
            skus = [f'S-{n:03}' for n in range(60)] + ['N-1', 'N-2']
            wait_until(10, 'both say the same',
                       lambda: all(offers(one.port, sku) == offers(two.port, sku) for sku in skus), every=0.5)


main()
