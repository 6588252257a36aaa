/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/evaluating.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/progress.h"
#include "app/jobs/rejects.h"
#include "app/jobs/team.h"
#include "base/arena.h"
#include "eval/eval_report.h"
#include "eval/method.h"
#include "eval/offerd_part.h"
#include "eval/ranking.h"
#include "eval/reliability.h"
#include "eval/trial.h"
#include "files/catalog_csv.h"
#include "files/order_book.h"
#include "files/orders_csv.h"
#include "shop/catalog.h"

static const struct kind {
    const char *name, *title;
    enum err (*make)(const struct trial *trial, struct method **ret_method, struct err_note *note);
    bool history; /* of offerd's two, which have no maker of their own */
} kinds[] = {
    { "offerd", "offerd", NULL, false },
    { "offerd+history", "offerd, with customer history", NULL, true },
    { "popularity", "popularity", method_popularity_new, false },
    { "conditional", "conditional probability, summed", method_conditional_new, false },
    { "cosine", "cosine", method_cosine_new, false },
    { "cosine10", "cosine, shrinkage 10", method_cosine10_new, false },
    { "vsknn", "VS-kNN (m 2000, k 200)", method_vsknn_new, false },
    { "sknn", "S-kNN (m 2000, k 300)", method_sknn_new, false },
    { "ease", "EASE (lambda 100)", method_ease_new, false },
    { "ease-weighted", "EASE, weighted by age and size", method_ease_weighted_new, false },
};
enum { KINDS = sizeof kinds / sizeof *kinds, EVENT_BYTES = 64 * 1024 };

struct evaluating {
    const struct eval_wishes *wishes;
    struct progress progress;
    struct rejects rejects;
    struct csv_tally orders_tally, catalog_tally;
    struct order_book *book;
    struct catalog *catalog;
    struct baskets *orders;
    struct str *ids;
    struct trial *trial;
    struct offerd_part *part; /* made when first asked for */
    struct err_note part_why; /* or why it could not be */
    double part_s;
    uint32_t *ranks[KINDS]; /* of the measured */
    struct measured measured[KINDS];
    uint32_t n_measured;
    struct reliabilities chances;
};

/* ── which methods ──────────────────────────────────────────────────────────────────────── */

static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = list; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
        if (strncmp(p, name, len) == 0 && (p[len] == ',' || p[len] == '\0'))
            return true;
    return false;
}

enum err eval_check_methods(const char *methods, struct err_note *note)
{
    for (const char *p = methods; p; p = strchr(p, ','), p = p ? p + 1 : NULL) {
        size_t len = strcspn(p, ",");
        bool known = false;
        for (int i = 0; i < KINDS; i++)
            known |= strlen(kinds[i].name) == len && strncmp(kinds[i].name, p, len) == 0;
        if (known)
            continue;
        char names[160] = "";
        for (int i = 0; i < KINDS; i++)
            (void) snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                            i ? ", " : "", kinds[i].name);
        return err_fail(note, ERR_INPUT, "--methods: '%.*s' is none of %s", (int) len, p, names);
    }
    return OK;
}

/* ── reading ────────────────────────────────────────────────────────────────────────────── */

static void report_reading(void *self, uint64_t lines, uint64_t bytes_read, uint64_t bytes_in_all)
{
    progress_show(self, lines, bytes_read, bytes_in_all);
}

static enum err read_orders(struct evaluating *self, struct err_note *note)
{
    const char *path = self->wishes->orders;
    const struct csv_progress progress = { &self->progress, report_reading };
    const struct orders_csv_settings settings = { .zone = self->wishes->zone,
                                                  .baskets_only = true };
    struct out ignored;
    out_init(&ignored, NULL, 0);
    progress_step(&self->progress, "reading the orders", "lines");
    self->rejects.file = path;
    enum err err = orders_csv_read(path, &settings, &progress, &self->orders_tally, &ignored,
                                   &self->book, note);
    out_deinit(&ignored);
    progress_wipe(&self->progress);
    TRY(err_in(err, path, note));
    if (order_book_count(self->book) == 0)
        return err_fail(note, ERR_INPUT, "%s: not one order in it; %llu lines were refused", path,
                        (unsigned long long) csv_tally_refused(&self->orders_tally));
    return OK;
}

/* Prices are of no use here: whoever names no currency is not stopped by their decimals. */
static enum err read_catalog(struct evaluating *self, struct err_note *note)
{
    const char *path = self->wishes->catalog;
    const struct csv_progress progress = { &self->progress, report_reading };
    struct csv_money money = { .currency = self->wishes->currency };
    if (!money.currency.at)
        money.currency = STR("USD");
    progress_step(&self->progress, "reading the catalogue", "lines");
    self->rejects.file = path;
    enum err err =
        catalog_csv_read(path, &money, &progress, &self->catalog_tally, &self->catalog, note);
    progress_wipe(&self->progress);
    return err_in(err, path, note);
}

