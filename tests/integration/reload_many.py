# SPDX-License-Identifier: Apache-2.0
"""Ten thousand rules are read anew under load: live within a second, no failed request, no long wait.

How soon, and how long the shoppers wait, is judged where not much else runs and nothing is slowed down
(TEST_PATIENCE); that nothing fails, everywhere.
"""
import http.client
import os
import shutil
import threading
import time

from harness import PATIENCE, QUIET_PERCENT, ROOT, Machine, Offerd, check, demo_data, main, scratch, tell, wait_until

OFFER = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text()
RULES, FILES, SECONDS = 10_000, 10, 4
RELOADS = 8 if PATIENCE == 1 else 3  # no figure is made of them then
LEAST_MS = 3  # below that a wait is the shoppers' own: they are two threads of Python
CATEGORIES = ['camera', 'lens', 'bag', 'memory-card', 'tripod', 'laptop', 'coffee-beans', 'warranty']
PLACEMENTS = ['cart-drawer', 'cart-page', 'home', 'email']
HEAD = 'version: 1\ncurrency: JPY\ntimezone: Asia/Tokyo\nlocales: [ja, en]\nrules:\n'
RULE = '''  - id: many-{n:05d}
    name: Rule {n}
    kind: cross_sell
    status: active
    owner: team
    trigger: [add_to_cart, cart_view]
    placement: [{placement}]
    audience: {{not_owns: {{category: {other}}}}}
    when: {{cart.has: {{category: {category}, unit_price: {{at_least: {price}}}}}, cart.total: {{at_least: {total}}}}}
    offer: {{pick: {{relation: bought_together, of: cart, limit: 2}}}}
    limits: {{per_customer: [{{max: 3, per: day, count: shown}}]}}
    rank: {{priority: {priority}}}
    message:
      ja: {{title: "{{offer.name}} と一緒に", cta: 追加, decline: 不要}}
      en: {{title: "{{offer.name}} goes with it", cta: Add, decline: Not now}}
'''


def save(path, text):
    beside = path.with_name('.' + path.name + '.swp')
    beside.write_text(text)
    os.replace(beside, path)


def live(offerd):
    """Which rules decide: of an answer, as the list of ten thousand would itself be a load."""
    return offerd.post('/offers', OFFER).json['ruleset']


def rule(n, priority):
    return RULE.format(n=n, placement=PLACEMENTS[n % 4], category=CATEGORIES[n // 4 % 8], other=CATEGORIES[n // 32 % 8],
                       price=1000 * (n % 37), total=500 * (n % 101), priority=priority)


def part(number, priority):
    """One of the files; another @priority is another ruleset."""
    each = RULES // FILES
    return HEAD + ''.join(rule(n, priority) for n in range(number * each, (number + 1) * each))


class Shoppers:
    """Ask on two keep-alive connections and keep each answer's time: (when, seconds)."""

    def __init__(self, port):
        self.port, self.stopping, self.took, self.bad = port, False, [], []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(20)

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            while not self.stopping:
                began = time.monotonic()
                connection.request('POST', '/offers', OFFER, {'Content-Type': 'application/json'})
                answer = connection.getresponse()
                body = answer.read()
                self.took.append((began, time.monotonic() - began))
                if answer.status != 200 or b'"decision_id"' not in body:
                    self.bad.append((answer.status, body[:200]))
                time.sleep(0.002)
        except OSError as failure:
            self.bad.append(failure)
        finally:
            connection.close()

    def p99_ms(self, since, until):
        took = sorted(seconds for began, seconds in self.took if since <= began < until)
        return 1000 * took[len(took) * 99 // 100], len(took)


def test_ten_thousand_rules_are_reloaded_under_load():
    rules, lives = scratch() / 'rules', []
    shutil.copytree(ROOT / 'config/rules', rules, ignore=shutil.ignore_patterns('*.md'))
    for number in range(FILES):
        (rules / f'many-{number}.yaml').write_text(part(number, 10))
    with Offerd(rules=rules, data=demo_data()) as offerd:
        machine, shoppers = Machine(offerd.process.pid), Shoppers(offerd.port)
        began = time.monotonic()
        time.sleep(SECONDS)
        quiet = time.monotonic()
        for turn in range(RELOADS):
            before = live(offerd)
            text = part(turn % FILES, 11 + turn)
            saved = time.monotonic()
            save(rules / f'many-{turn % FILES}.yaml', text)
            wait_until(10, 'the saved rules to be live', lambda: live(offerd) != before)
            lives.append(time.monotonic() - saved)
        ended = time.monotonic()
        shoppers.stop()
        check(not shoppers.bad, shoppers.bad[:3])
        usual, n_usual = shoppers.p99_ms(began, quiet)
        during, n_during = shoppers.p99_ms(quiet, ended)
        tell(f'{RULES} rules, {RELOADS} reloads: live after {min(lives):.2f} to {max(lives):.2f} s; p99 {usual:.1f} ms of '
             f'{n_usual} before, {during:.1f} ms of {n_during} during the reloads ({during / usual:.1f} times)')
        check('failed' not in offerd.log_text(), offerd.log_text())
        others = machine.others_percent()
        tell(f'percent of the machine taken by others: {others:.0f}')
        if others <= QUIET_PERCENT and PATIENCE == 1:
            check(sorted(lives)[RELOADS // 2] < 1, lives)
            check(during <= 2 * max(usual, LEAST_MS), usual, during)


main()
