/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/train_run.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/jobs/order_baskets.h"
#include "app/jobs/progress.h"
#include "app/jobs/team.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/world/kept_file.h"
#include "app/world/trained_source.h"
#include "base/out.h"
#include "files/csv_tally.h"
#include "model/baskets.h"
#include "model/train.h"
#include "ports/clock.h"
#include "ports/event_log.h"
#include "ports/model_store.h"

struct train_run {
    const struct train_wishes *wishes;
    struct progress progress;
    unsigned threads;
    struct baskets *baskets;
    uint64_t position, unreadable;
    struct csv_tally tally;
    struct out bytes;
    struct trained *trained; /* reads @bytes */
    char path[PATH_MAX];     /* "": written nowhere */
    uint64_t published;      /* version in the fleet's store; 0: not there */
    int64_t began_us, trained_us;
    bool elsewhere;
};

/* ── the orders ─────────────────────────────────────────────────────────────────────────── */

static enum err check_is_there(const struct stores *stores, struct err_note *note)
{
    if (stores_are_there(stores))
        return OK;
    return err_fail(
        note, ERR_INPUT,
        "there are no orders in '%s' (%s); `offerd import --orders` brings them, or say "
        "--orders FILE",
        stores->data_dir, strerror(errno));
}

static enum err read_log(struct train_run *self, struct err_note *note)
{
    const struct stores *stores = self->wishes->stores;
    struct event_log *log = NULL;
    TRY(check_is_there(stores, note));
    TRY(stores_check(stores, real_clock(), 0, NULL, note));
    TRY(stores_event_log(stores, &log, note));
    enum err err = order_baskets_of_log(log, stores->shop, &self->progress, &self->baskets,
                                        &self->position, &self->unreadable, note);
    log->free(log);
    return err;
}

static enum err read_orders(struct train_run *self, struct err_note *note)
{
    if (!self->wishes->orders)
        return read_log(self, note);
    return order_baskets_of_file(self->wishes->orders, self->wishes->zone, &self->progress,
                                 &self->tally, &self->baskets, note);
}

/* ── training ───────────────────────────────────────────────────────────────────────────── */

static void spread(void *self, uint32_t n, void (*work)(void *context, uint32_t i), void *context)
{
    team_run(((struct train_run *) self)->threads, n, work, context);
}

static bool show(void *self, const char *what, double part)
{
    struct train_run *run = self;
    uint64_t permille = (uint64_t) (part * 1000);
    run->progress.step = what;
    progress_show(&run->progress, permille, permille, 1000);
    return true;
}

static enum err train_baskets(struct train_run *self, struct err_note *note)
{
    const struct train_settings settings = { .parallel = spread,
                                             .progress = show,
                                             .self = self,
                                             .memory_bytes = self->wishes->memory_bytes,
                                             .now_us = real_clock()->wall_us(real_clock()),
                                             .position = self->position };
    int64_t began_us = progress_now_us();
    progress_step(&self->progress, "training", "\u2030");
    enum err err = train(self->baskets, &settings, &self->bytes, note);
    progress_wipe(&self->progress);
    self->trained_us = progress_now_us() - began_us;
    if (err == ERR_LIMIT)
        return err_fail(note, err, "training takes more memory than --memory allows");
    return err == OK ? trained_open(out_str(&self->bytes), NULL, NULL, &self->trained, note) : err;
}

/* ── handing over ───────────────────────────────────────────────────────────────────────── */

static enum err choose_path(struct train_run *self, struct err_note *note)
{
    const struct train_wishes *wishes = self->wishes;
    int len = 0;
    if (wishes->out)
        len = snprintf(self->path, sizeof self->path, "%s", wishes->out);
    else if (wishes->keeps_data)
        len = snprintf(self->path, sizeof self->path, "%s/" TRAINED_FILE_NAME,
                       wishes->stores->data_dir);
    if (len < 0 || len >= PATH_MAX)
        return err_fail(note, ERR_INPUT, "the path of the file is too long");
    return OK;
}

/*
 * In a fleet what is trained goes to all, and one trains at a
 * time: the claim ends with @ret_models, which is NULL elsewhere.
 */
