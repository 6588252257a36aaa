/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/settings.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/setup/flag_fault.h"
#include "base/log.h"
#include "files/yaml_doc.h"
#include "rules/diag.h"

enum setting_type { TEXT, NUMBER };

struct setting {
    const char *name;  /* as in the file; '_' is '-' in a flag, upper case in the environment */
    const char *alias; /* a shorter flag, or NULL */
    enum setting_type type;
    size_t offset;
    const char *default_text;
    int64_t default_number, min, max;
    const char *unit, *meaning;
    bool (*is_good)(const char *text); /* or NULL: any text is */
    const char *wanted;                /* what is_good takes, for who wrote something else */
};

static bool is_address(const char *text)
{
    struct settings settings;
    char host[SETTING_TEXT_MAX], bytes[sizeof(struct in6_addr)];
    uint16_t port;
    (void) snprintf(settings.listen, sizeof settings.listen, "%s", text);
    return settings_address(&settings, host, &port, NULL) == OK &&
           (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1);
}

static bool is_token_key(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    return text[n] == 0 && (n == 0 || n == 32);
}

static bool is_log_level(const char *text)
{
    enum log_level level;
    return log_level_of(str_of(text), &level);
}

static bool is_log_format(const char *text)
{
    return strcmp(text, "text") == 0 || strcmp(text, "json") == 0;
}

#define AT(field) offsetof(struct settings, field)
static const struct setting table[] = {
    { "listen", NULL, TEXT, AT(listen), "127.0.0.1:8080", 0, 0, 0, "ADDR:PORT",
      "where to answer HTTP", is_address,
      "ADDR:PORT with an IPv4 or IPv6 address, such as 127.0.0.1:8080 or [::]:8080" },
    { "rules_dir", "rules", TEXT, AT(rules_dir), "rules", 0, 0, 0, "DIR",
      "the rule files; watched" },
    { "data_dir", "data", TEXT, AT(data_dir), "data", 0, 0, 0, "DIR",
      "catalogue, event log, model" },
    { "database_url", NULL, TEXT, AT(database_url), "", 0, 0, 0, "URL",
      "PostgreSQL keeps catalogue and events: postgresql://user@host/db; with redis_url" },
    { "redis_url", NULL, TEXT, AT(redis_url), "", 0, 0, 0, "URL",
      "Redis keeps profiles and budgets for all replicas: redis://user:password@host/0" },
    { "database_ms", NULL, NUMBER, AT(database_ms), NULL, 1000, 50, 60000, "ms",
      "longest wait for PostgreSQL to store events" },
    { "spool_mb", NULL, NUMBER, AT(spool_mb), NULL, 1024, 1, 1048576, "MB",
      "of events kept in data_dir while PostgreSQL is away" },
    { "profile_ttl_h", NULL, NUMBER, AT(profile_ttl_h), NULL, 168, 1, 8760, "h",
      "a profile that nobody needs leaves Redis" },
    { "retention_days", NULL, NUMBER, AT(retention_days), NULL, 0, 0, 36500, "days",
      "PostgreSQL forgets older events, by whole months, and profiles with them; 0: never" },
    { "shop", NULL, TEXT, AT(shop), "main", 0, 0, 0, "NAME", "which shop's data" },
    { "token_key", NULL, TEXT, AT(token_key), "", 0, 0, 0, "HEX",
      "signs offer ids: 32 hex digits; made and kept in data_dir when empty", is_token_key,
      "32 hex digits, as `openssl rand -hex 16` makes them" },
    { "api_keys_file", NULL, TEXT, AT(api_keys_file), "", 0, 0, 0, "FILE",
      "who may ask: offerd key makes a line; watched; no keys asked for when empty" },
    { "tls_cert", NULL, TEXT, AT(tls_cert), "", 0, 0, 0, "FILE",
      "PEM, with the chain: HTTPS instead of HTTP" },
    { "tls_key", NULL, TEXT, AT(tls_key), "", 0, 0, 0, "FILE", "PEM, of tls_cert" },
    { "access_log", NULL, TEXT, AT(access_log), "", 0, 0, 0, "FILE",
      "a JSON line a request; opened anew at SIGHUP; - is standard output; off when empty" },
    { "log_level", NULL, TEXT, AT(log_level), "info", 0, 0, 0, "LEVEL",
      "error, warning, info or debug", is_log_level, "error, warning, info or debug" },
    { "log_format", NULL, TEXT, AT(log_format), "text", 0, 0, 0, "FORMAT",
      "text or json (one line an event)", is_log_format, "text or json" },
    { "workers", NULL, NUMBER, AT(workers), NULL, 0, 0, 64, "threads",
      "0: one for each processor" },
    { "budget_ms", NULL, NUMBER, AT(budget_ms), NULL, 20, 1, 1000, "ms",
      "for a decision that names none" },
    { "offer_minutes", NULL, NUMBER, AT(offer_minutes), NULL, 30, 1, 10080, "min",
      "how long an offer stands" },
    { "max_offers_bytes", NULL, NUMBER, AT(max_offers_bytes), NULL, 262144, 1024, 16777216, "bytes",
      "body of POST /offers" },
    { "max_events_bytes", NULL, NUMBER, AT(max_events_bytes), NULL, 1048576, 1024, 67108864,
      "bytes", "body of POST /events" },
    { "max_head_bytes", NULL, NUMBER, AT(max_head_bytes), NULL, 16384, 2048, 1048576, "bytes",
      "request line and headers, most of it may be cookies" },
    { "max_connections", NULL, NUMBER, AT(max_connections), NULL, 1000, 1, 100000, "N",
      "for each worker; more wait to be accepted" },
    { "max_events", NULL, NUMBER, AT(max_events), NULL, 1000, 1, 10000, "events",
      "in one POST /events" },
    { "idle_timeout_s", NULL, NUMBER, AT(idle_timeout_s), NULL, 30, 1, 3600, "s",
      "a connection without a request" },
    { "slow_request_s", NULL, NUMBER, AT(slow_request_s), NULL, 10, 1, 600, "s",
      "from a head to the end of its body" },
    { "drain_s", NULL, NUMBER, AT(drain_s), NULL, 15, 0, 600, "s",
      "to finish what is in flight at the end" },
    { "hot_profiles", NULL, NUMBER, AT(hot_profiles), NULL, 200000, 100, 100000000, "profiles",
      "kept in memory by all workers, and in all no more than 4 KB for each" },
    { "known_purchases", NULL, NUMBER, AT(known_purchases), NULL, 3000000, 1000, 100000000,
      "purchases",
      "who bought what, kept for upgrade steps; 60 bytes each, the same on all replicas" },
    { "queue_events", NULL, NUMBER, AT(queue_events), NULL, 100000, 1, 10000000, "events",
      "waiting to be stored before 503" },
    { "commit_events", NULL, NUMBER, AT(commit_events), NULL, 2000, 1, 100000, "events",
      "most in one transaction" },
    { "model_refresh_s", NULL, NUMBER, AT(model_refresh_s), NULL, 1, 1, 86400, "s",
      "how soon new orders count in the model" },
    { "train_every_h", NULL, NUMBER, AT(train_every_h), NULL, 24, 0, 8760, "h",
      "how often `offerd train` is run beside, when idle; 0: never" },
};
enum { SETTINGS = sizeof table / sizeof *table };
static const char CONFIG_VARIABLE[] = "OFFERD_CONFIG";

