# SPDX-License-Identifier: Apache-2.0
"""What deploy/ says about the program is so: settings, commands, ports, paths, users, times, packages."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import yaml

from harness import PATIENCE, PROGRAM, ROOT, Offerd, check, demo_data, main, run, scratch, skip, tell, wait_until

sys.path.append(str(ROOT / 'tests/support'))
from servers import Missing, Servers

DEPLOY = ROOT / 'deploy'
DOCKERFILE = (ROOT / 'Dockerfile').read_text()


def documents(path):
    return [document for document in yaml.safe_load_all((DEPLOY / path).read_text()) if document]


def kubernetes():
    """{kind: document}; one of each kind."""
    found = {}
    for path in sorted((DEPLOY / 'kubernetes').glob('*.yaml')):
        for document in documents(path.relative_to(DEPLOY)):
            check(document['kind'] not in found, 'a kind twice:', path)
            found[document['kind']] = document
    return found


def compose():
    return documents('compose.yaml')[0]


def settings():
    """The program's own settings: {name: default as text}, the names as in the settings file."""
    return yaml.safe_load((ROOT / 'config/offerd.yaml').read_text())


def commands():
    return set(re.findall(r'^  (\w+) ', run('--help').stdout, re.M))


def variables(text):
    return set(re.findall(r'\bOFFERD_([A-Z_]+)\b(?!\})', text))


def dockerfile(word):
    """What the Dockerfile's last line of this instruction says."""
    joined = re.sub(r'\\\n\s*', ' ', '\n'.join(line for line in DOCKERFILE.splitlines() if not line.startswith('#')))
    return re.findall(rf'^{word} (.*)$', joined, re.M)[-1]


def seconds(text):
    number, unit = re.fullmatch(r'(\d+)(s|m|ms)', text).groups()
    return int(number) * {'s': 1, 'm': 60, 'ms': 0.001}[unit]


def test_every_setting_that_is_set_exists():
    known = {name.upper() for name in settings()} | {'CONFIG'}
    for path in [ROOT / 'Dockerfile', *DEPLOY.rglob('*.yaml'), *DEPLOY.rglob('*.service')]:
        text = path.read_text()
        if path.name == 'compose.yaml':
            names = {name.removeprefix('OFFERD_') for name in compose()['services']['offerd-a']['environment']}
        else:
            names = variables(text)
        check(names <= known, f'{path.name}: the program knows no {names - known}')
    unit = (DEPLOY / 'systemd/offerd.service').read_text()
    start = re.search(r'^ExecStart=(.*)$', unit, re.M)[1].split()
    for flag in (word for word in start if word.startswith('--')):
        check(f'{flag} ' in run('serve', '--help').stdout, f'{flag} is no flag of serve')


def test_every_command_that_is_run_exists():
    services = compose()['services']
    asked = {service['command'][0] for service in services.values() if service.get('image') == 'offerd' and 'command' in service}
    asked |= {json.loads(dockerfile('CMD'))[0], json.loads(dockerfile('HEALTHCHECK').split('CMD', 1)[1])[1]}
    for kind in ('Deployment', 'Job'):
        asked |= {kubernetes()[kind]['spec']['template']['spec']['containers'][0]['args'][0]}
    check(asked <= commands(), f'the program has no {asked - commands()}')


def test_the_rules_of_the_config_map_are_rules():
    rules = scratch()
    for name, text in kubernetes()['ConfigMap']['data'].items():
        (rules / name).write_text(text)
    seen = run('check', rules)
    check(seen.returncode == 0, seen.stdout, seen.stderr)


def test_the_secret_s_example_is_complete_and_its_keys_are_read():
    found = kubernetes()
    pod = found['Deployment']['spec']['template']['spec']
    secret = found['Secret']
    asked = {env['valueFrom']['secretKeyRef']['key'] for env in pod['containers'][0]['env'] if 'valueFrom' in env}
    asked |= {item['key'] for volume in pod['volumes'] if 'secret' in volume for item in volume['secret']['items']}
    check(asked == set(secret['stringData']), asked ^ set(secret['stringData']))
    names = {env['valueFrom']['secretKeyRef']['name'] for env in pod['containers'][0]['env'] if 'valueFrom' in env}
    check(names == {secret['metadata']['name']}, names)
    keys = scratch() / 'api-keys'
    keys.write_text(secret['stringData']['api-keys'])
    with Offerd(flags=['--api-keys-file', str(keys)]) as offerd:
        check(offerd.get('/metrics').status == 401 and offerd.get('/healthz').status == 200)


