/* SPDX-License-Identifier: Apache-2.0 */
/* offerd: one binary, one table of commands; each has a file of its own, cmd_<name>.c. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "rules/diag.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *meaning;
} commands[] = {
    { "serve", cmd_serve, "run the service" },
    { "import", cmd_import, "load a catalogue and an order history from CSV files" },
    { "train", cmd_train, "learn from the orders what goes with what" },
    { "rebuild", cmd_rebuild, "fold every profile from the log, to compare or to write" },
    { "migrate", cmd_migrate, "bring a fleet's PostgreSQL up to date" },
    { "check", cmd_check, "look for mistakes in rule files" },
    { "explain", cmd_explain, "why an offer is shown or not, and what a rule means" },
    { "eval", cmd_eval, "how well offerd knows what belongs into a cart, on your orders" },
    { "cel", cmd_cel, "try an expression, or run conformance cases" },
    { "key", cmd_key, "make an API key for a client" },
    { "health", cmd_health, "ask a service whether it is ready (for health checks)" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(FILE *to)
{
    (void) fputs("offerd " OFFERD_VERSION
                 " tells a storefront what would help this customer next.\n\n"
                 "usage: offerd COMMAND [OPTIONS]      offerd COMMAND --help tells more\n\n",
                 to);
    for (int i = 0; i < COMMANDS; i++)
        (void) fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].meaning);
    (void) fputs(
        "\nA first shop:\n"
        "  offerd import --catalog products.csv --orders orders.csv.gz --data ./data\n"
        "  offerd serve --rules ./rules --data ./data\n"
        "  curl -s localhost:8080/offers -d '{\"placement\": \"cart-drawer\", \"trigger\": "
        "\"add_to_cart\",\n       \"item\": \"SKU-1\", \"cart\": {\"items\": [{\"sku\": "
        "\"SKU-1\"}]}}'\n\n"
        "Exit codes: 0 done, 1 an error (told on standard error), 2 wrong usage; 3 is in the "
        "help of the\ncommand that has it.\n",
        to);
    return to == stdout ? 0 : 2;
}

static int unknown(const char *name)
{
    const char *words[COMMANDS + 1] = { NULL };
    for (int i = 0; i < COMMANDS; i++)
        words[i] = commands[i].name;
    struct str guess = diag_closest(str_of(name), words);
    (void) fprintf(stderr, "offerd: there is no command '%s'%s%.*s%s\n", name,
                   guess.at ? "; did you mean '" : "; see offerd --help", STR_ARG(guess),
                   guess.at ? "'?" : "");
    return 2;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(stdout);
    if (strcmp(name, "--version") == 0)
        return puts("offerd " OFFERD_VERSION) < 0;
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return *name ? unknown(name) : help(stderr);
}
