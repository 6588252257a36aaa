# SPDX-License-Identifier: Apache-2.0
"""A saved rule file is live within a second; a bad one changes nothing and its author is told where."""
import http.client
import os
import random
import re
import shutil
import signal
import threading
import time

from harness import PATIENCE, ROOT, Offerd, check, demo_data, main, scratch, tell, wait_until

OFFER = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text()


def shop_rules():
    """A copy of the demo shop's rules, to be spoilt."""
    return copy_rules(ROOT / 'config/rules', scratch() / 'rules')


def copy_rules(source, target):
    shutil.copytree(source, target, ignore=lambda _, names: [n for n in names if not n.endswith('.yaml')])
    return target


def save(path, text):
    """As careful editors do: written beside it, then renamed."""
    beside = path.with_name('.' + path.name + '.swp')
    beside.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.replace(beside, path)


def live(offerd):
    return offerd.get('/rules').json['ruleset']


def gauge(offerd):
    return offerd.metric('offerd_rules_last_reload_successful')


class Load:
    """Asks for offers on keep-alive connections until it is told to stop."""

    def __init__(self, port, connections=2):
        self.port, self.stopping, self.asked, self.bad = port, False, 0, []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(connections)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join(20)

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            while not self.stopping:
                connection.request('POST', '/offers', OFFER, {'Content-Type': 'application/json'})
                answer = connection.getresponse()
                body = answer.read()
                self.asked += 1
                time.sleep(0.001)
                if answer.status != 200 or b'"decision_id"' not in body:
                    self.bad.append((answer.status, body[:200]))
        except OSError as failure:
            self.bad.append(failure)
        finally:
            connection.close()


def test_fifty_saves_under_load_are_live_within_a_second_each():
    rules = shop_rules()
    camera, took = rules / 'camera.yaml', []
    text = camera.read_text()
    with Offerd(rules=rules, data=demo_data()) as offerd:
        before = live(offerd)
        with Load(offerd.port) as load:
            for n in range(50):
                changed = text + f'# saved {n}\n'
                began = time.monotonic()
                if n % 2:
                    camera.write_text(changed)  # in place, as simple editors do
                else:
                    save(camera, changed)
                now = wait_until(5, 'live', lambda: (live(offerd) != before) and live(offerd), every=0.005)
                took.append(time.monotonic() - began)
                before, asked = now, load.asked
                wait_until(5, 'the load goes on', lambda: load.asked > asked + 2)
        check(not load.bad, load.bad[:3])
        check(load.asked > 100, load.asked)
    took.sort()
    tell(f'from saved to live: p50 {took[25] * 1000:.0f} ms, worst of 50 {took[-1] * 1000:.0f} ms; '
         f'{load.asked} decisions meanwhile, none failed')
    check(took[-1] < PATIENCE, took)


def test_a_bad_file_changes_nothing_and_is_told_with_its_place():
    rules = shop_rules()
    camera = rules / 'camera.yaml'
    good = camera.read_text()
    with Offerd(rules=rules, data=demo_data(), env={'LC_ALL': 'ja_JP.UTF-8'}) as offerd:
        before, offers = live(offerd), offerd.post('/offers', OFFER).json['offers']
        check(gauge(offerd) == 1)
        save(camera, good.replace('cart.lacks', 'cart.lakcs', 1))
        wait_until(5, 'told', lambda: gauge(offerd) == 0)
        log = wait_until(5, 'logged', lambda: [l for l in offerd.log if 'camera.yaml:' in l])
        check(re.search(r'camera\.yaml:18:7: .*cart\.lakcs.*cart\.lacks', log[0]), log)
        check('という条件はありません' in log[0], 'not in Japanese:', log)
        check(live(offerd) == before)
        shown = lambda answer: [(o['rule'], [i['sku'] for i in o['items']]) for o in answer]
        check(shown(offerd.post('/offers', OFFER).json['offers']) == shown(offers))

        save(camera, good)
        wait_until(5, 'mended', lambda: gauge(offerd) == 1)
        check(live(offerd) == before)
        time.sleep(0.3)
        check(len([l for l in offerd.log if 'camera.yaml:18:7' in l]) == 1, 'told more than once')


def test_whoever_asks_for_a_reload_is_answered_in_their_language():
    rules = shop_rules()
    with Offerd(rules=rules, data=demo_data()) as offerd:
        before = live(offerd)
        check(offerd.post('/-/reload').json['result'] == 'unchanged')
        save(rules / 'zz.yaml', 'rules:\n\t- id: x\n')
        answer = offerd.post('/-/reload', headers={'Accept-Language': 'ja'})
        check(answer.status == 422 and answer.json['result'] == 'refused', answer)
        problem = answer.json['problems'][0]
        check((problem['line'], problem['column'], problem['code']) == (2, 1, 'YAML_TAB'), problem)
        check('タブ' in problem['message'] and problem['file'].endswith('zz.yaml'), problem)
        check('zz.yaml:2:1: ' in problem['text'] and 'id: x' in problem['text'] and '^' in problem['text'], problem)
        answer = offerd.post('/-/reload', headers={'Accept-Language': 'en-GB'})
        check('a tab' in answer.json['problems'][0]['message'], answer)
        check(live(offerd) == before)
        save(rules / 'zz.yaml', '# nothing\n')
        answer = offerd.post('/-/reload')
        check(answer.status == 200 and answer.json['ruleset'] != before, answer)


