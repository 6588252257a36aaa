# SPDX-License-Identifier: Apache-2.0
"""A Redis Cluster of three masters with a replica each, under load: a master is killed and its replica takes over, a node
loses all it has, and slots move from node to node with their keys.

OFFERD_FAULT_KILLS: how many masters are killed, one after the other (1; by hand 20). OFFERD_FAULT_SEED repeats a run.
"""
import atexit
import os
import random
import time

from fleet import SEED, Servers, ahead_of_others, check, drill, main, skip, tell
from servers import Missing

KILLS = int(os.environ.get('OFFERD_FAULT_KILLS', '1'))
MOVES = 150


class ClusterServers(Servers):
    """PostgreSQL and a cluster; for all tests of this program, one after the other."""

    _one = None

    def __init__(self):
        super().__init__(only='pg', cluster=3, replicas=1)

    @property
    def redis_port(self):
        return self.cluster.nodes[0].port

    @property
    def redis_url(self):
        return self.cluster.url

    def end(self):
        pass

    @classmethod
    def get(cls):
        ahead_of_others()
        try:
            if not cls._one:
                cls._one = cls()
                atexit.register(Servers.end, cls._one)
        except Missing as why:
            skip(str(why))
        cls._one.cluster.wait('it is well', cls._one.cluster.is_well)
        for number in cls._one.cluster.master_numbers():
            cls._one.cluster.nodes[number].command('FLUSHALL')
        return cls._one


def every_key_is_in_its_slot(fleet, _load, _figures, _rows):
    """At its master alone, and with a name that says so."""
    cluster, seen = fleet.servers.cluster, 0
    for number in cluster.master_numbers():
        node, own = cluster.nodes[number], cluster.slots_of(number)
        for key in node.command('KEYS', '*'):
            seen += 1
            slot = node.command('CLUSTER', 'KEYSLOT', key)
            check(slot in own, 'a key outside its slot:', key, slot)
            check(key.startswith(b'offerd:cluster0:{'), 'a key with another name:', key)
    check(seen > 20, f'{seen} keys in the cluster')
    tell(f'{seen} keys, each in a slot of its node')


def kill_masters(fleet):
    cluster, chance, took = fleet.servers.cluster, random.Random(SEED), []
    for _ in range(KILLS):
        time.sleep(chance.uniform(.1, .6))
        victim = chance.choice(cluster.master_numbers())
        slot = min(cluster.slots_of(victim))
        cluster.nodes[victim].kill9()
        began = time.monotonic()
        cluster.wait('the replica has taken over', lambda slot=slot: cluster.owner(slot) is not None)
        took.append(time.monotonic() - began)
        time.sleep(chance.uniform(.2, .8))
        cluster.start_node(victim)
        cluster.wait('it is well again', cluster.is_well)
    tell(f'{KILLS} masters killed; their replicas took over after {", ".join(f"{s:.2f}" for s in took)} s')


def flush_one(fleet):
    chance = random.Random(SEED)
    for _ in range(4):
        time.sleep(chance.uniform(.1, .4))
        fleet.servers.cluster.nodes[chance.choice(fleet.servers.cluster.master_numbers())].command('FLUSHALL')


def move_slots(fleet):
    cluster, chance = fleet.servers.cluster, random.Random(SEED)
    masters = cluster.master_numbers()
    owner = {slot: number for number in masters for slot in sorted(cluster.slots_of(number))}
    used = {node.command('CLUSTER', 'KEYSLOT', key)
            for node in (cluster.nodes[number] for number in masters) for key in node.command('KEYS', '*')}
    slots, keys = sorted(used) + chance.sample(sorted(owner), MOVES - len(used)), 0
    for slot in slots:
        to = chance.choice([number for number in masters if number != owner[slot]])
        source = cluster.begin_to_move(slot, to, owner[slot])
        if chance.random() < .1:
            time.sleep(.01)
        keys += cluster.nodes[source].command('CLUSTER', 'COUNTKEYSINSLOT', slot)
        cluster.move_keys(slot, source, to)
        cluster.end_move(slot, source, to)
        owner[slot] = to
    tell(f'{MOVES} slots moved, with {keys} keys')


def of_cluster(what, fault, **options):
    drill(what, fault, get_servers=ClusterServers.get, look=every_key_is_in_its_slot, **options)


def test_nothing_is_lost_and_nobody_waits_when_masters_of_a_cluster_are_killed():
    of_cluster(f'{KILLS} × kill -9 of a master of a cluster', kill_masters)


def test_nothing_is_lost_and_nobody_waits_when_a_node_of_a_cluster_is_flushed():
    of_cluster('FLUSHALL of nodes of a cluster', flush_one)


def test_nothing_is_lost_and_nobody_waits_while_slots_move_between_nodes():
    of_cluster(f'{MOVES} slots on the move', move_slots)


main()
