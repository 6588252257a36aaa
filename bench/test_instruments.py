#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The load generator and the fixed answer, tried on each other for fractions of a second.

No figure is judged here, only that what is counted is what happened. TAP on stdout.
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'support'))
import servers  # noqa: E402  (found by the line above)

LOAD = os.environ['LOAD']
FIXED = os.environ['FIXED_ANSWER']


@contextlib.contextmanager
def fixed_answer(*args):
    server = subprocess.Popen([FIXED, *args], stdout=subprocess.PIPE, text=True)
    try:
        yield server, int(server.stdout.readline().split()[-1])
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
            raise


def load(port, body, *args, expect=0):
    done = subprocess.run([LOAD, '--connect', f'127.0.0.1:{port}', '--body-file', body, '--json', *args],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else done.stderr


def closed_load_counts_every_answer_and_its_bytes(body):
    with fixed_answer('--body-bytes', '1234') as (server, port):
        seen = load(port, body, '--requests', '500', '--connections', '7', '--pid', str(server.pid))
    assert (seen['answered'], seen['not_200'], seen['unanswered']) == (500, 0, 0), seen
    assert seen['answer_bytes'] == 1234, seen
    assert 0 < seen['p50_us'] <= seen['p99_us'] <= seen['max_us'], seen


def open_load_keeps_to_its_schedule(body):
    with fixed_answer('--body-bytes', '10') as (_, port):
        seen = load(port, body, '--rate', '1000', '--seconds', '0.3')
    assert seen['answered'] == 300, seen
    assert seen['seconds'] >= 0.29, seen


def two_workers_share_one_port(body):
    with fixed_answer('--body-bytes', '10', '--workers', '2') as (_, port):
        seen = load(port, body, '--requests', '2000', '--connections', '32')
    assert seen['answered'] == 2000, seen


def an_answer_that_is_not_200_fails_the_run(body):
    with fixed_answer('--body-bytes', '10') as (_, port):
        seen = load(port, body, '--requests', '20', '--path', '/elsewhere', expect=1)
    assert (seen['answered'], seen['not_200']) == (20, 20), seen


def a_body_of_several_pieces_is_read_whole(_):
    with tempfile.NamedTemporaryFile() as large, fixed_answer('--body-bytes', '10') as (_, port):
        large.write(b'x' * 200_000)
        large.flush()
        seen = load(port, large.name, '--requests', '50')
    assert seen['answered'] == 50, seen


def a_stopped_server_is_charged_for_all_who_came_meanwhile(body):
    """Coordinated omission: a pause of 0.2 s must show in the median of a run of 0.3 s."""
    with fixed_answer('--body-bytes', '10') as (server, port):
        server.send_signal(signal.SIGSTOP)
        timer = threading.Timer(0.2, server.send_signal, [signal.SIGCONT])
        timer.start()
        seen = load(port, body, '--rate', '1000', '--seconds', '0.3', '--connections', '2')
        timer.join()
    assert seen['answered'] == 300, seen
    assert seen['p50_us'] > 10_000, seen


def a_server_that_never_answers_ends_the_run_in_bounded_time(body):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        seen = load(listener.getsockname()[1], body, '--seconds', '0.1', '--connections', '3', expect=1)
    assert (seen['answered'], seen['unanswered']) == (0, 3), seen


def with_redis_each_request_waits_for_one_get(body):
    with servers.Servers(only='redis') as neighbour, tempfile.NamedTemporaryFile('w') as keys:
        for number in range(10):
            neighbour.redis.command('SET', f'k{number}', 'v' * 300)
            keys.write(f'k{number}\n')
        keys.flush()
        with fixed_answer('--body-bytes', '10', '--redis', f'127.0.0.1:{neighbour.redis.port}', '--redis-keys',
                          keys.name) as (_, port):
            seen = load(port, body, '--requests', '3000', '--connections', '20')
        told = neighbour.redis.command('INFO', 'commandstats').decode()
    assert (seen['answered'], seen['not_200']) == (3000, 0), seen
    assert 'cmdstat_get:calls=3000,' in told, told


def only_loopback_is_loaded(body):
    done = subprocess.run([LOAD, '--connect', '192.0.2.1:80', '--body-file', body],
                          capture_output=True, text=True, timeout=5)
    assert done.returncode == 1 and 'loopback' in done.stderr, done


TESTS = [closed_load_counts_every_answer_and_its_bytes,
         open_load_keeps_to_its_schedule,
         two_workers_share_one_port,
         an_answer_that_is_not_200_fails_the_run,
         a_body_of_several_pieces_is_read_whole,
         a_stopped_server_is_charged_for_all_who_came_meanwhile,
         a_server_that_never_answers_ends_the_run_in_bounded_time,
         with_redis_each_request_waits_for_one_get,
         only_loopback_is_loaded]


def main():
    failed = 0
    print(f'1..{len(TESTS)}', flush=True)
    with tempfile.NamedTemporaryFile('w', suffix='.json') as body:
        body.write('{"cart": {}}')
        body.flush()
        for number, test in enumerate(TESTS, 1):
            try:
                test(body.name)
                print(f'ok {number} - {test.__name__}', flush=True)
            except servers.Missing as why:
                print(f'ok {number} - {test.__name__} # SKIP {why}', flush=True)
            except Exception as why:  # one broken instrument must not hide the next
                failed += 1
                print(f'not ok {number} - {test.__name__}\n# {why!r}', flush=True)
    return failed > 0


sys.exit(main())
