#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The order history of the demo shop: invented customers with plausible habits.

Photographers come back for lenses, coffee drinkers reorder their beans every three to five weeks and
their filters every third time, rooms are booked for summer and autumn, gifts go out in December.
The same seed and catalogue give the same bytes. Standard library only.

    generate_orders.py --out orders.csv.gz

writes order_id,customer_id,ordered_at,line_no,sku,quantity,unit_price: one row a line, oldest first,
prices in the main unit of the currency, local time without a zone, customer_id empty for a guest.
"""
import argparse
import csv
import datetime
import gzip
import io
import pathlib
import random
import sys

FIRST_DAY = datetime.date(2025, 5, 16)
LAST_DAY = datetime.date(2026, 11, 15)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
GUESTS = 0.27  # of the people who come; each of them orders once, so about 15 % of the orders

# How busy each hour of the day is, from midnight.
HOURS = [3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 11, 9, 7, 7, 7, 8, 10, 12, 15, 17, 14, 8]

# How many start in each month, January first; 4 where nothing is said.
SEASONS = {
    'camera': [4, 3, 5, 5, 4, 4, 5, 4, 4, 5, 5, 8],
    'phone': [4, 3, 7, 5, 3, 3, 4, 4, 7, 6, 4, 6],
    'laptop': [4, 4, 9, 8, 4, 3, 4, 3, 4, 4, 4, 5],
    'coffee': [5, 5, 4, 4, 3, 3, 2, 2, 4, 5, 6, 7],
    'skin': [5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6],
    'stay': [3, 3, 4, 5, 6, 3, 8, 9, 5, 7, 7, 5],
    'cloud': [5, 4, 6, 7, 4, 4, 4, 3, 4, 5, 4, 3],
    'gift': [1, 4, 3, 1, 5, 4, 2, 1, 2, 1, 5, 14],
}

# Who comes, in how many of a hundred.
PERSONAS = [('camera', 17), ('phone', 17), ('laptop', 11), ('coffee', 24), ('skin', 13), ('stay', 8),
            ('cloud', 5), ('gift', 5)]

# From day to day of every year, these categories cost so much less.
SALES = [((7, 1), (7, 10), {'laptop-accessory', 'phone-accessory', 'camera-accessory'}, 10),
         ((11, 20), (11, 30), {'camera', 'lens', 'phone', 'laptop', 'memory-card'}, 5),
         ((12, 10), (12, 20), {'cosmetics', 'coffee-gear'}, 8)]

BODIES = {'CAM-A3': 14, 'CAM-A5': 24, 'CAM-A7': 26, 'CAM-A7R': 8, 'CAM-A9': 3, 'CAM-C1': 12, 'CAM-C3': 13}
LENSES = {
    'CAM-A3': {'LENS-1850': 9, 'LENS-50C': 9, 'LENS-35': 4, 'LENS-24105': 2},
    'CAM-A5': {'LENS-50C': 8, 'LENS-35': 7, 'LENS-24105': 6, 'LENS-1850': 4, 'LENS-50': 2},
    'CAM-A7': {'LENS-50': 11, 'LENS-24105': 7, 'LENS-35': 5, 'LENS-2470': 4, 'LENS-85': 3, 'LENS-70200': 2},
    'CAM-A7R': {'LENS-2470': 6, 'LENS-85': 5, 'LENS-50': 5, 'LENS-70200': 4},
    'CAM-A9': {'LENS-70200': 7, 'LENS-2470': 5, 'LENS-85': 3},
}
CARDS = {'CARD-64': 3, 'CARD-128': 10, 'CARD-256': 7, 'CARD-512': 2}
FAST_CARDS = {'CARD-128': 3, 'CARD-256': 9, 'CARD-512': 5}
BAGS = {'BAG-SLING': 9, 'BAG-SHOULDER': 6, 'BAG-PACK': 3}
TRIPODS = {'TRI-TRAVEL': 7, 'TRI-ALU': 5, 'TRI-CARBON': 2}

PHONES = {'PHN-N1L-64': 8, 'PHN-N1L-128': 12, 'PHN-N1-128': 24, 'PHN-N1-256': 22, 'PHN-N1-512': 7,
          'PHN-N1P-256': 12, 'PHN-N1P-512': 6, 'PHN-N1P-1T': 2}
CHARGERS = {'CHG-20': 6, 'CHG-45': 9, 'CHG-65': 4}
POWER_BANKS = {'PB-10': 7, 'PB-20': 4}
EARBUDS = {'EAR-1': 6, 'EAR-PRO': 5}
COVER = {'WARRANTY-1Y': 2, 'WARRANTY-3Y': 6, 'WARRANTY-3YP': 3}

LAPTOPS = {'FB14-K5-8-256': 16, 'FB14-K5-16-512': 26, 'FB14-K7-16-512': 18, 'FB14-K7-32-1T': 8,
           'FS16-K7-32-1T': 6, 'FS16-K9-32-1T': 4, 'FS16-K9-64-2T': 1}
MICE = {'MOUSE-01': 7, 'MOUSE-ERGO': 4}
DOCKS = {'DOCK-8': 7, 'DOCK-12': 3}

BLENDS = {'BEAN-HOUSE-200': 20, 'BEAN-HOUSE-300': 12, 'BEAN-HOUSE-500': 12, 'BEAN-DARK-200': 12,
          'BEAN-DARK-500': 6, 'BEAN-DECAF-200': 7, 'BEAN-ETH-200': 7, 'BEAN-KEN-200': 4}
ORIGINS = {'BEAN-ETH-200': 8, 'BEAN-KEN-200': 5, 'BEAN-GEI-100': 2}
FILTERS = {'FILT-100': 8, 'FILT-200': 4}
DRIPPERS = {'DRIP-PLA': 6, 'DRIP-CER': 8, 'DRIP-STEEL': 3}
GRINDERS = {'GRIND-HAND': 7, 'GRIND-HAND-PRO': 4, 'GRIND-E1': 5, 'GRIND-E2': 1}
MUGS = {'CUP-01': 7, 'CUP-02': 4}

LOTIONS = {'YN-LOTION-150': 10, 'YN-LOTION-250': 7}
SERUMS = {'YN-SERUM-30': 9, 'YN-SERUM-50': 3}
CREAMS = {'YN-CREAM-40': 8, 'YN-CREAM-60': 3}
SUNSCREENS = {'YN-UV-30': 5, 'YN-UV-50': 7}
SETS = {'YN-SET-BASIC': 8, 'YN-SET-CARE': 3}

ROOMS = {'ROOM-STD': 14, 'ROOM-SUP': 12, 'ROOM-DLX': 9, 'ROOM-SEA': 5, 'ROOM-JRS': 2, 'ROOM-SUITE': 1}
NO_BREAKFAST = {'ROOM-STD', 'ROOM-SUP', 'ROOM-DLX'}
GIFTS = {'YN-SET-BASIC': 6, 'YN-SET-CARE': 4, 'CUP-01': 6, 'CUP-02': 5, 'BEAN-GEI-100': 3, 'DRIP-CER': 3,
         'EAR-PRO': 3, 'GRIND-HAND': 3, 'CASE-N1-LEATHER': 2, 'KETTLE-07': 3, 'CAM-C1': 2}


class Dice:
    """Everything by chance comes from here, from the one function of random that is the same in
    every version of Python."""

    def __init__(self, seed):
        self.roll = random.Random(seed).random

    def chance(self, p):
        return self.roll() < p

    def between(self, low, high):
        return low + int(self.roll() * (high - low + 1))

    def one_of(self, weights):
        at = self.roll() * sum(weights.values())
        for what, weight in weights.items():
            at -= weight
            if at < 0:
                return what
        return what

    def some(self, basket, p, weights, quantity=1):
        """With chance p, one of these into the basket, unless it is there."""
        if self.chance(p):
            basket.setdefault(self.one_of(weights), quantity)


# Each persona yields (days after the one before, basket); the first at 0.

def camera(dice):
    body = dice.one_of(BODIES)
    cards = FAST_CARDS if body in ('CAM-A7R', 'CAM-A9') else CARDS
    lenses = LENSES.get(body)
    basket = {body: 1}
    if lenses:
        dice.some(basket, .58, lenses)
        dice.some(basket, .16, {'BAT-HX1': 1}, dice.between(1, 2))
    dice.some(basket, .62, cards, 2 if dice.chance(.2) else 1)
    dice.some(basket, .30, BAGS)
    dice.some(basket, .18, {'CLEAN-KIT': 1})
    dice.some(basket, .14, COVER)
    yield 0, basket
    for chance in (.5, .35, .25):
        if not dice.chance(chance):
            return
        basket = {}
        if lenses:
            dice.some(basket, .75, lenses)
        dice.some(basket, .30, cards)
        dice.some(basket, .28, TRIPODS)
        dice.some(basket, .16, {'CLEAN-KIT': 1})
        yield dice.between(25, 170), basket or {dice.one_of(cards): 1}


def phone(dice):
    handset = dice.one_of(PHONES)
    basket = {handset: 1}
    if handset.startswith('PHN-N1-'):
        dice.some(basket, .60, {'CASE-N1': 8, 'CASE-N1-LEATHER': 3})
        dice.some(basket, .55, {'FILM-N1': 1})
    elif handset.startswith('PHN-N1P-'):
        dice.some(basket, .64, {'CASE-N1P': 1})
        dice.some(basket, .58, {'FILM-N1P': 1})
    dice.some(basket, .38, CHARGERS)
    dice.some(basket, .12, POWER_BANKS)
    dice.some(basket, .15, COVER)
    yield 0, basket
    for chance in (.34, .2):
        if not dice.chance(chance):
            return
        basket = {}
        dice.some(basket, .45, EARBUDS)
        dice.some(basket, .35, POWER_BANKS)
        dice.some(basket, .25, CHARGERS)
        yield dice.between(12, 150), basket or {dice.one_of(EARBUDS): 1}


def laptop(dice):
    machine = dice.one_of(LAPTOPS)
    basket = {machine: 1}
    dice.some(basket, .46, MICE)
    dice.some(basket, .36, {'SLEEVE-14' if machine.startswith('FB14') else 'SLEEVE-16': 1})
    dice.some(basket, .27, DOCKS)
    dice.some(basket, .20, COVER)
    yield 0, basket
    if dice.chance(.35):
        basket = {}
        dice.some(basket, .4, DOCKS)
        dice.some(basket, .35, MICE)
        dice.some(basket, .25, CHARGERS)
        dice.some(basket, .2, EARBUDS)
        yield dice.between(10, 120), basket or {dice.one_of(DOCKS): 1}


def coffee(dice):
    beans = dice.one_of(BLENDS)
    bags = 2 if dice.chance(.3) else 1
    basket = {beans: bags}
    if dice.chance(.55):  # just starting
        dice.some(basket, .8, DRIPPERS)
        dice.some(basket, .8, FILTERS)
        dice.some(basket, .3, GRINDERS)
        dice.some(basket, .25, {'SERVER-600': 1})
        dice.some(basket, .2, {'KETTLE-07': 1})
        dice.some(basket, .2, MUGS)
    else:
        dice.some(basket, .4, FILTERS)
    yield 0, basket
    stays = .80 + .1 * dice.roll()
    times = 0
    while dice.chance(stays):
        times += 1
        basket = {beans: bags}
        if dice.chance(.12):  # tries another one
            basket = {dice.one_of(BLENDS): bags}
        dice.some(basket, .16, ORIGINS)
        dice.some(basket, .9 if times % 3 == 0 else .08, FILTERS)
        dice.some(basket, .03, GRINDERS)
        dice.some(basket, .03, MUGS)
        yield dice.between(21, 35), basket


def skin(dice):
    lotion = dice.one_of(LOTIONS)
    basket = {}
    if dice.chance(.25):
        basket[dice.one_of(SETS)] = 1
    else:
        basket[lotion] = 1
        dice.some(basket, .40, SERUMS)
        dice.some(basket, .34, CREAMS)
        dice.some(basket, .28, {'YN-WASH': 1})
        dice.some(basket, .15, SUNSCREENS)
    yield 0, basket
    while dice.chance(.52):
        basket = {lotion: 1}
        dice.some(basket, .38, SERUMS)
        dice.some(basket, .32, CREAMS)
        dice.some(basket, .22, {'YN-WASH': 1})
        dice.some(basket, .18, SUNSCREENS)
        yield dice.between(48, 85), basket


def stay(dice):
    while True:
        room = dice.one_of(ROOMS)
        nights = dice.one_of({1: 7, 2: 3, 3: 1})
        basket = {room: nights}
        if room in NO_BREAKFAST:
            dice.some(basket, .56, {'OPT-BREAKFAST': 1}, nights)
        dice.some(basket, .20, {'OPT-BATH': 1})
        dice.some(basket, .16, {'OPT-DINNER': 1})
        dice.some(basket, .16, {'OPT-LATE': 1})
        yield dice.between(60, 210), basket
        if not dice.chance(.38):
            return


def cloud(dice):
    term = 'Y' if dice.chance(.45) else 'M'
    plan = dice.one_of({'LITE': 10, 'STD': 8, 'PRO': 3})
    while True:
        basket = {f'KD-{plan}-{term}': 1}
        if term == 'Y':
            dice.some(basket, .36, {'KD-BACKUP-Y': 1})
        yield dice.between(45, 200), basket
        if plan == 'PRO' or not dice.chance(.3):
            return
        plan = 'STD' if plan == 'LITE' else 'PRO'


def gift(dice):
    thing = dice.one_of(GIFTS)
    basket = {thing: 2 if thing.startswith('CUP') and dice.chance(.5) else 1}
    dice.some(basket, .72, {'WRAP-S': 5, 'WRAP-L': 2})
    dice.some(basket, .45, {'CARD-MSG': 1})
    yield 0, basket


HABITS = {habit.__name__: habit for habit in (camera, phone, laptop, coffee, skin, stay, cloud, gift)}


def days_to_start(name):
    """How likely each day is for a first order: the season, the weekend, and the shop's growth."""
    weights = {}
    for day in range(DAYS):
        date = FIRST_DAY + datetime.timedelta(days=day)
        weekend = 1.35 if date.weekday() >= 5 else 1.0
        weights[day] = SEASONS[name][date.month - 1] * weekend * (1 + .5 * day / DAYS)
    return weights


