#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `meson test` found, sentence by sentence, over one or more runs:

    summary.py [NAME=]LOGS…       LOGS: the meson-logs folder of a build, or a copy of it

Meson counts programs; this counts the tests inside them, and says of each skipped one why. A program
that crashed or ran out of time counts as one failed test on top of what it had reported. The last
line is "N passed, N failed, N skipped"; the exit status is 1 when something failed or nothing ran.
"""
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

BROKEN = {'FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'}


def sentence(name):
    """check writes '3 - ../src/test_x.c:suite:the_sentence: Passed'."""
    name = re.sub(r'^\d+ - ', '', name)
    return re.sub(r'^.*\.c:', '', re.sub(r': Passed$', '', name)).replace('_', ' ')


def of_program(suite):
    """junit gives a program with TAP a suite of its own: 'offerd.offerd:unit / rules/caps'."""
    return suite.split('.', 1)[1] if ' / ' in suite else None


def why(what, suite):
    """What an integration test said on its error output under its own sentence; '' of a program in C, whose
    sentence holds the assertion."""
    said = (suite.findtext('system-err') or '').splitlines()
    for line, text in enumerate(said):
        if what and re.sub(r'^\d+ - ', '', text).strip() == what:
            return said[line + 1].strip() if line + 1 < len(said) else ''
    return ''


def read(logs):
    """(outcome, program, sentence or reason) of every test of one run."""
    failed = set()
    for suite in xml.parse(logs / 'testlog.junit.xml').getroot():
        for case in suite:
            if case.tag != 'testcase':
                continue
            program = of_program(suite.get('name')) or case.get('name')
            what = sentence(case.get('name')) if of_program(suite.get('name')) else ''
            if case.find('skipped') is not None:
                reason = case.findtext('system-out') or suite.findtext('system-out') or ''
                yield 'skipped', program, f'{what}: {reason.strip()}'.strip(': ')
            elif case.find('failure') is not None or case.find('error') is not None:
                failed.add(program)
                yield 'failed', program, f'{what}: {why(what, suite)}'.strip(': ')
            else:
                yield 'passed', program, what
    for line in (logs / 'testlog.json').read_text().splitlines():
        test = json.loads(line)
        if test['result'] in BROKEN and test['name'] not in failed:
            yield 'failed', test['name'], f'{test["result"].lower()}, status {test.get("returncode")}'


def main():
    arguments = sys.argv[1:]
    total = collections.Counter()
    for argument in arguments:
        name, _, logs = argument.rpartition('=')
        count, told = collections.Counter(), []
        for outcome, program, what in read(pathlib.Path(logs)):
            count[outcome] += 1
            if outcome != 'passed':
                told.append(f'  {outcome:8}{program.split(":", 1)[-1]}: {what}')
        total += count
        if told:
            print('\n'.join(sorted(told)))
        if len(arguments) > 1 or name:
            print(f'{name or logs}: {count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped')
    print(f'{total["passed"]} passed, {total["failed"]} failed, {total["skipped"]} skipped')
    sys.exit(1 if total['failed'] or not total['passed'] else 0)


if __name__ == '__main__':
    main()
