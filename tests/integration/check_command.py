# SPDX-License-Identifier: Apache-2.0
"""offerd check: what a marketer and an editor's plugin read."""
import json
import shutil
from datetime import date

from harness import ROOT, check, main, run, scratch

UNTIL = f'until: {date.today().year + 1}-12-25'


def demo_rules():
    """The demo shop's, a copy; its season is not over on the day of this test, whichever that is."""
    target = scratch() / 'rules'
    shutil.copytree(ROOT / 'config/rules', target)
    season = target / 'service.yaml'
    season.write_text(season.read_text().replace('until: 2026-12-25', UNTIL))
    return target


def rules_with(old, new, name='camera.yaml'):
    """The demo shop's rules with one thing written otherwise."""
    target = demo_rules()
    text = (target / name).read_text()
    check(old in text, old)
    (target / name).write_text(text.replace(old, new, 1))
    return target


def test_the_demo_shop_has_no_problems():
    done = run('check', demo_rules())
    check(done.returncode == 0 and done.stdout == '30 rules in 10 files, no problems\n', done)


def test_an_error_shows_the_line_with_a_caret_and_a_guess():
    rules = rules_with('cart.lacks', 'cart.lakcs')
    done = run('check', rules, env={'LC_ALL': 'C.UTF-8'})
    check(done.returncode == 1, done)
    check(done.stdout.startswith(f'{rules}/camera.yaml:18:7: error: there is no condition "cart.lakcs"\n'
                                 '    18 |       cart.lakcs: {category: lens}\n'
                                 '       |       ^~~~~~~~~~\n'
                                 '       = help: did you mean "cart.lacks"?\n'), done.stdout)
    check(done.stdout.endswith('10 files, 1 error, 0 warnings\n'), done.stdout)


def test_it_speaks_the_language_of_its_user():
    rules = rules_with('cart.lacks', 'cart.lakcs')
    for how in ({'env': {'LC_ALL': 'ja_JP.UTF-8'}}, {'env': {'LC_ALL': '', 'LC_MESSAGES': '', 'LANG': 'ja_JP.utf8'}}):
        check('エラー: 「cart.lakcs」という条件はありません' in run('check', rules, **how).stdout, how)
    check('エラー' in run('check', '--lang', 'ja', rules).stdout)
    check('error' in run('check', rules, '--lang=en', env={'LC_ALL': 'ja_JP.UTF-8'}).stdout)


def test_json_is_for_machines():
    done = run('check', '--json', rules_with('priority: 80', 'priority: 800'))
    told = json.loads(done.stdout)
    check(done.returncode == 1 and told['errors'] == 1 and told['rules'] is None, told)
    problem = told['problems'][0]
    check((problem['line'], problem['column'], problem['level']) == (33, 22, 'error'), problem)
    check(problem['code'] and problem['message'] and 'help' in problem and 'guess' in problem, problem)
    told = json.loads(run('check', '--json', demo_rules()).stdout)
    check(told['rules'] == 30 and told['files'] == 10 and len(told['ruleset']) == 12 and told['problems'] == [], told)


def test_warnings_alone_have_an_exit_code_of_their_own():
    done = run('check', rules_with(UNTIL, 'until: 2025-12-25', 'service.yaml'))
    check(done.returncode == 1, 'a schedule that ends before it begins is an error', done)
    done = run('check', rules_with(f'from: 2026-11-15, {UNTIL}', 'until: 2020-12-25', 'service.yaml'))
    check(done.returncode == 3 and 'warning' in done.stdout and '0 errors, 1 warning\n' in done.stdout, done)


def test_wrong_usage_is_told_apart_from_wrong_rules():
    check(run('check').returncode == 2)
    check(run('check', 'a', 'b').returncode == 2)
    check(run('check', '--lang', 'fr', 'config/rules').returncode == 2)
    check(run('check', '--nonsense', 'config/rules').returncode == 2)
    done = run('check', '--help')
    check(done.returncode == 0 and 'usage: offerd check' in done.stdout, done)


def test_a_directory_that_is_not_there_is_named():
    done = run('check', '/nowhere/rules')
    check(done.returncode == 1 and '/nowhere/rules:1:1: error' in done.stdout, done)


main()
