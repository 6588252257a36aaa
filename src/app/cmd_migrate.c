/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd migrate: brings a PostgreSQL database to the schema that this program knows, forward only.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/commands.h"
#include "app/flag_fault.h"
#include "app/strays.h"
#include "store/postgresql/pg_schema.h"

static const char help_text[] =
    "usage: offerd migrate [--database-url URL] [--status]\n\n"
    "Makes the tables of a fleet in PostgreSQL, or brings them up to date. Run it before the new "
    "version\n"
    "of the program starts; a schema of a newer version is left alone. Running it again does "
    "nothing.\n\n"
    "  --database-url URL  postgresql://user@host/db (OFFERD_DATABASE_URL); the password is better "
    "in\n"
    "                      PGPASSWORD or ~/.pgpass, where `ps` does not show it\n"
    "  --status            only tell what is there; exit code 3 when something is missing\n\n"
    "  createdb shop && offerd migrate --database-url postgresql:///shop\n\n"
    "Exit codes: 0 up to date, 1 an error (told on standard error), 2 wrong usage, 3 --status: "
    "migrations\n"
    "are missing.\n";

enum option_code { OPT_URL = 1, OPT_STATUS, OPT_HELP };

static const struct option options[] = {
    { "database-url", required_argument, NULL, OPT_URL },
    { "status", no_argument, NULL, OPT_STATUS },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static int fail(const char *why)
{
    (void) fflush(stdout);
    (void) fprintf(stderr, "offerd migrate: %s\n", why);
    return 1;
}

enum { CONNECT_MS = 20000 }; /* who runs this waits for it, and a busy server takes its time */

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

static int migrate(const struct pg_settings *settings)
{
    struct err_note note = { "" };
    int ran = 0;
    if (pg_schema_migrate(settings, &ran, tell_ran, &note) != OK)
        return fail(note.text);
    if (ran == 0)
        (void) printf("nothing to do: the schema is at version %d\n", pg_schema_known());
    return 0;
}

int cmd_migrate(int argc, char **argv)
{
    const char *url = getenv("OFFERD_DATABASE_URL");
    bool status = false;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", options, NULL)) != -1;)
        switch (code) {
        case OPT_URL: url = optarg; break;
        case OPT_STATUS: status = true; break;
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
    return status ? tell_status(&settings) : migrate(&settings);
}
