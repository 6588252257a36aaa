# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL is away and the spool can take no more: by its setting, or because the disk is full.

What was acknowledged is kept and comes into the log when PostgreSQL is back; what cannot be kept is refused with 503 and
Retry-After; decisions go on, on time. As root the disk is a tmpfs of its own, else a limit on the size of files.
"""
import os
import resource
import subprocess
import time

from fleet import SEED, Fleet, Late, Shoppers, account, check, drill_rules, in_time, judge, main, others_matter, \
    rehearsal, request, scratch, servers_or_skip, settled, skip, tell, tell_figures, wait_until

DISK_BYTES = 24 << 20
LEFT_BYTES = 1 << 20
AWAY_SECONDS = 20


class Disk:
    """A directory on a disk of its own, nearly full when fill() was called."""

    def __init__(self):
        self.path, self.mounted = scratch(), False
        if os.getuid() == 0:
            done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={DISK_BYTES}', 'offerd-test', str(self.path)],
                                  capture_output=True, timeout=10)
            self.mounted = done.returncode == 0
        (self.path / 'data').mkdir()
        self.data = self.path / 'data'

    def fill(self):
        room = os.statvfs(self.path)
        free = room.f_bavail * room.f_frsize
        with open(self.path / 'ballast', 'wb') as ballast:
            ballast.write(b'x' * max(0, free - LEFT_BYTES))

    def end(self):
        if self.mounted:
            subprocess.run(['umount', '-l', str(self.path)], timeout=10, check=False)


def refusal(fleet, n=[0]):
    """The answer to an event when it is 503, else None."""
    n[0] += 1
    answer = request(fleet.ports[0], 'POST', '/events', {'event_id': f'probe-{n[0]}', 'type': 'product_viewed',
                                                        'customer_id': 'probe', 'sku': 'CAM-A7'}, timeout=15)
    return answer if answer.status == 503 else None


def fill_the_spool(fleet):
    """Events until one is refused; the ids of those that were acknowledged."""
    taken, number, end = set(), 0, time.monotonic() + AWAY_SECONDS
    while time.monotonic() < end:
        batch = [{'event_id': f'fill-{number + i}', 'type': 'feedback', 'customer_id': f'f{i % 50}', 'text': 'x' * 600}
                 for i in range(200)]
        number += 200
        answer = request(fleet.ports[0], 'POST', '/events', batch, timeout=20)
        if answer.status == 503:
            return taken, answer
        check(answer.status == 202, answer)
        taken |= {r['event_id'] for r in answer.json['results'] if r['status'] == 'accepted'}
    return taken, None


def spool_fills_up(what, flags=(), disk=None):
    servers = servers_or_skip()
    try:
        data = [disk.data, scratch()] if disk else None
        with Fleet(servers, rules=drill_rules(), flags=flags, data=data) as fleet:
            with Shoppers(fleet.ports, fleet=fleet, rate=100, settle_ms=50, seed=SEED) as shoppers, \
                    Shoppers(fleet.ports, fleet=fleet, rate=200, ask_only=True, prefix='w', seed=SEED + 1) as watchers:
                time.sleep(.5)
                servers.pg.kill9()
                if disk and disk.mounted:
                    disk.fill()
                taken, refused = fill_the_spool(fleet)
                tell(f'{what}: {len(taken)} events were kept in the spool before one was refused')
                check(refused, f'nothing was refused within {AWAY_SECONDS} s')
                tell(f'refused: {refused.status}, Retry-After {refused.headers.get("retry-after")}: {refused.text[:150]}')
                check(refused.headers.get('retry-after'), refused)
                time.sleep(1)
                servers.pg.start()
                wait_until(20, 'events are taken again', lambda: not refusal(fleet), every=.2)
                time.sleep(1)
                watchers.end()
                shoppers.end()
            settled(shoppers, fleet)
            wait_until(30, 'the spool is drained', lambda: taken <= {row[1] for row in fleet.log()}, every=.3)
            figures, rows = account(shoppers, fleet)
            watched, _ = account(watchers, fleet, rows=rows)
        tell_figures(shoppers, figures, what)
        tell(f'who only ask: {watched["decisions answered"]} answered, {watched["decisions late"]} late '
             f'({watched["decisions late, and not by the machine"]} not by the machine), '
             f'{watched["decisions answered with 5xx"]} 5xx')
        judge(figures, refused_allowed=True)
        check(watched['decisions answered'] > 100 and watched['decisions answered with 5xx'] == 0, watched)
        if not others_matter(watched['percent of the machine taken by others']):
            if watched['decisions late, and not by the machine']:
                raise Late(f'who only ask: {watched}')
    finally:
        servers.end()


@in_time
def test_a_spool_that_is_as_large_as_it_may_be_refuses_and_loses_nothing():
    if rehearsal():
        skip('this build has no PostgreSQL and Redis')
    spool_fills_up('a spool of 1 MB', flags=['--spool-mb', '1'])


@in_time
def test_a_full_disk_refuses_and_loses_nothing():
    if rehearsal():
        skip('this build has no PostgreSQL and Redis')
    disk = Disk()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if not disk.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_BYTES // 8, before[1]))
        spool_fills_up('a full disk' if disk.mounted else 'files may not grow', disk=disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        disk.end()


main()
