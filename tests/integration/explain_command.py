# SPDX-License-Identifier: Apache-2.0
"""offerd explain: the receipt of a decision without a service, and the CEL of a rule."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from harness import PATIENCE, PROGRAM, ROOT, Offerd, check, demo_data, main, run, scratch

# Of each decision alone: its ids, the time it took, the second it was made in.
OWN = {'decision_id', 'offer_id', 'took_us', 'expires_at'}
SHOWN = '✓'


def shared(value):
    """What two decisions about the same must have in common."""
    if isinstance(value, dict):
        return {k: shared(v) for k, v in value.items() if k not in OWN}
    return [shared(v) for v in value] if isinstance(value, list) else value


def demo_requests():
    for path in sorted((ROOT / 'config/demo/requests').glob('*.json')):
        yield json.loads(path.read_text())
    for path in sorted((ROOT / 'tests/golden').glob('*.request.json')):
        if '.refused_' not in path.name and not path.name.startswith('refused_'):
            yield json.loads(path.read_text())


def explain(body, *flags, data, rules='config/rules', env=None):
    path = scratch() / 'request.json'
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return run('explain', '--request', path, '--rules', rules, '--data', data, *flags, env={'LC_ALL': 'C.UTF-8', **(env or {})})


def test_offline_and_online_answers_are_the_same():
    visitor = {'type': 'customer_updated', 'customer_id': 'demo-visitor', 'at': '2026-11-20T10:00:00Z',
               'customer': {'consent': {'personalization': True}}}
    bought = {'type': 'order_placed', 'customer_id': 'demo-visitor', 'at': '2026-11-20T11:00:00Z',
              'order': {'id': 'A-1', 'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1, 'unit_price': 198000}]}}
    data, compared, shown = demo_data(), 0, 0
    with Offerd(data=data) as offerd:
        offerd.post('/events', [{'event_id': f'e-{n}', **e} for n, e in enumerate((visitor, bought))])
        for request in demo_requests():
            for customer in (None, 'demo-visitor', 'somebody-else'):
                request = {**request, 'explain': True, 'customer_id': customer, 'budget_ms': 1000}
                online = offerd.post('/offers', request)
                check(online.status == 200, online)
                done = explain(request, '--json', data=data)  # while the service works on the same store
                check(done.returncode == 0 and not done.stderr, done)
                check(shared(json.loads(done.stdout)) == shared(online.json), done.stdout, online)
                compared += 1
                shown += len(online.json['offers'])
    check(compared >= 20 and shown >= 20, compared, shown)


def test_a_decline_is_seen_offline():
    data = demo_data()
    request = {**json.loads((ROOT / 'config/demo/requests/phone-upsell-ja.json').read_text()), 'budget_ms': 1000}
    with Offerd(data=data) as offerd:
        answer = offerd.post('/offers', request).json
        offerd.post(f'/offers/{answer["decision_id"]}/{answer["offers"][0]["offer_id"]}/decline', {})
        told = json.loads(explain(request, '--json', data=data).stdout)
    check({c['rule']: c['result'] for c in told['considered']}['phone-storage-upsell'] == 'silent', told)


def test_a_receipt_for_people_names_each_rule_once_with_its_place():
    request = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
    data = demo_data()
    done = explain(request, '--lang', 'en', data=data)
    told = json.loads(explain(request, '--json', data=data).stdout)
    lines = [line for line in done.stdout.splitlines() if line[:1] in '✓·' and line]
    check(done.returncode == 0 and '\033' not in done.stdout, done)
    check([line.split()[1] for line in lines] == [c['rule'] for c in told['considered']], done.stdout)
    check(len({line.index('config/rules/') for line in lines}) == 1, 'not aligned', done.stdout)
    check([line for line in lines if line.startswith(SHOWN)] ==
          [line for line, c in zip(lines, told['considered']) if c['result'] == 'shown'], done.stdout)
    for line, c in zip(lines, told['considered']):
        check(f'config/rules/{c["at"]} ' in line, line, c)
        if 'key' in c:
            written = (ROOT / 'config/rules' / c['at'].split(':')[0]).read_text().splitlines()
            check(c['key'] in written[int(c['at'].split(':')[1]) - 1], c)
    check('      seen    0 of 1: CAM-A7 (category camera)\n      wanted  an item with category hotel-room\n' in done.stdout, done.stdout)
    check('ruleset ' + told['ruleset'] in done.stdout and '116 products' in done.stdout, done.stdout)


def test_it_speaks_the_language_of_its_user():
    request, data = next(demo_requests()), demo_data(orders=False)
    check('が成り立たない' in explain(request, '--lang', 'ja', data=data).stdout)
    check('が成り立たない' in explain(request, data=data, env={'LC_ALL': 'ja_JP.UTF-8'}).stdout)
    check('does not hold' in explain(request, '--lang=en', data=data, env={'LC_ALL': 'ja_JP.UTF-8'}).stdout)


def test_what_was_seen_and_wanted_is_told_in_japanese():
    request = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
    data = demo_data()
    told = explain(request, '--lang', 'ja', data=data).stdout
    check('      実際  1 件中 0 件: CAM-A7 (category camera)\n'
          '      必要  「category が hotel-room」の商品がある\n' in told, told)
    check('unknown' not in told and ' of ' not in told and ' item ' not in told, told)
    check(explain(request, '--lang', 'ja', data=scratch() / 'nothing').stdout.count('CAM-A7 (category 不明)') > 1)
    machines = json.loads(explain(request, '--json', '--lang', 'ja', data=data).stdout)['considered']
    check('an item with category hotel-room' in [c.get('wanted') for c in machines], machines)
    hotel = {'trigger': 'checkout', 'placement': 'checkout-sidebar', 'cart': {'items': [{'sku': 'ROOM-STD'}]}}
    told = explain(hotel, '--at', '2026-11-23T10:00', '--lang', 'ja', data=data).stdout
    check('      実際  2026-11-23 (月) 10:00 Asia/Tokyo\n      必要  金・土・日曜日\n' in told, told)


def test_a_schedule_that_is_off_says_the_time_and_its_line():
    request = {'trigger': 'checkout', 'placement': 'checkout-sidebar',
               'cart': {'items': [{'sku': 'ROOM-STD'}, {'sku': 'CAM-A7'}]}}
    data = demo_data(orders=False)

    def at(time):
        told = json.loads(explain(request, '--json', '--at', time, data=data).stdout)
        return {c['rule']: c for c in told['considered']}

    def line_of(file, text):
        lines = (ROOT / 'config/rules' / file).read_text().splitlines()
        return f'{file}:{next(n for n, line in enumerate(lines, 1) if text in line)}'

    monday = at('2026-11-23T10:00')['hotel-slow-weekend']
    check(monday == {'rule': 'hotel-slow-weekend', 'result': 'off_schedule', 'key': 'schedule',
                     'seen': 'mon 2026-11-23 10:00 Asia/Tokyo', 'wanted': 'on fri, sat, sun',
                     'at': line_of('hotel.yaml', 'schedule:')}, monday)
    check(at('2026-11-21T06:59')['hotel-slow-weekend']['wanted'] == 'between 07:00 and 23:00')
    check(at('2026-11-21T07:00:00+09:00')['hotel-slow-weekend']['result'] != 'off_schedule')
    early = at('2026-11-14')['gift-wrap-season']
    check((early['seen'], early['wanted']) == ('sat 2026-11-14 00:00 Asia/Tokyo', 'from 2026-11-15'), early)
    check(at('2026-12-26')['gift-wrap-season']['wanted'] == 'until 2026-12-25')
    check(at('2026-12-25T23:59')['gift-wrap-season']['result'] != 'off_schedule')


def test_without_a_store_there_is_no_catalogue_and_it_says_so():
    nowhere = scratch() / 'nothing'
    done = explain(next(demo_requests()), '--lang', 'en', data=nowhere)
    check(done.returncode == 0 and 'no catalogue' in done.stdout, done)
    check('CAM-A7 (category unknown)' in done.stdout, done.stdout)
    check(not nowhere.exists(), 'it made a store')


def test_it_changes_nothing():
    data = demo_data()
    before = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    explain(next(demo_requests()), data=data)
    after = {p.name: p.read_bytes() for p in data.iterdir() if p.is_file()}
    check({n: b for n, b in after.items() if not n.endswith(('-wal', '-shm'))} ==
          {n: b for n, b in before.items() if not n.endswith(('-wal', '-shm'))}, list(before), list(after))


def test_a_request_may_come_from_standard_input():
    done = subprocess.run([PROGRAM, 'explain', '--request', '-', '--rules', 'config/rules', '--data', scratch(), '--json'],
                          cwd=ROOT, input=json.dumps(next(demo_requests())), text=True, capture_output=True,
                          timeout=60 * PATIENCE)
    check(done.returncode == 0 and len(json.loads(done.stdout)['considered']) > 10, done)


def test_a_bad_request_is_pointed_at():
    data = scratch()
    done = explain({'trigger': 'add_to_cart', 'placement': 'x', 'cart': {'items': [{'sku': 'A', 'quantity': 0}]}}, data=data)
    check(done.returncode == 1 and '/cart/items/0/quantity: ' in done.stderr and not done.stdout, done)
    done = explain('{"trigger": ', data=data)
    check(done.returncode == 1 and 'request.json: ' in done.stderr, done)
    done = explain({'trigger': 'add_to_cart', 'cart': {}}, data=data)
    check(done.returncode == 1 and '/placement: "placement" is missing' in done.stderr, done)
    check(run('explain', '--request', '/nowhere.json', '--rules', 'config/rules', '--data', data).returncode == 1)


def test_a_place_without_rules_names_those_that_have_some():
    done = explain({'trigger': 'checkout', 'placement': 'chekout', 'cart': {}}, '--lang', 'en', data=scratch())
    check(done.returncode == 0 and 'No rules are for this trigger and place' in done.stdout, done)
    check('  checkout · checkout-sidebar\n' in done.stdout and 'thank-you' not in done.stdout, done)


def test_broken_rules_are_told_as_check_does():
    rules = scratch() / 'rules'
    shutil.copytree(ROOT / 'config/rules', rules)
    path = rules / 'camera.yaml'
    path.write_text(path.read_text().replace('cart.lacks', 'cart.lakcs', 1))
    done = explain(next(demo_requests()), data=scratch(), rules=rules)
    check(done.returncode == 1 and 'did you mean "cart.lacks"?' in done.stderr and not done.stdout, done)


def test_the_cel_of_a_rule_is_one_expression_with_a_place_for_each_part():
    done = run('explain', '--cel', 'camera-owner-next-lens', '--rules', 'config/rules')
    check(done.returncode == 0, done)
    rule = '\n'.join(line.split('//')[0].strip() for line in done.stdout.splitlines()).strip()
    check(rule.startswith('customer.owned.exists(') and rule.count('\n&& ') == 3, done.stdout)
    check('// owns, config/rules/camera.yaml:' in done.stdout, done.stdout)
    where = done.stdout.split('// offer.pick.where, of each product found: config/rules/camera.yaml:')[1]
    check('//   item.category == "lens" && ' in where, where)
    told = json.loads(run('explain', '--cel', 'camera-owner-next-lens', '--rules', 'config/rules', '--json').stdout)
    check(' '.join(rule.split()) == ' '.join(told['expression'].split()), rule, told)
    check([c['key'] for c in told['conditions']] == ['owns', 'not_owns', 'consent', 'cart.lacks'], told)
    for part in [*told['conditions'], told['where']]:
        line = (ROOT / 'config/rules' / part['file']).read_text().splitlines()[part['line'] - 1]
        check(part.get('key', 'where') in line, part, line)


def test_parts_that_bind_less_are_in_parentheses():
    told = json.loads(run('explain', '--cel', 'warranty-at-checkout', '--rules', 'config/rules', '--json').stdout)
    check(told['expression'].startswith('(') and ') && !' in told['expression'], told)


def test_every_rule_of_the_shop_has_its_cel():
    ids = re.findall(r'^  - id: (\S+)', '\n'.join(p.read_text() for p in pathlib.Path(ROOT, 'config/rules').glob('*.yaml')), re.M)
    check(len(ids) == 30)
    for rule in ids:
        told = json.loads(run('explain', '--cel', rule, '--rules', 'config/rules', '--json').stdout)
        check(told['rule'] == rule and told['expression'] and told['conditions'], told)


def test_an_unknown_rule_is_guessed_at():
    done = run('explain', '--cel', 'camera-lens-bundel', '--rules', 'config/rules')
    check(done.returncode == 1 and "did you mean 'camera-lens-bundle'?" in done.stderr, done)
    done = run('explain', '--cel', 'zzz', '--rules', 'config/rules')
    check(done.returncode == 1 and 'among the 30 here' in done.stderr, done)


def test_wrong_usage_is_told_apart_from_errors():
    for words in ([], ['--request'], ['--request', 'a', '--cel', 'b'], ['--request', 'a', '--request', 'b'],
                  ['--cel', 'a', '--lang', 'fr'], ['--cel', 'a', '--nonsense'], ['--cel', 'a', 'b']):
        check(run('explain', *words).returncode == 2, words)
    done = explain(next(demo_requests()), '--at', 'tomorrow', data=scratch())
    check(done.returncode == 2 and "'tomorrow' is no time" in done.stderr, done)
    done = run('explain', '--help')
    check(done.returncode == 0 and 'usage: offerd explain' in done.stdout and len(done.stdout) > 800, done)
    check(max(map(len, done.stdout.splitlines())) <= 100, done.stdout)


os.environ.pop('OFFERD_CONFIG', None)
main()
