# SPDX-License-Identifier: Apache-2.0
"""A reader of the log that has gone to sleep (a log driver that is stuck, a terminal that is held): the pipe is full, and
nobody who logs may wait for it. Decisions, events, reloads and the end go on."""
import os
import shutil
import signal
import socket
import sys
import time

from harness import PATIENCE, ROOT, Offerd, check, main, run, scratch, skip, tell, wait_until

sys.path.insert(0, str(ROOT / 'tests' / 'support'))
from servers import Missing, Servers  # noqa: E402

GOOD = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_bytes()
HEAD = b'POST /offers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(GOOD)


class Unread(Offerd):
    """Nobody reads what it logs."""

    def _read(self, process):
        pass

    def fill(self):
        """Until the pipe takes nothing more: through a description of its own, so that the program's goes on to wait."""
        pipe = os.open(f'/proc/{self.process.pid}/fd/2', os.O_WRONLY | os.O_NONBLOCK)
        try:
            for size in (4096, 1):
                while True:
                    try:
                        os.write(pipe, b'\n' * size)
                    except BlockingIOError:
                        break
        finally:
            os.close(pipe)
        return self

    def ends_within(self, seconds):
        """The exit status, and after how long."""
        began = time.monotonic()
        self.process.wait(seconds * PATIENCE)
        return self._ended(), time.monotonic() - began


def test_it_ends_when_it_is_asked_to():
    with Unread(flags=['--drain-s', '5']) as offerd:
        offerd.fill().signal(signal.SIGTERM)
        status, took = offerd.ends_within(12)
        tell(f'ended {took:.2f} s after SIGTERM')
        check(status == 0, status)
        check(took < 5 * PATIENCE, took)


def test_it_ends_at_once_when_it_is_asked_twice():
    with Unread(flags=['--slow-request-s', '60']) as offerd, \
            socket.create_connection(('127.0.0.1', offerd.port), timeout=10 * PATIENCE) as wire:
        offerd.fill()
        wire.sendall(HEAD + GOOD[:20])
        wait_until(5, 'the head', lambda: offerd.metric('offerd_http_requests_in_flight') >= 2)
        offerd.signal(signal.SIGTERM)
        time.sleep(1)  # two that came at once would be one
        check(offerd.process.poll() is None, 'the first one did not wait')
        offerd.signal(signal.SIGTERM)
        _, took = offerd.ends_within(10)
        check(took < 4 * PATIENCE, took)


def test_rules_go_live_and_are_refused_and_it_ends():
    rules = scratch() / 'rules'
    shutil.copytree(ROOT / 'config/rules', rules)
    with Unread(rules=rules) as offerd:
        offerd.fill()
        for i in range(3):
            (rules / 'more.yaml').write_text(f'version: 1\n# {i}\nrules: [\n')  # each reading of it is told
            refused = 'offerd_rules_reloads_total{result="refused"}'
            wait_until(10, 'it is refused', lambda: offerd.metric(refused) == i + 1)
        check(offerd.post('/offers', GOOD).status == 200)
        event = {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}
        check(offerd.post('/events', event).status == 202)
        (rules / 'more.yaml').unlink()
        wait_until(10, 'all is well again', lambda: offerd.metric('offerd_rules_last_reload_successful') == 1)
        check(offerd.stop() == 0)


def test_a_replica_whose_neighbours_fall_silent_answers_all_the_same():
    """Who notices it first says so, the journal before it answers, and of Redis under a lock that all workers take."""
    try:
        servers = Servers()
    except Missing as why:
        skip(str(why))
    with servers:
        env = {'OFFERD_DATABASE_URL': servers.database_url, 'OFFERD_REDIS_URL': servers.redis_url,
               'OFFERD_TOKEN_KEY': '0' * 32}
        check(run('migrate', env=env).returncode == 0)
        with Unread(env=env) as offerd:
            offerd.fill()
            servers.pg.stop()
            servers.redis.stop()
            try:
                for i in range(3):
                    event = {'event_id': f'e{i}', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}
                    check(offerd.post('/events', event, timeout=20 * PATIENCE).status == 202)
                    check(offerd.post('/offers', GOOD, timeout=10 * PATIENCE).status == 200)
            finally:
                servers.pg.cont()
                servers.redis.cont()
            check(offerd.stop() == 0)


main()
