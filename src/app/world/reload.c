/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/reload.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/world/composer.h"
#include "app/world/rules_faults.h"
#include "base/log.h"
#include "files/rules_dir.h"
#include "rules/words.h"

enum outcome { LIVE, UNCHANGED, REFUSED, FAILED, OUTCOMES };

static const char *const outcome_words[OUTCOMES] = { "live", "unchanged", "refused", "failed" };

struct reload {
    char *dir, *data_dir;
    struct composer *composer;
    struct clock *clock;
    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id successful, success_at, active, outcomes[OUTCOMES];

    pthread_mutex_t lock; /* one reading at a time; guards all above and seen */
    bool seen_any;
    uint8_t seen[RULES_HASH_BYTES]; /* of the last reading, good or bad */
    uint32_t uncounted;             /* rules without a metric of their own */
    struct rules_reading *unkept;   /* what is live but not on disk yet, or NULL … */
    int64_t unkept_us;              /* … and since when */
    struct rules_reading *other;    /* of this moment's reading, when that is not live */

    pthread_mutex_t state_lock; /* held for moments only */
    char state[256];
    atomic_bool blank; /* no rules are live, because those there are have errors */
};

static void register_metrics(struct reload *reload)
{
    struct metrics *metrics = reload->metrics;
    reload->successful =
        metric_register(metrics, METRIC_GAUGE, "offerd_rules_last_reload_successful",
                        "1 when the rule files as they are now are live.", (struct str){ 0 });
    reload->success_at =
        metric_register(metrics, METRIC_GAUGE, "offerd_rules_last_success_timestamp_seconds",
                        "When rules last went live.", (struct str){ 0 });
    reload->active = metric_register(metrics, METRIC_GAUGE, "offerd_rules_active",
                                     "Live rules with status active.", (struct str){ 0 });
    for (int i = 0; i < OUTCOMES; i++) {
        char label[32];
        (void) snprintf(label, sizeof label, "result=\"%s\"", outcome_words[i]);
        reload->outcomes[i] =
            metric_register(metrics, METRIC_COUNTER, "offerd_rules_reloads_total",
                            "Readings of the rule files, by what came of them.", str_of(label));
    }
}

enum err reload_new(const char *rules_dir, const char *data_dir, struct composer *composer,
                    struct metrics *metrics, struct clock *clock, struct reload **ret_reload,
                    struct err_note *note)
{
    AUTO(reload_free) struct reload *reload = calloc(1, sizeof *reload);
    if (!reload)
        return err_fail(note, ERR_NOMEM, "no memory to read rules");
    (void) pthread_mutex_init(&reload->lock, NULL);
    (void) pthread_mutex_init(&reload->state_lock, NULL);
    reload->composer = composer;
    reload->clock = clock;
    reload->metrics = metrics;
    reload->dir = strdup(rules_dir);
    reload->data_dir = strdup(data_dir);
    reload->shard = metric_shard_new(metrics);
    if (!reload->dir || !reload->data_dir || !reload->shard)
        return err_fail(note, ERR_NOMEM, "no memory to read rules");
    register_metrics(reload);
    *ret_reload = MOVE(reload);
    return OK;
}

struct reload *reload_free(struct reload *reload)
{
    if (!reload)
        return NULL;
    reload_keep(reload, 0);
    (void) pthread_mutex_destroy(&reload->lock);
    (void) pthread_mutex_destroy(&reload->state_lock);
    free(reload->dir);
    free(reload->data_dir);
    free(reload);
    return NULL;
}

const char *reload_dir(const struct reload *reload)
{
    return reload->dir;
}

static void __attribute__((format(printf, 2, 3)))
set_state(struct reload *reload, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void) pthread_mutex_lock(&reload->state_lock);
    (void) vsnprintf(reload->state, sizeof reload->state, fmt, ap);
    (void) pthread_mutex_unlock(&reload->state_lock);
    va_end(ap);
}

bool reload_is_blank(struct reload *reload)
{
    return atomic_load(&reload->blank);
}

void reload_state_print(struct reload *reload, struct out *out)
{
    (void) pthread_mutex_lock(&reload->state_lock);
    out_text(out, str_of(reload->state));
    (void) pthread_mutex_unlock(&reload->state_lock);
}

static uint32_t count_active(const struct ruleset *rules)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ruleset_count(rules); i++)
        n += ruleset_rule(rules, i)->status == STATUS_ACTIVE;
    return n;
}

