# SPDX-License-Identifier: Apache-2.0
"""A rolling restart behind HAProxy, under load: SIGTERM, wait for its end, start, wait for /readyz, the next.

No request of anybody fails, whether HAProxy was told before or finds out by itself. In the second case it holds a
request that met the closed door for its connect timeout (100 ms) before another replica gets it, when it
has just found that only one is left: that is told, and bounded. OFFERD_FAULT_ROUNDS: how often (1)."""
import os
import time

from fleet import SEED, Fleet, HAProxy, Shoppers, account, check, in_time, judge, main, others_matter, rehearsal, \
    servers_or_skip, settled, tell, tell_figures

ROUNDS = int(os.environ.get('OFFERD_FAULT_ROUNDS', '1'))
HELD_US = 100_000


def restart(fleet, proxy, number, told):
    if told:
        proxy.set(number, 'drain')
        time.sleep(.1)
    began = time.monotonic()
    fleet[number].stop()
    ended = time.monotonic()
    fleet[number].start()
    tell(f'replica {number} ended in {ended - began:.2f} s and was ready after {time.monotonic() - ended:.2f} s')
    if told:
        proxy.set(number, 'ready')
    time.sleep(.4)  # HAProxy asks each 100 ms


@in_time
def rolling(told):
    alone = rehearsal()
    servers = None if alone else servers_or_skip()
    try:
        # Replicas that share nothing know nothing of a decline told to the other: no cap is looked at then.
        with Fleet(servers) as fleet, HAProxy(fleet.ports) as proxy:
            with Shoppers([proxy.port], fleet=fleet, rate=400, settle_ms=50, seed=SEED, cap=0 if alone else 2) as load:
                time.sleep(.5)
                for _ in range(ROUNDS):
                    for number in range(len(fleet.replicas)):
                        restart(fleet, proxy, number, told)
                load.end()
            settled(load, fleet)
            figures, _ = account(load, fleet, cap=1000 if alone else 2)
        tell_figures(load, figures, f'{ROUNDS} rolling restarts of 2 replicas behind HAProxy'
                     + (', told before' if told else ''))
        failed = (load.figures['not_200'] + figures['requests whose connection broke'] + figures['events rejected']
                  + figures['events refused with 503, and repeated'] + load.figures['connections_refused'])
        tell(f'failed requests: {failed}')
        check(failed == 0, f'{failed} requests failed')
        if alone:
            figures |= {'offered against cap or decline': 0, 'shown after a decline': 0}
        if not told:
            held_us = load.figures['offers']['max_us']
            check(held_us < 2 * HELD_US or others_matter(load.others_percent), 'held for longer than HAProxy would')
            figures['decisions late, and not by the machine'] = 0
        judge(figures)
    finally:
        if servers:
            servers.end()


def test_a_rolling_restart_fails_no_request():
    rolling(told=False)


def test_a_rolling_restart_that_haproxy_is_told_of_makes_nobody_late():
    rolling(told=True)


main()
