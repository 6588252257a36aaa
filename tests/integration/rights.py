# SPDX-License-Identifier: Apache-2.0
"""Who may do what in PostgreSQL: the service with what docs/production.md grants and no more; who was granted nothing, nothing."""
import re
import sys

from harness import ROOT, Offerd, check, main, run, scratch, skip, wait_until

sys.path.append(str(ROOT / 'tests' / 'support'))
from servers import Broken, Missing, Servers  # noqa: E402

SERVERS = []
TOKEN_KEY = '00112233445566778899aabbccddeeff'
LONG_AGO = 1479470400000000  # 2016-11-18


def servers():
    """One of each for all tests; ended with this process."""
    if not SERVERS:
        try:
            SERVERS.append(Servers())
        except Missing as why:
            skip(str(why))
    return SERVERS[0]


def granted():
    """The lines of "Rights", as an operator would run them."""
    text = (ROOT / 'docs/production.md').read_text()
    return re.search(r'\* \*\*Rights\.\*\*.*?```sql\n(.*?)```', text, re.S)[1]


def fleet_of(database):
    """A database as its owner has made it; the roles are the server's, so they are made once."""
    pg = servers().pg
    url = pg.create(database)
    done = run('migrate', '--database-url', url)
    check(done.returncode == 0, done.stderr)
    known = pg.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'offerd_serve'", database) == [('1',)]
    pg.sql(granted() if not known else granted().split('\n', 1)[1], database)
    return url.replace('offerd@', 'offerd_serve@')


def refused(user, sql, database):
    """What @user is told; it must be that this is not allowed."""
    try:
        servers().pg.sql(f'SET ROLE {user}; {sql}', database)
    except Broken as why:
        check('permission denied' in str(why), sql, why)
        return
    check(False, f'{user} may do this: {sql}')


