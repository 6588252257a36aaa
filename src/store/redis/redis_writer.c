/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_writer.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "ports/clock.h"
#include "store/redis/redis_dial.h"
#include "store/redis/redis_hello.h"
#include "store/redis/redis_tls.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { SHA_BYTES = 40, KEPT_OUT_BYTES = 1 << 20 };

struct redis_writer {
    const struct redis_url *url;
    struct redis_settings settings;
    struct clock *clock;
    struct redis_member member;
    struct redis_dial dial;
    struct redis_hello hello;
    redisContext *context; /* NULL: not connected */
    struct out out;
    char shas[REDIS_SCRIPTS][SHA_BYTES];
    bool *again; /* commands of a run whose script was not known */
    uint32_t again_cap;
    bool is_node, met_cluster;
    bool closed;    /* the connection had been closed, rather than been slow */
    int64_t due_us; /* of the answers of this round trip */
};

struct redis_writer *redis_writer_new(const struct redis_url *url,
                                      const struct redis_settings *settings, struct clock *clock,
                                      struct redis_health *health)
{
    struct redis_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->url = url;
    writer->settings = *settings;
    writer->clock = clock;
    writer->dial.url = url;
    redis_member_init(&writer->member, health, NULL);
    out_init(&writer->out, NULL, 4096);
    return writer;
}

struct redis_writer *redis_writer_free(struct redis_writer *writer)
{
    if (!writer)
        return NULL;
    if (writer->context)
        redisFree(writer->context);
    redis_dial_deinit(&writer->dial);
    redis_member_deinit(&writer->member);
    out_deinit(&writer->out);
    free(writer->again);
    free(writer);
    return NULL;
}

const struct redis_hello *redis_writer_hello(const struct redis_writer *writer)
{
    return &writer->hello;
}

bool redis_writer_met_cluster(const struct redis_writer *writer)
{
    return writer->met_cluster;
}

bool redis_writer_is_away(const struct redis_writer *writer)
{
    if (writer->context)
        return false;
    return !redis_member_may_try(&writer->member, writer->clock->mono_us(writer->clock)) ||
           redis_health_is_cut_off(writer->member.health, writer->url);
}

struct redis_member *redis_writer_member(struct redis_writer *writer)
{
    return &writer->member;
}

void redis_writer_print_call(const struct redis_writer *writer, enum redis_script script,
                             unsigned keys, unsigned words, struct out *out)
{
    redis_print_head(out, 3 + words);
    redis_print_word(out, STR("EVALSHA"));
    redis_print_word(out, (struct str){ writer->shas[script], SHA_BYTES });
    redis_print_int(out, keys);
}

static enum err drop(struct redis_writer *writer)
{
    if (writer->context)
        redisFree(writer->context);
    writer->context = NULL;
    return ERR_UNAVAILABLE;
}

void redis_writer_drop(struct redis_writer *writer)
{
    (void) drop(writer);
}

void redis_writer_aim(struct redis_writer *writer, const struct redis_url *url)
{
    writer->is_node = true;
    if (writer->url == url)
        return;
    (void) drop(writer);
    redis_dial_deinit(&writer->dial);
    writer->dial = (struct redis_dial){ .url = url };
    writer->url = url;
    writer->member.next_us = 0;
}

/* Gives what was printed to the connection; it leaves with the first question for an answer. */
static enum err send_out(struct redis_writer *writer)
{
    if (writer->out.failed)
        return ERR_NOMEM;
    if (redisAppendFormattedCommand(writer->context, writer->out.at, writer->out.len) != REDIS_OK)
        return ERR_NOMEM;
    writer->due_us =
        writer->clock->mono_us(writer->clock) + (int64_t) writer->settings.timeout_ms * 1000;
    if (writer->out.cap > KEPT_OUT_BYTES) {
        out_deinit(&writer->out);
        out_init(&writer->out, NULL, 4096);
    }
    writer->out.len = 0;
    return OK;
}

