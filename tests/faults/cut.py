# SPDX-License-Identifier: Apache-2.0
"""The network between one replica and its neighbours: packets lost, connections reset, doors closed,
everything slow; the other replica goes on undisturbed, and both must agree about the customer.

OFFERD_FAULT_CUT_S: for so long each (0.7; by hand 10).
"""
import os
import time

from fleet import drill, main

SECONDS = float(os.environ.get('OFFERD_FAULT_CUT_S', '.7'))


def breaks(neighbour, *words):
    def fault(fleet):
        for word in words:
            fleet.wires[0][neighbour].say(word)
            time.sleep(SECONDS)
            fleet.wires[0][neighbour].say('pass')
            time.sleep(.4)
    return fault


def test_a_replica_that_has_lost_redis_exceeds_nothing():
    drill('one replica: packets to Redis lost, then refused', breaks('redis', 'hole', 'cut'), wires=True)


def test_a_replica_whose_redis_has_become_slow_is_on_time():
    drill('one replica: Redis 30 ms away', breaks('redis', 'delay 15'), wires=True)


def test_a_replica_that_has_lost_postgresql_exceeds_nothing():
    drill('one replica: packets to PostgreSQL lost, then refused', breaks('pg', 'hole', 'cut'), wires=True)


main()
