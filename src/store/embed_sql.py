#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns SQL files into C string literals.

    embed_sql.py OUTPUT.inc 0001_first.sql 0002_second.sql …         one array element a file, in order
    embed_sql.py --queries OUTPUT.inc read_orders.sql …              #define SQL_READ_ORDERS "…" for each
    embed_sql.py --named OUTPUT.inc 0001_first.sql …                 { "0001_first.sql", "…" }, for each

Comments and indentation are left out: they are for readers of the files.
"""
import pathlib
import re
import sys


def lines_of(path):
    for line in path.read_text(encoding='utf-8').splitlines():
        line = re.sub(r'(^|\s+)--.*$', '', line).strip()
        if line:
            quoted = line.replace('\\', '\\\\').replace('"', '\\"')
            yield f'"{quoted}\\n"'


def main(words):
    form = words.pop(0)[2:] if words[0].startswith('--') else 'elements'
    with open(words[0], 'w', encoding='utf-8') as output:
        for path in map(pathlib.Path, words[1:]):
            if form == 'queries':
                output.write(f'#define SQL_{path.stem.upper()} ' + ' '.join(lines_of(path)) + '\n')
            elif form == 'named':
                output.write(f'{{ "{path.name}",\n' + '\n'.join(lines_of(path)) + ' },\n')
            else:
                output.write(f'/* {path.name} */\n' + '\n'.join(lines_of(path)) + '\n,\n')


main(sys.argv[1:])