static enum err claim(struct train_run *self, struct model_store **ret_models,
                      struct err_note *note)
{
    const struct stores *stores = self->wishes->stores;
    bool mine = false;
    *ret_models = NULL;
    if (!self->wishes->keeps_data || self->wishes->out)
        return OK;
    TRY(stores_check(stores, real_clock(), 0, NULL, note));
    TRY(stores_models(stores, ret_models, note));
    if (!*ret_models)
        return OK;
    enum err err = (*ret_models)->claim(*ret_models, stores->shop, &mine, note);
    self->elsewhere = err == OK && !mine;
    if (err == OK && mine)
        return OK;
    (*ret_models)->free(*ret_models);
    *ret_models = NULL;
    return err;
}

static enum err publish(struct train_run *self, struct model_store *models, struct err_note *note)
{
    struct str shop = self->wishes->stores->shop;
    TRY(models->publish(models, shop, out_str(&self->bytes), note));
    return models->version(models, shop, &self->published, note);
}

/* ── telling ────────────────────────────────────────────────────────────────────────────── */

static long peak_mb(void)
{
    struct rusage usage;
    (void) getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static double bytes_per_sku(const struct train_run *self)
{
    return (double) self->bytes.len / trained_facts(self->trained)->n_skus;
}

static void tell_parameters(const struct trained_facts *facts)
{
    const struct trained_parameters *p = &facts->parameters;
    if (p->counts_share >= 1)
        (void) printf("chosen: counts of pairs alone, shrinkage %g, %s", (double) p->ridge,
                      facts->form == TRAINED_DENSE ? "all kept" : "the strongest kept");
    else if (p->support)
        (void) printf("chosen: each SKU from its %u nearest, ridge %g, the strongest %u kept",
                      p->support, (double) p->ridge, facts->top);
    else
        (void) printf("chosen: all SKUs at once, ridge %g, %s", (double) p->ridge,
                      facts->form == TRAINED_DENSE ? "all weights kept" : "the strongest kept");
    if (p->counts_share > 0 && p->counts_share < 1)
        (void) printf("; %g of it counts of pairs", (double) p->counts_share);
    if (p->half_life_days > 0)
        (void) printf("; an order counts half after %g days", (double) p->half_life_days);
    (void) printf("; one of n SKUs counts n^-%g\n", (double) p->size_power);
    if (p->history_weight > 0)
        (void) printf("the customer's own purchases count %g, the cart %g\n",
                      (double) p->history_weight, 1 - (double) p->history_weight);
    else
        (void) puts("the customer's own purchases do not count: they did not help");
}

static void tell(const struct train_run *self)
{
    const struct trained_facts *facts = trained_facts(self->trained);
    const struct trained_figures *f = &facts->figures;
    (void) printf("learned from %" PRIu64 " orders of %u SKUs, %" PRIu64 " lines\n",
                  facts->n_orders, facts->n_skus, facts->n_lines);
    if (self->tally.read > self->tally.accepted + self->tally.merged)
        (void) printf("%" PRIu64 " lines of the file were refused\n",
                      csv_tally_refused(&self->tally));
    if (self->unreadable)
        (void) printf("%" PRIu64 " orders of the log could not be read\n", self->unreadable);
    tell_parameters(facts);
    if (f->cases == 0)
        (void) puts("too few orders to measure anything");
    else {
        (void) printf("measured on %u orders held back:  HR@10   MRR@20\n", f->cases);
        (void) printf("  best sellers                  %8.4f %8.4f\n", (double) f->hit10_popular,
                      (double) f->mrr20_popular);
        (void) printf("  by the cart                   %8.4f %8.4f\n", (double) f->hit10,
                      (double) f->mrr20);
        (void) printf("  and the customer's purchases  %8.4f %8.4f\n", (double) f->hit10_history,
                      (double) f->mrr20_history);
    }
    (void) printf("%s%s%zu bytes, %.0f a SKU\n", self->path, self->path[0] ? ": " : "",
                  self->bytes.len, bytes_per_sku(self));
    if (self->published)
        (void) printf("published to all replicas as version %" PRIu64 "\n", self->published);
    (void) printf("took %.1f s, of these %.1f s training; peak memory %ld MB\n",
                  (double) (progress_now_us() - self->began_us) / 1e6,
                  (double) self->trained_us / 1e6, peak_mb());
}

static void json_number(struct out *out, struct str key, double value)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%.9g", value);
    out_json_key(out, key);
    out_json_raw(out, (struct str){ text, (size_t) len });
}

