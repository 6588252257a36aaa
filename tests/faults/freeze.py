# SPDX-License-Identifier: Apache-2.0
"""A neighbour that is there, connected, and silent: SIGSTOP of Redis and of PostgreSQL; and Redis
emptied by FLUSHALL. OFFERD_FAULT_FREEZE_S: for so long (1.5; by hand 10). OFFERD_FAULT_FLUSHES: so often (2).

While Redis alone is silent no decision need go without a history: PostgreSQL has it. Those that wait when the silence
begins do, until it is known for one (SILENCE_S); of those asked after that at most LOST_PERCENT.
"""
import os
import time

from fleet import check, drill, main, tell

SILENCE_S = .6
LOST_PERCENT = 10
SECONDS = float(os.environ.get('OFFERD_FAULT_FREEZE_S', '1.5'))
FLUSHES = int(os.environ.get('OFFERD_FAULT_FLUSHES', '2'))


def freeze(server):
    """When it was silent, in microseconds."""
    began = time.monotonic()
    server.stop()
    time.sleep(SECONDS)
    ended = time.monotonic()
    server.cont()
    time.sleep(.7)
    return int(began * 1e6), int(ended * 1e6)


def test_nobody_waits_for_a_redis_that_does_not_answer():
    silent = []

    def fault(fleet):
        silent[:] = freeze(fleet.servers.redis)

    def look(_fleet, load, _figures, _rows):
        known = silent[0] + int(SILENCE_S * 1e6)
        asked = [line for line in load.lines('D') if known <= int(line[0]) < silent[1]]
        lost = sum('profile' in line[5] for line in asked)
        first = sum('profile' in line[5] for line in load.lines('D') if silent[0] <= int(line[0]) < known)
        tell(f'without history: {first} in the first {SILENCE_S:g} s of silence, then {lost} of {len(asked)}')
        check(len(asked) >= 20, 'no load')
        check(lost * 100 <= LOST_PERCENT * len(asked), f'{lost} of {len(asked)} decisions had no history')
    drill(f'SIGSTOP of Redis for {SECONDS:g} s', fault, look=look)


def test_events_are_kept_while_postgresql_does_not_answer():
    drill(f'SIGSTOP of PostgreSQL for {SECONDS:g} s', lambda fleet: freeze(fleet.servers.pg))


def test_a_flushed_redis_is_filled_again_and_forgets_no_cap():
    def flush(fleet):
        for _ in range(FLUSHES):
            fleet.servers.redis.command('FLUSHALL')
            time.sleep(.6)
    drill(f'{FLUSHES} × FLUSHALL of Redis', flush)


main()
