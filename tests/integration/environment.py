# SPDX-License-Identifier: Apache-2.0
"""Variables of the environment that are nearly a setting's: told at the start; those of others are left alone."""
import json
import os
import re

from harness import ROOT, Offerd, check, main, run, scratch

TOLD = 'no setting reads this variable of the environment'
SLIPS = {'OFFERD_REDIS_ULR': 'OFFERD_REDIS_URL', 'OFFERD_DATABSE_URL': 'OFFERD_DATABASE_URL',
         'OFFERD_WORKER': 'OFFERD_WORKERS', 'OFFERD_CONFG': 'OFFERD_CONFIG', 'OFFERD_LOGLEVEL': 'OFFERD_LOG_LEVEL',
         'OFFERD_RULES': 'OFFERD_RULES_DIR', 'OFFERD_DATA': 'OFFERD_DATA_DIR'}
# What Kubernetes gives to every container beside Services called offerd, offerd-redis and offerd-database.
OF_SERVICES = [f'{name}_{what}' for name in ('OFFERD', 'OFFERD_REDIS', 'OFFERD_DATABASE')
               for what in ('SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT', 'PORT_8080_TCP',
                            'PORT_8080_TCP_PROTO', 'PORT_8080_TCP_PORT', 'PORT_8080_TCP_ADDR')]


def of_our_tools():
    """Every name that tests, benchmarks, deployment and ./dev have and that is no setting."""
    settings = {f'OFFERD_{name.upper()}' for name in
                re.findall(r'^#? ?(\w+):', (ROOT / 'config/offerd.yaml').read_text(), re.M)} | {'OFFERD_CONFIG'}
    names = set()
    for where in ('tests', 'bench', 'deploy', '.ci', 'dev', 'Dockerfile'):
        for path in [ROOT / where] if (ROOT / where).is_file() else (ROOT / where).rglob('*'):
            if path.is_file() and path.suffix not in ('.pyc', '.gz') and path.name != 'environment.py':
                names |= set(re.findall(r'\bOFFERD_[A-Z0-9_]*[A-Z0-9]\b', path.read_text(errors='replace')))
    return sorted(names - settings)


def told(lines):
    """variable -> guess, of the lines that tell of one."""
    return dict(re.findall(TOLD + r": '(\w+)'; did you mean '(\w+)'\?", '\n'.join(lines)))


def test_a_slip_is_told_by_name_with_the_nearest_setting_and_the_service_starts():
    with Offerd(env={name: 's3cret' for name in SLIPS}) as offerd:
        seen, log = told(offerd.log), offerd.log_text()
    check(seen == SLIPS, set(seen.items()) ^ set(SLIPS.items()))
    check(log.count(TOLD) == len(SLIPS) and 'warning' in log and 's3cret' not in log, log)


def test_in_a_log_of_json_it_is_a_line_of_json_and_with_errors_alone_none():
    slip = {'OFFERD_REDIS_ULR': 'redis://127.0.0.1:1/0'}
    with Offerd(flags=['--log-format', 'json'], env=slip) as offerd:
        lines = [json.loads(line) for line in offerd.log if TOLD in line]
    check(len(lines) == 1 and lines[0]['level'] == 'warning', lines)
    with Offerd(flags=['--log-level', 'error'], env=slip) as offerd:
        check(TOLD not in offerd.log_text(), offerd.log_text())


def test_names_that_are_others_are_left_alone():
    names = [name for name in of_our_tools() + OF_SERVICES + ['OFFERD_', 'OFFERD_X', 'OFFERD_HOST', 'OFFERD_HOME']
             if name not in os.environ]
    check('OFFERD_TEST_DATA' in of_our_tools() and 'OFFERD_FAULT_RATE' in names and 'OFFERD_SOAK_RATE' in names, names)
    with Offerd(env={**{name: '1' for name in names}, 'OFFERD_REDIS_ULR': '', 'REDIS_ULR': '1'}) as offerd:
        check(TOLD not in offerd.log_text(), offerd.log_text())


def test_commands_that_open_the_store_tell_it_too():
    catalog = scratch() / 'catalog.csv'
    catalog.write_text('sku,price\nA,1\n')
    for command, status in ((['import', '--catalog', catalog, '--data', scratch()], 0), (['migrate'], 2),
                            (['train', '--data', scratch()], 1), (['rebuild', '--data', scratch()], None)):
        done = run(*command, env={'OFFERD_DATABASE_ULR': 'postgresql:///x'})
        check(status in (None, done.returncode) and told([done.stderr]) == {'OFFERD_DATABASE_ULR': 'OFFERD_DATABASE_URL'},
              command, done)


main()
