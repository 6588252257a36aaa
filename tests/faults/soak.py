# SPDX-License-Identifier: Apache-2.0
"""A fleet that works for long: memory and open files of every process stay where they are.

Two replicas, PostgreSQL, Redis and shoppers who are new customers after some visits, so that whatever is kept for each
customer or each request shows. Every process is looked at in turn; the first quarter of the time is warm-up; through the
rest goes a line (least squares), and the test fails where what the line gains is more than noise.

OFFERD_SOAK_SECONDS (10), OFFERD_SOAK_RATE: requests a second (150), OFFERD_SOAK_EVERY_S: between looks (10; less when
the run is short). Growth is judged in runs of five minutes and more: a shorter one is all warm-up, and only says that
everything is seen. OFFERD_SOAK_LOOKS: a file for every look, as it comes. OFFERD_SOAK_VISITS (8): after so many a shopper is a new
customer; with 1 whatever is kept for each customer shows eight times sooner.

Redis keeps a profile for each customer, until its time is up: there what is judged is the memory for each key, and that each
has an end. The shoppers keep each latency they saw until their end: told, not judged. A replica remembers the last 131,072 offers
(docs/capacity.md): until so many were shown it gains 32 bytes with each.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import time

from fleet import Fleet, Shoppers, account, check, drill_rules, main, servers_or_skip, tell, tell_figures
from servers import descendants

SECONDS = float(os.environ.get('OFFERD_SOAK_SECONDS', '10'))
RATE = float(os.environ.get('OFFERD_SOAK_RATE', '150'))
VISITS = int(os.environ.get('OFFERD_SOAK_VISITS', '8'))
EVERY_S = min(float(os.environ.get('OFFERD_SOAK_EVERY_S', '10')), SECONDS / 12)
LOOKS = os.environ.get('OFFERD_SOAK_LOOKS')
LEAST_SECONDS = 300
# What a replica keeps of a shop that grows is bounded (docs/capacity.md); these bounds are reached during the warm-up.
KEPT = ['--hot-profiles', '100', '--known-purchases', '10000']
WARM_UP = 1 / 4
# What a line may gain and still be noise: a malloc arena more, a page cache's page, a connection made anew.
MEMORY_FLOOR, MEMORY_SHARE, FILES_FLOOR = 1 << 20, .02, 3
TICKS = os.sysconf('SC_CLK_TCK')
CLIENTS = re.compile(r'\d\(\d+\) ')  # 127.0.0.1(49672) idle

Line = collections.namedtuple('Line', 'first last per_minute gain noise')


def line_through(times, values):
    """Least squares after the warm-up. gain: of the line over that time; noise: how far the values lie from it."""
    begin = next(i for i, at in enumerate(times) if at - times[0] >= (times[-1] - times[0]) * WARM_UP)
    xs, ys = times[begin:], values[begin:]
    middle, mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle) ** 2 for x in xs)
    slope = sum((x - middle) * (y - mean) for x, y in zip(xs, ys)) / spread if spread else 0
    away = sum((y - mean - slope * (x - middle)) ** 2 for x, y in zip(xs, ys))
    return Line(values[0], values[-1], slope * 60, slope * (xs[-1] - xs[0]), (away / max(1, len(xs) - 2)) ** .5)


def grows(line, floor, share=0):
    return line.gain > max(floor + share * abs(line.last), 3 * line.noise)


def status_of(pid):
    """Memory (all of it, and what is its own), open files and CPU seconds of one process; None when it is gone."""
    try:
        text = pathlib.Path('/proc', str(pid), 'status').read_text()
        said = dict(row.split(':', 1) for row in text.splitlines())
        cpu = pathlib.Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()
        return {'rss': int(said['VmRSS'].split()[0]) * 1024, 'own': int(said['RssAnon'].split()[0]) * 1024,
                'files': len(os.listdir(f'/proc/{pid}/fd')), 'cpu': (int(cpu[11]) + int(cpu[12])) / TICKS}
    except (OSError, KeyError):
        return None


def title_of(pid):
    try:
        return pathlib.Path('/proc', str(pid), 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace').strip()[:80]
    except OSError:
        return 'gone'


class Watch:
    """What was seen, look by look: .times, and .series['replica 0', 'rss'], a value a look."""

    def __init__(self, groups, renew=None):
        """renew: by name, who is there now, for a server that ends a client's process and begins another."""
        self.groups, self.times, self.series, self.began = groups, [], collections.defaultdict(list), time.monotonic()
        self.renew, self.titles = renew or {}, {pid: title_of(pid) for pids in groups.values() for pid in pids}
        self.spent, self.last = collections.Counter(), {}  # CPU seconds: of a group, also by processes that are gone; of each one

    def parts_of(self, name):
        parts = {pid: status_of(pid) for pid in self.groups[name]}
        gone = [f'{pid} ({self.titles[pid]})' for pid, part in parts.items() if not part]
        if gone and name in self.renew and all(CLIENTS.search(title) for title in gone):
            tell(f'{name}: gone after {time.monotonic() - self.began:.0f} s: {", ".join(gone)}')
            self.groups[name] = self.renew[name]()
            self.titles |= {pid: title_of(pid) for pid in self.groups[name]}
            parts = {pid: part for pid in self.groups[name] if (part := status_of(pid))}
            gone = []
        check(not gone, f'of {name} are gone:', ', '.join(gone))
        for pid, part in parts.items():
            self.spent[name] += part['cpu'] - self.last.get(pid, part['cpu'])
            self.last[pid] = part['cpu']
        return list(parts.values())

    def look(self, **more):
        seen = {}
        for name in self.groups:
            parts = self.parts_of(name)
            for what in parts[0]:
                seen[name, what] = self.spent[name] if what == 'cpu' else sum(part[what] for part in parts)
        self.times.append(time.monotonic() - self.began)
        seen |= {tuple(key.split('__')): value for key, value in more.items()}
        for key, value in seen.items():
            self.series[key].append(value)
        if LOOKS:
            with open(LOOKS, 'a', encoding='utf-8') as out:
                for (name, what), value in seen.items():
                    out.write(f'{self.times[-1]:.1f}\t{name}\t{what}\t{value:.10g}\n')

    def line(self, name, what):
        return line_through(self.times, self.series[name, what])

    def cpu_share(self, name):
        spent = self.series[name, 'cpu']
        return (spent[-1] - spent[0]) / (self.times[-1] - self.times[0])


