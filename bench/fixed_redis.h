/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <uv.h>

/*
 * Fixed redis
 *
 * One asynchronous GET for each request of the fixed answer: what a decision must do when its
 * profile is not at hand, and nothing else. The plain use of hiredis on the worker's own loop,
 * so all commands of one turn of the loop go out together. The keys are asked in turn. Ends the
 * program when it cannot connect or an answer is not a value: then nothing would be measured.
 */
struct fixed_redis;

/* @address: 127.0.0.1:PORT or the path of a unix socket. @keys_file: one key a line. */
struct fixed_redis *fixed_redis_new(uv_loop_t *loop, const char *address, const char *keys_file);

/* Calls @got with @of when the value has come. */
void fixed_redis_get(struct fixed_redis *redis, void (*got)(void *of), void *of);
struct fixed_redis *fixed_redis_free(struct fixed_redis *redis);