static char *text_of(struct settings *settings, const struct setting *setting)
{
    return (char *) settings + setting->offset;
}

static int64_t *number_of(struct settings *settings, const struct setting *setting)
{
    return (int64_t *) (void *) ((char *) settings + setting->offset);
}

static void set_defaults(struct settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (int i = 0; i < SETTINGS; i++)
        if (table[i].type == TEXT)
            (void) snprintf(text_of(settings, &table[i]), SETTING_TEXT_MAX, "%s",
                            table[i].default_text);
        else
            *number_of(settings, &table[i]) = table[i].default_number;
}

static enum err set_text(struct settings *settings, const struct setting *setting, struct str value,
                         const char *where, struct err_note *note)
{
    char *text = text_of(settings, setting);
    if (value.len == 0 && setting->default_text[0])
        return err_fail(note, ERR_INPUT, "%s: a value is missing (the default is %s)", where,
                        setting->default_text);
    (void) snprintf(text, SETTING_TEXT_MAX, "%.*s", STR_ARG(value));
    if (setting->is_good == is_token_key && !is_token_key(text)) /* a secret is not repeated */
        return err_fail(note, ERR_INPUT, "%s: this is not %s", where, setting->wanted);
    if (setting->is_good && !setting->is_good(text))
        return err_fail(note, ERR_INPUT, "%s: '%.60s' is not %s", where, text, setting->wanted);
    return OK;
}

