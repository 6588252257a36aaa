# SPDX-License-Identifier: Apache-2.0
"""Alerts, dashboard and runbook agree with one another and with the program's /metrics; promtool tries each alert."""
import contextlib
import json
import re
import shutil
import subprocess
import sys

import yaml

from harness import PATIENCE, ROOT, Offerd, check, demo_data, main, run, scratch, skip, tell

sys.path.append(str(ROOT / 'tests/support'))
from servers import Missing, Servers

ALERTS = ROOT / 'deploy/prometheus/alerts.yaml'
NAME = re.compile(r'\bofferd_[a-z0-9_]+')
SELECTOR = re.compile(r'\b(offerd_[a-z0-9_]+)\{([^}]*)\}')

# What each alert must ring at: series in promtool's notation, one sample a minute.
RINGS = {
    'OfferdAllDown': ['up{job="offerd",instance="a"} 0x60'],
    'OfferdReplicaDown': ['up{job="offerd",instance="a"} 0x60', 'up{job="offerd",instance="b"} 1x60'],
    'OfferdServerErrors': ['offerd_http_responses_total{operation="offers",status="2xx"} 0+95x60',
                           'offerd_http_responses_total{operation="offers",status="5xx"} 0+5x60'],
    'OfferdSlowDecisions': ['offerd_http_request_duration_seconds_bucket{operation="offers",le="0.02"} 0+95x60',
                            'offerd_http_request_duration_seconds_bucket{operation="offers",le="0.05"} 0+100x60',
                            'offerd_http_request_duration_seconds_bucket{operation="offers",le="+Inf"} 0+100x60'],
    'OfferdDegraded': ['offerd_degraded_total{missing="profile"} 0+10x60', 'offerd_decisions_total 0+100x60'],
    'OfferdNothingOffered': ['offerd_decisions_silent_total 0+100x60', 'offerd_decisions_total 0+100x60'],
    'OfferdRulesRefused': ['offerd_rules_last_reload_successful 0x60'],
    'OfferdRulesDiffer': ['offerd_rules_active{instance="a"} 30x60', 'offerd_rules_active{instance="b"} 29x60'],
    'OfferdCatalogEmpty': ['offerd_catalog_products 0x60'],
    'OfferdCatalogsDiffer': ['offerd_catalog_products{instance="a"} 5x60', 'offerd_catalog_products{instance="b"} 6x60'],
    'OfferdCommitsFail': ['offerd_journal_failures_total 0+1x60'],
    'OfferdCommitsSlow': ['offerd_journal_commit_seconds_bucket{le="0.2"} 0+9x60',
                          'offerd_journal_commit_seconds_bucket{le="0.5"} 0+10x60',
                          'offerd_journal_commit_seconds_bucket{le="+Inf"} 0+10x60'],
    'OfferdJournalBehind': ['offerd_journal_queue_events 20001x60'],
    'OfferdEventsRejected': ['offerd_events_total{type="unknown",status="rejected"} 0+6x60', 'offerd_events_total{status="accepted"} 0+94x60'],
    'OfferdUnknownSkus': ['offerd_events_unknown_skus_total 0+6x60', 'offerd_events_total{status="accepted"} 0+100x60'],
    'OfferdProfilesUnreadable': ['offerd_profile_loads_total{result="failed"} 0+1x60'],
    'OfferdLogUnreadable': ['offerd_log_unreadable_events 1x60'],
    'OfferdModelUnread': ['offerd_model_trained_failures_total{instance="a"} 1x60', 'offerd_model_trained_orders{instance="a"} 0x60',
                          'offerd_model_orders{instance="a"} 200x60'],
    'OfferdTrainingFails': ['offerd_trainings_total{result="failed"} 0x10 1x29 2x29'],
    'OfferdClientsCut': ['offerd_http_connections_cut_total 0+90x60'],
    'OfferdSpooling': ['offerd_spool_events 1x60'],
    'OfferdSpoolGone': ['offerd_spool_events{instance="a"} 0x10 9x20 _x60', 'offerd_spool_events{instance="b"} 0x60'],
    'OfferdSpoolFilling': ['offerd_spool_bytes 760000000x60'],
    'OfferdSpoolFull': ['offerd_spool_full_total 0+1x60'],
    'OfferdSpoolRefused': ['offerd_spool_refused_total 0+1x60'],
    'OfferdRetentionFailing': ['offerd_retention_failing 1x60'],
    'OfferdRedisDown': ['offerd_redis_up{use="budgets"} 0x60'],
    'OfferdRedisUnsteady': ['offerd_redis_doubts_total 0+15x60'],
    'OfferdSharedOwed': ['offerd_shared_owed_customers 1x60'],
    'OfferdKeysRefused': ['offerd_api_keys_last_read_successful 0x60'],
    'OfferdStrangers': ['offerd_http_refused_total{reason="no_key"} 0+90x60'],
    'OfferdRateLimited': ['offerd_http_refused_total{reason="rate"} 0+90x60'],
    'OfferdAccessLogLosing': ['offerd_access_log_lost_total 0+1x60'],
}
# A good day, and the ends of what is still good.
HEALTHY = [
    'up{job="offerd",instance="a"} 1x60', 'up{job="offerd",instance="b"} 1x60',
    'offerd_http_responses_total{operation="offers",status="2xx"} 0+9991x60',
    'offerd_http_responses_total{operation="offers",status="5xx"} 0+9x60',
    'offerd_http_request_duration_seconds_bucket{operation="offers",le="0.01"} 0+999x60',
    'offerd_http_request_duration_seconds_bucket{operation="offers",le="0.05"} 0+1000x60',
    'offerd_http_request_duration_seconds_bucket{operation="offers",le="+Inf"} 0+1000x60',
    'offerd_degraded_total{missing="profile"} 0+4x60', 'offerd_degraded_total{missing="deadline"} 0+4x60',
    'offerd_decisions_total 0+100x60', 'offerd_decisions_silent_total 0+98x60',
    'offerd_rules_last_reload_successful{instance="a"} 1x60',
    'offerd_rules_active{instance="a"} 30x60', 'offerd_rules_active{instance="b"} 30x60',
    'offerd_catalog_products{instance="a"} 5x60', 'offerd_catalog_products{instance="b"} 5x60',
    'offerd_journal_failures_total 3x60', 'offerd_journal_queue_events 19000x60',
    'offerd_journal_commit_seconds_bucket{le="0.2"} 0+1000x60', 'offerd_journal_commit_seconds_bucket{le="+Inf"} 0+1000x60',
    'offerd_events_total{type="unknown",status="rejected"} 0+4x60', 'offerd_events_total{status="accepted"} 0+96x60',
    'offerd_events_total{type="offer_accepted",status="rejected"} 0+20x60',
    'offerd_events_unknown_skus_total 0+4x60', 'offerd_profile_loads_total{result="failed"} 3x60',
    'offerd_profile_loads_total{result="done"} 0+50x60', 'offerd_log_unreadable_events 0x60',
    'offerd_http_connections_cut_total 0+50x60', 'offerd_spool_events{instance="a"} 0x60',
    'offerd_model_trained_failures_total{instance="a"} 1x60', 'offerd_model_trained_orders{instance="a"} 300x60',
    'offerd_trainings_total{result="done"} 0+1x60', 'offerd_trainings_total{result="failed"} 0x20 1x40', 'offerd_spool_bytes 0x60',
    'offerd_spool_full_total 5x60', 'offerd_spool_refused_total 5x60', 'offerd_redis_up 1x60', 'offerd_retention_failing 0x60',
    'offerd_redis_doubts_total 0+2x60', 'offerd_shared_owed_customers 0x60', 'offerd_api_keys_last_read_successful 1x60',
    'offerd_http_refused_total{reason="no_key"} 0+20x60', 'offerd_http_refused_total{reason="rate"} 0+20x60',
    'offerd_access_log_lost_total 5x60',
]
# What is near to an alert and rings it not, though others may ring.
NEAR = {
    'OfferdModelUnread': ['offerd_model_trained_failures_total{instance="a new shop"} 1x60', 'offerd_model_trained_orders{instance="a new shop"} 0x60',
                          'offerd_model_orders{instance="a new shop"} 199x60'],
    'OfferdSpoolGone': ['offerd_spool_events{instance="drained and gone"} 9x9 0x20 _x60', 'offerd_spool_events{instance="restarted"} 9x9 _x8 9x60'],
}