def test_the_pod_is_found_by_all_who_look_for_it():
    found = kubernetes()
    labels = found['Deployment']['spec']['template']['metadata']['labels']
    check(found['Deployment']['spec']['selector']['matchLabels'].items() <= labels.items())
    check(found['Service']['spec']['selector'].items() <= labels.items())
    check(found['PodDisruptionBudget']['spec']['selector']['matchLabels'].items() <= labels.items())
    check(found['HorizontalPodAutoscaler']['spec']['scaleTargetRef']['name'] == found['Deployment']['metadata']['name'])
    chosen = found['NetworkPolicy']['spec']['podSelector']['matchExpressions'][0]
    job = found['Job']['spec']['template']['metadata']['labels']
    check({labels[chosen['key']], job[chosen['key']]} == set(chosen['values']), chosen)
    check(not found['Service']['spec']['selector'].items() <= job.items(), 'the service would send requests to the job')
    listed = {path.name for path in (DEPLOY / 'kubernetes').glob('*.yaml')} - {'kustomization.yaml', 'migrate.yaml', 'secret.example.yaml'}
    check(set(found['Kustomization']['resources']) == listed, listed)


def test_prometheus_finds_the_pods_and_has_the_key_that_they_ask_for():
    found = kubernetes()
    template = found['Deployment']['spec']['template']
    check('annotations' not in template['metadata'], 'what finds pods by annotations has no key, and another job')
    jobs = documents('prometheus/kubernetes.yaml')[0]['scrape_configs']
    check([job['job_name'] for job in jobs] == ['offerd'], jobs)
    asked = set(re.findall(r'job="(\w+)"', (DEPLOY / 'prometheus/alerts.yaml').read_text()))
    check(asked == {'offerd'}, asked)
    kept = next(rule for rule in jobs[0]['relabel_configs'] if rule['action'] == 'keep')
    port = template['spec']['containers'][0]['ports'][0]['name']
    check(kept['regex'] == f"{template['metadata']['labels']['app.kubernetes.io/name']};{port}", kept)
    scopes = {line.split()[0]: line.split()[1] for line in found['Secret']['stringData']['api-keys'].splitlines()}
    check(scopes['prometheus'] == 'metrics', scopes)
    key, line = run('key', 'prometheus', '--scope', 'metrics').stdout.splitlines()[:2]
    keys = scratch() / 'api-keys'
    keys.write_text(line + '\n')
    said = {'Authorization': f"{jobs[0]['authorization'].get('type', 'Bearer')} {key}"}
    with Offerd(flags=['--api-keys-file', str(keys)]) as offerd:
        check(offerd.get('/metrics', headers=said).status == 200 and offerd.get('/metrics').status == 401)


def test_ports_paths_and_user_are_those_of_the_image():
    found = kubernetes()
    pod = found['Deployment']['spec']['template']['spec']
    container, port = pod['containers'][0], int(dockerfile('EXPOSE'))
    check(container['ports'][0]['containerPort'] == port and found['Service']['spec']['ports'][0]['port'] == port)
    check(found['NetworkPolicy']['spec']['ingress'][0]['ports'][0]['port'] == port)
    check(f'OFFERD_LISTEN=:{port}' in dockerfile('ENV'))
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    check(user == dockerfile('USER') and pod['securityContext']['runAsNonRoot'], user)
    mounts = {mount['mountPath'] for mount in container['volumeMounts']}
    check({dockerfile('VOLUME'), re.search(r'OFFERD_RULES_DIR=(\S+)', dockerfile('ENV'))[1]} <= mounts, mounts)
    check(not any('subPath' in mount for mount in container['volumeMounts']), 'a subPath mount is never updated')
    for name in ('startupProbe', 'readinessProbe', 'livenessProbe'):
        check(container[name]['httpGet']['path'] in ('/healthz', '/readyz'), name)
    check(container['livenessProbe']['httpGet']['path'] == '/healthz', 'a neighbour away would have pods killed')
    for kind in ('Deployment', 'Job'):
        one = found[kind]['spec']['template']['spec']['containers'][0]
        check(one['securityContext'] == {'allowPrivilegeEscalation': False, 'readOnlyRootFilesystem': True,
                                         'capabilities': {'drop': ['ALL']}}, kind)
    for name, service in compose()['services'].items():
        for volume in service.get('volumes', []) if service.get('image') == 'offerd' else []:
            check(volume.split(':')[1] in (dockerfile('VOLUME'), '/etc/offerd/rules', '/shop'), name, volume)


