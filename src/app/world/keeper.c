/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/keeper.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/setup/real_clock.h"
#include "app/world/reload.h"
#include "base/log.h"
#include "files/watch.h"

enum { TASKS_MAX = 8, REST_US = 2000000, KEEPER_NICE = 5 };

/*
 * What went live is written to disk once no more saves follow
 * it: synced writing would hold up the next.
 */
static void keep_last_good(void *reload)
{
    reload_keep(reload, REST_US);
}

struct keeper {
    struct reload *reload;
    struct watch *watch;
    int bell; /* eventfd: asked to reload, or to stop */
    atomic_bool stopping;
    pthread_t thread;
    struct keeper_task tasks[TASKS_MAX];
    int64_t due_us[TASKS_MAX];
    uint32_t n_tasks;
};

static int64_t now_us(void)
{
    struct clock *clock = real_clock();
    return clock->mono_us(clock);
}

static int64_t wait_us(const struct keeper *keeper, int64_t now)
{
    int64_t wait = watch_wait_us(keeper->watch, now);
    for (uint32_t i = 0; i < keeper->n_tasks; i++) {
        int64_t left = keeper->due_us[i] > now ? keeper->due_us[i] - now : 0;
        wait = left < wait ? left : wait;
    }
    return wait;
}

static void run_tasks(struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->n_tasks && !atomic_load(&keeper->stopping); i++) {
        if (now_us() < keeper->due_us[i])
            continue;
        keeper->tasks[i].run(keeper->tasks[i].self);
        keeper->due_us[i] = now_us() + keeper->tasks[i].every_us;
    }
}

static void *keep(void *self)
{
    struct keeper *keeper = self;
    struct pollfd fds[] = { { .fd = keeper->bell, .events = POLLIN },
                            { .fd = watch_fd(keeper->watch), .events = POLLIN } };

    (void) setpriority(PRIO_PROCESS, 0, KEEPER_NICE); /* of this thread: requests go first */
    reload_look(keeper->reload); /* what was saved between the first reading and the watch */
    while (!atomic_load(&keeper->stopping)) {
        /* Rounded up: a millisecond late, never a turn for nothing. */
        (void) poll(fds, 2, (int) ((wait_us(keeper, now_us()) + 999) / 1000));
        uint64_t rings;
        bool asked = read(keeper->bell, &rings, sizeof rings) == sizeof rings;
        if (atomic_load(&keeper->stopping))
            break;
        (void) watch_drain(keeper->watch, now_us());
        if (asked)
            reload_asked(keeper->reload);
        if (watch_is_due(keeper->watch, now_us()))
            reload_look(keeper->reload);
        run_tasks(keeper);
    }
    return NULL;
}

static void add_task(struct keeper *keeper, struct keeper_task task)
{
    if (keeper->n_tasks == TASKS_MAX)
        return;
    keeper->tasks[keeper->n_tasks] = task;
    keeper->due_us[keeper->n_tasks++] = now_us() + task.every_us;
}

static void release(struct keeper *keeper)
{
    watch_free(keeper->watch);
    if (keeper->bell >= 0)
        close(keeper->bell);
    free(keeper);
}

enum err keeper_start(struct reload *reload, const struct keeper_task *tasks, uint32_t n_tasks,
                      struct keeper **ret_keeper, struct err_note *note)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return err_fail(note, ERR_NOMEM, "no memory for the keeper");
    keeper->reload = reload;
    keeper->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    keeper->watch = watch_new(reload_dir(reload), now_us());
    add_task(keeper, (struct keeper_task){ "keep", REST_US / 2, keep_last_good, reload });
    for (uint32_t i = 0; i < n_tasks; i++)
        add_task(keeper, tasks[i]);
    if (keeper->bell < 0 || !keeper->watch ||
        pthread_create(&keeper->thread, NULL, keep, keeper) != 0) {
        release(keeper);
        return err_fail(note, ERR_UNAVAILABLE,
                        "cannot watch the rules: out of inotify instances or threads");
    }
    (void) pthread_setname_np(keeper->thread, "keeper");
    *ret_keeper = keeper;
    return OK;
}

struct keeper *keeper_stop(struct keeper *keeper)
{
    if (!keeper)
        return NULL;
    atomic_store(&keeper->stopping, true);
    keeper_wake(keeper);
    (void) pthread_join(keeper->thread, NULL);
    release(keeper);
    return NULL;
}

void keeper_wake(struct keeper *keeper)
{
    const uint64_t one = 1;
    ssize_t n = write(keeper->bell, &one, sizeof one);
    (void) n; /* full means it rings already */
}
