/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/retrain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/jobs/train_run.h"
#include "app/service/cgroup_memory.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/world/refresh.h"
#include "base/log.h"
#include "model/trained.h"
#include "ports/clock.h"

#define SECOND_US INT64_C(1000000)

enum {
    FIRST_S = 10,       /* after the start: replicas that start together do not race … */
    SPREAD_S = 10,      /* … and not in step either */
    AGAIN_S = 1800,     /* after a failure */
    ORDERS_LEAST = 200, /* fewer say nothing that counting does not */
    OWN_VARIABLES = 3,
    MEMORY_MB = 3072, /* what `offerd train` takes when nobody says (model/train.h) */
    MEMORY_WORD = 32,
};

/*
 * There while a training is under way. Found at the start it says that the last one ended with
 * its service, as in a container without memory: not again at once, or it never comes to serve.
 */
static const char MARK_NAME[] = "training.mark";

struct retrain {
    char mark[PATH_MAX];
    const struct stores *stores;
    struct refresh *refresh;
    struct metric_shard *shard;
    metric_id done, failed;
    int64_t every_us, next_us; /* next_us: monotonic */
    pid_t child;               /* 0: none */
};

/* A mark that cannot be made changes nothing: it only saves a service from itself. */
static void put_mark(const struct retrain *retrain)
{
    int fd = open(retrain->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void) close(fd);
}

static void look_for_mark(struct retrain *retrain, int64_t now_us)
{
    if (access(retrain->mark, F_OK) != 0)
        return;
    (void) unlink(retrain->mark);
    metric_add(retrain->shard, retrain->failed, 1);
    retrain->next_us = now_us + AGAIN_S * SECOND_US;
    log_line(LOG_WARNING, "training",
             "the last `offerd train` ended together with the service, perhaps for lack of memory; "
             "it is tried again in %d minutes",
             AGAIN_S / 60);
}

enum err retrain_new(const struct stores *stores, struct refresh *refresh, int64_t every_us,
                     struct metrics *metrics, struct retrain **ret_retrain)
{
    AUTO(retrain_free) struct retrain *retrain = calloc(1, sizeof *retrain);
    if (!retrain)
        return ERR_NOMEM;
    struct clock *clock = real_clock();
    retrain->stores = stores;
    retrain->refresh = refresh;
    retrain->shard = metric_shard_new(metrics);
    retrain->every_us = every_us;
    retrain->next_us = clock->mono_us(clock) + (FIRST_S + getpid() % SPREAD_S) * SECOND_US;
    retrain->done = metric_register(metrics, METRIC_COUNTER, "offerd_trainings_total",
                                    "Trainings that the service started, by how they ended.",
                                    STR("result=\"done\""));
    retrain->failed = metric_register(metrics, METRIC_COUNTER, "offerd_trainings_total",
                                      "Trainings that the service started, by how they ended.",
                                      STR("result=\"failed\""));
    int len = snprintf(retrain->mark, PATH_MAX, "%s/%s", stores->data_dir, MARK_NAME);
    if (len < 0 || len >= PATH_MAX)
        return ERR_INPUT;
    if (!retrain->shard)
        return ERR_NOMEM;
    if (every_us > 0)
        look_for_mark(retrain, clock->mono_us(clock));
    *ret_retrain = MOVE(retrain);
    return OK;
}

/* ── the process ─────────────────────────────────────────────────────────────────────────── */

static bool is_own(const char *variable, char *const *own)
{
    for (int i = 0; i < OWN_VARIABLES; i++)
        if (strncmp(variable, own[i], (size_t) (strchr(own[i], '=') - own[i]) + 1) == 0)
            return true;
    return false;
}

/* Ours, with where the orders are: not among the words, where every process may read a password. */
static char **environment_with(char *const *own)
{
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **variables = calloc(n + OWN_VARIABLES + 1, sizeof *variables);
    for (size_t i = 0; variables && i < n; i++)
        if (!is_own(environ[i], own))
            variables[kept++] = environ[i];
    for (int i = 0; variables && i < OWN_VARIABLES; i++)
        variables[kept++] = own[i];
    return variables;
}

/* Idle priority, no signal blocked, nothing on standard output. */
static int spawn_idle(char *const *words, char *const *environment, pid_t *ret_child)
{
    const struct sched_param priority = { 0 };
    sigset_t none, all;
    posix_spawnattr_t how;
    posix_spawn_file_actions_t files;
    int fault = posix_spawnattr_init(&how);
    if (fault)
        return fault;
    if ((fault = posix_spawn_file_actions_init(&files))) {
        (void) posix_spawnattr_destroy(&how);
        return fault;
    }
    (void) sigemptyset(&none);
    (void) sigfillset(&all);
    (void) posix_spawnattr_setsigmask(&how, &none);
    (void) posix_spawnattr_setsigdefault(&how, &all);
    (void) posix_spawnattr_setschedpolicy(&how, SCHED_IDLE);
    (void) posix_spawnattr_setschedparam(&how, &priority);
    (void) posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSCHEDULER);
    fault = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!fault)
        fault = posix_spawn(ret_child, "/proc/self/exe", &files, &how, words, environment);
    (void) posix_spawn_file_actions_destroy(&files);
    (void) posix_spawnattr_destroy(&how);
    return fault;
}

