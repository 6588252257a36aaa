# SPDX-License-Identifier: Apache-2.0
"""CEL in rule files: `expr` and rank.score go live with a saved file, decide, and are told of when they are wrong."""
import os

from harness import Offerd, check, demo_data, main, run, scratch, wait_until

HEAD = 'version: 1\ncurrency: JPY\ntimezone: Asia/Tokyo\nlocales: [en]\nrules:\n'


def rule(when='{cart.quantity: {at_least: 1}}', rank='{priority: 50}', skus=None, limit=1):
    return f"""{HEAD}  - id: the-rule
    name: a rule
    kind: cross_sell
    status: active
    owner: me
    trigger: [cart_view]
    placement: [cart-page]
    when: {when}
    offer: {{pick: {{{skus or 'relation: best_seller'}, limit: {limit}}}}}
    rank: {rank}
    message: {{en: {{title: t, cta: c, decline: d}}}}
"""


def rules_of(text):
    directory = scratch() / 'rules'
    directory.mkdir()
    (directory / 'shop.yaml').write_text(text)
    return directory


def save(directory, text):
    beside = directory / '.shop.yaml.swp'
    beside.write_text(text)
    os.replace(beside, directory / 'shop.yaml')


def asked(offerd, quantity=1, price=198000, **more):
    answer = offerd.post('/offers', {'placement': 'cart-page', 'trigger': 'cart_view', 'locale': 'en', 'limit': 5,
                                     'cart': {'currency': 'JPY', 'items': [
                                         {'sku': 'CAM-A7', 'quantity': quantity, 'unit_price': price}]}, **more})
    check(answer.status == 200, answer)
    return answer.json


def shown(offerd, **more):
    return [offer['items'][0]['sku'] for offer in asked(offerd, **more)['offers']]


def test_a_saved_expr_is_live_and_decides():
    rules = rules_of(rule('{expr: "cart.total > 10000000"}'))
    with Offerd(rules=rules, data=demo_data()) as offerd:
        check(shown(offerd) == [])
        before = offerd.get('/rules').json['ruleset']
        save(rules, rule('\n      expr: >-\n        cart.items.exists(i, i.category == "camera" && i.quantity % 2 == 1)\n'
                         '        && now > timestamp("2020-01-01T00:00:00Z")'))
        wait_until(10, 'the new rules', lambda: offerd.get('/rules').json['ruleset'] != before)
        check(len(shown(offerd)) == 1)
        check(shown(offerd, quantity=2) == [])
        receipt = asked(offerd, quantity=2, explain=True)['considered'][0]
        check(receipt['result'] == 'condition_false' and 'i.quantity % 2 == 1' in receipt['condition'], receipt)


def test_a_wrong_expr_changes_nothing_and_is_shown_under_its_word():
    rules = rules_of(rule('{expr: "cart.total > 1"}'))
    with Offerd(rules=rules, data=demo_data()) as offerd:
        live = offerd.get('/rules').json['ruleset']
        save(rules, rule('{expr: "cart.totl > 1"}'))
        answer = offerd.post('/-/reload', {})
        check(answer.status == 422, answer)
        problem = answer.json['problems'][0]
        check((problem['line'], problem['column'], problem['level']) == (13, 24, 'error'), problem)
        check('cart.total' in problem['help'], problem)
        check(offerd.get('/rules').json['ruleset'] == live and len(shown(offerd)) == 1)
        done = run('check', rules)
        check(done.returncode == 1 and ':13:24: error' in done.stdout, done.stdout)