static enum err add_order(struct evaluating *self, struct baskets_builder *builder, uint32_t number,
                          struct str *skus)
{
    struct event event;
    order_book_event(self->book, number, &event);
    for (uint32_t i = 0; i < event.order.n_lines; i++)
        skus[i] = event.order.lines[i].sku;
    self->ids[number] = event.order.id;
    return baskets_builder_add(builder, event.at_us, event.customer_id, skus, event.order.n_lines,
                               NULL);
}

static enum err make_baskets(struct evaluating *self)
{
    static struct str skus[EVENT_MAX_LINES];
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    uint32_t n = order_book_count(self->book);
    self->ids = calloc(n, sizeof *self->ids);
    if (!builder || !self->ids)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        TRY(add_order(self, builder, i, skus));
    return baskets_builder_seal(builder, &self->orders);
}

/* ── measuring ──────────────────────────────────────────────────────────────────────────── */

static bool show_asking(void *self, uint32_t done, uint32_t all)
{
    progress_show(self, done, done, all);
    return true;
}

static bool show_training(void *self, const char *what, double part)
{
    struct progress *progress = self;
    static char step[80];
    if (!progress->step || strncmp(step, "offerd: ", 8) != 0 || strcmp(step + 8, what) != 0) {
        (void) snprintf(step, sizeof step, "offerd: %s", what);
        progress_step(progress, step, "parts of 1,000");
    }
    progress_show(progress, (uint64_t) (part * 1000), (uint64_t) (part * 1000), 1000);
    return true;
}

static void on_all_processors(void *self, uint32_t n, void (*work)(void *context, uint32_t i),
                              void *context)
{
    (void) self;
    team_run(team_processors(), n, work, context);
}

static double seconds_since(int64_t began_us)
{
    return (double) (progress_now_us() - began_us) / 1e6;
}

static enum err make_part(struct evaluating *self, struct err_note *note)
{
    if (self->part)
        return OK;
    int64_t began_us = progress_now_us();
    const struct offerd_settings settings = {
        .catalog = self->catalog,
        .train = { .parallel = on_all_processors,
                   .progress = show_training,
                   .self = &self->progress },
    };
    TRY(offerd_part_new(self->trial, &settings, &self->part, note));
    self->part_s = seconds_since(began_us);
    return OK;
}

static enum err make_method(struct evaluating *self, const struct kind *kind,
                            struct measured *measured, struct method **ret_method)
{
    int64_t began_us = progress_now_us();
    if (self->progress.shown) { /* how far a method has learned only offerd's tells */
        (void) fprintf(stderr, "\r%s: learning …\033[K", kind->name);
        self->progress.visible = true;
    }
    if (kind->make) {
        TRY(kind->make(self->trial, ret_method, &measured->why));
        measured->make_s = seconds_since(began_us);
        return OK;
    }
    if (kind->history && self->trial->n_returning == 0)
        return err_fail(&measured->why, ERR_LIMIT,
                        self->trial->by_time ? "no customer of a test order has bought before"
                                             : "without times nobody can say what was before");
    enum err err = make_part(self, &measured->why);
    if (err == OK)
        err = method_offerd_new(self->part, kind->history, ret_method);
    measured->make_s = self->part_s;
    return err;
}

static enum err ask(struct evaluating *self, struct method *method, struct measured *measured)
{
    static char step[80];
    int64_t began_us = progress_now_us();
    const struct ranking_watch watch = { &self->progress, show_asking };
    (void) snprintf(step, sizeof step, "%s: asking", measured->name);
    progress_step(&self->progress, step, "cases");
    uint32_t *ranks = calloc(self->trial->n_cases, sizeof *ranks);
    if (!ranks)
        return ERR_NOMEM;
    self->ranks[measured - self->measured] = ranks;
    TRY(ranking_run(self->trial, method, &watch, ranks));
    measured->ask_s = seconds_since(began_us);
    return figures_of(ranks, self->trial->n_cases, self->wishes->seed, &measured->figures);
}

/*
 * What cannot be had for this shop is left out with the reason; only a lack of memory ends it all.
 */
static enum err measure(struct evaluating *self, const struct kind *kind)
{
    AUTO(method_free) struct method *method = NULL;
    struct measured *measured = &self->measured[self->n_measured++];
    *measured =
        (struct measured){ .name = kind->name, .title = kind->title, .history = kind->history };
    enum err err = make_method(self, kind, measured, &method);
    if (err == OK)
        err = ask(self, method, measured);
    progress_wipe(&self->progress);
    if (err == OK || err == ERR_NOMEM)
        return err;
    measured->skipped = true;
    if (!measured->why.text[0])
        (void) snprintf(measured->why.text, sizeof measured->why.text, "%s", err_name(err));
    return OK;
}