def alerts():
    return [rule for group in yaml.safe_load(ALERTS.read_text())['groups'] for rule in group['rules']]


def expressions():
    """(where, PromQL) of all alerts and all panels."""
    for rule in alerts():
        yield rule['alert'], rule['expr']
    for path in sorted((ROOT / 'deploy/grafana/dashboards').glob('*.json')):
        for panel in json.loads(path.read_text())['panels']:
            for target in panel.get('targets', []):
                yield f'{path.name}: {panel["title"]}', target['expr']


def page(data, env=None):
    """/metrics after one of each request, of a service with API keys and an access log."""
    key, line = run('key', 'test', '--scope', 'admin').stdout.splitlines()[:2]
    keys = scratch() / 'keys'
    keys.write_text(line + '\n')
    flags = ['--api-keys-file', str(keys), '--access-log', str(keys.with_name('access.log'))]
    with Offerd(data=data, env=env, flags=flags) as offerd:
        mine = {'headers': {'Authorization': f'Bearer {key}'}}
        offer = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text()
        check(offerd.post('/offers', offer, **mine).status == 200)
        check(offerd.post('/events', {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'c', 'sku': 'CAM-A7'}, **mine).status == 202)
        return offerd.get('/metrics', **mine).text


def pages():
    """(what is on the page of a service alone and of one in a fleet, whether there was a fleet)"""
    text = page(demo_data())
    with contextlib.suppress(Missing), Servers() as servers:
        env = {'OFFERD_DATABASE_URL': servers.pg.create('alerts'), 'OFFERD_REDIS_URL': servers.redis_url,
               'OFFERD_TOKEN_KEY': '00112233445566778899aabbccddeeff'}
        done = run('migrate', env=env)
        check(done.returncode == 0, done.stderr)
        return text + page(scratch(), env), True
    return text, False


