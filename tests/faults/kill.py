# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load: of a replica, of Redis, of PostgreSQL, each at random moments, each back soon.

OFFERD_FAULT_KILLS: how many of each (1; by hand 100). OFFERD_FAULT_SEED repeats a run.
OFFERD_FAULT_RATE: requests a second (300). Names of tests on the command line: only these.
"""
import os
import random
import time

from fleet import SEED, drill, main, tell

KILLS = int(os.environ.get('OFFERD_FAULT_KILLS', '1'))


def kills(one):
    def fault(fleet):
        chance, took = random.Random(SEED), []
        for _ in range(KILLS):
            time.sleep(chance.uniform(.1, 1))
            began = time.monotonic()
            one(fleet, chance)
            took.append(time.monotonic() - began)
            time.sleep(chance.uniform(0, .5))
        tell(f'{KILLS} kills; each time it was back after at most {max(took):.2f} s')
    return fault


def replica(fleet, chance):
    victim = fleet[chance.randrange(len(fleet.replicas))]
    victim.kill()
    time.sleep(chance.uniform(0, .2))
    victim.start()


def redis(fleet, chance):
    """Comes back empty, or with what it held at some time before: neither may be believed."""
    if chance.random() < .4:
        fleet.servers.redis.command('SAVE')
        time.sleep(chance.uniform(0, .5))
    fleet.servers.redis.kill9()
    time.sleep(chance.uniform(0, .5))
    fleet.servers.redis.start()


def postgresql(fleet, chance):
    """All of it at once, or one connection's process, after which it restarts by itself."""
    server = fleet.servers.pg
    if chance.random() < .7 or not server.kill9_a_backend():
        server.kill9()
        time.sleep(chance.uniform(0, .5))
        server.start()


def both(fleet, chance):
    """PostgreSQL and Redis are away at the same time."""
    for server in (fleet.servers.pg, fleet.servers.redis):
        server.kill9()
    time.sleep(chance.uniform(0, 1))
    for server in (fleet.servers.pg, fleet.servers.redis) if chance.random() < .5 else (fleet.servers.redis, fleet.servers.pg):
        server.start()
        time.sleep(chance.uniform(0, .3))


def test_nothing_is_lost_and_nobody_waits_when_a_replica_is_killed():
    drill(f'{KILLS} × kill -9 of a replica', kills(replica), broken_allowed=True)


def test_nothing_is_lost_and_nobody_waits_when_redis_is_killed():
    drill(f'{KILLS} × kill -9 of Redis', kills(redis))


def test_nothing_is_lost_and_nobody_waits_when_postgresql_is_killed():
    drill(f'{KILLS} × kill -9 of PostgreSQL', kills(postgresql))


def test_nothing_is_lost_and_nobody_waits_when_both_are_killed():
    drill(f'{KILLS} × kill -9 of PostgreSQL and Redis together', kills(both))


main()
