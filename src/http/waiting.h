/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/*
 * Waiting
 *
 * The exchanges of one worker that are suspended, and the two ways back: somebody is done
 * (waiting_wake), or the nearest deadline has come (a timer). A suspended connection neither times
 * out nor notices that its client has left, so every exchange here has a deadline or a holder who
 * promised to wake it.
 *
 * Those that the loop's own thread wakes (their profiles came in one packet) are due: before
 * libmicrohttpd runs again, each takes its next step while it is still suspended, and then they all
 * go on. So their answers leave close together and a client is woken once for several of them,
 * which costs the sender less than the answers themselves do otherwise.
 *
 * Other threads see only the inbox, behind a lock that requests which never wait do not
 * touch.
 */
struct clock;
struct exchange;

struct waiting {
    uv_timer_t timer;
    uv_async_t bell;
    pthread_mutex_t lock;
    struct exchange *inbox;                /* under lock */
    struct exchange *first, *last;         /* with a deadline, the nearest first */
    struct exchange *held_first;           /* without */
    struct exchange *due_first, *due_last; /* suspended no more for us, still for libmicrohttpd */
    struct clock *clock;
    unsigned n, n_held;
    pthread_t thread;             /* the loop's, once it runs */
    bool runs;                    /* thread is set; of the loop's own */
    void (*resumed)(void *owner); /* after some were resumed: run libmicrohttpd before sleeping */
    void *owner;
};

/* @resumed is called on the loop's thread. Negative: libuv's error. */
int waiting_init(struct waiting *waiting, uv_loop_t *loop, struct clock *clock,
                 void (*resumed)(void *owner), void *owner);

/* By the loop's thread, before it runs. */
void waiting_begin(struct waiting *waiting);

/* Suspends @exchange, within libmicrohttpd's call for it. */
void waiting_add(struct waiting *waiting, struct exchange *exchange, int64_t deadline_us,
                 bool held);

/*
 * Any thread. A second wake before the first is seen, or one for who no longer waits, is harmless.
 */
void waiting_wake(struct waiting *waiting, struct exchange *exchange);

/* On the loop's thread: it goes on now. */
void waiting_resume(struct waiting *waiting, struct exchange *exchange);

/*
 * On the loop's thread, before libmicrohttpd runs: the next step of those that are due, a few at a
 * time so that the first need not wait for many: the others stay in due_first.
 */
void waiting_go_on(struct waiting *waiting);

/* The exchange ends: no wake of its own may be found in the inbox any more. */
void waiting_forget(struct waiting *waiting, struct exchange *exchange);

/* Everyone that nobody holds goes on at once. */
void waiting_resume_all(struct waiting *waiting);

/* Whoever has the loop has closed its handles, ours among them, and has run it once more. */
void waiting_deinit(struct waiting *waiting);
