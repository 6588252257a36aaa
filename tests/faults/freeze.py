# SPDX-License-Identifier: Apache-2.0
"""A neighbour that is there, connected, and silent: SIGSTOP of Redis and of PostgreSQL; and Redis
emptied by FLUSHALL. OFFERD_FAULT_FREEZE_S: for so long (1.5; by hand 10). OFFERD_FAULT_FLUSHES: so often (2).
"""
import os
import time

from fleet import drill, main

SECONDS = float(os.environ.get('OFFERD_FAULT_FREEZE_S', '1.5'))
FLUSHES = int(os.environ.get('OFFERD_FAULT_FLUSHES', '2'))


def freeze(server):
    server.stop()
    time.sleep(SECONDS)
    server.cont()
    time.sleep(.7)


def test_nobody_waits_for_a_redis_that_does_not_answer():
    drill(f'SIGSTOP of Redis for {SECONDS:g} s', lambda fleet: freeze(fleet.servers.redis))


def test_events_are_kept_while_postgresql_does_not_answer():
    drill(f'SIGSTOP of PostgreSQL for {SECONDS:g} s', lambda fleet: freeze(fleet.servers.pg))


def test_a_flushed_redis_is_filled_again_and_forgets_no_cap():
    def flush(fleet):
        for _ in range(FLUSHES):
            fleet.servers.redis.command('FLUSHALL')
            time.sleep(.6)
    drill(f'{FLUSHES} × FLUSHALL of Redis', flush)


main()