static char *variable(const char *name, struct str value)
{
    char *text = NULL;
    return asprintf(&text, "%s=%.*s", name, STR_ARG(value)) < 0 ? NULL : text;
}

/*
 * How much `offerd train` may take beside the orders: in a control group that has a limit, half of
 * what is left, since the orders go into the other half and the service grows meanwhile. A
 * container without memory is ended as a whole, the service with it. Empty: as much as ever.
 */
static void memory_word(char word[MEMORY_WORD])
{
    uint64_t left;
    word[0] = '\0';
    if (!cgroup_memory_left("", &left) || left / 2 >> 20 >= MEMORY_MB)
        return;
    unsigned mb = left / 2 >> 20 ? (unsigned) (left / 2 >> 20) : 1;
    (void) snprintf(word, MEMORY_WORD, "--memory=%u", mb);
    log_line(LOG_INFO, "training", "it may take %u MB: half of what the memory limit leaves", mb);
}

static int start(struct retrain *retrain)
{
    const struct stores *stores = retrain->stores;
    char data[] = "--data", quiet[] = "--quiet", attached[] = "--attached", threads[] = "--threads",
         one[] = "1", train[] = "train", offerd[] = "offerd", memory[MEMORY_WORD];
    char *own[OWN_VARIABLES] = { variable("OFFERD_DATABASE_URL", str_of(stores->database_url)),
                                 variable("OFFERD_REDIS_URL", str_of(stores->redis_url)),
                                 variable("OFFERD_SHOP", stores->shop) };
    char *directory = strdup(stores->data_dir);
    memory_word(memory);
    char *const words[] = { offerd,   train,     quiet,
                            attached, threads,   one,
                            data,     directory, memory[0] ? memory : NULL,
                            NULL };
    char **environment = NULL;
    int fault = ENOMEM;
    if (directory && own[0] && own[1] && own[2] && (environment = environment_with(own)))
        fault = spawn_idle(words, environment, &retrain->child);
    free((void *) environment);
    free(directory);
    for (int i = 0; i < OWN_VARIABLES; i++)
        free(own[i]);
    return fault;
}

/* ── when ────────────────────────────────────────────────────────────────────────────────── */

static bool is_due(const struct retrain *retrain)
{
    struct refresh_state state = refresh_state(retrain->refresh);
    if (state.orders < ORDERS_LEAST)
        return false;
    if (!state.trained)
        return true;
    struct clock *clock = real_clock();
    const struct trained_facts *facts = trained_facts(state.trained);
    return state.position > facts->position &&
           clock->wall_us(clock) - facts->trained_us >= retrain->every_us;
}

static void take_end(struct retrain *retrain, int status, int64_t now_us)
{
    retrain->child = 0;
    (void) unlink(retrain->mark);
    bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == TRAIN_ELSEWHERE) {
        retrain->next_us = now_us + AGAIN_S * SECOND_US;
        return;
    }
    metric_add(retrain->shard, done ? retrain->done : retrain->failed, 1);
    retrain->next_us = now_us + (done ? FIRST_S : AGAIN_S) * SECOND_US;
    if (done)
        log_line(LOG_INFO, "training", "trained again");
    else
        log_line(LOG_WARNING, "training",
                 "`offerd train` ended with %s %d; the model stays as it is, and it is tried again "
                 "in %d minutes",
                 WIFSIGNALED(status) ? "signal" : "exit code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), AGAIN_S / 60);
}

void retrain_look(void *self)
{
    struct retrain *retrain = self;
    struct clock *clock = real_clock();
    int64_t now_us = clock->mono_us(clock);
    int status;
    if (retrain->child) {
        if (waitpid(retrain->child, &status, WNOHANG) == retrain->child)
            take_end(retrain, status, now_us);
        return;
    }
    if (retrain->every_us == 0 || now_us < retrain->next_us || !is_due(retrain))
        return;
    put_mark(retrain);
    int fault = start(retrain);
    if (fault) {
        retrain->child = 0;
        (void) unlink(retrain->mark);
        retrain->next_us = now_us + AGAIN_S * SECOND_US;
        metric_add(retrain->shard, retrain->failed, 1);
        log_line(LOG_WARNING, "training",
                 "`offerd train` cannot be started: %s; the model stays as it is, and it is tried "
                 "again in %d minutes",
                 strerror(fault), AGAIN_S / 60);
    }
}

struct retrain *retrain_free(struct retrain *retrain)
{
    if (!retrain)
        return NULL;
    if (retrain->child) {
        (void) kill(retrain->child, SIGTERM);
        while (waitpid(retrain->child, NULL, 0) < 0 && errno == EINTR)
            continue;
        (void) unlink(retrain->mark);
    }
    free(retrain);
    return NULL;
}
