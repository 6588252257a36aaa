# SPDX-License-Identifier: Apache-2.0
"""offerd migrate: what it makes, what it tells, what it refuses, and that serve asks for it."""
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import ROOT, Offerd, check, main, run, scratch, skip, wait_until

sys.path.insert(0, str(ROOT / 'tests' / 'support'))
from servers import Missing, Servers  # noqa: E402

SERVERS = []


def pg():
    """One PostgreSQL for all tests; ended with this process."""
    if not SERVERS:
        try:
            SERVERS.append(Servers(only='pg'))
        except Missing as why:
            skip(str(why))
    return SERVERS[0].pg


def migrate(url, *flags):
    return run('migrate', *flags, env={'OFFERD_DATABASE_URL': url})


def test_makes_the_schema_once_and_tells_what_it_ran():
    url = pg().create('fresh')
    before = migrate(url, '--status')
    check(before.returncode == 3 and 'missing' in before.stdout, before)
    first, again, after = migrate(url), migrate(url), migrate(url, '--status')
    check(first.returncode == 0 and '0001_' in first.stdout and 'done' in first.stdout, first)
    check(again.returncode == 0 and 'nothing to do' in again.stdout, again)
    check(after.returncode == 0 and 'missing' not in after.stdout, after)
    check(pg().sql('SELECT count(*) > 0 FROM schema_versions', 'fresh') == [('t',)])


def test_takes_the_address_as_a_flag_and_needs_one():
    url = pg().create('flagged')
    done = run('migrate', '--database-url', url)
    check(done.returncode == 0, done)
    for wrong in (run('migrate'), run('migrate', '--no-such'), run('migrate', 'word'), run('migrate', '--wait', 'long')):
        check(wrong.returncode == 2 and wrong.stderr, wrong)


def test_refuses_a_schema_of_a_newer_program():
    url = pg().create('newer')
    migrate(url)
    pg().sql("INSERT INTO schema_versions (version, name) VALUES (9999, 'later')", 'newer')
    done = migrate(url)
    check(done.returncode == 1 and 'newer offerd' in done.stderr, done)


def test_a_database_that_is_away_or_an_address_that_is_none_is_an_error_without_the_password():
    for url in (f'postgresql://u:s3cret@127.0.0.1:{pg().port}/no_such', 'postgresql://u:s3cret@127.0.0.1:1/x',
                'mysql://u:s3cret@127.0.0.1/x'):
        done = migrate(url, '--wait', '0')
        check(done.returncode == 1 and done.stderr.strip() and 'waiting' not in done.stderr, done)
        check('s3cret' not in done.stderr + done.stdout, done)


def test_two_at_once_take_turns():
    url = pg().create('together')
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(url), range(4)))
    check(all(one.returncode == 0 for one in done), done)
    check(sum('0001_' in one.stdout for one in done) == 1, done)


def test_a_server_that_takes_its_time_is_waited_for():
    url = pg().create('slow')
    with ThreadPoolExecutor(1) as pool:
        pg().stop()
        try:
            done = pool.submit(migrate, url)
            time.sleep(1.5)
        finally:
            pg().cont()
        check(done.result().returncode == 0, done.result())


def test_a_server_that_is_started_with_it_is_waited_for_with_a_word():
    """Compose starts both; the image's PostgreSQL listens before it is ready, and does not while it makes its first files."""
    url = pg().create('young')
    pg().kill9()
    with ThreadPoolExecutor(1) as pool:
        try:
            done = pool.submit(migrate, url)
            time.sleep(1.5)
        finally:
            pg().start()
        check(done.result().returncode == 0 and '0001_' in done.result().stdout, done.result())
        check(done.result().stderr.count('waiting: ') == 1, done.result().stderr)


def in_a_fleet(url):
    return {'OFFERD_DATABASE_URL': url, 'OFFERD_REDIS_URL': 'redis://127.0.0.1:1/0',
            'OFFERD_TOKEN_KEY': '0123456789abcdef' * 2}


def test_serve_says_to_run_it():
    url = pg().create('forgotten')
    done = run('serve', '--rules', ROOT / 'config/rules', '--data', scratch(), '--listen', '127.0.0.1:0',
               env=in_a_fleet(url))
    check(done.returncode == 1 and 'offerd migrate' in done.stderr, done)


