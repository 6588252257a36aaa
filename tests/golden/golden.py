#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden answers: each <case>.request.json here is posted to the demo shop, and what comes back must
be <case>.answer.json. They are the examples of the API as well.

What differs from run to run (ids, times taken, dates) is masked; a rule with a schedule has no place
here, for it answers by the day. When an answer is meant to change:
    OFFERD=build/offerd python3 tests/golden/golden.py --update      then read the difference in git.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / 'integration'), str(HERE.parents[1] / 'config' / 'demo')]
from ask import pretty  # noqa: E402
from harness import Offerd, check, demo_data, main  # noqa: E402

MASKED = {'request_id', 'decision_id', 'offer_id', 'took_us', 'expires_at', 'ruleset', 'world', 'until', 'at'}


def masked(value):
    if isinstance(value, dict):
        return {k: '…' if k in MASKED and v is not None else masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(v) for v in value]
    return value


def written(value):
    return pretty(value) + '\n'


def test_every_request_gets_the_answer_written_beside_it():
    cases = sorted(HERE.glob('*.request.json'))
    check(cases, 'no cases')
    wrong = []
    with Offerd(data=demo_data()) as offerd:
        for case in cases:
            golden = case.with_name(case.name.replace('.request.', '.answer.'))
            answer = offerd.post('/offers', case.read_text())
            now = written({'status': answer.status, 'answer': masked(answer.json)})
            if UPDATE:
                golden.write_text(now)
            elif not golden.exists() or now != golden.read_text():
                wrong.append(f'{golden.name} is not what came back:\n{now}')
    check(not wrong, '\n'.join(wrong))


UPDATE = '--update' in sys.argv
sys.argv = [a for a in sys.argv if a != '--update']
main()