/* @where: "--workers", "OFFERD_WORKERS", "offerd.yaml:3". */
static enum err set(struct settings *settings, const struct setting *setting, struct str value,
                    const char *where, struct err_note *note)
{
    if (setting->type == TEXT) {
        if (value.len >= SETTING_TEXT_MAX)
            return err_fail(note, ERR_INPUT, "%s: the value is longer than %d bytes", where,
                            SETTING_TEXT_MAX - 1);
        return set_text(settings, setting, value, where, note);
    }
    int64_t number;
    if (!str_to_int64(value, &number) || number < setting->min || number > setting->max)
        return err_fail(note, ERR_INPUT, "%s: '%.*s' is not a whole number from %lld to %lld (%s)",
                        where, STR_ARG(value), (long long) setting->min, (long long) setting->max,
                        setting->unit);
    *number_of(settings, setting) = number;
    return OK;
}

static void env_name(const struct setting *setting, char name[SETTING_VARIABLE_MAX])
{
    size_t n = (size_t) snprintf(name, SETTING_VARIABLE_MAX, "OFFERD_%s", setting->name);
    for (size_t i = 7; i < n; i++)
        name[i] = (char) (name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
}

static void flag_name(const struct setting *setting, char name[64])
{
    (void) snprintf(name, 64, "%s", setting->name);
    for (char *p = name; *p; p++)
        *p = *p == '_' ? '-' : *p;
}

static enum err read_environment(struct settings *settings, struct err_note *note)
{
    for (int i = 0; i < SETTINGS; i++) {
        char name[SETTING_VARIABLE_MAX];
        env_name(&table[i], name);
        const char *value = getenv(name);
        if (value && *value)
            TRY(set(settings, &table[i], str_of(value), name, note));
    }
    return OK;
}

static const struct setting *setting_called(struct str name)
{
    for (int i = 0; i < SETTINGS; i++)
        if (str_is(name, table[i].name))
            return &table[i];
    return NULL;
}

static enum err unknown_setting(const char *path, const struct doc_node *node,
                                struct err_note *note)
{
    const char *words[SETTINGS + 1] = { NULL };
    for (int i = 0; i < SETTINGS; i++)
        words[i] = table[i].name;
    struct str guess = diag_closest(node->key, words);
    return err_fail(note, ERR_INPUT, "%s:%u:%u: no setting is called '%.*s'%s%.*s%s", path,
                    node->key_place.line, node->key_place.column, STR_ARG(node->key),
                    guess.at ? "; did you mean '" : "", STR_ARG(guess), guess.at ? "'?" : "");
}

static enum err slurp(const char *path, struct arena *arena, struct str *ret_text,
                      struct err_note *note)
{
    FILE *file = fopen(path, "rb");
    const size_t most = YAML_BYTES_MAX + 1; /* one more is seen, and refused by the reader */
    char *text = file ? arena_take_raw(arena, most) : NULL;
    size_t len = text ? fread(text, 1, most, file) : 0;
    bool failed = !text || ferror(file);
    if (file)
        (void) fclose(file);
    if (failed)
        return err_fail(note, ERR_INPUT, "%s: this settings file cannot be read", path);
    *ret_text = (struct str){ text, len };
    return OK;
}

/* The file in the arena's memory; its faults are told as the rule files' are. */
static enum err read_file(struct settings *settings, const char *path, struct arena *arena,
                          struct err_note *note)
{
    struct diags diags;
    struct doc_file file = { .name = str_of(path) };
    diags_init(&diags, arena);
    TRY(slurp(path, arena, &file.text, note));
    enum err err = yaml_doc_read(&file, arena, &diags);
    if (err != OK && err != ERR_INPUT)
        return err;
    if (diags.count) {
        struct str help, what = diag_message(&diags.list[0], LOCALE_EN, arena, &help);
        return err_fail(note, ERR_INPUT, "%s:%u:%u: %.*s", path, diags.list[0].place.line,
                        diags.list[0].place.column, STR_ARG(what));
    }
    if (file.root && file.root->kind != DOC_MAPPING)
        return err_fail(note, ERR_INPUT,
                        "%s:%u: lines like 'data_dir: /var/lib/offerd' were expected", path,
                        file.root->place.line);
    const struct doc_node *node = file.root ? file.root->first : NULL;
    for (; node; node = node->next) {
        const struct setting *setting = setting_called(node->key);
        if (!setting)
            return unknown_setting(path, node, note);
        char where[SETTING_TEXT_MAX];
        (void) snprintf(where, sizeof where, "%.400s:%u: %s", path, node->place.line,
                        setting->name);
        if (node->kind != DOC_SCALAR)
            return err_fail(note, ERR_INPUT, "%s: one value was expected", where);
        TRY(set(settings, setting, node->text, where, note));
    }
    return OK;
}

static void options_fill(struct option options[], char names[][64])
{
    int n = 0;
    for (int i = 0; i < SETTINGS; i++) {
        flag_name(&table[i], names[i]);
        options[n++] = (struct option){ names[i], required_argument, NULL, 1000 + i };
        if (table[i].alias)
            options[n++] = (struct option){ table[i].alias, required_argument, NULL, 1000 + i };
    }
    options[n++] = (struct option){ "config", required_argument, NULL, 'c' };
    options[n++] = (struct option){ "help", no_argument, NULL, 'h' };
    options[n] = (struct option){ 0 };
}

/* One pass over the flags; @apply false only looks for --config and --help. */
static enum err read_flags(int argc, char **argv, bool apply, struct settings *settings,
                           const char **ret_config, bool *ret_help, struct err_note *note)
{
    static struct option options[SETTINGS * 2 + 3];
    static char names[SETTINGS][64];
    options_fill(options, names);
    optind = 0;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":hc:", options, NULL)) != -1;) {
        if (c == 'h') {
            *ret_help = true;
        } else if (c == 'c') {
            *ret_config = optarg;
        } else if (c >= 1000) {
            char where[80];
            (void) snprintf(where, sizeof where, "--%s", names[c - 1000]);
            if (apply)
                TRY(set(settings, &table[c - 1000], str_of(optarg), where, note));
        } else {
            return flag_fault(c, argv, options, note);
        }
    }
    if (optind < argc)
        return err_fail(note, ERR_INPUT, "'%s' was not expected here: options begin with --",
                        argv[optind]);
    return OK;
}

