/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_budgets.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "store/redis/redis_budget_reader.h"
#include "store/redis/redis_hello.h"
#include "store/redis/redis_nodes.h"
#include "store/redis/redis_reservation.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"
#include "store/redis/redis_writers.h"

enum { SHOP_BYTES = 256 };

struct redis_budgets {
    struct budget_store store;
    struct redis_budget_source source;
    struct redis_url *url;
    struct redis_writers *writers; /* the journal's */
};

static struct redis_budgets *of(struct budget_store *store)
{
    return (struct redis_budgets *) store;
}

static void *reader_new(struct budget_store *store, struct uv_loop_s *loop)
{
    return redis_budget_reader_new(&of(store)->source, loop);
}

static void reader_free(struct budget_store *store, void *reader)
{
    (void) store;
    redis_budget_reader_free(reader);
}

static enum budget_answer reserve(struct budget_store *store, void *reader,
                                  struct budget_claim *claims, uint32_t n, int64_t now_us,
                                  struct budget_waiter *waiter)
{
    (void) store;
    return redis_budget_reserve(reader, claims, n, now_us, waiter);
}

static void forget(struct budget_store *store, struct budget_waiter *waiter)
{
    (void) store;
    redis_budget_forget(waiter);
}

static void give_back(struct budget_store *store, void *reader, const struct budget_claim *claim)
{
    (void) store;
    redis_budget_give_back(reader, claim);
}

/* ── the journal's side: one command each ── */

enum word_kind { WORD_SETTLE, WORD_RELEASE, WORD_READ, WORD_LOWER };

struct word {
    const struct redis_budgets *budgets;
    enum word_kind kind;
    struct str rule, mark;
    int64_t accepted, believed;
    bool known;
    struct str stamp; /* of the server it goes to */
};

static void print_word(void *self, uint32_t i, struct redis_writer *writer, struct out *out)
{
    struct word *word = self;
    const struct redis_settings *settings = &word->budgets->source.settings;
    const struct redis_hello *hello = redis_writer_hello(writer);
    const char *life = hello->life;
    (void) i;
    word->stamp = str_of(hello->stamp);
    if (word->kind == WORD_READ) {
        redis_print_head(out, 2);
        redis_print_word(out, STR("GET"));
        redis_reservation_print_count(out, life, settings->shop, word->rule);
        return;
    }
    if (word->kind == WORD_RELEASE) {
        redis_print_head(out, 3);
        redis_print_word(out, STR("ZREM"));
        redis_reservation_print_holds(out, life, settings->shop, word->rule);
        redis_print_word(out, word->mark);
        return;
    }
    bool lowers = word->kind == WORD_LOWER;
    unsigned keys = lowers ? 1 : 2;
    redis_writer_print_call(writer, lowers ? REDIS_BUDGET_LOWER : REDIS_BUDGET_SETTLE, keys,
                            keys + (hello->is_cluster ? 4 : 3), out);
    if (!lowers)
        redis_reservation_print_holds(out, life, settings->shop, word->rule);
    redis_reservation_print_count(out, life, settings->shop, word->rule);
    if (lowers)
        redis_print_int(out, word->believed);
    else
        redis_print_word(out, word->mark);
    redis_print_int(out, word->accepted);
    redis_print_int(out, settings->ttl_s);
    if (hello->is_cluster)
        redis_print_word(out, word->stamp);
}

/* For its slot: any life will do. */
static void key_of_word(void *self, uint32_t i, struct out *out)
{
    const struct word *word = self;
    (void) i;
    redis_reservation_print_key(out, word->budgets->source.settings.shop, word->rule);
}

static enum err take_word(void *self, uint32_t i, const redisReply *reply, struct err_note *note)
{
    struct word *word = self;
    (void) i;
    (void) note;
    struct str text = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    if (word->kind == WORD_READ)
        word->known =
            text.len > 0 && str_to_int64(redis_value_behind(text, word->stamp), &word->accepted);
    return OK;
}

static enum err say(struct budget_store *store, struct word *word, struct err_note *note)
{
    word->budgets = of(store);
    const struct redis_run run = { word, 1, print_word, take_word, NULL, key_of_word };
    return redis_writers_run(of(store)->writers, &run, note);
}

