/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd migrate: brings a PostgreSQL database to the schema that this program knows, forward only.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/commands.h"
#include "app/setup/flag_fault.h"
#include "app/setup/real_clock.h"
#include "app/setup/strays.h"
#include "base/str.h"
#include "ports/clock.h"
#include "store/postgresql/pg_schema.h"

static const char help_text[] =
    "usage: offerd migrate [--database-url URL] [--status] [--wait S]\n\n"
    "Makes the tables of a fleet in PostgreSQL, or brings them up to date. Run it before the new "
    "version\n"
    "of the program starts; a schema of a newer version is left alone. Running it again does "
    "nothing.\n\n"
    "  --database-url URL  postgresql://user@host/db (OFFERD_DATABASE_URL); the password is better "
    "in\n"
    "                      PGPASSWORD or ~/.pgpass, where `ps` does not show it\n"
    "  --status            only tell what is there; exit code 3 when something is missing\n"
    "  --wait S            for a database that is not there yet; seconds   [30]\n\n"
    "  createdb shop && offerd migrate --database-url postgresql:///shop\n\n"
    "Exit codes: 0 up to date, 1 an error (told on standard error), 2 wrong usage, 3 --status: "
    "migrations\n"
    "are missing.\n";

enum option_code { OPT_URL = 1, OPT_STATUS, OPT_WAIT, OPT_HELP };

static const struct option options[] = {
    { "database-url", required_argument, NULL, OPT_URL },
    { "status", no_argument, NULL, OPT_STATUS },
    { "wait", required_argument, NULL, OPT_WAIT },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static int fail(const char *why)
{
    (void) fflush(stdout);
    (void) fprintf(stderr, "offerd migrate: %s\n", why);
    return 1;
}

enum {
    CONNECT_MS = 20000, /* who runs this waits for it, and a busy server takes its time */
    WAIT_S = 30,        /* as `serve` does: both are started with the database */
    WAIT_MOST_S = 3600,
    RETRY_NS = 200000000,
};

static int tell_status(const struct pg_settings *settings)
{
    struct err_note note = { "" };
    int version = 0;
    if (pg_schema_version(settings, &version, &note) != OK)
        return fail(note.text);
    for (int i = 1; i <= pg_schema_known(); i++)
        (void) printf("%s  %s\n", pg_schema_name(i), i <= version ? "done" : "missing");
    if (version > pg_schema_known())
        (void) printf("the schema is newer (%d) than this program knows (%d)\n", version,
                      pg_schema_known());
    return version < pg_schema_known() ? 3 : 0;
}

static void tell_ran(void *self, int version)
{
    (void) printf("%s  done\n", pg_schema_name(version));
    ++*(int *) self;
}

/* A migration that the database took away with it is begun again: each is one transaction. */
static enum err migrate_when_there(const struct pg_settings *settings, int64_t wait_s, int *ret_ran,
                                   struct err_note *note)
{
    const struct timespec pause = { .tv_nsec = RETRY_NS };
    struct clock *clock = real_clock();
    int64_t until_us = clock->mono_us(clock) + wait_s * 1000000;
    bool told = false;
    for (;;) {
        enum err err = pg_schema_migrate(settings, ret_ran, tell_ran, note);
        if (err != ERR_UNAVAILABLE || clock->mono_us(clock) >= until_us)
            return err;
        if (!told)
            (void) fprintf(stderr, "offerd migrate: waiting: %s\n", note->text);
        told = true;
        (void) nanosleep(&pause, NULL);
    }
}

static int migrate(const struct pg_settings *settings, int64_t wait_s)
{
    struct err_note note = { "" };
    int ran = 0;
    if (migrate_when_there(settings, wait_s, &ran, &note) != OK)
        return fail(note.text);
    if (ran == 0)
        (void) printf("nothing to do: the schema is at version %d\n", pg_schema_known());
    return 0;
}

static bool read_wait(const char *text, int64_t *ret_wait_s)
{
    if (str_to_int64(str_of(text), ret_wait_s) && *ret_wait_s >= 0 && *ret_wait_s <= WAIT_MOST_S)
        return true;
    (void) fprintf(stderr, "offerd migrate: --wait must be from 0 to %d seconds, not '%s'\n",
                   WAIT_MOST_S, text);
    return false;
}

int cmd_migrate(int argc, char **argv)
{
    const char *url = getenv("OFFERD_DATABASE_URL");
    int64_t wait_s = WAIT_S;
    bool status = false;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", options, NULL)) != -1;)
        switch (code) {
        case OPT_URL: url = optarg; break;
        case OPT_STATUS: status = true; break;
        case OPT_WAIT:
            if (!read_wait(optarg, &wait_s))
                return 2;
            break;
        case OPT_HELP: return fputs(help_text, stdout) < 0;
        default: flag_fault_tell("migrate", code, argv, options); return 2;
        }
    strays_tell();
    if (optind < argc || !url || !*url) {
        (void) fputs(
            "offerd migrate: say --database-url URL or set OFFERD_DATABASE_URL; see --help\n",
            stderr);
        return 2;
    }
    const struct pg_settings settings = { .url = url, .connect_ms = CONNECT_MS };
    return status ? tell_status(&settings) : migrate(&settings, wait_s);
}
