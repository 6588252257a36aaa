/* SPDX-License-Identifier: Apache-2.0 */
#include "load_rules.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files/rules_dir.h"
#include "rules/rule_index.h"

enum { RULES_A_FILE = 5000, DIR_BYTES = 1024, PATH_BYTES = DIR_BYTES + 32 };

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

double cpu_now_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* A line of /proc/self/status, "VmRSS:" or "VmHWM:", in MiB; 0 where there is none. */
static double memory_mib(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    if (status)
        (void) fclose(status);
    return (double) kib / 1024;
}

static bool fail(const char *what)
{
    fprintf(stderr, "load_rules: %s\n", what);
    return false;
}

/* ── files ── */

static uint32_t files_of(const struct rule_mix *mix)
{
    return (mix->n_rules + RULES_A_FILE - 1) / RULES_A_FILE;
}

static void path_of(const char *dir, uint32_t file, char path[PATH_BYTES])
{
    (void) snprintf(path, PATH_BYTES, "%s/rules-%03u.yaml", dir, file);
}

static bool write_file(const struct rule_mix *mix, const char *dir, uint32_t number)
{
    char path[PATH_BYTES];
    struct out text;
    uint32_t from = number * RULES_A_FILE, to = from + RULES_A_FILE;
    out_init(&text, NULL, 1 << 20);
    rule_mix_print(mix, from, to < mix->n_rules ? to : mix->n_rules, &text);
    path_of(dir, number, path);
    FILE *file = text.failed ? NULL : fopen(path, "w");
    bool written = file && fwrite(text.at, 1, text.len, file) == text.len;
    if (file)
        written &= fclose(file) == 0;
    out_deinit(&text);
    return written || fail(path);
}

bool write_rules(const struct rule_mix *mix, const char *dir)
{
    for (uint32_t i = 0; i < files_of(mix); i++)
        if (!write_file(mix, dir, i))
            return false;
    return true;
}

static void remove_files(const struct rule_mix *mix, const char *dir)
{
    char path[PATH_BYTES];
    for (uint32_t i = 0; i < files_of(mix); i++) {
        path_of(dir, i, path);
        (void) unlink(path);
    }
    (void) rmdir(dir);
}

/* ── reading ── */

static bool read_dir(const char *dir, struct ruleset **ret_rules)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    if (rules_dir_read(dir, MIX_NOW, &reading) != OK || !reading->ruleset) {
        struct out told;
        out_init(&told, NULL, 4096);
        if (reading)
            diags_print(&reading->diags, LOCALE_EN, false, &told);
        fprintf(stderr, "%.*s", (int) (told.len < 2000 ? told.len : 2000), told.at);
        out_deinit(&told);
        return fail("the rules cannot be read");
    }
    *ret_rules = MOVE(reading->ruleset);
    return true;
}

/* The only list of the mix once more. */
static bool index_again(const struct ruleset *rules, double *ret_cpu_s)
{
    uint32_t bounds[TRIGGERS + 1] = { 0 };
    const struct rule_index *const *indexes;
    AUTO(arena_free) struct arena *arena = arena_new(256 << 10, (size_t) 1 << 30);
    struct rule_lists lists = { .rules = ruleset_rule(rules, 0),
                                .n_rules = ruleset_count(rules),
                                .bounds = bounds,
                                .n_lists = 1 };
    lists.candidates =
        ruleset_candidates(rules, TRIGGER_ADD_TO_CART, STR("cart-drawer"), &bounds[1]);
    double before = cpu_now_s();
    bool made = arena && rule_index_build(&lists, arena, &indexes) == OK;
    *ret_cpu_s = cpu_now_s() - before;
    return made || fail("no memory");
}

bool load_rules(const struct rule_mix *mix, struct ruleset **ret_rules, struct load_cost *ret_cost)
{
    char dir[DIR_BYTES];
    const char *under = getenv("TMPDIR");
    struct ruleset *rules = NULL;
    (void) snprintf(dir, sizeof dir, "%s/match_rules.XXXXXX", under ? under : "/tmp");
    if (!mkdtemp(dir))
        return fail(dir);
    bool fine = write_rules(mix, dir);
    double mib = memory_mib("VmRSS:"), wall = seconds(CLOCK_MONOTONIC), cpu = cpu_now_s();
    fine = fine && read_dir(dir, &rules);
    struct load_cost cost = { .wall_s = seconds(CLOCK_MONOTONIC) - wall,
                              .cpu_s = cpu_now_s() - cpu,
                              .peak_mib = memory_mib("VmHWM:") };
    (void) malloc_trim(0);
    cost.kept_mib = memory_mib("VmRSS:") - mib;
    remove_files(mix, dir);
    if (!fine || !index_again(rules, &cost.index_cpu_s)) {
        ruleset_unref(rules);
        return false;
    }
    *ret_rules = rules;
    *ret_cost = cost;
    return true;
}
