# SPDX-License-Identifier: Apache-2.0
"""offerd cel: one expression tried out, and files of conformance cases."""
import json

from harness import DATA, check, main, run, scratch, skip, tell


def value(*arguments):
    done = run('cel', *arguments)
    check(done.returncode == 0, done)
    return done.stdout.removesuffix('\n')


def cases(*tests):
    path = scratch() / 'cases.json'
    path.write_text(json.dumps({'count': len(tests), 'something': 'else', 'tests': tests}))
    return path


def case(expr, expect, **more):
    return {'id': expr, 'features': ['core'], 'expr': expr, 'expect': expect, **more}


def test_an_expression_yields_its_value_as_cel():
    check(value('[1, 2, 3].filter(i, i > 1)') == '[2, 3]')
    check(value('{"a": 1u}') == '{"a": 1u}')
    check(value('b"\\x00" + b"z"') == 'b"\\x00z"')
    check(value('--type', '{"a": [1]}') == 'map(string, list(int))')
    check('RETURN' in value('--program', '1 + size("ab")'))


def test_variables_are_json_or_constant_expressions():
    check(value('price * 10 <= budget', '--var', 'price=198000', '--var', 'budget=2e6') == 'true')
    check(value('cart.items.exists(i, i.sku == "A")', '--var', 'cart={"items": [{"sku": "A"}]}') == 'true')
    check(value('big - 1u', '--var', 'big=18446744073709551615') == '18446744073709551614u')
    check(value('at.getDayOfWeek("Asia/Tokyo")', '--var', 'at=timestamp("2026-11-21T20:00:00Z")') == '0')
    check(run('cel', 'x', '--var', 'x={"a": 1, "a": 2}').returncode == 1)
    check(run('cel', 'x', '--var', '=1').returncode == 2)
    check(run('cel', 'x', '--var', 'x=1', '--var', 'x=2').returncode == 2)


def test_a_zone_has_its_summer_time_in_every_year():
    for year in (2026, 2099, 2101, 2200, 2499, 2500, 2501, 2899, 2900, 5000, 9999):
        for month, hours in (('01', '18'), ('07', '19')):
            at = f'timestamp("{year}-{month}-02T00:55:14Z").getHours("America/Chicago")'
            check(value(at) == hours, at, value(at))


def test_json_is_for_machines():
    told = json.loads(value('--json', '[1, 2.5, b"x", timestamp("2026-01-01T00:00:00Z"), duration("90s"), null]'))
    check(told['type'] == 'list(dyn)', told)
    check(told['value'] == [1, 2.5, 'eA==', '2026-01-01T00:00:00Z', '90s', None], told)
    check(told['text'].startswith('[1, 2.5, b"x", timestamp('), told)
    for number in (2 ** 53, -2 ** 53, 2 ** 53 + 1, 2 ** 53 - 1, 1 - 2 ** 53):  # a reader keeps doubles
        told = json.loads(value('--json', f'0 + {number}'))['value']
        check(told == (number if abs(number) < 2 ** 53 else str(number)), number, told)
    check(json.loads(value('--json', '0.1 + 0.2'))['value'] == 0.1 + 0.2)
    done = run('cel', '--json', '1 +')
    fault = json.loads(done.stdout)['faults'][0]
    check(done.returncode == 1 and (fault['line'], fault['column']) == (1, 4), done)
    check(fault['code'] == 'EXPECTED_AT_END', fault)


def test_a_fault_shows_the_line_with_a_caret_and_a_guess():
    done = run('cel', 'x > 2 &&\n  pirce < 3', '--var', 'price=3', '--var', 'x=1')
    check(done.returncode == 1 and done.stdout == '', done)
    check(done.stderr.startswith("2:3: undeclared name 'pirce'\n"), done.stderr)
    check("  pirce < 3\n" in done.stderr and '^' in done.stderr and "'price'" in done.stderr, done.stderr)
    done = run('cel', 'x > 2 &&\n  pirce < 3', '--var', 'price=3', '--var', 'x=1', env={'LC_ALL': 'ja_JP.UTF-8'})
    check(done.stderr.startswith('2:3: 「pirce」という名前はありません\n'), done.stderr)
    check(done.stderr.endswith('「price」ではありませんか?\n'), done.stderr)
    check('という名前は' in run('cel', '--lang', 'ja', 'x').stderr and run('cel', '--lang', 'fr', 'x').returncode == 2)
    done = run('cel', '1 / zero', '--var', 'zero=0')
    check(done.returncode == 1 and done.stderr.startswith('1:3: '), done)


def test_wrong_usage_is_told_apart():
    for wrong in ([], ['1', '2'], ['1', '--nonsense'], ['1', '--type', '--program'], ['--conformance'],
                  ['--conformance', 'x', '1'], ['--conformance', 'x', '--var', 'a=1']):
        check(run('cel', *wrong).returncode == 2, wrong)
    done = run('cel', '--help')
    check(done.returncode == 0 and 'usage: offerd cel' in done.stdout, done)