/* More than half of what is active now would be gone or no longer active. */
static bool drops_many(struct reload *reload, struct rules_reading *reading)
{
    AUTO(world_unref) struct world *world = composer_world(reload->composer);
    uint32_t active = 0, dropped = 0;
    for (uint32_t i = 0; i < ruleset_count(world->rules); i++) {
        const struct rule *rule = ruleset_rule(world->rules, i);
        if (rule->status != STATUS_ACTIVE)
            continue;
        const struct rule *next = ruleset_find(reading->ruleset, rule->id);
        active++;
        dropped += !next || next->status != STATUS_ACTIVE;
    }
    if (dropped * 2 <= active)
        return false;

    char have[16], gone[16];
    struct doc_file *dir = arena_take(reading->arena, sizeof *dir);
    (void) snprintf(have, sizeof have, "%u", active);
    (void) snprintf(gone, sizeof gone, "%u", dropped);
    if (dir)
        dir->name = dir->path = arena_copy(reading->arena, str_of(reload->dir));
    diag_add(&reading->diags, dir, (struct doc_place){ 1, 1 }, DIAG_RULES_DROPPED, str_of(have),
             str_of(gone), (struct str){ 0 });
    return true;
}

static void hang_metrics(struct reload *reload, struct ruleset *rules)
{
    uint32_t uncounted = 0;
    for (uint32_t i = 0; i < ruleset_count(rules); i++) {
        const struct rule *rule = ruleset_rule(rules, i);
        char labels[160];
        (void) snprintf(labels, sizeof labels, "rule=\"%.*s\",kind=\"%s\"", STR_ARG(rule->id),
                        words_kinds()[rule->kind]);
        metric_id shown =
            metric_register_many(reload->metrics, METRIC_COUNTER, "offerd_offers_total",
                                 "Offers answered, by rule and kind.", str_of(labels));
        uncounted += shown == METRIC_NONE;
        ruleset_set_metric(rules, i, shown);
    }
    if (uncounted && uncounted != reload->uncounted)
        log_line(LOG_WARNING, "rules",
                 "%u rules are not counted in offerd_offers_total: there were too many since the "
                 "start",
                 uncounted);
    reload->uncounted = uncounted;
}

static enum err publish(struct reload *reload, struct rules_reading *reading)
{
    hang_metrics(reload, reading->ruleset);
    TRY(composer_set(reload->composer, reading->ruleset, NULL, NULL));
    metric_set(reload->metrics, reload->active, count_active(reading->ruleset));
    return OK;
}

static void went_live(struct reload *reload, struct rules_reading *reading)
{
    atomic_store(&reload->blank, false);
    metric_set(reload->metrics, reload->successful, 1);
    metric_set(reload->metrics, reload->success_at,
               reload->clock->wall_us(reload->clock) / 1000000);
    set_state(reload, "ruleset %s, %u rules", reading->version, ruleset_count(reading->ruleset));
    log_line(LOG_INFO, "rules", "live: ruleset %s, %u rules in %u files", reading->version,
             ruleset_count(reading->ruleset), reading->n_files);
    reload->unkept_us = reload->clock->mono_us(reload->clock);
}

static void stays(struct reload *reload, const struct rules_reading *reading)
{
    AUTO(world_unref) struct world *world = composer_world(reload->composer);
    struct str version = ruleset_version(world->rules);
    uint32_t errors = reading && reading->diags.errors ? reading->diags.errors : 1;
    const char *s = errors == 1 ? "" : "s";
    metric_set(reload->metrics, reload->successful, 0);
    set_state(reload, "ruleset %.*s; the rule files have %u error%s and are not live",
              STR_ARG(version), errors, s);
    bool none = ruleset_count(world->rules) == 0;
    log_line(LOG_ERROR, "rules", "not live: %u error%s%s%.*s%s", errors, s,
             none ? "" : "; ruleset ", none ? 0 : (int) version.len, version.at,
             none ? "" : " stays");
}

/* The bytes are those of the live rules: nothing to do, but whoever asked is told so. */
static void nothing_new(struct reload *reload, const struct rules_reading *reading)
{
    AUTO(world_unref) struct world *world = composer_world(reload->composer);
    uint32_t rules = ruleset_count(world->rules);
    metric_set(reload->metrics, reload->successful, 1);
    set_state(reload, "ruleset %s, %u rules", reading->version, rules);
    log_line(LOG_INFO, "rules", "unchanged: ruleset %s, %u rules", reading->version, rules);
}

static bool is_live(struct reload *reload, const struct rules_reading *reading)
{
    AUTO(world_unref) struct world *world = composer_world(reload->composer);
    return str_is(ruleset_version(world->rules), reading->version);
}

/* From loaded bytes to an outcome; the reading's diags say why. */
static enum outcome judge(struct reload *reload, struct rules_reading *reading, bool force)
{
    if (!force && is_live(reload, reading) && !reading->diags.errors)
        return UNCHANGED;
    enum err err = rules_reading_check(reading, reload->clock->wall_us(reload->clock));
    if (err == ERR_INPUT)
        return REFUSED;
    if (err == OK && !force && drops_many(reload, reading))
        return REFUSED;
    if (err == OK)
        err = publish(reload, reading);
    if (err != OK)
        log_line(LOG_ERROR, "rules", "'%s' could not be read: %s", reload->dir, err_name(err));
    return err == OK ? LIVE : FAILED;
}

static void conclude(struct reload *reload, struct rules_reading *reading, enum outcome outcome)
{
    metric_add(reload->shard, reload->outcomes[outcome], 1);
    if (reading && outcome != UNCHANGED)
        rules_faults_log(reload->dir, reading);
    if (outcome == LIVE)
        went_live(reload, reading);
    else if (outcome != UNCHANGED)
        stays(reload, reading);
    else
        nothing_new(reload, reading);
}

