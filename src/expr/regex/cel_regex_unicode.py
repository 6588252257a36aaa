#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cel_regex_unicode.inc, the tables of cel_regex_classes.c, from three files of the Unicode Character Database.

    cel_regex_unicode.py UCD_DIRECTORY VERSION > cel_regex_unicode.inc

UCD_DIRECTORY holds DerivedGeneralCategory.txt, Scripts.txt and CaseFolding.txt. What the numbers mean is
told in cel_regex_classes.c, beside the code that reads them.
"""
import pathlib
import re
import sys

END = 0x110000
PAIRS = 'Lu Ll in turns'


def properties(path, unassigned):
    """The value of each code point."""
    values = [unassigned] * END
    for line in path.read_text().splitlines():
        match = re.match(r'([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)', line)
        if match:
            first = int(match[1], 16)
            last = int(match[2] or match[1], 16)
            values[first:last + 1] = [match[3]] * (last + 1 - first)
    return values


def runs(values):
    """[length, value] of each stretch of equal values."""
    out = []
    for value in values:
        if out and out[-1][1] == value:
            out[-1][0] += 1
        else:
            out.append([1, value])
    return out


def in_turns(stretches):
    """Upper and lower case letters that take turns become one stretch of pairs."""
    out, at = [], 0
    while at < len(stretches):
        end = at
        while end + 1 < len(stretches) and stretches[end] == [1, 'Lu'] and stretches[end + 1] == [1, 'Ll']:
            end += 2
        if end - at >= 4:
            out.append([end - at, PAIRS])
            at = end
        else:
            out.append(stretches[at])
            at += 1
    return out


def folds(path):
    """(first, last, step to the next of the same letter's forms) of stretches; 'even' and 'odd': pairs that start so."""
    orbits = {}
    for line in path.read_text().splitlines():
        match = re.match(r'([0-9A-F]+); [CS]; ([0-9A-F]+);', line)
        if match:
            orbits.setdefault(int(match[2], 16), {int(match[2], 16)}).add(int(match[1], 16))
    following = {}
    for orbit in orbits.values():
        forms = sorted(orbit)
        for form, after in zip(forms, forms[1:] + forms[:1]):
            following[form] = after
    out = []
    for form in sorted(following):
        step = following[form] - form
        if abs(step) == 1:
            step = 'even' if (form if step > 0 else form - 1) % 2 == 0 else 'odd'
        if out and out[-1][1] == form - 1 and out[-1][2] == step:
            out[-1][1] = form
        else:
            out.append([form, form, step])
    return out


def print_numbers(kind, name, comment, numbers, places=''):
    print(f'\n/* {comment} */\nstatic const {kind} {name}[]{places} = {{')
    line = '   '
    for number in numbers:
        if len(line) + len(number) + 2 > 100:
            print(line)
            line = '   '
        line += f' {number},'
    print(f'{line}\n}};')


def packed(stretches, names, shift):
    numbers = []
    for length, value in stretches:
        code = names.index(value)
        if length < 1 << (16 - shift):
            numbers.append(length << shift | code)
        else:
            numbers += [code, length >> 16, length & 0xFFFF]
    return [str(n) for n in numbers]


def main():
    ucd, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    categories = properties(ucd / 'DerivedGeneralCategory.txt', 'Cn')
    scripts = properties(ucd / 'Scripts.txt', '')
    category_names = sorted(set(categories)) + [PAIRS]
    script_names = sorted(set(scripts) - {''}) + ['']
    print('/* SPDX-License-Identifier: Apache-2.0 */')
    print(f'/* Of the Unicode Character Database, version {version}. Made by cel_regex_unicode.py; not to be edited. */')
    quoted = [f'"{name}"' for name in category_names[:-1]]
    print_numbers('char', 'regex_categories', 'in the order of their numbers below', quoted, '[3]')
    print_numbers('uint16_t', 'regex_category_runs', 'length << 5 | category', packed(in_turns(runs(categories)), category_names, 5))
    print_numbers('char *const', 'regex_scripts', 'in the order of their numbers below', [f'"{name}"' for name in script_names[:-1]])
    print_numbers('uint16_t', 'regex_script_runs', 'length << 8 | script', packed(runs(scripts), script_names, 8))
    steps = {'even': 'REGEX_EVEN', 'odd': 'REGEX_ODD'}
    print_numbers('struct regex_fold', 'regex_folds', 'first, last, step to the next form',
                  [f'{{ {a}, {b}, {steps.get(step, step)} }}' for a, b, step in folds(ucd / 'CaseFolding.txt')])


main()
