/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_address.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/out.h"
#include "store/postgresql/pg_options.h"

enum { HOSTS_MAX = 16, SETTINGS_MAX = 16 };

/* The three lists of an address that go together, each with commas between its entries. */
struct lists {
    struct out hosts, addresses, ports;
    uint32_t n;
};

/* One question to the resolver: the asker's and the thread's, freed by who is last. */
struct question {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    char *hosts, *ports; /* as in the address; ports NULL: the default */
    struct lists found;
    bool done;
    int failed; /* getaddrinfo's code of the last host that has no address; nothing found */
    atomic_int holders;
};

struct pg_address {
    char *url, *hosts, *ports;
    bool is_resolved_by_libpq; /* a socket, or an address in numbers given beside the name */
    struct question *question;
};

/* ── a question ──────────────────────────────────────────────────────────────────────────── */

static void lists_init(struct lists *lists)
{
    out_init(&lists->hosts, NULL, 0);
    out_init(&lists->addresses, NULL, 0);
    out_init(&lists->ports, NULL, 0);
}

static void question_drop(struct question *question)
{
    if (!question || atomic_fetch_sub(&question->holders, 1) > 1)
        return;
    free(question->hosts);
    free(question->ports);
    out_deinit(&question->found.hosts);
    out_deinit(&question->found.addresses);
    out_deinit(&question->found.ports);
    pthread_cond_destroy(&question->answered);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

static void add(struct lists *lists, struct str host, const char *address, struct str port)
{
    struct out *const columns[] = { &lists->hosts, &lists->addresses, &lists->ports };
    const struct str values[] = { host, str_of(address), port };
    for (int i = 0; i < 3; i++) {
        if (lists->n > 0)
            out_char(columns[i], ',');
        out_text(columns[i], values[i]);
    }
    lists->n++;
}

/* All addresses of @host; a socket's directory stays as it is. */
static void look_up(struct question *question, struct str host, struct str port)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *all = NULL;
    char text[NI_MAXHOST], name[NI_MAXHOST];
    if (host.len == 0 || host.at[0] == '/' || host.at[0] == '@' || host.len >= sizeof name) {
        add(&question->found, host, "", port);
        return;
    }
    memcpy(name, host.at, host.len);
    name[host.len] = '\0';
    int failed = getaddrinfo(name, NULL, &hints, &all);
    for (struct addrinfo *one = all; one; one = one->ai_next)
        if (question->found.n < HOSTS_MAX && getnameinfo(one->ai_addr, one->ai_addrlen, text,
                                                         sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            add(&question->found, host, text, port);
    if (failed)
        question->failed = failed;
    else
        freeaddrinfo(all);
}

/* The entry of a list with commas that begins at *@at; moves behind it. */
static struct str entry(const char **at)
{
    size_t len = strcspn(*at, ",");
    struct str one = { *at, len };
    *at += len + ((*at)[len] == ',');
    return one;
}

static void *ask(void *self)
{
    struct question *question = self;
    const char *host = question->hosts, *port = question->ports ? question->ports : "";
    bool one_port = !strchr(port, ',');
    const char *last = host + strlen(host);
    do {
        const char *same = port;
        struct str name = entry(&host);
        look_up(question, name, one_port ? entry(&same) : entry(&port));
    } while (host < last);
    pthread_mutex_lock(&question->lock);
    question->done = true;
    pthread_cond_signal(&question->answered);
    pthread_mutex_unlock(&question->lock);
    question_drop(question);
    return NULL;
}

static struct question *question_new(const struct pg_address *address)
{
    pthread_condattr_t monotonic;
    pthread_t thread;
    struct question *question = calloc(1, sizeof *question);
    if (!question)
        return NULL;
    pthread_mutex_init(&question->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&question->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    lists_init(&question->found);
    atomic_store(&question->holders, 2);
    question->hosts = strdup(address->hosts);
    question->ports = address->ports ? strdup(address->ports) : NULL;
    if (question->hosts && (question->ports || !address->ports) &&
        pthread_create(&thread, NULL, ask, question) == 0) {
        pthread_detach(thread);
        return question;
    }
    atomic_store(&question->holders, 1);
    question_drop(question);
    return NULL;
}

static bool is_answered(struct question *question, int64_t deadline_us)
{
    const struct timespec deadline = { deadline_us / 1000000, deadline_us % 1000000 * 1000 };
    int waited = 0;
    pthread_mutex_lock(&question->lock);
    while (!question->done && waited == 0)
        waited = pthread_cond_timedwait(&question->answered, &question->lock, &deadline);
    bool done = question->done;
    pthread_mutex_unlock(&question->lock);
    return done;
}

/* ── an address ──────────────────────────────────────────────────────────────────────────── */

enum err pg_address_resolve(struct pg_address *address, int64_t deadline_us, bool *ret_known,
                            struct err_note *note)
{
    *ret_known = true;
    if (address->is_resolved_by_libpq)
        return OK;
    if (!address->question)
        address->question = question_new(address);
    if (!address->question)
        return ERR_NOMEM;
    *ret_known = is_answered(address->question, deadline_us);
    if (!*ret_known || address->question->found.n > 0)
        return OK;
    int failed = address->question->failed;
    question_drop(address->question);
    address->question = NULL;
    return err_fail(note, ERR_UNAVAILABLE, "the host is not known: %s", gai_strerror(failed));
}

PGconn *pg_address_connect(struct pg_address *address, const char *const *names,
                           const char *const *values, int n)
{
    const char *all_names[SETTINGS_MAX + 6] = { 0 }, *all_values[SETTINGS_MAX + 6] = { 0 };
    struct question *question = address->question;
    memcpy(all_names, names, (size_t) n * sizeof *names);
    memcpy(all_values, values, (size_t) n * sizeof *values);
    all_names[n] = "dbname"; /* the whole address; what comes after it wins over it */
    all_values[n++] = address->url;
    all_names[n] = "client_encoding";
    all_values[n++] = "UTF8";
    if (question) {
        struct lists *found = &question->found;
        struct out *const lists[] = { &found->hosts, &found->addresses, &found->ports };
        static const char *const list_names[] = { "host", "hostaddr", "port" };
        for (int i = 0; i < 3; i++) {
            out_char(lists[i], '\0');
            all_names[n] = list_names[i];
            all_values[n++] = lists[i]->failed ? "" : lists[i]->at;
        }
    }
    PGconn *conn = PQconnectStartParams(all_names, all_values, 1);
    question_drop(question);
    address->question = NULL;
    return conn;
}

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* *ret_options is the caller's (PQconninfoFree): what @url says, and libpq takes. */
static enum err read_options(const char *url, PQconninfoOption **ret_options, struct err_note *note)
{
    bool is_uri = strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
    char *why = NULL; /* may show the whole text */
    PQconninfoOption *options = is_uri || strchr(url, '=') ? PQconninfoParse(url, &why) : NULL;
    enum err err =
        options ? pg_options_check(url, options, note) : pg_options_unreadable(why, note);
    PQfreemem(why);
    if (err != OK) {
        PQconninfoFree(options);
        return err;
    }
    *ret_options = options;
    return OK;
}

enum err pg_address_new(const char *url, struct pg_address **ret_address, struct err_note *note)
{
    PQconninfoOption *options = NULL;
    TRY(read_options(url, &options, note));
    AUTO(pg_address_free) struct pg_address *address = calloc(1, sizeof *address);
    const char *hosts = pg_option(options, "host"), *ports = pg_option(options, "port");
    if (address) {
        address->url = strdup(url);
        address->hosts = copy_of(hosts);
        address->ports = copy_of(ports);
        address->is_resolved_by_libpq = !hosts || pg_option(options, "hostaddr");
    }
    bool complete =
        address && address->url && (address->hosts || !hosts) && (address->ports || !ports);
    PQconninfoFree(options);
    if (!complete)
        return ERR_NOMEM;
    *ret_address = MOVE(address);
    return OK;
}

struct pg_address *pg_address_free(struct pg_address *address)
{
    if (!address)
        return NULL;
    question_drop(address->question);
    free(address->url);
    free(address->hosts);
    free(address->ports);
    free(address);
    return NULL;
}