def test_the_memory_limit_is_the_one_that_was_reckoned():
    """And it is not below what the settings alone let grow."""
    container = kubernetes()['Deployment']['spec']['template']['spec']['containers'][0]
    limit, asked = container['resources']['limits']['memory'], container['resources']['requests']['memory']
    check(limit == asked, 'a node that has promised more than it has throws out the pod, and a spool with it')
    table = (ROOT / 'docs/capacity.md').read_text().split('### How much memory to give it')[1]
    reckoned = re.search(r'^\| a limit \| ([\d,]+) MiB \(([\d,]+) MB\)', table, re.M)
    check(limit == reckoned[1].replace(',', '') + 'Mi', limit, reckoned[0])
    given_mb = int(limit.removesuffix('Mi')) * 2**20 / 1e6
    start, bounds, most = (int(re.search(rf'^\| {row}.*? \| ([\d,]+) MB \|', table, re.M)[1].replace(',', ''))
                           for row in ('at the start', 'all bounds above', 'so at most'))
    said = eval(re.search(r'filled: ([\d +×]+) \|', table)[1].replace('×', '*'))  # of this file of ours
    check(start + bounds == most and abs(said - bounds) <= 1 and abs(given_mb - int(reckoned[2].replace(',', ''))) <= 1, start, bounds, most, said, given_mb)
    grows_mb = (int(settings()['hot_profiles']) * 4096 + int(settings()['known_purchases']) * 47) / 1e6
    check(bounds > grows_mb and given_mb - most > 1000, bounds, grows_mb, given_mb - most)


def test_the_durable_variant_takes_away_the_volume_it_gives_back():
    patch = documents('kubernetes-durable/kustomization.yaml')[0]['patches'][0]['patch']
    number = int(re.search(r'path: /spec/template/spec/volumes/(\d+)', patch)[1])
    volumes = kubernetes()['Deployment']['spec']['template']['spec']['volumes']
    check(volumes[number]['name'] == 'data' and 'metadata: {name: data}' in patch, volumes[number])
    service = documents('kubernetes-durable/replicas.yaml')[0]
    check(service['metadata']['name'] in patch and service['spec']['selector'] == kubernetes()['Service']['spec']['selector'])


def test_nobody_is_killed_while_draining():
    drain = int(settings()['drain_s'])
    pod = kubernetes()['Deployment']['spec']['template']['spec']
    pause = int(pod['containers'][0]['lifecycle']['preStop']['exec']['command'][1])
    check(pod['terminationGracePeriodSeconds'] >= pause + drain + 10)
    for name in ('offerd-a', 'offerd-b'):
        check(seconds(compose()['services'][name]['stop_grace_period']) >= drain + 10, name)
    check(int(re.search(r'^TimeoutStopSec=(\d+)$', (DEPLOY / 'systemd/offerd.service').read_text(), re.M)[1]) >= drain + 10)
    update = kubernetes()['Deployment']['spec']['strategy']['rollingUpdate']
    check(update['maxUnavailable'] == 0 and update['maxSurge'] >= 1, update)


def test_the_autoscaler_can_be_stopped_and_set_going_as_the_runbook_says():
    words = re.findall(r"^kubectl patch hpa (\S+) --type merge -p '(.*?)'", (ROOT / 'docs/runbook.md').read_text(), re.M)
    scaler = kubernetes()['HorizontalPodAutoscaler']
    check([name for name, _ in words] == [scaler['metadata']['name']] * 2, words)
    off, on = (json.loads(patch)['spec']['behavior']['scaleDown'] for _, patch in words)
    check(off == {'selectPolicy': 'Disabled'}, off)
    check(on.items() <= scaler['spec']['behavior']['scaleDown'].items(), 'kubectl apply would not set it going again', on)


def test_the_two_replicas_share_everything_but_their_spool():
    services = compose()['services']
    a, b = services['offerd-a'], services['offerd-b']
    check(a['environment'] == b['environment'] and 'OFFERD_TOKEN_KEY' in a['environment'])
    spools = {volume.split(':')[0] for service in (a, b) for volume in service['volumes'] if '/var/lib/offerd' in volume}
    check(len(spools) == 2 and spools <= set(compose()['volumes']), spools)
    asked = set(re.findall(r'\$\{(\w+):\?', (DEPLOY / 'compose.yaml').read_text()))
    given = set(re.findall(r'^(\w+)=', (DEPLOY / 'env.example').read_text(), re.M))
    check(asked == given, asked ^ given)
    named = set(re.findall(r'^    server (\S+) \1:8080', (DEPLOY / 'haproxy/haproxy.cfg').read_text(), re.M))
    scraped = {target for job in documents('prometheus/prometheus.yaml')[0]['scrape_configs']
               for target in job['static_configs'][0]['targets']}
    replicas = {name for name in services if name.startswith('offerd-')}
    check(named == replicas and {f'{name}:8080' for name in replicas} | {'haproxy:8404'} == scraped, named, scraped)
    for name, service in services.items():
        check(re.fullmatch(r'[a-z]+(/[a-z]+)?(:v?[\d.]+)?', service['image']), f'{name}: a moving or foreign image:', service['image'])
        for network in service['networks']:
            check(network in compose()['networks'], network)
    check(set(services['postgres']['networks']) == set(services['redis']['networks']) == {'back'} and compose()['networks']['back']['internal'])