UNITS = {'rss': (1e6, 'MB resident'), 'own': (1e6, 'MB of its own'), 'files': (1, 'open files'), 'used': (1e6, 'MB used'),
         'keys': (1, 'keys'), 'a key': (1, 'bytes for each key'), 'clients': (1, 'clients')}


def tell_lines(watch, judged, seconds):
    """A row for each series, and which of them grow though they must not."""
    grown = []
    tell(f'{"":14}{"":20}{"first":>10}{"last":>10}{"a minute":>16}{"gain":>12}{"noise":>10}')
    for name, what in sorted(watch.series):
        if what == 'cpu':
            continue
        line, (unit, words) = watch.line(name, what), UNITS[what]
        memory = what in ('rss', 'own', 'a key')
        floor, share = (FILES_FLOOR, 0) if not memory else (0, .05) if what == 'a key' else (MEMORY_FLOOR, MEMORY_SHARE)
        is_judged = (name, what) in judged and seconds >= LEAST_SECONDS
        worse = is_judged and grows(line, floor, share)
        grown += [f'{name}: {words}'] if worse else []
        minute = f'{line.per_minute:+,.0f} B' if unit == 1e6 else f'{line.per_minute:+.2f}'
        tell(f'{name:14}{words:20}{line.first / unit:>10.1f}{line.last / unit:>10.1f}{minute:>16}'
             f'{line.gain / unit:>+12.2f}{line.noise / unit:>10.2f}{"  GROWS" if worse else "" if is_judged else "  told"}')
    for name in watch.groups:
        tell(f'{name}: {watch.cpu_share(name) * 100:.1f} % of a core')
    return grown


def look(watch, servers):
    memory = dict(row.split(':', 1) for row in servers.redis.command('INFO', 'memory').decode().split() if ':' in row)
    keys = servers.redis.command('DBSIZE')
    clients = servers.pg.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                             ' AND pid <> pg_backend_pid()')[0][0]
    used = int(memory['used_memory'])
    watch.look(redis__used=used, redis__keys=keys, postgres__clients=int(clients),
               **{'redis__a key': used / max(1, keys)})


def keys_without_end(redis):
    """Keys that Redis would keep for ever."""
    found, cursor = [], b'0'
    while True:
        cursor, keys = redis.command('SCAN', cursor, 'COUNT', 1000)
        found += [key for key in keys if redis.command('TTL', key) == -1]
        if cursor == b'0':
            return found


def judged_of(watch):
    return {(name, what) for name, what in watch.series
            if name.startswith('replica') or (name, what) in {('redis', 'files'), ('redis', 'a key'), ('postgres', 'own'),
                                                              ('postgres', 'files'), ('postgres', 'clients')}}