def both_end_at_once(url, *words):
    """They wait for 30 seconds for a database that may come; not for one that never will by waiting."""
    for command in (['serve', '--rules', ROOT / 'config/rules', '--data', scratch(), '--listen', '127.0.0.1:0'], ['migrate']):
        done = run(*command, env=in_a_fleet(url), timeout=20)
        check(done.returncode == 1 and all(word in done.stderr for word in words), words, done)
        check('waiting' not in done.stderr and 's3cret' not in done.stderr, done)


def test_who_is_not_let_in_is_told_at_once_in_the_server_s_words():
    url = pg().create('guarded')
    both_end_at_once(url.replace('/guarded', '/no_such'), 'database "no_such" does not exist', 'createdb')
    both_end_at_once(url.replace('offerd@', 'nobody@'), 'role "nobody" does not exist', 'pg_hba.conf')
    pg().sql("CREATE ROLE guarded LOGIN PASSWORD 'right'", 'guarded')
    hba = pg().data / 'pg_hba.conf'
    before = hba.read_text()
    hba.write_text('host guarded guarded 127.0.0.1/32 scram-sha-256\nhost all stranger 127.0.0.1/32 reject\n' + before)
    try:
        pg().sql('SELECT pg_reload_conf()', 'guarded')
        wait_until(10, 'the server asks for a password', lambda: migrate(url.replace('offerd@', 'guarded@'), '--status').returncode == 1)
        both_end_at_once(url.replace('offerd@', 'guarded:s3cret@'), 'password authentication failed for user "guarded"',
                           'database_url, PGPASSWORD or ~/.pgpass')
        both_end_at_once(url.replace('offerd@', 'guarded@'), 'no password supplied', 'database_url, PGPASSWORD or ~/.pgpass')
        both_end_at_once(url.replace('offerd@', 'stranger@'), 'pg_hba.conf rejects connection', "the server's roles")
        right = migrate(url.replace('offerd@', 'guarded:right@'), '--status')
        check(right.returncode == 3, right)
    finally:
        hba.write_text(before)
        pg().sql('SELECT pg_reload_conf()', 'guarded')


def test_a_database_that_is_not_in_utf_8_is_refused_before_anything_is_in_it():
    pg().sql("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", database='postgres')
    url = pg().url_of('latin')
    for done in (migrate(url), migrate(url, '--status')):
        check(done.returncode == 1 and 'its encoding is LATIN1' in done.stderr and '--encoding UTF8' in done.stderr, done)
    check(pg().sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", 'latin') == [('0',)])
    both_end_at_once(url, 'its encoding is LATIN1')


def test_an_option_that_libpq_refuses_is_told_at_once_by_every_command():
    url = pg().create('options')
    check(migrate(url).returncode == 0)
    data, catalog = scratch(), scratch() / 'catalog.csv'
    catalog.write_text('sku,price\nA,1\n')
    ask = scratch() / 'ask.json'
    ask.write_text('{"placement": "cart-drawer", "trigger": "cart_view", "cart": {"currency": "JPY", "items": []}}')
    rules = ROOT / 'config/rules'
    for command in (['serve', '--rules', rules, '--data', data, '--listen', '127.0.0.1:0'], ['migrate'],
                    ['migrate', '--status'], ['import', '--catalog', catalog, '--data', data],
                    ['train', '--data', data], ['rebuild', '--data', data], ['explain', '--rules', rules, '--request', ask, '--data', data]):
        for broken, why in (('?sslmode=foo', 'invalid sslmode value: "foo"; disable, allow, prefer, require'),
                            ('?sslmod=require', "did you mean 'sslmode'?"), ('?port=none', 'from 1 to 65535')):
            done = run(*command, env=in_a_fleet(url + broken), timeout=20)  # serve would wait for 30
            check(done.returncode == 1 and why in done.stderr and 'waiting' not in done.stderr, command, done)
    check(run('import', '--catalog', catalog, '--data', data, env=in_a_fleet(url)).returncode == 0)


def test_a_socket_that_is_not_there_yet_is_waited_for():
    """Refused at once as well, but not by libpq's options: it comes good when the server starts."""
    pg().create('socket')
    pg().kill9()
    with Offerd(data=scratch(), env=in_a_fleet(pg().socket_url.replace('/offerd?', '/socket?')), start=False) as offerd:
        offerd.start(ready=False)
        wait_until(20, 'it says that it waits', lambda: 'waiting: database' in offerd.log_text())
        pg().start()
        wait_until(40, 'the server was asked', lambda: 'run `offerd migrate`' in offerd.log_text())
        offerd.kill()


if __name__ == '__main__':
    try:
        main()
    finally:
        for servers in SERVERS:
            servers.end()
