# SPDX-License-Identifier: Apache-2.0
"""The README is true: its commands answer what it says, and its tables name what there is."""
import json
import re
import subprocess

from harness import ROOT, Offerd, check, demo_data, main, run

README = (ROOT / 'README.md').read_text()
VARIES = {'decision_id', 'offer_id', 'took_us', 'expires_at', 'ruleset'}


def blocks(language):
    return re.findall(rf'^```{language}\n(.*?)^```', README, re.S | re.M)


def shape(value):
    """The value without what differs from run to run."""
    if isinstance(value, dict):
        return {k: '…' if k in VARIES else shape(v) for k, v in value.items()}
    return [shape(v) for v in value] if isinstance(value, list) else value


def test_every_curl_command_works_when_pasted_and_answers_what_is_written_below_it():
    commands = [block for block in blocks('sh') if block.startswith('curl')]
    written = [json.loads(block) for block in blocks('json')]
    check(len(commands) >= 2 and written, 'the README lost its examples')
    with Offerd(data=demo_data()) as offerd:
        for command in commands:
            here = command.replace('127.0.0.1:8080', f'127.0.0.1:{offerd.port}')
            done = subprocess.run(['sh', '-c', here.replace('curl ', 'curl --fail-with-body ', 1)],
                                  capture_output=True, text=True, timeout=30)
            check(done.returncode == 0, command, done.stdout, done.stderr)
            if written:
                answer, expected = shape(json.loads(done.stdout)), shape(written.pop(0))
                check(answer == expected, 'the README says\n', json.dumps(expected, ensure_ascii=False),
                      '\nthe program says\n', json.dumps(answer, ensure_ascii=False))


def test_every_setting_stands_in_the_table_with_its_default():
    told = run('serve', '--help')
    check(told.returncode == 0, told.stderr)
    settings = re.findall(r'^\s+--([a-z][a-z-]+)', told.stdout, re.M)
    check(len(settings) > 10, 'no settings found in', told.stdout)
    missing = [name for name in settings if name not in ('help', 'version') and f'`--{name}`' not in README]
    check(not missing, 'not in the README:', missing)


def test_the_table_says_the_default_of_each_setting():
    """Flags of one line share it out by commas; where the program has none, the words say what that means."""
    defaults = dict(re.findall(r'^  --([a-z][a-z-]+) .*?(?: \[([^\]\n]*)\])?$', run('serve', '--help').stdout, re.M))
    rows = re.findall(r'^\| ((?:`--[a-z-]+`(?:, )?)+) \| (.*?) \|', README, re.M)
    check(len(rows) > 20, rows)
    for flags, shown in rows:
        flags = re.findall(r'--([a-z-]+)', flags)
        values = shown.split(', ') if len(flags) > 1 and not shown.startswith('none') else [shown] * len(flags)
        for flag, value in zip(flags, values, strict=True):
            if defaults[flag]:
                check(value.split(':')[0] == defaults[flag] or value.strip('`') == defaults[flag], f'--{flag}', value, 'but it is', defaults[flag])
            else:
                check('`' not in value, f'--{flag}', value, 'but it has no default')


def test_the_settings_file_shows_every_setting_with_its_default_and_is_read():
    shown = dict(re.findall(r'^([a-z_]+): +(\S+)', (ROOT / 'config/offerd.yaml').read_text(), re.M))
    for flag, default in re.findall(r'^  --([a-z][a-z-]+) .*?(?: \[([^\]\n]*)\])?$', run('serve', '--help').stdout, re.M):
        name = {'rules': 'rules_dir', 'data': 'data_dir'}.get(flag, flag.replace('-', '_'))
        check(name == 'config' or shown.get(name) == (default or '""'), name, shown.get(name), 'but it is', default)
    with Offerd(data=demo_data(orders=False), flags=['--config', ROOT / 'config/offerd.yaml']) as offerd:
        check(offerd.get('/healthz').status == 200)


def test_every_command_stands_in_the_table():
    told = run('--help').stdout
    names = re.findall(r'^  ([a-z]+) {2,}', told, re.M)
    check('serve' in names, told)
    missing = [name for name in names if f'`offerd {name}' not in README]
    check(not missing, 'not in the README:', missing)


def test_every_metric_of_the_read_and_write_path_exists():
    with Offerd(data=demo_data()) as offerd:
        page = offerd.get('/metrics').text
    named = set(re.findall(r'`(offerd_[a-z_]+)', README))
    check(named, 'the README names no metric')
    check(all(f'# TYPE {name} ' in page for name in named), sorted(n for n in named if f'# TYPE {n} ' not in page))


main()
