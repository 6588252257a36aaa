# SPDX-License-Identifier: Apache-2.0
"""API keys: made by `offerd key`, asked for at the door, changed while the service runs, limited in their rate."""
import json
import os
import re
import threading
import time

from harness import ROOT, Offerd, check, demo_data, main, run, scratch, tell, wait_until

OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
VIEW = {'event_id': 'view-1', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}


def new_key(name, scope, *more):
    """(the key, its line for the file)"""
    done = run('key', name, '--scope', scope, *more)
    check(done.returncode == 0, done.stderr)
    key, line = done.stdout.splitlines()
    return key, line


class Guarded(Offerd):
    """With a keys file; .write changes it as an editor does, or in place."""

    def __init__(self, lines, flags=(), **options):
        self.file = scratch() / 'keys'
        self.write(lines)
        super().__init__(flags=['--api-keys-file', self.file, *flags], **options)

    def write(self, lines, at_once=True):
        text = ''.join(f'{line}\n' for line in lines)
        if not at_once:
            self.file.write_text(text)
            return
        beside = self.file.with_suffix('.new')
        beside.write_text(text)
        os.replace(beside, self.file)

    def status(self, key, path='/offers', body=OFFER):
        headers = {'Authorization': f'Bearer {key}'} if key else {}
        return self.post(path, body, headers=headers).status

    def becomes(self, wanted, key, **options):
        wait_until(5, f'{wanted} for this key', lambda: self.status(key, **options) == wanted)


def test_without_a_keys_file_nobody_is_asked():
    with Offerd() as offerd:
        check(offerd.post('/offers', OFFER).status == 200)
        check(offerd.post('/offers', OFFER, headers={'Authorization': 'Bearer whatever'}).status == 200)
        check(offerd.get('/metrics').status == 200)


def test_the_command_makes_a_key_that_works_and_a_line_that_does_not_hold_it():
    key, line = new_key('shop', 'storefront,events', '--rate', 100)
    check(re.fullmatch(r'offerd_[A-Za-z0-9_-]{43}', key), key)
    check(re.fullmatch(r'shop storefront,events [0-9a-f]{64} rate=100', line), line)
    check(new_key('shop', 'storefront')[0] != key)
    with Guarded([line]) as offerd:
        check(offerd.status(key) == 200 and offerd.status(key, '/events', VIEW) == 202)
        check(offerd.status(key, '/-/reload', None) == 403)
        check(offerd.status(line.split()[2]) == 401, 'the hash is no key')
        check(offerd.status(None) == 401)


def test_the_command_refuses_what_the_file_could_not_hold():
    for arguments in (['shop'], ['shop', '--scope', 'storefrnt'], ['a b', '--scope', 'admin'], ['--scope', 'admin'],
                      ['a', 'b', '--scope', 'admin'], ['a', '--scope', 'admin', '--rate', '0'],
                      ['a', '--scope', 'admin', '--rate', '5 admin'], ['x' * 65, '--scope', 'admin'],
                      ['a\n', '--scope', 'admin'], ['#', '--scope', 'admin'], ['a', '--scope', 'open']):
        done = run('key', *arguments)
        check(done.returncode == 2 and not done.stdout and done.stderr, arguments, done)
    check('usage' in run('key', '--help').stdout)


def test_a_key_is_replaced_while_the_service_runs_and_no_request_fails():
    old, old_line = new_key('shop', 'storefront')
    new, new_line = new_key('shop', 'storefront')
    statuses, stop, current = [], threading.Event(), [old]
    with Guarded([old_line]) as offerd:
        def ask():
            while not stop.is_set():
                statuses.append(offerd.status(current[0]))
        client = threading.Thread(target=ask)
        client.start()
        began = time.monotonic()
        offerd.write([old_line, new_line])
        offerd.becomes(200, new)
        tell(f'a new key was good after {time.monotonic() - began:.2f} s')
        current[0] = new
        answered = len(statuses)
        wait_until(5, 'what was sent with the old one is answered', lambda: len(statuses) > answered + 1)
        began = time.monotonic()
        offerd.write(['# the old one is gone', new_line], at_once=False)
        offerd.becomes(401, old)
        tell(f'an old key was refused after {time.monotonic() - began:.2f} s')
        stop.set()
        client.join()
        check(statuses and set(statuses) == {200}, set(statuses))