static void json_facts(struct out *out, const struct trained_facts *facts)
{
    const struct trained_parameters *p = &facts->parameters;
    const struct trained_figures *f = &facts->figures;
    json_number(out, STR("orders"), (double) facts->n_orders);
    json_number(out, STR("lines"), (double) facts->n_lines);
    json_number(out, STR("skus"), facts->n_skus);
    out_json_key(out, STR("form"));
    out_json_str(out, facts->form == TRAINED_DENSE ? STR("dense") : STR("lists"));
    out_json_key(out, STR("parameters"));
    out_json_open(out, '{');
    json_number(out, STR("half_life_days"), (double) p->half_life_days);
    json_number(out, STR("size_power"), (double) p->size_power);
    json_number(out, STR("ridge"), (double) p->ridge);
    json_number(out, STR("support"), p->support);
    json_number(out, STR("top"), facts->top);
    json_number(out, STR("history_weight"), (double) p->history_weight);
    json_number(out, STR("recent_weight"), (double) p->recent_weight);
    json_number(out, STR("counts_share"), (double) p->counts_share);
    out_json_close(out, '}');
    out_json_key(out, STR("figures"));
    out_json_open(out, '{');
    json_number(out, STR("cases"), f->cases);
    json_number(out, STR("hr10"), (double) f->hit10);
    json_number(out, STR("mrr20"), (double) f->mrr20);
    json_number(out, STR("hr10_history"), (double) f->hit10_history);
    json_number(out, STR("mrr20_history"), (double) f->mrr20_history);
    json_number(out, STR("hr10_popular"), (double) f->hit10_popular);
    json_number(out, STR("mrr20_popular"), (double) f->mrr20_popular);
    out_json_close(out, '}');
}

static enum err tell_json(const struct train_run *self)
{
    struct out out;
    out_init(&out, NULL, 1024);
    out_json_open(&out, '{');
    json_facts(&out, trained_facts(self->trained));
    out_json_key(&out, STR("file"));
    out_json_str(&out, self->path[0] ? str_of(self->path) : (struct str){ NULL, 0 });
    json_number(&out, STR("bytes"), (double) self->bytes.len);
    json_number(&out, STR("bytes_per_sku"), bytes_per_sku(self));
    json_number(&out, STR("seconds"), (double) (progress_now_us() - self->began_us) / 1e6);
    json_number(&out, STR("seconds_training"), (double) self->trained_us / 1e6);
    json_number(&out, STR("peak_mb"), (double) peak_mb());
    out_json_close(&out, '}');
    enum err err = out.failed ? ERR_NOMEM : OK;
    if (err == OK)
        (void) printf("%.*s\n", STR_ARG(out_str(&out)));
    out_deinit(&out);
    return err;
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static enum err train_and_hand_over(struct train_run *self, struct model_store *models,
                                    struct err_note *note)
{
    TRY(read_orders(self, note));
    TRY(train_baskets(self, note));
    if (self->path[0])
        TRY(kept_file_write(self->path, out_str(&self->bytes), note));
    return models ? publish(self, models, note) : OK;
}

static enum err run(struct train_run *self, struct err_note *note)
{
    struct model_store *models;
    TRY(choose_path(self, note));
    TRY(claim(self, &models, note));
    if (self->elsewhere)
        return OK;
    enum err err = train_and_hand_over(self, models, note);
    if (models)
        models->free(models);
    TRY(err);
    if (self->wishes->json)
        return tell_json(self);
    tell(self);
    return OK;
}

enum err train_run(const struct train_wishes *wishes, bool *ret_elsewhere, struct err_note *note)
{
    struct train_run *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->wishes = wishes;
    self->threads = wishes->threads ? wishes->threads : team_processors();
    self->began_us = progress_now_us();
    progress_init(&self->progress, wishes->quiet);
    out_init(&self->bytes, NULL, 0);
    enum err err = run(self, note);
    *ret_elsewhere = self->elsewhere;
    progress_wipe(&self->progress);
    (void) trained_unref(self->trained);
    (void) baskets_free(self->baskets);
    out_deinit(&self->bytes);
    free(self);
    return err;
}