def test_a_fleet_that_works_for_long_takes_no_more_memory_and_no_more_files():
    with servers_or_skip(ahead=False) as servers, Fleet(servers, 2, drill_rules((100000, '5s')), KEPT) as fleet:
        with Shoppers(fleet.ports, seconds=SECONDS + 600, rate=RATE, roam=True, settle_ms=50, visits=VISITS) as load:
            time.sleep(min(5, SECONDS / 10))  # connections are made
            watch = Watch({f'replica {i}': [replica.process.pid] for i, replica in enumerate(fleet.replicas)} |
                          {'redis': servers.redis.pids, 'postgres': lasting(servers.pg), 'shoppers': [load.process.pid]},
                          {'postgres': lambda: lasting(servers.pg)})
            began = time.monotonic()
            while time.monotonic() - began < SECONDS:
                ended = [replica for replica in fleet.replicas if replica.process.poll() is not None]
                check(not ended, *(f'a replica has ended with {replica.process.returncode}:\n{replica.log_text()}' for replica in ended))
                look(watch, servers)
                time.sleep(max(0, EVERY_S - (time.monotonic() - began) % EVERY_S))
            load.end()
        endless = keys_without_end(servers.redis)
        check(not endless, 'keys of Redis without an end:', len(endless), endless[:5])
        figures, _ = account(load, fleet)
        tell_figures(load, figures, f'{watch.times[-1]:.0f} s, {RATE:g} requests/s asked for, a look each {EVERY_S:g} s, '
                                    f'{len(watch.times)} looks; the first quarter is warm-up')
        said = figures['decisions asked'] + figures['events acknowledged']
        tell(f'decisions and events: {said}, {said / load.figures["seconds"]:.0f} a second')
        grown = tell_lines(watch, judged_of(watch), SECONDS)
        check(len(watch.times) >= 8 and figures['decisions answered'] > SECONDS, 'too little was seen')
        check(not grown, 'grew beyond noise:', '; '.join(grown))
        for name in ('events found twice', 'caps exceeded', 'offered against cap or decline', 'decisions answered with 5xx'):
            check(figures[name] == 0, name, figures[name])
        check(figures['events found'] == figures['events acknowledged'], 'acknowledged events are not in the log')


def lasting(pg):
    """PostgreSQL's processes, those left out that come and go: autovacuum's workers and the process of a question."""
    time.sleep(.5)
    ids = set(pg.pids)
    passing = {int(row[0]) for row in pg.sql("SELECT pid FROM pg_stat_activity WHERE pid = pg_backend_pid()"
                                             " OR backend_type IN ('autovacuum worker', 'parallel worker')")}
    return [pid for pid in sorted(ids - passing) if status_of(pid)]


# ── the instrument ───────────────────────────────────────────────────────────────────────────────

def test_a_leak_is_told_from_noise_and_from_a_warm_up():
    times = [10.0 * i for i in range(150)]  # 25 minutes
    wobble = [(i * 7919 % 13 - 6) * 40000 for i in range(150)]

    flat = line_through(times, [50e6 + w for w in wobble])
    warm = line_through(times, [50e6 - 20e6 * max(0, 1 - i / 30) + w for i, w in enumerate(wobble)])
    leak = line_through(times, [50e6 + 200000 * at / 60 + w for at, w in zip(times, wobble)])

    check(not grows(flat, MEMORY_FLOOR, MEMORY_SHARE), flat)
    check(not grows(warm, MEMORY_FLOOR, MEMORY_SHARE), warm)
    check(grows(leak, MEMORY_FLOOR, MEMORY_SHARE) and abs(leak.per_minute - 200000) < 10000, leak)
    check(grows(line_through(times, [20 + i // 10 for i in range(150)]), FILES_FLOOR))
    check(not grows(line_through(times, [20 + i % 3 for i in range(150)]), FILES_FLOOR))


def test_a_process_that_takes_memory_and_files_is_seen():
    wasteful = ('import os, time\nkept = []\nwhile True:\n kept.append(bytearray(b"x" * 300000))\n'
                ' kept.append(open("/dev/null"))\n time.sleep(.02)\n')
    with subprocess.Popen([sys.executable, '-S', '-E', '-c', wasteful]) as process:
        try:
            time.sleep(.3)
            watch = Watch({'wasteful': [process.pid]})
            for _ in range(20):
                watch.look()
                time.sleep(.1)
            check(watch.line('wasteful', 'rss').gain > 5e6, watch.line('wasteful', 'rss'))
            check(grows(watch.line('wasteful', 'own'), MEMORY_FLOOR, MEMORY_SHARE), watch.line('wasteful', 'own'))
            check(grows(watch.line('wasteful', 'files'), FILES_FLOOR), watch.line('wasteful', 'files'))
        finally:
            process.kill()


if __name__ == '__main__':
    main()