def test_a_broken_file_keeps_the_last_good_keys_and_is_told():
    key, line = new_key('shop', 'storefront')
    root, root_line = new_key('root', 'admin')
    broken = {'half a line': [line, root_line[:40]], 'empty': [], 'no scope': ['shop ' + line.split()[2]]}
    with Guarded([line, root_line]) as offerd:
        for what, lines in broken.items():
            told = len(offerd.log)
            offerd.write(lines)
            wait_until(5, f'a word about {what}', lambda: any('last good keys stay' in each for each in offerd.log[told:]))
            check('error' in offerd.get('/readyz').text and 'keys' in offerd.get('/readyz').text, offerd.get('/readyz'))
            check(offerd.status(key) == 200 and offerd.status(None) == 401, what)
            told = len(offerd.log)
            offerd.write([line, root_line])
            wait_until(5, 'mended', lambda: 'keys' not in offerd.get('/readyz').text)
        told = len(offerd.log)
        offerd.file.unlink()
        wait_until(5, 'a word about the missing file', lambda: any('last good keys stay' in each for each in offerd.log[told:]))
        check(offerd.status(key) == 200)
        page = offerd.get('/metrics', headers={'X-Api-Key': root}).text
        check('\nofferd_api_keys_last_read_successful 0\n' in page and '\nofferd_api_keys 2\n' in page, page)
        check(sum('last good keys stay' in each for each in offerd.log) == len(broken) + 1, 'each fault is told once')


def test_a_service_that_was_told_to_ask_for_keys_does_not_start_without():
    file = scratch() / 'keys'
    for text, word in ((None, 'cannot be read'), ('', 'no key'), ('shop storefront\n', 'line 1')):
        if text is not None:
            file.write_text(text)
        done = run('serve', '--data', scratch(), '--rules', ROOT / 'config/rules', '--listen', '127.0.0.1:0', '--api-keys-file', file)
        check(done.returncode == 1 and word in done.stderr and str(file) in done.stderr, done)


def test_a_key_is_answered_as_often_as_its_rate_says_over_all_workers():
    rate, clients = 20, 6  # so few that the clients reach it on the slowest machine
    key, line = new_key('shop', 'storefront', '--rate', rate)
    free, free_line = new_key('other', 'storefront')
    statuses, stop = [[] for _ in range(clients)], threading.Event()
    with Guarded([line, free_line], data=demo_data(orders=False), flags=['--workers', 2]) as offerd:
        def ask(seen):
            while not stop.is_set():
                seen.append(offerd.status(key))

        def asked():
            return sum(map(len, statuses))

        def readings():
            return sum('in force:' in each for each in offerd.log)
        threads = [threading.Thread(target=ask, args=(seen,)) for seen in statuses]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        wait_until(10, 'more requests than are allowed', lambda: asked() > rate * (1 + time.monotonic() - began) * 1.2)
        before = readings()
        offerd.write([free_line, line])  # read anew in the middle: no fresh burst
        wait_until(5, 'the file is read anew', lambda: readings() > before)
        so_far = asked()
        wait_until(10, 'a fresh burst would be used up', lambda: asked() > so_far + 2 * rate and time.monotonic() > began + 2)
        check(offerd.status(free) == 200, 'another key has its own')
        stop.set()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    all_of_them = [status for seen in statuses for status in seen]
    good = all_of_them.count(200)
    tell(f'{len(all_of_them)} requests in {took:.2f} s, {good} answered; {rate}/s and a burst of {rate} allow {rate * (1 + took):.0f}')
    check(set(all_of_them) == {200, 429}, set(all_of_them))
    check(rate * took * 0.9 <= good <= rate * (1 + took) + 1, good)


def test_no_key_stands_in_any_log():
    key, line = new_key('shop', 'storefront')
    wrong, _ = new_key('shop', 'storefront')
    log = scratch() / 'access.log'
    with Guarded([line], flags=['--log-level', 'debug', '--access-log', log]) as offerd:
        check(offerd.status(key) == 200 and offerd.status(wrong) == 401)
        offerd.write([line + ' rate=' + key])
        wait_until(5, 'a word about the file', lambda: any('last good keys stay' in each for each in offerd.log))
        offerd.stop()
        text = '\n'.join(offerd.log) + log.read_text()
    check('"key":"shop"' in text, text)
    check(key not in text and wrong not in text and line.split()[2] not in text)


main()