def test_the_line_that_brings_a_catalogue_to_kubernetes_brings_it():
    """What kubectl would carry out in the pod is carried out beside a service without products."""
    command = re.search(r"^kubectl exec -i deploy/offerd -- sh -c '(.*)' < products\.csv", (DEPLOY / 'README.md').read_text(), re.M)[1]
    check(re.match('cat \\| offerd ', command), command)
    with Offerd() as offerd:
        check(offerd.metric('offerd_catalog_products') == 0)
        with open(ROOT / 'config/demo/catalog.csv', 'rb') as products:
            done = subprocess.run(['sh', '-c', command.replace('offerd ', f'{PROGRAM} ', 1)], stdin=products, capture_output=True, text=True,
                                  env={**os.environ, 'OFFERD_DATA_DIR': str(offerd.data)}, timeout=60 * PATIENCE)
        check(done.returncode == 0, done)
        wait_until(20, 'the products', lambda: offerd.metric('offerd_catalog_products') > 0)


def test_what_is_asked_whether_a_neighbour_is_there_is_asked_where_others_ask():
    """The image's PostgreSQL makes its first files with a server on the unix socket alone: ready there, and there for nobody else."""
    words = compose()['services']['postgres']['healthcheck']['test']
    check(words[words.index('-h') + 1] == '127.0.0.1', words)


def libraries(program):
    """The Debian packages of the shared libraries that the program asks for itself."""
    asked = re.findall(r'NEEDED.*\[(.*)\]', subprocess.run(['readelf', '-d', program], capture_output=True, text=True).stdout)
    found = dict(re.findall(r'^\s(\S+) => (\S+)', subprocess.run(['ldd', program], capture_output=True, text=True).stdout, re.M))
    packages = set()
    for name in asked:
        if name.startswith('ld-linux'):
            continue  # libc6's own
        path = found[name]
        for place in (path, '/usr' + path, os.path.realpath(path), path.removeprefix('/usr')):
            owner = subprocess.run(['dpkg-query', '-S', place], capture_output=True, text=True).stdout
            if owner:
                packages.add(owner.split(':')[0])
                break
        else:
            skip(f'{path} is of no Debian package')
    return packages


def test_the_image_has_the_libraries_that_the_program_needs_and_no_more():
    if not (shutil.which('dpkg-query') and shutil.which('readelf')):
        skip('not a Debian system')
    needed = {name for name in libraries(PROGRAM) if not re.match(r'lib(c6|asan|ubsan|tsan|gcc-s1|stdc\+\+6)', name)}
    listed = set(re.search(r'no-install-recommends (.*?) &&', dockerfile('RUN'))[1].split())
    check(needed <= listed, f'the image lacks {needed - listed}')
    check(listed - needed <= {'ca-certificates', 'tzdata'}, f'the image needs no {listed - needed - {"ca-certificates", "tzdata"}}')


def test_the_dockerfile_keeps_to_the_rules():
    """What hadolint would say, of what matters here."""
    check(not re.search(r'^ADD ', DOCKERFILE, re.M), 'ADD; use COPY')
    check(all(re.fullmatch(r'debian:12-slim( AS \w+)?', image) for image in re.findall(r'^FROM (.*)$', DOCKERFILE, re.M)))
    install = dockerfile('RUN')
    check(re.search(r'apt-get update\s+&& apt-get install -y --no-install-recommends', install) and 'rm -rf /var/lib/apt/lists/*' in install)
    check(re.fullmatch(r'[1-9]\d*:[1-9]\d*', dockerfile('USER')), 'a name says nothing to runAsNonRoot')
    for word in ('ENTRYPOINT', 'CMD'):
        check(isinstance(json.loads(dockerfile(word)), list), word)
    check(dockerfile('STOPSIGNAL') == 'SIGTERM')
    ignored = (ROOT / '.dockerignore').read_text()
    check('\n*\n' in ignored, '.dockerignore lets through what it does not know')
    for name in re.findall(r'^!(.*)$', ignored, re.M):
        check((ROOT / name).exists(), f'.dockerignore: {name} is not there')


