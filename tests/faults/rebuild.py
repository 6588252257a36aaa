# SPDX-License-Identifier: Apache-2.0
"""offerd rebuild over a fleet: what Redis holds is what the log says, byte for byte, also under load.

OFFERD_FAULT_SECONDS: of load each time (3). OFFERD_FAULT_RATE: requests a second (300).
"""
import os
import re
import time

from fleet import Fleet, Shoppers, check, drill_rules, main, run, scratch, servers_or_skip, tell

SECONDS = float(os.environ.get('OFFERD_FAULT_SECONDS', '3'))
RATE = int(os.environ.get('OFFERD_FAULT_RATE', '300'))


def rebuild(fleet, *words):
    done = run('rebuild', '--data', scratch(), '--database-url', fleet.servers.pg.url_of(fleet.database), '--redis-url',
               fleet.servers.redis_url, *words, timeout=120)
    check(done.returncode == 0, f'rebuild {words}: exit', done.returncode, done.stdout, done.stderr)
    tell(f'rebuild {" ".join(words)}: ' + ' | '.join(done.stdout.splitlines()))
    return done.stdout


def figures(told, name):
    return [int(number) for number in re.findall(r'\d+', re.search(rf'^{name}: (.*)$', told, re.M)[1])]


def digest(told):
    return re.search(r'^digest: ([0-9a-f]{64})$', told, re.M)[1]


def test_what_redis_holds_is_what_the_log_says():
    rules = drill_rules(budget=(100000, '30m'))
    with servers_or_skip() as servers, Fleet(servers, replicas=2, rules=rules) as fleet:
        with Shoppers(fleet.ports, rate=RATE):
            time.sleep(SECONDS)
            _, _, _, different = figures(rebuild(fleet, '--check'), 'customers')  # in the log, equal, missing, different
            check(different == 0, different)
            time.sleep(SECONDS)
        told = rebuild(fleet, '--check')
        customers, equal, missing, different = figures(told, 'customers')
        check(different == 0 and customers == equal + missing and equal > 0, told)
        _, equal, _, different = figures(told, 'accepted rules')  # missing: they have no budget
        check(different == 0 and equal == 1, told)

        servers.redis.command('FLUSHALL')
        customers, _, missing, _ = figures(rebuild(fleet, '--check'), 'customers')
        check(missing == customers, missing, customers)
        written, left = figures(rebuild(fleet), 'customers')[1:]
        check((written, left) == (customers, 0), written, left)
        again = rebuild(fleet, '--check')
        check(figures(again, 'customers') == [customers, customers, 0, 0], again)
        check(digest(again) == digest(told), again, told)

        with Shoppers(fleet.ports, rate=RATE):
            rebuild(fleet)
            time.sleep(SECONDS)
        customers, equal, missing, different = figures(rebuild(fleet, '--check'), 'customers')
        check(different == 0 and equal > 0, different, equal)


def test_a_byte_that_is_wrong_in_redis_is_found():
    with servers_or_skip() as servers, Fleet(servers, replicas=1) as fleet:
        with Shoppers(fleet.ports, rate=RATE):
            time.sleep(1)
        rebuild(fleet)
        key = next(key for key in servers.redis.command('KEYS', 'offerd:*:p') if b'/' in key)
        for _ in range(5):  # a profile that was on its way to Redis meanwhile mends what we break
            last = servers.redis.command('STRLEN', key) - 1
            byte = servers.redis.command('GETRANGE', key, str(last), str(last))
            servers.redis.command('SETRANGE', key, str(last), 'X' if byte != b'X' else 'Y')

            done = run('rebuild', '--check', '--data', scratch(), '--database-url', servers.pg.url_of(fleet.database),
                       '--redis-url', servers.redis_url, timeout=120)
            if done.returncode:
                break
            time.sleep(.5)

        check(done.returncode == 1 and figures(done.stdout, 'customers')[3] == 1, done.stdout, done.stderr)
        check('\ndifferent: ' in done.stdout, done.stdout)


if __name__ == '__main__':
    main()