/* Each against offerd without history, case by case. */
static enum err compare(struct evaluating *self)
{
    const uint32_t *ours = NULL;
    for (uint32_t i = 0; i < self->n_measured; i++)
        if (strcmp(self->measured[i].name, "offerd") == 0 && !self->measured[i].skipped)
            ours = self->ranks[i];
    for (uint32_t i = 0; i < self->n_measured; i++) {
        struct measured *measured = &self->measured[i];
        measured->compared = ours && !measured->skipped && self->ranks[i] != ours;
        if (measured->compared)
            TRY(figures_between(self->ranks[i], ours, self->trial->n_cases, self->wishes->seed,
                                &measured->more));
    }
    return OK;
}

/* ── telling ────────────────────────────────────────────────────────────────────────────── */

static enum err write_file(const char *path, const struct out *out, struct err_note *note)
{
    FILE *to = fopen(path, "we");
    if (!to)
        return err_fail(note, ERR_INPUT, "%s: %s", path, strerror(errno));
    bool written = fwrite(out->at, 1, out->len, to) == out->len;
    if (fclose(to) != 0 || !written)
        return err_fail(note, ERR_UNAVAILABLE, "%s: could not be written completely", path);
    return OK;
}

static enum err tell_into(struct evaluating *self, const struct eval_report *report,
                          const char *path, void (*write)(const struct eval_report *, struct out *),
                          struct err_note *note)
{
    struct out out;
    out_init(&out, NULL, 4096);
    (void) self;
    write(report, &out);
    enum err err = out.failed ? ERR_NOMEM : OK;
    if (err == OK && path)
        err = write_file(path, &out, note);
    else if (err == OK)
        (void) fwrite(out.at, 1, out.len, stdout);
    out_deinit(&out);
    return err;
}

static enum err tell(struct evaluating *self, struct err_note *note)
{
    const struct eval_wishes *wishes = self->wishes;
    const struct csv_tally *tally = &self->orders_tally;
    const struct eval_report report = {
        .file = wishes->orders,
        .lines_read = tally->read,
        .lines_accepted = tally->accepted,
        .lines_merged = tally->merged,
        .lines_refused = csv_tally_refused(tally),
        .trial = self->trial,
        .hide_last = wishes->hide_last,
        .seed = wishes->seed,
        .facts = self->part ? offerd_part_facts(self->part) : NULL,
        .chances = &self->chances,
        .measured = self->measured,
        .n_measured = self->n_measured,
        .ranks = (const uint32_t *const *) self->ranks,
    };
    TRY(tell_into(self, &report, NULL, wishes->json ? eval_report_json : eval_report_table, note));
    if (wishes->plot)
        TRY(tell_into(self, &report, wishes->plot, eval_report_svg, note));
    if (wishes->details)
        TRY(tell_into(self, &report, wishes->details, eval_report_cases, note));
    return OK;
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static enum err run(struct evaluating *self, bool *ret_complete, struct err_note *note)
{
    const struct eval_wishes *wishes = self->wishes;
    const struct trial_settings settings = { wishes->cases, wishes->hide_last };
    TRY(rejects_open(&self->rejects, wishes->rejects, &self->progress, note));
    TRY(read_orders(self, note));
    if (wishes->catalog)
        TRY(read_catalog(self, note));
    TRY(make_baskets(self));
    TRY(err_in(trial_new(self->orders, self->ids, &settings, &self->trial, note), wishes->orders,
               note));
    for (int i = 0; i < KINDS; i++)
        if (!wishes->methods || is_listed(wishes->methods, kinds[i].name))
            TRY(measure(self, &kinds[i]));
    TRY(compare(self));
    TRY(reliabilities_of(self->part, &self->chances));
    *ret_complete = true;
    for (uint32_t i = 0; i < self->n_measured; i++)
        if (self->measured[i].skipped &&
            (wishes->methods || strcmp(self->measured[i].name, "offerd") == 0))
            *ret_complete = false;
    return tell(self, note);
}

enum err eval_run(const struct eval_wishes *wishes, bool *ret_complete, struct err_note *note)
{
    struct evaluating *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->wishes = wishes;
    self->orders_tally.self = self->catalog_tally.self = &self->rejects;
    self->orders_tally.on_refusal = self->catalog_tally.on_refusal = rejects_tell;
    progress_init(&self->progress, wishes->quiet);

    enum err err = run(self, ret_complete, note);

    progress_wipe(&self->progress);
    enum err closed = rejects_close(&self->rejects, err == OK ? note : NULL);
    for (int i = 0; i < KINDS; i++)
        free(self->ranks[i]);
    (void) offerd_part_free(self->part);
    (void) trial_free(self->trial);
    (void) baskets_free(self->orders);
    (void) catalog_unref(self->catalog);
    (void) order_book_free(self->book);
    free(self->ids);
    free(self);
    return err == OK ? closed : err;
}