def test_the_service_does_with_what_is_granted():
    url = fleet_of('granted')
    env = {'OFFERD_DATABASE_URL': url, 'OFFERD_REDIS_URL': servers().redis_url, 'OFFERD_TOKEN_KEY': TOKEN_KEY}
    done = run('import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--data', scratch(), env=env)
    check(done.returncode == 0, done.stderr)
    flags = ['--retention-days', '40']
    with Offerd(env=env, flags=flags) as one, Offerd(env=env, flags=flags) as two:
        event = {'event_id': 'e', 'type': 'product_viewed', 'customer_id': 'c', 'sku': 'CAM-A7'}
        check(one.post('/events', event).status == 202)
        check(one.post('/events', event).json['results'][0]['status'] == 'duplicate')
        offer = (ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text()
        for replica in (one, two):
            answer = replica.post('/offers', offer)
            check(answer.status == 200 and not answer.json.get('degraded'), answer)
        wait_until(20, 'the event is in the log', lambda: servers().pg.sql(
            "SELECT count(*) FROM events WHERE event_id = 'e'", 'granted') == [('1',)], every=0.2)
        wait_until(20, 'it has looked for what is too old', lambda: servers().pg.sql(
            'SELECT count(*) FROM forgetting WHERE before_us > 0 AND block IS NULL', 'granted') == [('2',)], every=0.2)
        for replica in (one, two):
            check(replica.metric('offerd_retention_failing') == 0, replica.log_text())
        check('permission denied' not in one.log_text(1000) + two.log_text(1000), one.log_text(), two.log_text())
    done = run('rebuild', '--check', '--data', scratch(), env=env)
    check(done.returncode == 0, done)


def test_who_was_granted_nothing_may_call_nothing():
    fleet_of('strangers')
    pg = servers().pg
    pg.sql('CREATE ROLE reports; GRANT USAGE ON SCHEMA public TO reports; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reports',
           'strangers')
    pg.sql(f'SELECT make_event_partition({LONG_AGO})', 'strangers')
    for call in ('forget_step(9000000000000000, 0, 32)', 'forget_events(9000000000000000000, 1)', f'make_event_partition({LONG_AGO})',
                 'keep_positions_rising()', "append_events('{main}', '{x}', '{c}', '{feedback}', '{1}', '{\"{}\"}', 1, '{}', '{}')"):
        refused('reports', f'SELECT {call}', 'strangers')
    check(pg.sql("SELECT to_regclass('events_2016_11')", 'strangers') == [('events_2016_11',)])
    check(pg.sql('SET ROLE reports; SELECT count(*) FROM events', 'strangers') == [('0',)])


def test_no_function_is_everybody_s_and_none_that_runs_as_its_owner_looks_at_temporary_tables_first():
    fleet_of('functions')
    ours = "FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace"
    everybody = "EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0)"
    check(servers().pg.sql(f'SELECT p.proname {ours} AND {everybody}', 'functions') == [])
    check(len(servers().pg.sql(f'SELECT p.proname {ours}', 'functions')) >= 6)
    check(servers().pg.sql(f"SELECT p.proname {ours} AND p.prosecdef AND NOT 'search_path=public, pg_temp' = ANY(p.proconfig)",
                           'functions') == [])


def test_a_temporary_table_of_the_caller_s_is_not_taken_for_ours():
    url = fleet_of('temporary')
    check('offerd_serve@' in url)
    said = servers().pg.sql(
        'SET ROLE offerd_serve; CREATE TEMP TABLE event_ids (LIKE public.event_ids);'
        f"INSERT INTO pg_temp.event_ids VALUES ('main', 'mine', 1, {LONG_AGO});"
        'CREATE FUNCTION pg_temp.steal() RETURNS trigger LANGUAGE plpgsql AS '
        "$$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;"
        'CREATE TRIGGER steal BEFORE DELETE ON pg_temp.event_ids FOR EACH ROW EXECUTE FUNCTION pg_temp.steal();'
        f'SELECT forget_step({LONG_AGO} + 1000 * 86400000000, 0, 32), forget_step({LONG_AGO} + 1000 * 86400000000, 0, 32);'
        'SELECT count(*) FROM pg_temp.event_ids', 'temporary')
    check(said[-1] == ('1',), said)


def before_version_5(database):
    """A database that has seen the first four migrations; its URL."""
    pg = servers().pg
    url = pg.create(database)
    for path in sorted((ROOT / 'migrations/postgresql').glob('*.sql')):
        number = int(path.name[:4])
        if number == 1:
            pg.sql('CREATE TABLE schema_versions (version integer PRIMARY KEY, name text NOT NULL, '
                   'applied_at timestamptz NOT NULL DEFAULT now())', database)
        if number < 5:
            pg.sql(path.read_text(), database)
            pg.sql(f"INSERT INTO schema_versions VALUES ({number}, '{path.name}')", database)
    return url


def test_who_could_write_before_version_5_still_can():
    pg, url = servers().pg, before_version_5('earlier')
    pg.sql('CREATE ROLE writes; GRANT INSERT ON events TO writes', 'earlier')
    done = run('migrate', '--database-url', url)
    check(done.returncode == 0 and '0005_' in done.stdout, done)
    check(pg.sql("SELECT bool_and(has_function_privilege('writes', p.oid, 'execute')) FROM pg_proc AS p "
                 "WHERE p.pronamespace = 'public'::regnamespace", 'earlier') == [('t',)])


def test_an_index_that_was_made_before_version_5_is_taken_over():
    """The line of docs/production.md, "A new version"."""
    pg, url = servers().pg, before_version_5('indexed')
    line = re.search(r'`(CREATE INDEX CONCURRENTLY [^`]*)`', (ROOT / 'docs/production.md').read_text())[1]
    pg.sql(f'SELECT make_event_partition({LONG_AGO})', 'indexed')
    pg.sql(line.replace('events_2026_11', 'events_2016_11'), 'indexed')
    done = run('migrate', '--database-url', url)
    check(done.returncode == 0, done)
    check(pg.sql("SELECT count(*) FROM pg_indexes WHERE tablename = 'events_2016_11' AND indexdef LIKE '%offer_shown%'",
                 'indexed') == [('1',)])


if __name__ == '__main__':
    try:
        main()
    finally:
        for one in SERVERS:
            one.end()