def test_sighup_reads_the_files_again():
    rules = shop_rules()
    elsewhere = scratch() / 'linked.yaml'
    elsewhere.write_text('# one\n')
    os.symlink(elsewhere, rules / 'linked.yaml')
    with Offerd(rules=rules, data=demo_data()) as offerd:
        before = live(offerd)
        elsewhere.write_text('# two\n')  # behind a link: no directory that is watched has changed
        offerd.signal(signal.SIGHUP)
        wait_until(5, 'live', lambda: live(offerd) != before)


def test_losing_more_than_half_of_the_rules_at_once_takes_force():
    rules = shop_rules()
    with Offerd(rules=rules, data=demo_data()) as offerd:
        before = live(offerd)
        offerd.signal(signal.SIGSTOP)  # so that it sees all of them gone at once
        for path in rules.glob('*.yaml'):
            if path.name not in ('shared.yaml', 'attributes.yaml', 'camera.yaml'):
                path.unlink()
        offerd.signal(signal.SIGCONT)
        wait_until(5, 'refused', lambda: gauge(offerd) == 0)
        answer = offerd.post('/-/reload')
        check(answer.status == 422 and answer.json['problems'][0]['code'] == 'RULES_DROPPED', answer)
        check(live(offerd) == before)
        answer = offerd.post('/-/reload?force=true')
        check(answer.status == 200 and answer.json['ruleset'] != before, answer)
        check(offerd.metric('offerd_rules_active') == answer.json['rules'], answer)


def test_a_start_with_broken_files_serves_the_last_good_ones_and_says_so():
    rules, data = shop_rules(), demo_data()
    with Offerd(rules=rules, data=data) as offerd:
        before = live(offerd)
        offers = len(offerd.post('/offers', OFFER).json['offers'])
        check(offers > 0)
    (rules / 'camera.yaml').write_text('rules: [\n')
    with Offerd(rules=rules, data=data) as offerd:
        check(live(offerd) == before)
        check(len(offerd.post('/offers', OFFER).json['offers']) == offers)
        check(gauge(offerd) == 0)
        check('last good' in offerd.get('/readyz').text, offerd.get('/readyz'))
        check(any('last good' in line for line in offerd.log), offerd.log_text())


def test_the_last_good_rules_are_those_that_went_live_though_the_files_were_spoilt_at_once():
    rules, data = shop_rules(), demo_data()
    camera = rules / 'camera.yaml'
    with Offerd(rules=rules, data=data) as offerd:
        first, good = live(offerd), camera.read_text() + '# good, but soon gone\n'
        save(camera, good)
        before = wait_until(5, 'live', lambda: (live(offerd) != first) and live(offerd), every=0.005)
        save(camera, 'rules: [\n')
        wait_until(5, 'refused', lambda: gauge(offerd) == 0, every=0.005)
    with Offerd(rules=rules, data=data) as offerd:
        check(live(offerd) == before, live(offerd), first)
        check(not any('000000000000' in line for line in offerd.log), offerd.log_text())
        offerd.signal(signal.SIGHUP)
        save(camera, good)
        wait_until(5, 'mended', lambda: gauge(offerd) == 1)
        check(live(offerd) == before)
        wait_until(5, 'told', lambda: any('unchanged: ruleset ' + before in line for line in offerd.log))


def test_a_swapped_config_map_is_live():
    mount = scratch() / 'mount'
    mount.mkdir()
    for version in ('1', '2'):
        copy_rules(ROOT / 'config/rules', mount / f'..{version}')
    (mount / '..2/camera.yaml').write_text((mount / '..1/camera.yaml').read_text() + '# second\n')
    os.symlink('..1', mount / '..data')
    for path in (mount / '..1').iterdir():
        os.symlink(f'..data/{path.name}', mount / path.name)
    with Offerd(rules=mount, data=demo_data()) as offerd:
        before = live(offerd)
        os.symlink('..2', mount / '..data_tmp')
        began = time.monotonic()
        os.replace(mount / '..data_tmp', mount / '..data')
        wait_until(1, 'live', lambda: live(offerd) != before)
        tell(f'{(time.monotonic() - began) * 1000:.0f} ms')


def broken(text, chance):
    """One of the ways a file comes to harm."""
    lines, how = text.split(b'\n'), chance.randrange(4)
    if how == 0:
        data = bytearray(text)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)
    if how == 1:
        return text[:chance.randrange(len(text))]
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    if how == 2:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines.insert(a, lines[b])
    return b'\n'.join(lines)


def test_two_thousand_broken_files_never_touch_what_is_live():
    chance, rules = random.Random(20261121), shop_rules()
    whole = {path: path.read_bytes() for path in sorted(rules.glob('*.yaml'))}
    refused = taken = 0
    with Offerd(rules=rules, data=demo_data()) as offerd:
        good = {live(offerd)}
        for n in range(2000):
            path = chance.choice(list(whole))
            save(path, broken(whole[path], chance))
            answer = offerd.post('/-/reload')
            check(answer.status in (200, 422), answer)
            if answer.status == 422:
                refused += 1
                check(answer.json['ruleset'] in good, n, answer)
                check(answer.json['problems'], n, answer)
                check(all(p['line'] >= 1 and p['column'] >= 1 and p['file'] for p in answer.json['problems']), answer)
            else:
                taken += 1
                good.add(answer.json['ruleset'])
            save(path, whole[path])
        answer = offerd.post('/-/reload?force=true')
        check(answer.status == 200 and offerd.post('/offers', OFFER).json['offers'], answer)
    tell(f'{refused} refused, {taken} harmless')
    check(refused > 1000, refused)


main()