static enum err settle(struct budget_store *store, struct str rule, uint64_t mark, int64_t accepted,
                       struct err_note *note)
{
    char text[REDIS_VALUE_HEAD];
    redis_value_head(mark, false, text);
    struct word word = { .kind = WORD_SETTLE,
                         .rule = rule,
                         .mark = { text, REDIS_VALUE_HEAD - 1 },
                         .accepted = accepted };
    return say(store, &word, note);
}

static enum err release(struct budget_store *store, struct str rule, uint64_t mark,
                        struct err_note *note)
{
    char text[REDIS_VALUE_HEAD];
    redis_value_head(mark, false, text);
    struct word word = { .kind = WORD_RELEASE,
                         .rule = rule,
                         .mark = { text, REDIS_VALUE_HEAD - 1 } };
    return say(store, &word, note);
}

static enum err restore(struct budget_store *store, struct str rule, int64_t accepted,
                        struct err_note *note)
{
    struct word word = { .kind = WORD_SETTLE, .rule = rule, .mark = STR(""), .accepted = accepted };
    return say(store, &word, note);
}

static enum err lower(struct budget_store *store, struct str rule, int64_t believed,
                      int64_t accepted, struct err_note *note)
{
    struct word word = {
        .kind = WORD_LOWER, .rule = rule, .accepted = accepted, .believed = believed
    };
    return say(store, &word, note);
}

static enum err read_count(struct budget_store *store, struct str rule, int64_t *ret_accepted,
                           bool *ret_known, struct err_note *note)
{
    struct word word = { .kind = WORD_READ, .rule = rule };
    TRY(say(store, &word, note));
    *ret_known = word.known;
    *ret_accepted = word.known ? word.accepted : 0;
    return OK;
}

static bool wants_restore(struct budget_store *store)
{
    return atomic_exchange(&of(store)->source.wanting, false);
}

/* Holds whose time is over are ended by the next reservation that meets them. */
static void tend(struct budget_store *store, int64_t now_us)
{
    (void) store;
    (void) now_us;
}

static void free_budgets(struct budget_store *store)
{
    struct redis_budgets *self = of(store);
    if (!self)
        return;
    redis_writers_free(self->writers);
    redis_nodes_free(self->source.nodes);
    redis_health_deinit(&self->source.health);
    redis_url_free(self->url);
    free((char *) self->source.settings.shop.at);
    free(self);
}

static enum err fill_in(struct redis_budgets *self, const struct redis_settings *settings,
                        struct clock *clock, struct metrics *metrics, struct err_note *note)
{
    struct redis_budget_source *source = &self->source;
    if (settings->shop.len > SHOP_BYTES)
        return err_fail(note, ERR_INPUT, "the shop's name is too long for a key");
    source->settings = redis_settings_filled(settings);
    source->settings.shop.at = str_dup(settings->shop);
    source->settings.url = NULL;
    source->clock = clock;
    if (!source->settings.shop.at)
        return ERR_NOMEM;
    TRY(redis_url_open(settings->url, &self->url, note));
    source->url = self->url;
    if (!redis_health_init(&source->health, REDIS_BUDGETS, self->url, metrics))
        return ERR_NOMEM;
    source->nodes = redis_nodes_new(self->url, &source->settings, clock);
    if (source->nodes)
        self->writers =
            redis_writers_new(self->url, &source->settings, clock, &source->health, source->nodes);
    return self->writers ? OK : ERR_NOMEM;
}

enum err redis_budgets_new(const struct redis_settings *settings, struct clock *clock,
                           struct metrics *metrics, struct budget_store **ret,
                           struct err_note *note)
{
    struct redis_budgets *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->store =
        (struct budget_store){ reader_new,    reader_free, reserve,     forget, give_back,
                               settle,        release,     restore,     lower,  read_count,
                               wants_restore, tend,        free_budgets };
    enum err err = fill_in(self, settings, clock, metrics, note);
    if (err != OK) {
        free_budgets(&self->store);
        return err;
    }
    *ret = &self->store;
    return OK;
}
