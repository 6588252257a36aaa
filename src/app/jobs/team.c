/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct job {
    void (*work)(void *context, uint32_t i);
    void *context;
    uint32_t n;
    _Atomic uint32_t next;
};

unsigned team_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > TEAM_MOST ? TEAM_MOST : (unsigned) n;
}

static void *do_parts(void *self)
{
    struct job *job = self;
    for (uint32_t i; (i = atomic_fetch_add(&job->next, 1)) < job->n;)
        job->work(job->context, i);
    return NULL;
}

void team_run(unsigned threads, uint32_t n, void (*work)(void *context, uint32_t i), void *context)
{
    struct job job = { .work = work, .context = context, .n = n };
    pthread_t others[TEAM_MOST];
    unsigned started = 0;
    while (started + 1 < threads && started + 1 < n && started < TEAM_MOST &&
           pthread_create(&others[started], NULL, do_parts, &job) == 0)
        started++;
    (void) do_parts(&job);
    while (started > 0)
        (void) pthread_join(others[--started], NULL);
}
