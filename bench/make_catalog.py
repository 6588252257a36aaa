#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Online Retail as a catalogue that offerd can use to the full: make_catalog.py IN.csv.gz OUT.csv

The data set has a SKU, a name and a price, and nothing else. Rules speak of categories,
stock and cost, so these are made here and are not real:

  category  the last word of the name that at least 20 products share (LANTERN, HOLDER, MUG)
  colour    the first colour word in the name: gives a comparison something to compare
  cost      50 to 65 % of the price, fixed by the SKU
  stock     0 to 500, fixed by the SKU; about 3 % have none
"""
import collections
import csv
import gzip
import re
import sys
import zlib

COLOURS = {'RED', 'PINK', 'BLUE', 'WHITE', 'BLACK', 'GREEN', 'CREAM', 'IVORY', 'SILVER', 'GOLD', 'PURPLE', 'YELLOW'}
NO_THING = COLOURS | {'DESIGN', 'SET', 'OF', 'AND', 'WITH', 'THE', 'IN', 'SMALL', 'LARGE', 'ASSORTED', 'SPOT', 'RETROSPOT',
                      'VINTAGE', 'MINI', 'SKULL', 'POLKADOT', 'ROSE', 'HEART', 'CHRISTMAS'}
LEAST_SHARED = 20


def words(name):
    return re.findall(r'[A-Z]{3,}', name.upper())


def make_catalog(source, target):
    with gzip.open(source, 'rt', encoding='utf-8', newline='') as lines:
        rows = list(csv.DictReader(lines))
    shared = collections.Counter(word for row in rows for word in set(words(row['name'])))
    with open(target, 'w', encoding='utf-8', newline='') as lines:
        out = csv.writer(lines, lineterminator='\n')
        out.writerow(['sku', 'name', 'price', 'cost', 'category', 'stock', 'colour'])
        for row in rows:
            mark = zlib.crc32(row['sku'].encode())
            price = float(row['price_median'])
            things = [w for w in words(row['name']) if shared[w] >= LEAST_SHARED and w not in NO_THING]
            colours = [w for w in words(row['name']) if w in COLOURS]
            out.writerow([row['sku'], row['name'], f'{price:.2f}', f'{price * (50 + mark % 16) / 100:.2f}',
                          things[-1].lower() if things else 'other', 0 if mark % 33 == 0 else 1 + mark % 500,
                          colours[0].lower() if colours else ''])


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    make_catalog(sys.argv[1], sys.argv[2])