def draw_orders(dice, wanted):
    """(moment, customer, basket) of as many orders as wanted, oldest first."""
    calendar = {name: days_to_start(name) for name, _ in PERSONAS}
    personas, hours = dict(PERSONAS), dict(enumerate(HOURS))
    orders, customers = [], 0
    while len(orders) < wanted:
        name = dice.one_of(personas)
        guest = dice.chance(1.6 * GUESTS if name == 'gift' else GUESTS)
        day = dice.one_of(calendar[name])
        if not guest:
            customers += 1
        for n, (later, basket) in enumerate(HABITS[name](dice)):
            day += later if n else 0
            if day >= DAYS or len(orders) == wanted or (guest and n):
                break
            date = FIRST_DAY + datetime.timedelta(days=day)
            if date.month == 12 and date.day < 24 and name in ('coffee', 'skin', 'camera', 'phone'):
                dice.some(basket, .06, {'WRAP-S': 1})
            moment = datetime.datetime.combine(date, datetime.time(
                dice.one_of(hours), dice.between(0, 59), dice.between(0, 59)))
            orders.append((moment, '' if guest else f'C{1000 + customers}', basket))
    orders.sort(key=lambda order: order[:2])
    return orders


def price_on(product, date):
    """What it cost on that day: the list price, or less in a sale, to ten units."""
    price = int(product['price'])
    for begin, end, categories, percent in SALES:
        if begin <= (date.month, date.day) <= end and product['category'] in categories:
            return price * (100 - percent) // 1000 * 10
    return price