/* The next answer: the caller's, freeReplyObject. */
static enum err next_reply(struct redis_writer *writer, redisReply **ret_reply,
                           struct err_note *note)
{
    redisContext *c = writer->context;
    void *reply = NULL;
    if (redisGetReplyFromReader(c, &reply) == REDIS_OK && !reply) {
        int64_t left_us = writer->due_us - writer->clock->mono_us(writer->clock);
        if (left_us <= 0) {
            redis_member_count(&writer->member, writer->member.health->timeouts, 1);
            return err_fail(note, ERR_UNAVAILABLE, "no answer in time");
        }
        errno = 0; /* what a TLS connection ends with may leave it as it was */
        (void) redis_tls_complaint();
        (void) redisGetReply(c, &reply);
    }
    if (reply) {
        *ret_reply = reply;
        return OK;
    }
    bool late = c->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    writer->closed = !late && (c->err == REDIS_ERR_EOF || c->err == REDIS_ERR_IO);
    if (late)
        redis_member_count(&writer->member, writer->member.health->timeouts, 1);
    const char *complaint = late ? NULL : redis_tls_complaint();
    if (complaint)
        return err_fail(note, ERR_UNAVAILABLE, "TLS: %s", complaint);
    if (writer->closed && writer->url->is_tls && !redis_hello_is_done(&writer->hello))
        return err_fail(note, ERR_UNAVAILABLE, "%s", REDIS_TLS_HUNG_UP);
    return err_fail(note, ERR_UNAVAILABLE, "%s", late ? "no answer in time" : c->errstr);
}

static enum err load_scripts(struct redis_writer *writer, struct err_note *note)
{
    for (int i = 0; i < REDIS_SCRIPTS; i++) {
        redis_print_head(&writer->out, 3);
        redis_print_word(&writer->out, STR("SCRIPT"));
        redis_print_word(&writer->out, STR("LOAD"));
        redis_print_word(&writer->out, str_of(redis_script_text((enum redis_script) i)));
    }
    TRY(send_out(writer));
    for (int i = 0; i < REDIS_SCRIPTS; i++) {
        redisReply *reply;
        enum err err = OK;
        TRY(next_reply(writer, &reply, note));
        if (reply->type == REDIS_REPLY_STRING && reply->len == SHA_BYTES)
            memcpy(writer->shas[i], reply->str, SHA_BYTES);
        else
            err = err_fail(note, ERR_UNAVAILABLE, "a script was not taken: '%.*s'",
                           reply->str ? (int) reply->len : 0, reply->str ? reply->str : "");
        freeReplyObject(reply);
        TRY(err);
    }
    return OK;
}

static enum err greet(struct redis_writer *writer, struct err_note *note)
{
    redis_hello_begin(&writer->hello, writer->url, &writer->out);
    TRY(send_out(writer));
    while (!redis_hello_is_done(&writer->hello)) {
        redisReply *reply;
        TRY(next_reply(writer, &reply, note));
        enum err err = redis_hello_take(&writer->hello, reply, &writer->out, note);
        freeReplyObject(reply);
        TRY(err);
        if (writer->out.len > 0)
            TRY(send_out(writer));
    }
    writer->met_cluster = writer->hello.is_cluster && !writer->is_node;
    if (writer->met_cluster)
        return err_fail(note, ERR_UNAVAILABLE, "it is a node of a cluster");
    return load_scripts(writer, note);
}

static enum err open_connection(struct redis_writer *writer, struct err_note *note)
{
    TRY(redis_dial(&writer->dial, writer->settings.timeout_ms, &writer->context, note));
    writer->out.len = 0;
    writer->out.failed = false;
    TRY(greet(writer, note));
    redis_member_begins(&writer->member, writer->clock->mono_us(writer->clock));
    return OK;
}

/* What is told where nothing else is right either. */
static enum err refuse(const redisReply *error, struct err_note *note)
{
    return err_fail(note, ERR_UNAVAILABLE, "it says '%.*s'", (int) error->len, error->str);
}