def of_production():
    """Families that only a service in a fleet has: as the sources name them."""
    sources = '\n'.join(path.read_text() for path in (ROOT / 'src').rglob('*.c'))
    return set(re.findall(r'"(offerd_[a-z0-9_]+)"', sources))


def family(name, known):
    return name if name in known else re.sub(r'_(bucket|sum|count)$', '', name)


def test_every_metric_that_is_looked_at_exists():
    text, fleet = pages()
    families = set(re.findall(r'^# TYPE (\S+)', text, re.M))
    named_only = set() if fleet else of_production() - families
    looked_at = set()
    for where, expression in expressions():
        for name in NAME.findall(expression):
            base = family(name, families | named_only)
            check(base in families | named_only, f'{where}: there is no metric {name}')
            looked_at.add(base)
        for name, labels in SELECTOR.findall(expression):
            for label, value in re.findall(r'(\w+)="([^"$]*)"', labels):
                check(family(name, families) not in families
                      or re.search(rf'^{name}\{{[^}}]*\b{label}="{value}"', text, re.M),
                      f'{where}: {name} is never labelled {label}="{value}"')
    if not families <= looked_at:
        tell(f'neither an alert nor a panel looks at {" ".join(sorted(families - looked_at))}')
    tell(f'{len(families)} families seen' + ('' if fleet else '; no PostgreSQL and Redis here, so a fleet\'s were looked up '
                                             f'in the sources: {" ".join(sorted(looked_at & named_only))}'))


def test_every_alert_has_its_paragraph_and_every_paragraph_its_alert():
    runbook = (ROOT / 'docs/runbook.md').read_text()
    paragraphs = dict(re.findall(r'^### (\S+)\n\*(page|ticket)\.\*', runbook, re.M))
    headings = re.findall(r'^### (.*)$', runbook, re.M)
    for rule in alerts():
        name = rule['alert']
        check(paragraphs.get(name) == rule['labels']['severity'], f'{name}: no paragraph, or of another severity')
        check(rule['annotations']['runbook'] == f'docs/runbook.md#{name.lower()}', name, rule['annotations'])
        check(rule['annotations']['summary'], name)
    check(sorted(headings) == sorted(rule['alert'] for rule in alerts()), set(headings) ^ {r['alert'] for r in alerts()})


