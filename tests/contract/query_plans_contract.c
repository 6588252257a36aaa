/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program's own queries cost where much is stored, in pages that the server touches: the
 * files of sql/ themselves, on a connection as the log makes it, planned while the tables are empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch_schema.h"
#include "store/postgresql/pg_db.h"
#include "store/postgresql/pg_schema.h"
#include "suite.h"

enum { PATIENT_MS = 20000, FEW_PAGES = 100, TEXT = 4096 };

static struct err_note note;

/* The text of sql/@name.sql; the caller's. */
static char *query_of(const char *name)
{
    char path[512];
    char *text = calloc(1, TEXT);
    snprintf(path, sizeof path, "%s/src/store/postgresql/sql/%s.sql", getenv("SOURCE_ROOT"), name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file && text, "%s", path);
    ck_assert_uint_gt(fread(text, 1, TEXT - 1, file), 0);
    fclose(file);
    return text;
}

/* A connection on which sql/@name.sql is prepared. */
static struct pg_db *open_db(const char *name, char **ret_sql)
{
    const struct pg_settings settings = { .url = scratch_url(), .connect_ms = PATIENT_MS };
    static struct pg_statement statement;
    struct pg_db *db = NULL;
    *ret_sql = query_of(name);
    statement = (struct pg_statement){ name, *ret_sql };
    const struct pg_db_use use = { &statement, 1, PATIENT_MS, { NULL } };
    ck_assert_msg(pg_schema_migrate(&settings, NULL, NULL, &note) == OK, "%s", note.text);
    ck_assert_msg(pg_db_new(&settings, &use, &db, &note) == OK, "%s", note.text);
    return db;
}

/* How many pages the whole of @execute touches, the functions it calls included. */
static long pages_of(struct pg_db *db, const char *execute, char plan[TEXT])
{
    char sql[512];
    long pages = -1;
    size_t len = 0;
    PGresult *lines = NULL;
    snprintf(sql, sizeof sql, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) %s", execute);
    enum err err = pg_db_ask(db, sql, NULL, PATIENT_MS, &lines, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    for (int i = 0; i < PQntuples(lines); i++) {
        const char *line = PQgetvalue(lines, i, 0);
        const char *hit = strstr(line, "hit="), *read = strstr(line, "read=");
        if (len < TEXT)
            len += (size_t) snprintf(plan + len, TEXT - len, "%s\n", line);
        if (pages < 0 && strstr(line, "Buffers:")) /* the first: of everything below */
            pages = (hit ? atol(hit + 4) : 0) + (read ? atol(read + 5) : 0);
    }
    PQclear(lines);
    return pages;
}

static void expect_few(struct pg_db *db, const char *execute, long most)
{
    char plan[TEXT] = "";
    long pages = pages_of(db, execute, plan);
    ck_assert_msg(pages >= 0 && pages <= most, "%ld pages:\n%s", pages, plan);
    ck_assert_msg(!strstr(plan, "Seq Scan") && !strstr(plan, "Sort Method"), "%s", plan);
}

/* A year of orders of 5,000 customers, and a few outcomes of every month; another shop's too. */
static void fill(void)
{
    (void) scratch_sql(
        "DO $$ BEGIN FOR month IN 0 .. 11 LOOP"
        " PERFORM make_event_partition(1483228800000000 + month * 2678400000000);"
        " INSERT INTO events (position, shop, event_id, customer_id, type, at_us, received_us, "
        "payload)"
        " SELECT nextval('event_positions'), CASE WHEN n % 3 = 0 THEN 'other' ELSE 'main' END,"
        "  'e' || month || '-' || n, 'c' || n % 5000,"
        "  CASE WHEN n % 2000 = 1 THEN 'offer_shown' ELSE 'order_placed' END, 1,"
        "  1483228800000000 + month * 2678400000000, repeat('x', 200)"
        " FROM generate_series(1, 10000) n; END LOOP; END $$");
}

/* Planned on empty tables, and again when the server knows how much there is. */
static void expect_few_at_all_times(const char *name, const char *execute, long most)
{
    char *sql;
    struct pg_db *db = open_db(name, &sql);
    char plan[TEXT] = "";
    (void) scratch_sql("SELECT make_event_partition(1483228800000000 + month * 2678400000000) "
                       "FROM generate_series(0, 11) month");
    (void) pages_of(db, execute, plan);
    fill();
    expect_few(db, execute, most);
    (void) scratch_sql("ANALYZE events; ANALYZE event_ids; ANALYZE customers");
    expect_few(db, execute, most);
    pg_db_free(db);
    free(sql);
}

START_TEST(one_customers_events)
{
    expect_few_at_all_times("read_customer", "EXECUTE read_customer('main', 'c7', 0)", FEW_PAGES);
}
END_TEST

START_TEST(several_customers_events)
{
    expect_few_at_all_times("read_together",
                            "EXECUTE read_together('main', '{c7,c8,nobody}', 1000)", 3 * FEW_PAGES);
}
END_TEST

/* Of 120,000 events 48 are the shop's outcomes. */
START_TEST(what_became_of_offers_among_many_orders)
{
    expect_few_at_all_times("read_outcomes", "EXECUTE read_outcomes('main', 0, 10000)", FEW_PAGES);
}
END_TEST

START_TEST(no_outcomes_among_many_orders)
{
    char *sql;
    struct pg_db *db = open_db("read_outcomes", &sql);
    fill();
    (void) scratch_sql("DELETE FROM events WHERE type = 'offer_shown'; ANALYZE events");

    expect_few(db, "EXECUTE read_outcomes('main', 0, 10000)", FEW_PAGES);
    pg_db_free(db);
    free(sql);
}
END_TEST

START_TEST(where_a_shops_log_ends)
{
    expect_few_at_all_times("last_position", "EXECUTE last_position('main')", FEW_PAGES);
}
END_TEST

/* Ids and customers of which nothing is old: 1,000 pages and more each. */
static void fill_what_is_kept(void)
{
    (void) scratch_sql("INSERT INTO event_ids SELECT 'main', 'e' || n, n, 1483228800000000 FROM "
                       "generate_series(1, 150000) n;"
                       "INSERT INTO customers SELECT 'main', 'c' || n, n, 1483228800000000 FROM "
                       "generate_series(1, 150000) n;"
                       "ANALYZE event_ids; ANALYZE customers");
}

START_TEST(forgetting_looks_at_some_blocks_and_when_all_is_done_at_none)
{
    char *sql, plan[TEXT];
    struct pg_db *db = open_db("forget_step", &sql);
    const char *step = "EXECUTE forget_step(1483228800000000, 0, 32)";
    fill_what_is_kept();
    (void) pages_of(db, step, plan); /* the catalogue's pages are read for the first time */

    for (int i = 0; i < 10; i++)
        expect_few(db, step, 4 * FEW_PAGES);
    (void) scratch_sql("UPDATE forgetting SET block = NULL, before_us = 1483228800000000");

    expect_few(db, step, 4 * FEW_PAGES); /* of the server's own catalogue: which months there are */
    pg_db_free(db);
    free(sql);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        one_customers_events,
        several_customers_events,
        what_became_of_offers_among_many_orders,
        no_outcomes_among_many_orders,
        where_a_shops_log_ends,
        forgetting_looks_at_some_blocks_and_when_all_is_done_at_none,
    };
    return scratch_main("contract/query_plans", all, sizeof all / sizeof *all);
}