/*
 * One reading, under the lock. @repeat: also when the bytes are those of the last reading, which
 * otherwise ends here without an outcome (*ret_reading NULL, UNCHANGED). *ret_reading is borrowed
 * until the lock is let go.
 */
static enum outcome read_now(struct reload *reload, bool repeat, bool force,
                             const struct rules_reading **ret_reading)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    *ret_reading = NULL;
    if (rules_dir_load(reload->dir, &reading) != OK) {
        conclude(reload, NULL, FAILED);
        return FAILED;
    }
    bool same = reload->seen_any && memcmp(reload->seen, reading->hash, sizeof reload->seen) == 0;
    if (same && !repeat)
        return UNCHANGED;
    memcpy(reload->seen, reading->hash, sizeof reload->seen);
    reload->seen_any = true;

    enum outcome outcome = judge(reload, reading, force);
    reload->seen_any = outcome != FAILED; /* for want of memory, maybe: the next look tries again */
    conclude(reload, reading, outcome);
    struct rules_reading **owner = outcome == LIVE ? &reload->unkept : &reload->other;
    (void) rules_reading_free(*owner);
    *ret_reading = *owner = MOVE(reading);
    return outcome;
}

static void unlock(struct reload *reload)
{
    reload->other = rules_reading_free(reload->other);
    (void) pthread_mutex_unlock(&reload->lock);
}

/*
 * Its writing is synced and may take long on a busy disk, so it happens apart from the lock, once
 * nothing has gone live for a while. What is written are the bytes that went live, whatever the
 * files hold by now.
 */
void reload_keep(struct reload *reload, int64_t rest_us)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    struct err_note note = { "" };

    (void) pthread_mutex_lock(&reload->lock);
    if (reload->unkept && reload->clock->mono_us(reload->clock) - reload->unkept_us >= rest_us)
        reading = MOVE(reload->unkept);
    (void) pthread_mutex_unlock(&reload->lock);
    if (reading && rules_dir_keep(reading, reload->data_dir, &note) != OK)
        log_line(LOG_WARNING, "rules", "the last good rules are not kept on disk: %s", note.text);
}

/* What served last time, from the data directory. */
static void serve_last_good(struct reload *reload)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    char path[4096];
    (void) snprintf(path, sizeof path, "%s/" RULES_LAST_GOOD, reload->data_dir);
    if (rules_dir_read(path, 0, &reading) != OK || publish(reload, reading) != OK) {
        log_line(LOG_ERROR, "rules",
                 "no rules are live: '%s' has errors and there are no last good ones", reload->dir);
        set_state(reload, "no rules are live: the rule files have errors");
        atomic_store(&reload->blank, true);
        return;
    }
    log_line(LOG_WARNING, "rules",
             "serving the last good rules, ruleset %s, %u rules: '%s' has errors", reading->version,
             ruleset_count(reading->ruleset), reload->dir);
    set_state(reload, "the last good rules, ruleset %s; the rule files have errors",
              reading->version);
}

static void read_once(struct reload *reload, bool repeat, bool first)
{
    const struct rules_reading *reading;
    (void) pthread_mutex_lock(&reload->lock);
    if (read_now(reload, repeat, first, &reading) != LIVE && first)
        serve_last_good(reload);
    unlock(reload);
}

void reload_first(struct reload *reload)
{
    read_once(reload, true, true);
}

void reload_look(struct reload *reload)
{
    read_once(reload, false, false);
}

void reload_asked(struct reload *reload)
{
    read_once(reload, true, false);
}

static void print_result(struct reload *reload, const struct rules_reading *reading,
                         enum outcome outcome, enum locale locale, struct out *out)
{
    AUTO(world_unref) struct world *world = composer_world(reload->composer);
    out_json_open(out, '{');
    out_json_key(out, STR("result"));
    out_json_str(out, str_of(outcome_words[outcome]));
    out_json_key(out, STR("ruleset"));
    out_json_str(out, ruleset_version(world->rules));
    out_json_key(out, STR("rules"));
    out_json_int(out, ruleset_count(world->rules));
    out_json_key(out, STR("files"));
    out_json_int(out, reading ? reading->n_files : 0);
    out_json_key(out, STR("problems"));
    if (reading) {
        diags_print_json(&reading->diags, locale, out);
    } else {
        out_json_open(out, '[');
        out_json_close(out, ']');
    }
    out_json_close(out, '}');
}

int reload_for_http(struct reload *reload, enum locale locale, bool force, struct out *ret_json)
{
    const struct rules_reading *reading;
    (void) pthread_mutex_lock(&reload->lock);
    enum outcome outcome = read_now(reload, true, force, &reading);
    print_result(reload, reading, outcome, locale, ret_json);
    unlock(reload);
    return outcome == REFUSED ? 422 : outcome == FAILED ? 500 : 200;
}
