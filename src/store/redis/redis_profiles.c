/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_profiles.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/random.h>

#include "ports/clock.h"
#include "store/redis/redis_hello.h"
#include "store/redis/redis_link.h"
#include "store/redis/redis_nodes.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"
#include "store/redis/redis_writers.h"

/* Floors of the log live for an hour: long enough for any fold, and what is not asked for is not kept; so do
 * strangers, of whom there may be any number.
 * Provisional ones guard what a spool holds, until it is drained. */
enum { FLOOR_S = 3600, PROVISIONAL_S = 24 * 3600, SHOP_BYTES = 256 };
#define PROVISIONAL (UINT64_C(1) << 62)

struct redis_profiles {
    struct shared_profiles port;
    struct redis_url *url;
    struct redis_settings settings; /* shop: ours */
    struct clock *clock;
    struct redis_health health;
    struct redis_nodes *nodes; /* when it is a cluster */
};

struct shared_writer {
    const struct redis_profiles *profiles;
    struct redis_writers *writers;
    uint64_t token; /* the one that was given out last; begins anywhere */
};

static struct redis_profiles *of(struct shared_profiles *shared)
{
    return (struct redis_profiles *) shared;
}

static enum err link_new(struct shared_profiles *shared, struct uv_loop_s *loop,
                         const struct shared_listener *listener, struct shared_link **ret_link)
{
    struct redis_profiles *self = of(shared);
    const struct redis_link_place place = { self->url, &self->settings, self->clock, &self->health,
                                            self->nodes };
    return redis_link_new(&place, loop, listener, ret_link);
}

static void link_free(struct shared_profiles *shared, struct shared_link *link)
{
    (void) shared;
    redis_link_free(link);
}

static void writer_free(struct shared_profiles *shared, struct shared_writer *writer)
{
    (void) shared;
    if (writer)
        redis_writers_free(writer->writers);
    free(writer);
}

static struct shared_writer *writer_new(struct shared_profiles *shared)
{
    struct redis_profiles *self = of(shared);
    struct shared_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->profiles = self;
    if (getrandom(&writer->token, sizeof writer->token, GRND_NONBLOCK) < 0)
        writer->token = (uint64_t) self->clock->wall_us(self->clock) << 20;
    writer->writers =
        redis_writers_new(self->url, &self->settings, self->clock, &self->health, self->nodes);
    if (!writer->writers) {
        free(writer);
        return NULL;
    }
    return writer;
}

/* One get or put of many. */
struct job {
    const struct redis_profiles *profiles;
    const struct str *ids;
    const struct shared_put *puts;
    struct arena *arena;
    struct shared_value *values;
    bool *taken;
    uint64_t n_taken;
    uint64_t token;   /* the next one's, less one */
    struct str stamp; /* of the server that the printed ones go to, or the one that answers */
};

static void print_key(const struct job *job, const char *life, struct str id, struct out *out)
{
    char head[SHOP_BYTES + 32];
    struct out prefix = { .at = head, .cap = sizeof head };
    redis_value_prefix(&prefix, life, job->profiles->settings.shop);
    redis_print_word3(out, out_str(&prefix), id, STR("}:p"));
}

/* For its slot: any life will do. */
static void key_of(void *self, uint32_t i, struct out *out)
{
    const struct job *job = self;
    struct str id = job->ids ? job->ids[i] : job->puts[i].value.customer_id;
    redis_value_prefix(out, "cluster0", job->profiles->settings.shop);
    out_text(out, id);
    out_char(out, '}');
}

static void print_get(void *self, uint32_t i, struct redis_writer *writer, struct out *out)
{
    struct job *job = self;
    redis_print_head(out, 2);
    redis_print_word(out, STR("GET"));
    const struct redis_hello *hello = redis_writer_hello(writer);
    job->stamp = str_of(hello->stamp);
    print_key(job, hello->life, job->ids[i], out);
}

static enum err take_get(void *self, uint32_t i, const redisReply *reply, struct err_note *note)
{
    struct job *job = self;
    struct str bytes = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    bytes = redis_value_behind(bytes, job->stamp);
    struct shared_value value = { .customer_id = job->ids[i] };
    struct str body;
    if (redis_value_read(bytes, &value.position, &body) == SHARED_BODY) {
        value.body = arena_copy(job->arena, body);
        if (!value.body.at)
            return err_fail(note, ERR_LIMIT, "the profiles do not fit into the arena");
    }
    value.token = redis_value_token(bytes);
    job->values[i] = value;
    return OK;
}

