#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the migrations into C string literals, in the order given: one array element a file.

    embed_sql.py OUTPUT.inc 0001_first.sql 0002_second.sql …

Comments and indentation are left out: they are for readers of the files.
"""
import pathlib
import re
import sys

with open(sys.argv[1], 'w', encoding='utf-8') as output:
    for path in sys.argv[2:]:
        output.write(f'/* {pathlib.Path(path).name} */\n')
        for line in pathlib.Path(path).read_text(encoding='utf-8').splitlines():
            line = re.sub(r'\s*--.*$', '', line).strip()
            if line:
                quoted = line.replace('\\', '\\\\').replace('"', '\\"')
                output.write(f'"{quoted}\\n"\n')
        output.write(',\n')