def print_orders(orders, products, out):
    rows = csv.writer(out, lineterminator='\n')
    rows.writerow('order_id customer_id ordered_at line_no sku quantity unit_price'.split())
    for number, (moment, customer, basket) in enumerate(orders, 1):
        for line, (sku, quantity) in enumerate(basket.items(), 1):
            rows.writerow([f'A-{number:06}', customer, moment.isoformat(), line, sku, quantity,
                           price_on(products[sku], moment)])


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=20261115, help='the same seed gives the same bytes (%(default)s)')
    parser.add_argument('--orders', type=int, default=4000, help='how many orders (%(default)s)')
    parser.add_argument('--catalog', type=pathlib.Path, default=here / 'catalog.csv', help='where the prices are')
    parser.add_argument('--out', help='a file, compressed when it ends in .gz; standard output without it')
    args = parser.parse_args()
    if args.orders < 0:
        parser.error('--orders must not be negative')

    with open(args.catalog, encoding='utf-8', newline='') as file:
        products = {row['sku']: row for row in csv.DictReader(file)}
    orders = draw_orders(Dice(args.seed), args.orders)
    text = io.StringIO(newline='')
    try:
        print_orders(orders, products, text)
    except KeyError as missing:
        sys.exit(f'generate_orders.py: {args.catalog} has no product {missing}')
    data = text.getvalue().encode()
    if not args.out:
        sys.stdout.buffer.write(data)
        return
    with open(args.out, 'wb') as file:
        if args.out.endswith('.gz'):  # no name and no time inside: the same bytes each time
            with gzip.GzipFile(filename='', mode='wb', fileobj=file, mtime=0) as packed:
                packed.write(data)
        else:
            file.write(data)


if __name__ == '__main__':
    main()
