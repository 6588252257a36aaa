# SPDX-License-Identifier: Apache-2.0
"""The access log: a line a request, nothing that should not be in it, rotated while requests run."""
import datetime
import http.client
import json
import os
import re
import signal
import socket
import threading

from harness import PATIENCE, ROOT, Offerd, check, demo_data, main, run, scratch, tell, wait_until

OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
FIELDS = ['time', 'method', 'path', 'status', 'bytes', 'took_us', 'key', 'trace_id', 'worker']
TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'


def lines_of(path):
    text = path.read_text()
    check(text.endswith('\n') or not text, 'the last line is cut off')
    return [json.loads(line) for line in text.splitlines()]


def asked_in(path):
    """Without the harness' asking whether it is ready, once or more often."""
    return [line for line in lines_of(path) if line['path'] != '/readyz']


def test_nothing_is_written_unless_asked_for():
    with Offerd(flags=['--access-log', 'off']) as offerd:
        check(offerd.get('/healthz').status == 200)
        check(not (ROOT / 'off').exists())
        check(offerd.metric('offerd_access_log_lost_total') is None)


def test_each_request_has_a_line_with_its_figures():
    log = scratch() / 'access.log'
    with Offerd(data=demo_data(orders=False), flags=['--access-log', log, '--workers', 2]) as offerd:
        wait_until(5, 'the line of /readyz', lambda: lines_of(log))
        offer = offerd.post('/offers', OFFER, headers={'traceparent': f'00-{TRACE}-00f067aa0ba902b7-01'})
        decision = offer.json
        ids = f"/offers/{decision['decision_id']}/{decision['offers'][0]['offer_id']}/decline"
        answers = [offer, offerd.post(ids, {'customer_id': 'C-secret'}), offerd.get('/rules?x=C-secret'), offerd.get('/C-secret'),
                   offerd.post('/offers', '{')]
        problem = answers[-1].json
        wait_until(5, 'five more lines', lambda: len(asked_in(log)) == 5)
        check(offerd.metric('offerd_access_log_lost_total') == 0)
    lines = asked_in(log)
    check(all(list(line) == FIELDS for line in lines), lines)
    seen = [(line['method'], line['path'], line['status'], line['bytes']) for line in lines[:5]]
    wanted = [('POST', '/offers'), ('POST', '/offers/{}/{}/decline'), ('GET', '/rules'), ('GET', None), ('POST', '/offers')]
    check(sorted(map(str, seen)) == sorted(str((*what, answer.status, len(answer.body))) for what, answer in zip(wanted, answers)), seen)
    check(sum(line['trace_id'] == TRACE for line in lines) == 1 and all(re.fullmatch('[0-9a-f]{32}', line['trace_id']) for line in lines))
    check(any(line['trace_id'] == problem['request_id'] for line in lines), 'the id that the client was told')
    check(all(0 <= line['took_us'] < 10_000_000 and line['worker'] in (0, 1) and line['key'] is None for line in lines), lines)
    now = datetime.datetime.now(datetime.timezone.utc)
    check(all(abs(now - datetime.datetime.fromisoformat(line['time'])) < datetime.timedelta(minutes=2) for line in lines), lines)
    check('C-secret' not in log.read_text() and decision['decision_id'] not in log.read_text())
    check(log.stat().st_mode & 0o007 == 0, 'others may read it')


def test_no_line_is_lost_or_torn_when_the_file_is_rotated_under_load():
    log, clients, rotations = scratch() / 'access.log', 4, 8
    counts, stop = [0] * clients, threading.Event()
    with Offerd(data=demo_data(orders=False), flags=['--access-log', log, '--workers', 2]) as offerd:
        def ask(i):
            wire = http.client.HTTPConnection('127.0.0.1', offerd.port, timeout=10)
            while not stop.is_set():
                wire.request('POST', '/offers', json.dumps(OFFER), {'Content-Type': 'application/json'})
                check(wire.getresponse().read())
                counts[i] += 1
            wire.close()
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(clients)]
        for thread in threads:
            thread.start()
        for n in range(rotations):
            so_far = sum(counts)
            wait_until(10, 'more requests', lambda: sum(counts) > so_far + 100)
            os.rename(log, log.with_suffix(f'.{n}'))
            offerd.signal(signal.SIGHUP)
            wait_until(5, 'a new file', log.exists)
        stop.set()
        for thread in threads:
            thread.join()
        offerd.stop()
    lines = [line for path in log.parent.glob('access.*') for line in lines_of(path)]
    offers = sum(line['path'] == '/offers' for line in lines)
    tell(f'{offers} lines of {sum(counts)} requests in {rotations + 1} files')
    check(offers == sum(counts) > 100 * rotations and all(line['status'] == 200 for line in lines))


def test_standard_output_takes_the_lines_too():
    with Offerd(flags=['--access-log', '-']) as offerd:
        check(offerd.get('/rules').status == 200)
        offerd.signal(signal.SIGHUP)
        check(offerd.get('/rules').status == 200)
        wait_until(5, 'two lines', lambda: sum('"path":"/rules"' in line for line in offerd.log) == 2)


def test_who_leaves_before_the_answer_has_a_line_without_status():
    log = scratch() / 'access.log'
    with Offerd(flags=['--access-log', log]) as offerd:
        with socket.create_connection(('127.0.0.1', offerd.port), timeout=10) as wire:
            wire.sendall(b'POST /offers HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n')
            check(b' 100 ' in wire.recv(100), 'its head was not read')  # else it leaves before it is heard of
        wait_until(5, 'its line', lambda: any(line['status'] == 0 and line['path'] == '/offers' for line in lines_of(log)))


def test_whose_body_comes_too_slowly_has_a_line_with_the_status_it_was_told():
    log = scratch() / 'access.log'
    with Offerd(flags=['--access-log', log, '--slow-request-s', '1']) as offerd:
        with socket.create_connection(('127.0.0.1', offerd.port), timeout=10 * PATIENCE) as wire:
            wire.sendall(b'POST /offers HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{')
            check(wire.recv(1000).startswith(b'HTTP/1.1 408 '))
        line = wait_until(5, 'its line', lambda: [line for line in lines_of(log) if line['path'] == '/offers'])[0]
        check((line['status'], line['bytes']) == (408, 0), line)


def test_decisions_go_on_when_nobody_reads_the_log():
    pipe = scratch() / 'access.pipe'
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Offerd(data=demo_data(orders=False), flags=['--access-log', pipe, '--workers', 1]) as offerd:
        wire = http.client.HTTPConnection('127.0.0.1', offerd.port, timeout=10)
        for _ in range(6000):
            wire.request('GET', '/healthz')
            check(wire.getresponse().read())
        wire.close()
        lost = wait_until(5, 'lines counted as lost', lambda: offerd.metric('offerd_access_log_lost_total'))
        tell(f'{lost:.0f} lines were lost')
        check(offerd.post('/offers', OFFER).status == 200)
    os.close(reader)


def test_a_log_that_cannot_be_opened_refuses_the_start():
    done = run('serve', '--data', scratch(), '--rules', ROOT / 'config/rules', '--listen', '127.0.0.1:0', '--access-log', '/nowhere/log')
    check(done.returncode == 1 and 'access_log' in done.stderr and '/nowhere/log' in done.stderr, done)


main()