def test_the_unit_is_one():
    program = shutil.which('systemd-analyze') or skip('systemd-analyze is not installed')
    unit = scratch() / 'offerd.service'
    unit.write_text((DEPLOY / 'systemd/offerd.service').read_text().replace('/usr/local/bin/offerd', PROGRAM))
    seen = subprocess.run([program, 'verify', unit], capture_output=True, text=True, timeout=30 * PATIENCE)
    if 'Failed to' in seen.stderr and 'offerd.service' not in seen.stderr:
        skip('systemd-analyze does not work here: ' + seen.stderr.strip().splitlines()[-1])
    check(seen.returncode == 0 and 'offerd.service' not in seen.stderr, seen.stderr)
    seen = subprocess.run([program, 'security', '--offline=true', unit], capture_output=True, text=True, timeout=30 * PATIENCE)
    level = re.search(r'exposure level for offerd.service: ([\d.]+)', seen.stdout)
    if level:
        tell(level[0])
        check(float(level[1]) < 2, seen.stdout)


TRAINS = {'OFFERD_TRAIN_EVERY_H': '24'}


def under_the_unit_s_filter(*words):
    """The words that come before a command, so that the unit's filter of system calls is on it."""
    words = [sys.executable, str(ROOT / 'tests/support/syscall_filter.py'), str(DEPLOY / 'systemd/offerd.service'), *words, '--']
    tried = subprocess.run([*words, 'true'], capture_output=True, text=True, timeout=60 * PATIENCE)
    if tried.returncode == 77:
        skip(tried.stderr.strip())
    check(tried.returncode == 0, tried)
    return words


def lives_a_day(offerd):
    """All that a service does from morning to evening, a training among it."""
    offer = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
    answer = offerd.post('/offers', offer).json
    check(answer['offers'], answer)
    check(offerd.post(f"/offers/{answer['decision_id']}/{answer['offers'][0]['offer_id']}/decline", {}).status < 300)
    check(offerd.post('/events', {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'demo-visitor', 'sku': 'CAM-A7'}).status == 202)
    check(offerd.post('/-/reload').status == 200)
    offerd.signal(signal.SIGHUP)
    wait_until(60, 'a training', lambda: offerd.metric('offerd_trainings_total{result="done"}') == 1, every=.2)
    check(offerd.metric('offerd_trainings_total{result="failed"}') == 0, offerd.log_text())
    check(offerd.stop() == 0)


def test_no_system_call_that_the_service_makes_is_outside_the_unit_s_filter():
    """One would kill it here; under the unit it would fail with EPERM, as training once did."""
    filtered = under_the_unit_s_filter()
    with contextlib.ExitStack() as all_of_them:
        def start(data, env):
            flags = ['--access-log', str(scratch() / 'access.log')]
            return all_of_them.enter_context(Offerd(data=data, env=env, flags=flags, before=filtered))
        living = [start(demo_data(), TRAINS)]
        try:
            servers = all_of_them.enter_context(Servers())
        except Missing as why:
            tell(f'of a service alone; not of one in a fleet: {why}')
        else:
            env = {'OFFERD_DATABASE_URL': servers.pg.create('unit'), 'OFFERD_REDIS_URL': servers.redis_url,
                   'OFFERD_TOKEN_KEY': '00112233445566778899aabbccddeeff'}
            orders = scratch() / 'orders.csv'
            subprocess.run([sys.executable, ROOT / 'config/demo/generate_orders.py', '--out', orders], check=True, timeout=60 * PATIENCE)
            for words in (['migrate'], ['import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--orders', orders,
                                        '--timezone', 'Asia/Tokyo', '--data', scratch()]):
                done = run(*words, env=env)
                check(done.returncode == 0, words, done.stderr)
            living.append(start(scratch(), env | TRAINS))
        for offerd in living:
            lives_a_day(offerd)


def test_nothing_but_yaml_that_can_be_read():
    paths = sorted(DEPLOY.rglob('*.yaml'))
    for path in paths:
        try:
            list(yaml.safe_load_all(path.read_text()))
        except yaml.YAMLError as failure:
            check(False, f'{path}: {failure}')
        check(not re.search(r'\t| $', path.read_text(), re.M), f'{path.name}: a tab, or blanks at the end of a line')
        check(path.read_text().startswith('# SPDX-License-Identifier: Apache-2.0\n'), path)
    check(len(paths) > 10, paths)


main()
