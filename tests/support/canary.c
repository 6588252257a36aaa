/* SPDX-License-Identifier: Apache-2.0 */
#include "canary.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST_HICCUPS = 10000, MOST_CORES = 64, TURN_US = 1000, ORDINARY_US = 4000, CORE_US = 1000 };

static struct hiccup hiccups[MOST_HICCUPS];
static _Atomic unsigned n_taken;                    /* places given to canaries */
static _Atomic unsigned char is_full[MOST_HICCUPS]; /* and written */

static struct canary {
    int core;
} canaries[MOST_CORES + 1];

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *canary_main(void *self)
{
    int core = ((const struct canary *) self)->core;
    pthread_setname_np(pthread_self(), core < 0 ? "canary" : "core-canary");
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
    for (;;) {
        int64_t due = now_us() + TURN_US;
        struct timespec until = { .tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000 };
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        int64_t woke = now_us();
        if (woke - due <= (core < 0 ? ORDINARY_US : CORE_US))
            continue;
        unsigned place = atomic_fetch_add(&n_taken, 1);
        if (place >= MOST_HICCUPS)
            return NULL;
        hiccups[place] = (struct hiccup){ due, woke, core };
        is_full[place] = 1;
    }
}

static int start_one(struct canary *canary, const pthread_attr_t *attributes)
{
    pthread_t thread;
    int failed = pthread_create(&thread, attributes, canary_main, canary);
    return failed ? failed : pthread_detach(thread);
}

static void start_on_cores(void)
{
    struct sched_param above = { .sched_priority = 3 };
    cpu_set_t ours;
    if (sched_getaffinity(0, sizeof ours, &ours) < 0)
        return;
    for (int core = 0; core < MOST_CORES; core++) {
        if (!CPU_ISSET(core, &ours))
            continue;
        pthread_attr_t attributes;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        pthread_attr_init(&attributes);
        pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
        pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
        pthread_attr_setschedparam(&attributes, &above);
        pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
        canaries[core + 1].core = core;
        (void) start_one(&canaries[core + 1], &attributes); /* EPERM: then there is none */
        pthread_attr_destroy(&attributes);
    }
}

int canaries_start(void)
{
    canaries[0].core = -1;
    start_on_cores();
    errno = sched_getscheduler(0) == SCHED_OTHER ? start_one(&canaries[0], NULL) : 0;
    return errno ? -1 : 0;
}

const struct hiccup *canaries_seen(unsigned *ret_n)
{
    unsigned n = 0;
    while (n < MOST_HICCUPS && is_full[n])
        n++;
    *ret_n = n;
    return hiccups;
}