def test_conformance_counts_by_feature_and_names_what_failed():
    one = {'type': 'int', 'value': '1'}
    path = cases(case('1', {'value': one}),
                 case('1u', {'value': one}, features=['core', 'kinds']),
                 case('1.0 / 0.0', {'value': {'type': 'double', 'value': 'Infinity'}}),
                 case('-0.0', {'value': {'type': 'double', 'value': '0'}}, features=['zero', 'core']),
                 case('1 / 0', {'error': ['whatever']}),
                 case('1 + 1u', {'error': ['no such overload']}),
                 case('1', {'error': ['it is one']}, features=['kinds']))
    done = run('cel', '--conformance', path)
    check(done.stdout == 'core passed 5 failed 1\nkinds passed 0 failed 2\nzero passed 1 failed 0\n', done.stdout)
    check(done.returncode == 1 and '2 of 7 cases failed' in done.stderr, done)
    told = json.loads(run('cel', '--conformance', path, '--json').stdout)
    check((told['cases'], told['passed'], told['failed']) == (7, 5, 2), told)
    check(told['features']['core'] == {'passed': 5, 'failed': 1}, told)
    check(told['failures'][0] == {'id': '1u', 'features': ['core', 'kinds'], 'expr': '1u', 'expected': '1',
                                  'got': '1u'}, told)
    done = run('cel', '--conformance', cases(case('1', {'value': one})))
    check(done.returncode == 0 and done.stdout == 'core passed 1 failed 0\n' and done.stderr == '', done)


def test_conformance_knows_every_way_to_write_a_case():
    whole = {'type': 'map', 'entries': [
        {'key': {'type': 'string', 'value': 'b'}, 'value': {'type': 'bytes', 'base64': 'AP8='}},
        {'key': {'type': 'string', 'value': 'a'}, 'value': {'type': 'list', 'values': [
            {'type': 'null'}, {'type': 'uint', 'value': '7'}, {'type': 'double', 'value': 'NaN'},
            {'type': 'type', 'value': 'int'}, {'type': 'bool', 'value': True},
            {'type': 'timestamp', 'seconds': '-1', 'nanos': 500000000},
            {'type': 'duration', 'seconds': '-1', 'nanos': -500000000}]}}]}
    text = ('{"a": [null, 7u, double("NaN"), int, true, timestamp("1969-12-31T23:59:59.5Z"), duration("-1.5s")],'
            ' "b": b"\\x00\\xff"}')
    fn = {'name': 'fn', 'function': [{'id': 'one', 'params': ['string', 'int'], 'result': 'string', 'instance': True}]}
    path = cases(
        case(text, {'value': whole}),
        case('x == y', {'value': {'type': 'bool', 'value': False}}, bindings=dict.fromkeys('xy', whole)),  # NaN
        case('y', {'value': {'type': 'int', 'value': '2'}}, container='a.b', bindings={'a.y': {'type': 'int', 'value': '2'}},
             type_env=[{'name': 'a.y', 'type': 'int'}]),
        case('wrong', {'value': {'type': 'string', 'value': '', 'base64': 'AA=='}}, expr_base64='IlwwMDAi'),
        case('"s".fn(1)', {'deduced_type': 'string'}, check_only=True, type_env=[fn]),
        case('[]', {'deduced_type': ' list(dyn)'}, check_only=True),
        case('"s".fn(1)', {'error': ['nothing evaluates it']}, type_env=[fn]),
        case('x || true', {'value': {'type': 'bool', 'value': True}}, disable_check=True),
        case('1 + 1u', {'error': ['x']}, check_only=True),
        case('x', {'error': ['x has no value']}, type_env=[{'name': 'x', 'type': 'int'}]),
        case('x', {'deduced_type': 'shop.Basket'}, check_only=True, type_env=[{'name': 'x', 'type': 'shop.Basket'}]),
        case('1 + 1', {'value': {'type': 'int', 'value': '2'}}, check_only=True))
    told = json.loads(run('cel', '--conformance', path, '--json').stdout)
    check(told['failed'] == 0, told['failures'])


def test_conformance_counts_a_case_once_and_only_when_it_holds():
    one = {'type': 'int', 'value': '1'}
    twice = {'id': 'a', 'expr': '1', 'expect': {'value': one}, 'features': ['core', 'new', 'core']}
    path = cases(twice, case('1 + ""', {'value': one}, check_only=True))
    told = json.loads(run('cel', '--conformance', path, '--json').stdout)
    check(told['features'] == {'core': {'passed': 1, 'failed': 1}, 'new': {'passed': 1, 'failed': 0}}, told)


def test_what_is_no_such_file_is_refused():
    for content, why in (('{', 'not JSON'), ('[]', 'no list "tests"'), ('{"tests": 1}', 'no list "tests"'),
                         ('{"tests": [{"expr": "1"}]}', 'tests[0] has no "expect"'),
                         ('{"tests": [{"expr": "1", "expect": {}}, {"expect": {}}]}', 'tests[1] has no "expr"')):
        path = scratch() / 'x.json'
        path.write_text(content)
        done = run('cel', '--conformance', path)
        check(done.returncode == 1 and why in done.stderr and done.stdout == '', content, done)
    done = run('cel', '--conformance', scratch() / 'nowhere.json')
    check(done.returncode == 1 and 'nowhere.json' in done.stderr, done)


def test_the_public_conformance_cases_pass():
    path = DATA.parent / 'cel' / 'conformance.json'
    if not path.exists():
        skip(f'no conformance cases beside OFFERD_TEST_DATA ({path})')
    told = json.loads(run('cel', '--conformance', path, '--json').stdout)
    for name, counts in sorted(told['features'].items()):
        tell(f"{name} passed {counts['passed']} failed {counts['failed']}")
    for failure in told['failures']:
        tell(f"{failure['id']}: {failure['expr']} should be {failure['expected']}, is {failure['got']}")
    check(told['cases'] > 800 and told['features']['core']['failed'] == 0, told['features'])


main()
