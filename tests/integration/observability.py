# SPDX-License-Identifier: Apache-2.0
"""What ops see: metrics that Prometheus can read, logs that a machine can read, a request's name throughout."""
import json
import re

from harness import ROOT, Offerd, check, demo_data, main, wait_until

OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
TRACE = '0af7651916cd43dd8448eb211c80319c'
PARENT = f'00-{TRACE}-b7ad6b7169203331-01'
SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?[0-9.e+]+|\+Inf|NaN)')


def view(number):
    return {'event_id': f'seen-{number}', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}


def page(offerd):
    """The metrics: {name with labels: value} and {family: type}, checked line by line."""
    answer = offerd.get('/metrics')
    check(answer.status == 200 and answer.headers['content-type'].startswith('text/plain; version=0.0.4'), answer.headers)
    values, kinds, family = {}, {}, ''
    for line in answer.text.splitlines():
        if line.startswith('# HELP '):
            check(len(line.split(' ', 3)) == 4, 'no help text:', line)
        elif line.startswith('# TYPE '):
            _, _, family, kind = line.split()
            check(family not in kinds, 'a family in two places:', line)
            kinds[family] = kind
        else:
            match = SAMPLE.fullmatch(line)
            check(match, 'not a sample:', line)
            base = re.sub(r'_(bucket|sum|count)$', '', match[1]) if kinds.get(family) == 'histogram' else match[1]
            check(base == family, 'outside its family:', line)
            check(match[1] + (match[2] or '') not in values, 'twice:', line)
            values[match[1] + (match[2] or '')] = float(match[3])
    return values, kinds


def test_the_metrics_page_is_what_prometheus_reads():
    with Offerd(data=demo_data()) as offerd:
        for n in range(5):
            check(offerd.post('/offers', OFFER).status == 200)
            check(offerd.post('/events', view(n)).status == 202)
        values, kinds = page(offerd)
    check(all(kind in ('counter', 'gauge', 'histogram') for kind in kinds.values()), kinds)
    check(all(name.endswith('_total') for name, kind in kinds.items() if kind == 'counter'), kinds)
    for family in (name for name, kind in kinds.items() if kind == 'histogram'):
        series = {}
        for name, value in values.items():
            if name.startswith(family + '_bucket'):
                labels, bound = re.fullmatch(r'.*\{(.*?),?le="([^"]+)"\}', name).groups()
                series.setdefault(labels, []).append((float(bound), value))
        check(series, family)
        for labels, buckets in series.items():
            counts = [count for _, count in sorted(buckets)]
            check(counts == sorted(counts), 'not cumulative:', family, labels)
            check(counts[-1] == values[f'{family}_count' + (f'{{{labels}}}' if labels else '')], family, labels)


def test_what_ops_were_promised_is_on_the_page():
    with Offerd(data=demo_data()) as offerd:
        answer = offerd.post('/offers', OFFER)
        offerd.post('/events', view(1))
        offerd.post('/offers', '{')
        offerd.get('/nowhere')
        values, kinds = page(offerd)
        one = [name for name in values if name.startswith('offerd_offers_total{') and values[name] > 0]
    check(kinds.get('offerd_http_request_duration_seconds') == 'histogram', sorted(kinds))
    check(kinds.get('offerd_stage_duration_seconds') == 'histogram', sorted(kinds))
    stages = {re.search('stage="(\\w+)"', name)[1] for name in values if name.startswith('offerd_stage_duration_seconds_count')}
    check(stages == {'decode', 'profile', 'match', 'pick', 'allow', 'rank', 'reserve', 'encode'}, stages)
    check(values['offerd_http_responses_total{operation="offers",status="2xx"}'] == 1, answer)
    check(values['offerd_http_responses_total{operation="offers",status="4xx"}'] == 1)
    check(values['offerd_http_responses_total{operation="none",status="4xx"}'] == 1)
    for gauge in ('offerd_http_connections', 'offerd_http_requests_in_flight', 'offerd_http_requests_waiting'):
        check(gauge in values, sorted(kinds))
    check(answer.json['offers'] and one, 'an offer was made, but is not counted by rule and kind', one)
    check(any('rule="' in name and 'kind="' in name for name in one), one)
    check('offerd_degraded_total' in kinds, sorted(kinds))
    check([name for name in kinds if 'reload' in name], sorted(kinds))
    check([name for name in kinds if 'journal' in name and 'queue' in name], sorted(kinds))
    check([name for name in kinds if 'journal' in name and 'commit' in name], sorted(kinds))


def test_every_rejected_event_is_counted():
    with Offerd(data=demo_data()) as offerd:
        good = {'event_id': 'e1', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}
        for body in (good, {**good, 'event_id': 'e2', 'type': 'nothing'}, [{}, {}],
                     [{**good, 'event_id': 'e3'}, {**good, 'event_id': None}]):
            offerd.post('/events', body)
        check('\nofferd_events_total{type="unknown",status="rejected"} 4\n' in offerd.get('/metrics').text,
              offerd.get('/metrics').text)


def test_logs_are_json_lines_with_the_request_s_trace_id():
    with Offerd(flags=['--log-format', 'json', '--log-level', 'debug']) as offerd:
        check(offerd.post('/offers', OFFER, headers={'traceparent': PARENT}).status == 200)
        lines = wait_until(5, 'the line of the request', lambda: [line for line in offerd.log if TRACE in line])
        every = list(offerd.log)
    check(len(lines) == 1, lines)
    for line in every:
        check(isinstance(json.loads(line), dict), line)


def test_an_ordinary_request_leaves_no_line_in_the_log():
    with Offerd() as offerd:
        before = len(offerd.log)
        for _ in range(20):
            check(offerd.post('/offers', OFFER).status == 200)
        check(len(offerd.log) == before, offerd.log_text())


def test_a_trace_is_taken_over_only_when_it_is_valid():
    with Offerd() as offerd:
        answer = offerd.post('/offers', OFFER, headers={'traceparent': PARENT})
        echoed = answer.headers.get('traceparent', '')
        check(re.fullmatch(f'00-{TRACE}-[0-9a-f]{{16}}-01', echoed) and echoed != PARENT, echoed)
        for bad in (PARENT.upper(), PARENT[:-1], '00-' + '0' * 32 + PARENT[35:], 'nonsense'):
            answer = offerd.post('/offers', '{', headers={'traceparent': bad})
            check('traceparent' not in answer.headers, answer.headers)
            check(re.fullmatch('[0-9a-f]{32}', answer.json['request_id']), answer)


def test_health_and_readiness_answer():
    with Offerd() as offerd:
        check(offerd.get('/healthz').json == {'status': 'ok'})
        ready = offerd.get('/readyz').json
        check(ready['status'] == 'ready' and ' rules' in ready['rules'], ready)


main()