static enum err get(struct shared_writer *writer, const struct str *ids, uint32_t n,
                    struct arena *arena, struct shared_value *ret_values, struct err_note *note)
{
    struct job job = { writer->profiles, .ids = ids, .arena = arena, .values = ret_values };
    const struct redis_run run = { &job, n, print_get, take_get, NULL, key_of };
    return redis_writers_run(writer->writers, &run, note);
}

static void print_put(void *self, uint32_t i, struct redis_writer *writer, struct out *out)
{
    static const struct {
        struct str word;
    } modes[] = { [SHARED_COMMIT] = { STR("commit") }, [SHARED_APPLY] = { STR("apply") },
                  [SHARED_CLAIM] = { STR("claim") },   [SHARED_FILL] = { STR("fill") },
                  [SHARED_MEND] = { STR("mend") },     [SHARED_SETTLE] = { STR("settle") } };
    struct job *job = self;
    const struct shared_put *put = &job->puts[i];
    char head[REDIS_VALUE_HEAD];
    uint64_t position = put->mode == SHARED_CLAIM ? 0 : put->value.position;
    bool has_body = put->value.body.at && put->mode != SHARED_CLAIM && put->mode != SHARED_SETTLE;
    redis_value_head(position, has_body, head);
    const struct redis_hello *hello = redis_writer_hello(writer);
    redis_writer_print_call(writer, REDIS_SHARED_PUT, 1, hello->is_cluster ? 7 : 6, out);
    print_key(job, hello->life, put->value.customer_id, out);
    redis_print_word(out, modes[put->mode].word);
    redis_print_word2(out, (struct str){ head, sizeof head },
                      has_body ? put->value.body : (struct str){ 0 });
    redis_print_int(out, has_body && position > 0  ? job->profiles->settings.ttl_s
                         : position >= PROVISIONAL ? PROVISIONAL_S
                                                   : FLOOR_S);
    bool any = put->mode == SHARED_FILL || put->value.token;
    redis_print_hex(out, any ? put->value.token : job->token + i + 1);
    redis_print_hex(out, put->over);
    if (hello->is_cluster)
        redis_print_word(out, str_of(hello->stamp));
}

static enum err take_put(void *self, uint32_t i, const redisReply *reply, struct err_note *note)
{
    struct job *job = self;
    if (reply->type != REDIS_REPLY_INTEGER)
        return err_fail(note, ERR_UNAVAILABLE, "a script answers out of turn");
    job->taken[i] = reply->integer == 1;
    job->n_taken += job->taken[i];
    return OK;
}

static enum err put(struct shared_writer *writer, const struct shared_put *puts, uint32_t n,
                    bool *ret_taken, struct err_note *note)
{
    struct job job = { writer->profiles, .puts = puts, .taken = ret_taken, .token = writer->token };
    writer->token += n;
    const struct redis_run run = { &job, n, print_put, take_put, NULL, key_of };
    TRY(redis_writers_run(writer->writers, &run, note));
    struct redis_member *member = redis_writers_member(writer->writers);
    redis_member_count(member, member->health->taken, job.n_taken);
    redis_member_count(member, member->health->refused, n - job.n_taken);
    return OK;
}

static void free_profiles(struct shared_profiles *shared)
{
    struct redis_profiles *self = of(shared);
    if (!self)
        return;
    redis_nodes_free(self->nodes);
    redis_health_deinit(&self->health);
    redis_url_free(self->url);
    free((char *) self->settings.shop.at);
    free(self);
}

enum err redis_profiles_new(const struct redis_settings *settings, struct clock *clock,
                            struct metrics *metrics, struct shared_profiles **ret,
                            struct err_note *note)
{
    if (settings->shop.len > SHOP_BYTES)
        return err_fail(note, ERR_INPUT, "the shop's name is too long for a key");
    struct redis_profiles *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->port = (struct shared_profiles){ link_new,
                                           link_free,
                                           redis_link_is_trusted,
                                           redis_link_fetch,
                                           redis_link_cancel,
                                           writer_new,
                                           writer_free,
                                           get,
                                           put,
                                           free_profiles };
    self->settings = redis_settings_filled(settings);
    self->settings.url = NULL; /* the caller's */
    self->settings.shop.at = str_dup(settings->shop);
    self->clock = clock;
    enum err err =
        self->settings.shop.at ? redis_url_open(settings->url, &self->url, note) : ERR_NOMEM;
    if (err == OK && !redis_health_init(&self->health, REDIS_PROFILES, self->url, metrics))
        err = ERR_NOMEM;
    if (err == OK)
        self->nodes = redis_nodes_new(self->url, &self->settings, clock);
    if (err == OK && !self->nodes)
        err = ERR_NOMEM;
    if (err != OK) {
        free_profiles(&self->port);
        return err;
    }
    *ret = &self->port;
    return OK;
}