enum err settings_read(int argc, char **argv, struct settings *ret_settings, bool *ret_help,
                       struct err_note *note)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 24);
    if (!arena)
        return ERR_NOMEM;
    const char *config = getenv(CONFIG_VARIABLE);
    struct settings settings;
    bool help = false;
    set_defaults(&settings);
    TRY(read_flags(argc, argv, false, &settings, &config, &help, note));
    if (!help && config && *config)
        TRY(read_file(&settings, config, arena, note));
    if (!help)
        TRY(read_environment(&settings, note));
    TRY(read_flags(argc, argv, true, &settings, &config, &help, note));
    *ret_settings = settings;
    *ret_help = help;
    return OK;
}

bool settings_variable(int number, char ret_name[SETTING_VARIABLE_MAX], const char **ret_alias)
{
    *ret_alias = number < SETTINGS ? table[number].alias : NULL;
    if (number < SETTINGS)
        env_name(&table[number], ret_name);
    else
        (void) snprintf(ret_name, SETTING_VARIABLE_MAX, "%s", CONFIG_VARIABLE);
    return number <= SETTINGS;
}

void settings_help(struct out *out)
{
    for (int i = 0; i < SETTINGS; i++) {
        char flag[64], left[160];
        flag_name(&table[i], flag);
        (void) snprintf(left, sizeof left, "--%s %s", table[i].alias ? table[i].alias : flag,
                        table[i].unit);
        out_printf(out, "  %-28s %s", left, table[i].meaning);
        if (table[i].type == NUMBER)
            out_printf(out, " [%lld]\n", (long long) table[i].default_number);
        else
            out_printf(out, table[i].default_text[0] ? " [%s]\n" : "%s\n", table[i].default_text);
    }
    out_printf(out, "  %-28s %s\n", "--config FILE", "the same settings as YAML (data_dir: …)");
}

enum err settings_address(const struct settings *settings, char ret_host[SETTING_TEXT_MAX],
                          uint16_t *ret_port, struct err_note *note)
{
    const char *colon = strrchr(settings->listen, ':');
    int64_t port;
    if (!colon || !str_to_int64(str_of(colon + 1), &port) || port < 0 || port > 65535)
        return err_fail(note, ERR_INPUT, "listen: '%s' is not ADDR:PORT, such as 127.0.0.1:8080",
                        settings->listen);
    struct str host = { settings->listen, (size_t) (colon - settings->listen) };
    if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = (struct str){ host.at + 1, host.len - 2 };
    (void) snprintf(ret_host, SETTING_TEXT_MAX, "%.*s", STR_ARG(host));
    if (host.len == 0)
        (void) snprintf(ret_host, SETTING_TEXT_MAX, "0.0.0.0");
    *ret_port = (uint16_t) port;
    return OK;
}
