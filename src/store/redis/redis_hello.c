/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_hello.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

/* Every step is sent, so that a step's number tells what it answers. */
enum { AUTH, NAME, SELECT, SERVER, REPLICATION, CLUSTER, STEPS };

static void print_auth(const struct redis_url *url, struct out *out)
{
    redis_print_head(out, url->user ? 3 : 2);
    redis_print_word(out, STR("AUTH"));
    if (url->user)
        redis_print_word(out, str_of(url->user));
    redis_print_word(out, str_of(url->password));
}

void redis_hello_begin(struct redis_hello *hello, const struct redis_url *url, struct out *out)
{
    *hello = (struct redis_hello){ .url = url, .step = AUTH };
    if (url->password)
        print_auth(url, out);
    else
        hello->step = NAME;
    redis_print_head(out, 3);
    redis_print_word(out, STR("CLIENT"));
    redis_print_word(out, STR("SETNAME"));
    redis_print_word(out, STR("offerd"));
    redis_print_head(out, 2);
    redis_print_word(out, STR("SELECT"));
    redis_print_int(out, url->db);
    redis_print_head(out, 2);
    redis_print_word(out, STR("INFO"));
    redis_print_word(out, STR("server"));
    redis_print_head(out, 2);
    redis_print_word(out, STR("INFO"));
    redis_print_word(out, STR("replication"));
}

bool redis_hello_is_done(const struct redis_hello *hello)
{
    return hello->step == STEPS;
}

/* The value of "@name:value" in an answer to INFO; absent when there is none. */
static struct str info(const redisReply *reply, const char *name)
{
    struct str rest = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    size_t len = strlen(name);
    while (rest.len) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t line = end ? (size_t) (end - rest.at) : rest.len;
        if (line > len && rest.at[len] == ':' && memcmp(rest.at, name, len) == 0) {
            struct str value = { rest.at + len + 1, line - len - 1 };
            if (value.len && value.at[value.len - 1] == '\r')
                value.len--;
            return value;
        }
        size_t used = end ? line + 1 : line;
        rest = (struct str){ rest.at + used, rest.len - used };
    }
    return (struct str){ 0 };
}

static enum err take_server(struct redis_hello *hello, const redisReply *reply, struct out *out,
                            struct err_note *note)
{
    struct str run_id = info(reply, "run_id"), version = info(reply, "redis_version");
    if (run_id.len != REDIS_RUN_ID_BYTES)
        return err_fail(note, ERR_UNAVAILABLE, "it does not tell its run_id (INFO server)");
    if (version.len < 2 || (version.at[1] == '.' && version.at[0] < '6'))
        return err_fail(note, ERR_UNAVAILABLE, "Redis %.*s cannot track clients; 6 can",
                        STR_ARG(version));
    memcpy(hello->run_id, run_id.at, REDIS_RUN_ID_BYTES);
    memcpy(hello->life, run_id.at, REDIS_STAMP_BYTES);
    hello->is_cluster = str_is(info(reply, "redis_mode"), "cluster");
    if (!hello->is_cluster)
        return OK;
    redis_print_head(out, 2);
    redis_print_word(out, STR("CLUSTER"));
    redis_print_word(out, STR("INFO"));
    return OK;
}

static enum err take_cluster(struct redis_hello *hello, const redisReply *reply,
                             struct err_note *note)
{
    int64_t epoch;
    char text[REDIS_RUN_ID_BYTES + 32];
    if (!str_to_int64(info(reply, "cluster_my_epoch"), &epoch))
        return err_fail(note, ERR_UNAVAILABLE, "it does not tell its epoch (CLUSTER INFO)");
    hello->epoch = (uint64_t) epoch;
    snprintf(text, sizeof text, "%s %lld", hello->run_id, (long long) epoch);
    snprintf(hello->stamp, sizeof hello->stamp, "%08x", (unsigned) (str_hash(str_of(text)) >> 32));
    snprintf(hello->life, sizeof hello->life, "cluster0");
    return OK;
}

enum err redis_hello_take(struct redis_hello *hello, const redisReply *reply, struct out *out,
                          struct err_note *note)
{
    unsigned step = hello->step++;
    if (reply->type == REDIS_REPLY_ERROR &&
        step != NAME) /* who may not name himself works unnamed */
        return err_fail(note, ERR_UNAVAILABLE, "it says '%.*s'", (int) reply->len, reply->str);
    if (step == SERVER)
        return take_server(hello, reply, out, note);
    if (step == CLUSTER)
        return take_cluster(hello, reply, note);
    if (step != REPLICATION || hello->is_cluster)
        return OK;
    hello->step = STEPS;
    return str_is(info(reply, "role"), "master")
               ? OK
               : err_fail(note, ERR_UNAVAILABLE, "it is a replica; only a master is written to");
}