/* The answer to a probe (redis_print_probe). */
static enum err take_probe(struct redis_writer *writer, struct err_note *note)
{
    redisReply *reply;
    TRY(next_reply(writer, &reply, note));
    enum err err = reply->type == REDIS_REPLY_ERROR ? refuse(reply, note) : OK;
    freeReplyObject(reply);
    return err;
}

/*
 * Commands of @run (those marked in @again when @only_again), then their answers. Before them a
 * probe: what a server holds that has become a replica would be read as if it were of today.
 */
static enum err round_trip(struct redis_writer *writer, const struct redis_run *run,
                           bool only_again, bool *ret_unknown, struct err_note *note)
{
    *ret_unknown = false;
    bool probes = !only_again && !writer->hello.is_cluster;
    if (probes)
        redis_print_probe(&writer->out);
    for (uint32_t i = 0; i < run->n; i++)
        if (!only_again || writer->again[i])
            run->print(run->self, i, writer, &writer->out);
    TRY(send_out(writer));
    if (probes)
        TRY(take_probe(writer, note));
    for (uint32_t i = 0; i < run->n; i++) {
        redisReply *reply;
        enum err err = OK;
        if (only_again && !writer->again[i])
            continue;
        TRY(next_reply(writer, &reply, note));
        bool is_error = reply->type == REDIS_REPLY_ERROR;
        writer->again[i] = is_error && !only_again &&
                           str_starts_with((struct str){ reply->str, reply->len }, STR("NOSCRIPT"));
        *ret_unknown |= writer->again[i];
        struct str text = { reply->str, is_error ? reply->len : 0 };
        if (is_error && !writer->again[i] && !(run->refused && run->refused(run->self, i, text)))
            err = refuse(reply, note);
        else if (!is_error)
            err = run->take(run->self, i, reply, note);
        freeReplyObject(reply);
        TRY(err);
    }
    return OK;
}

static enum err attempt(struct redis_writer *writer, const struct redis_run *run,
                        struct err_note *note)
{
    bool unknown;
    if (!writer->context) {
        if (writer->member.state != REDIS_UNKNOWN)
            redis_member_count(&writer->member, writer->member.health->reconnects, 1);
        TRY(open_connection(writer, note));
    }
    TRY(round_trip(writer, run, false, &unknown, note));
    if (!unknown)
        return OK;
    TRY(load_scripts(writer, note));
    return round_trip(writer, run, true, &unknown, note);
}

static bool grow_again(struct redis_writer *writer, uint32_t n)
{
    if (n <= writer->again_cap)
        return true;
    bool *again = realloc(writer->again, n * sizeof *again);
    if (again) {
        writer->again = again;
        writer->again_cap = n;
    }
    return again;
}

enum err redis_writer_run(struct redis_writer *writer, const struct redis_run *run,
                          struct err_note *note)
{
    struct err_note own = { "" };
    if (run->n == 0)
        return OK;
    if (!grow_again(writer, run->n))
        return ERR_NOMEM;
    if (redis_writer_is_away(writer))
        return err_fail(note, ERR_UNAVAILABLE, "Redis is away");
    bool was_open = writer->context;
    writer->closed = false;
    enum err err = attempt(writer, run, &own);
    if (err != OK && was_open && writer->closed) {
        (void) drop(writer);
        err = attempt(writer, run, &own);
    }
    if (err == OK) {
        redis_member_up(&writer->member, writer->clock->mono_us(writer->clock));
        return OK;
    }
    /* Whatever it was, answers may still be on their way: only a new connection is in step. */
    (void) drop(writer);
    if (writer->met_cluster)
        return err_fail(note, err, "Redis at '%s': %s", writer->member.health->shown, own.text);
    if (err == ERR_UNAVAILABLE)
        redis_member_down(&writer->member, own.text, writer->clock->mono_us(writer->clock));
    return err_fail(note, err, "Redis at '%s': %s", writer->member.health->shown, own.text);
}