def test_a_wrong_expr_is_told_in_the_language_of_its_author():
    rules = rules_of(rule('{expr: "cart.totl > 1"}'))
    english, japanese = (run('check', rules, env={'LC_ALL': '', 'LC_MESSAGES': '', 'LANG': lang}).stdout
                         for lang in ('C.UTF-8', 'ja_JP.UTF-8'))
    check(english.startswith(f"{rules}/shop.yaml:13:24: error: wrong in this expression: 'Cart' has no field 'totl'\n"),
          english)
    check("= help: did you mean 'cart.total'?\n" in english, english)
    check(japanese.startswith(f'{rules}/shop.yaml:13:24: エラー: 式に誤りがあります: 「Cart」に「totl」という属性はありません\n'),
          japanese)
    check('= ヒント: 「cart.total」ではありませんか?\n' in japanese, japanese)
    for expr, column, told in (
            ('cart.total >', 30, '式がここで終わっていますが、値が必要です'),
            ('cart.total > \'a\'', 30, '使えません: int > string'),
            ('size(cart.items', 33, '「(」が閉じていません'),
            ('cart.items.all(a, cart.items.all(b, customer.owned.all(c, true)))', None, 'マクロの入れ子が 2 段を'),
            ('cart.items.all(a, customer.owned.all(b, a.tag == b.tag))', None, '手数が最大'),
            ('now.getHours(\'Asia/Tokio\') < 3', 33, '知らないタイムゾーンです: Asia/Tokio')):
        told_ja = run('check', '--lang', 'ja', rules_of(rule(f'{{expr: "{expr}"}}'))).stdout
        check(told in told_ja and (column is None or f'shop.yaml:13:{column}: エラー: 式に' in told_ja), expr, told_ja)
    rules = rules_of(rule(rank='{priority: 50, score: "\'a\'"}'))
    check('score の式の結果は数値' in run('check', '--lang', 'ja', rules).stdout)
    done = run('explain', '--cel', 'the-rule', '--rules', rules, '--lang', 'ja')
    check(done.returncode == 1 and 'score の式の結果は数値' in done.stderr, done)


def test_a_reload_tells_of_a_wrong_expr_in_the_language_that_asks_and_logs_it_in_its_own():
    rules = rules_of(rule('{expr: "cart.total > 1"}'))
    with Offerd(rules=rules, data=demo_data(), env={'LC_ALL': 'ja_JP.UTF-8'}) as offerd:
        save(rules, rule('{expr: "cart.total > "}'))
        for language, told in (('ja', '式がここで終わっていますが、値が必要です'),
                               ('en', 'the expression ends, but a value is expected')):
            answer = offerd.post('/-/reload', {}, headers={'Accept-Language': language})
            problem = answer.json['problems'][0]
            check(problem['code'] == 'EXPR' and problem['message'].endswith(told), problem)
            check((problem['line'], problem['column']) == (13, 31), problem)
        wait_until(10, 'the log', lambda: any('式がここで終わっていますが' in line for line in offerd.log))


def test_an_expr_that_ends_in_an_error_skips_its_rule_and_is_counted():
    with Offerd(rules=rules_of(rule('{expr: "100 / (cart.quantity - 1) >= 0"}')), data=demo_data()) as offerd:
        check(len(shown(offerd, quantity=3)) == 1)
        check(offerd.metric('offerd_rule_expressions_stopped_total') == 0)
        check(shown(offerd, quantity=1) == [])
        check(offerd.metric('offerd_rule_expressions_stopped_total') == 1)
        receipt = asked(offerd, explain=True)['considered'][0]
        check(receipt['result'] == 'condition_unknown', receipt)


def test_a_score_orders_what_a_rule_offers():
    skus = 'relation: best_seller, where: {in_stock: true}'
    rules = rules_of(rule(rank='{priority: 50, score: "offer.price"}', skus=skus, limit=5))
    with Offerd(rules=rules, data=demo_data()) as offerd:
        first = shown(offerd)
        save(rules, rule(rank='{priority: 50, score: "-offer.price"}', skus=skus, limit=5))
        wait_until(10, 'the new rules', lambda: shown(offerd) != first)
        second = shown(offerd)
        check(len(first) == 5 and len(second) == 5 and not set(first) & set(second), first, second)
        check(offerd.metric('offerd_rule_expressions_stopped_total') == 0)


main()