def test_every_panel_can_be_drawn():
    for path in sorted((ROOT / 'deploy/grafana/dashboards').glob('*.json')):
        panels = json.loads(path.read_text())['panels']
        check(len({panel['id'] for panel in panels}) == len(panels), 'an id twice')
        taken = set()
        for panel in panels:
            at = panel['gridPos']
            cells = {(x, y) for x in range(at['x'], at['x'] + at['w']) for y in range(at['y'], at['y'] + at['h'])}
            check(not cells & taken and at['x'] + at['w'] <= 24, f'{panel["title"]} stands on another panel')
            taken |= cells
            check(panel['type'] == 'row' or panel['targets'], panel['title'])
        source = yaml.safe_load((ROOT / 'deploy/grafana/provisioning/datasources/prometheus.yaml').read_text())
        uids = {target['datasource']['uid'] for panel in panels for target in panel.get('targets', [])}
        check(uids == {source['datasources'][0]['uid']}, uids)


def promtool(*arguments):
    program = shutil.which('promtool') or skip('promtool is not installed')
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120 * PATIENCE)
    check(done.returncode == 0, done.stdout, done.stderr)


def rings(rule):
    """A promtool test: with its series this alert, and of this name no other, is firing after an hour."""
    series = [dict(zip(('series', 'values'), line.rsplit(' ', 1))) for line in RINGS[rule['alert']]]
    return {'interval': '1m', 'input_series': series, 'promql_expr_test': [
        {'expr': f'count(ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}}) > bool 0', 'eval_time': '59m',
         'exp_samples': [{'labels': '{}', 'value': 1}]}]}


def keeps_quiet(name):
    series = [dict(zip(('series', 'values'), line.rsplit(' ', 1))) for line in NEAR[name]]
    return {'interval': '1m', 'input_series': series, 'promql_expr_test': [
        {'expr': f'ALERTS{{alertname="{name}",alertstate="firing"}}', 'eval_time': f'{minute}m', 'exp_samples': []} for minute in range(60)]}


def test_each_alert_rings_when_it_should_and_none_on_a_good_day():
    check(set(RINGS) == {rule['alert'] for rule in alerts()}, set(RINGS) ^ {rule['alert'] for rule in alerts()})
    quiet = {'interval': '1m', 'input_series': [dict(zip(('series', 'values'), line.rsplit(' ', 1))) for line in HEALTHY],
             'promql_expr_test': [{'expr': 'ALERTS', 'eval_time': f'{minute}m', 'exp_samples': []} for minute in (5, 30, 59)]}
    path = scratch() / 'tests.yaml'
    path.write_text(yaml.safe_dump({'rule_files': [str(ALERTS)], 'evaluation_interval': '1m',
                                    'tests': [quiet, *map(keeps_quiet, NEAR), *map(rings, alerts())]}))
    promtool('test', 'rules', path)


def test_prometheus_reads_its_configuration():
    promtool('check', 'config', ROOT / 'deploy/prometheus/prometheus.yaml')


def test_prometheus_in_kubernetes_reads_its_configuration():
    """With the alerts and the key where it looks for them. Debian's Prometheus is built without Kubernetes: its promtool
    judges all but how the pods are found."""
    place = scratch()
    shutil.copy(ALERTS, place)
    (place / 'key').write_text('a key')
    config = yaml.safe_load((ROOT / 'deploy/prometheus/kubernetes.yaml').read_text())
    (job,) = config['scrape_configs']
    check(job['authorization'] == {'credentials_file': '/etc/prometheus/offerd/key'}, job)
    job['authorization'] = {'credentials_file': str(place / 'key')}
    (place / 'prometheus.yaml').write_text(yaml.safe_dump(config))
    program = shutil.which('promtool') or skip('promtool is not installed')
    seen = subprocess.run([program, 'check', 'config', place / 'prometheus.yaml'], capture_output=True, text=True, timeout=60 * PATIENCE)
    if 'kubernetes_sd_configs not found' in seen.stderr:
        tell('this promtool knows no Kubernetes: how the pods are found is not judged')
        found = job.pop('kubernetes_sd_configs')
        check([(way['role'], list(way['namespaces'])) for way in found] == [('pod', ['names'])], found)
        (place / 'prometheus.yaml').write_text(yaml.safe_dump(config))
    promtool('check', 'config', place / 'prometheus.yaml')


def test_prometheus_reads_every_panel_s_question():
    """As alerts, so that one promtool judges them all."""
    rules = [{'record': f'panel:{n}', 'expr': re.sub(r'\$__rate_interval', '1m', expression)}
             for n, (_, expression) in enumerate(expressions())]
    path = scratch() / 'panels.yaml'
    path.write_text(yaml.safe_dump({'groups': [{'name': 'panels', 'rules': rules}]}))
    promtool('check', 'rules', path)


main()
