/* SPDX-License-Identifier: Apache-2.0 */
#include "fixed_redis.h"

#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING = 4096 }; /* more than there are connections */

struct waiter {
    struct waiter *next_free;
    struct fixed_redis *redis;
    void (*got)(void *of);
    void *of;
};

struct fixed_redis {
    redisAsyncContext *context;
    char **keys;
    size_t n_keys, next;
    struct waiter *free;
    struct waiter waiters[WAITING];
};

static void die(const char *what)
{
    fprintf(stderr, "fixed_answer: redis: %s\n", what);
    exit(1);
}

static void keys_read(struct fixed_redis *redis, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    if (!file)
        die(path);
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        line[strcspn(line, "\n")] = '\0';
        redis->keys = realloc(redis->keys, (redis->n_keys + 1) * sizeof *redis->keys);
        if (!redis->keys || !(redis->keys[redis->n_keys++] = strdup(line)))
            die("out of memory");
    }
    free(line);
    fclose(file);
    if (redis->n_keys == 0)
        die("the file of keys is empty");
}

struct fixed_redis *fixed_redis_new(uv_loop_t *loop, const char *address, const char *keys_file)
{
    struct fixed_redis *redis = calloc(1, sizeof *redis);
    char host[32];
    int port;
    if (!redis)
        die("out of memory");
    keys_read(redis, keys_file);
    for (int i = 0; i < WAITING; i++) {
        redis->waiters[i] = (struct waiter){ .redis = redis, .next_free = redis->free };
        redis->free = &redis->waiters[i];
    }
    if (address[0] == '/')
        redis->context = redisAsyncConnectUnix(address);
    else if (sscanf(address, "%31[0-9.]:%d", host, &port) == 2)
        redis->context = redisAsyncConnect(host, port);
    if (!redis->context || redis->context->err)
        die(redis->context ? redis->context->errstr : address);
    if (redisLibuvAttach(redis->context, loop) != REDIS_OK)
        die("the loop does not take it");
    return redis;
}

static void on_reply(redisAsyncContext *context, void *answer, void *of)
{
    struct waiter *waiter = of;
    const redisReply *reply = answer;
    (void) context;

    if (!reply || reply->type != REDIS_REPLY_STRING)
        die(reply && reply->str ? reply->str : "the answer is not a value");
    waiter->next_free = waiter->redis->free;
    waiter->redis->free = waiter;
    waiter->got(waiter->of);
}

void fixed_redis_get(struct fixed_redis *redis, void (*got)(void *of), void *of)
{
    struct waiter *waiter = redis->free;
    const char *key = redis->keys[redis->next++ % redis->n_keys];
    if (!waiter)
        die("too many requests at once");
    redis->free = waiter->next_free;
    waiter->got = got;
    waiter->of = of;
    if (redisAsyncCommand(redis->context, on_reply, waiter, "GET %b", key, strlen(key)) != REDIS_OK)
        die("the connection is lost");
}

/* The program ends: what still waits is not answered, and the loop runs no more. */
struct fixed_redis *fixed_redis_free(struct fixed_redis *redis)
{
    if (!redis)
        return NULL;
    for (size_t i = 0; i < redis->n_keys; i++)
        free(redis->keys[i]);
    free(redis->keys);
    free(redis);
    return NULL;
}
