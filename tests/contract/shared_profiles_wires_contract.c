/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/shared_profiles.h promises while the network fails: a wire between the link and a real
 * Redis falls silent, or is cut, for one of its connections, or leads to another server from then
 * on. They are those of OFFERD_TEST_REDIS_URL and OFFERD_TEST_TWIN_URL (servers.py --twin); without
 * them nothing is asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis_at.h"
#include "shared_ground.h"
#include "store/redis/redis_url.h"

/* ── the wires ── */

enum { WIRES = 64 };

struct wires {
    pthread_t thread;
    int listener, port;
    _Atomic int server_port; /* where new ones lead */
    struct {
        int ends[2]; /* the link's, Redis' */
        bool hears;  /* it has subscribed */
    } of[WIRES];
    int n;
    _Atomic char silent; /* 'h': what hears; 'a': what asks; 0: none */
    _Atomic char cut;    /* the same; 0 again once it was done */
    _Atomic unsigned rounds;
    _Atomic bool stop;
};

static int loopback_socket(int port, bool listens)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = listens ? bind(fd, (struct sockaddr *) &address, sizeof address)
                         : connect(fd, (struct sockaddr *) &address, sizeof address);
    if (fd < 0 || status != 0 || (listens && listen(fd, WIRES) != 0))
        abort();
    return fd;
}

/* False once either end is gone. */
static bool carry(struct wires *wires, int wire, int from)
{
    char bytes[65536];
    ssize_t n = recv(wires->of[wire].ends[from], bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    if (from == 0 && memmem(bytes, (size_t) n, "SUBSCRIBE", 9))
        wires->of[wire].hears = true;
    return send(wires->of[wire].ends[!from], bytes, (size_t) n, MSG_NOSIGNAL) == n;
}

static void close_wire(struct wires *wires, int wire)
{
    close(wires->of[wire].ends[0]);
    close(wires->of[wire].ends[1]);
    wires->of[wire].ends[0] = -1;
}

static void *carry_on(void *arg)
{
    struct wires *wires = arg;
    while (!wires->stop) {
        const char cut = wires->cut;
        struct pollfd coming = { .fd = wires->listener, .events = POLLIN };
        if (poll(&coming, 1, 1) > 0 && wires->n < WIRES) {
            wires->of[wires->n].ends[0] = accept(wires->listener, NULL, NULL);
            wires->of[wires->n].ends[1] = loopback_socket(wires->server_port, false);
            wires->of[wires->n++].hears = false;
        }
        for (int i = 0; i < wires->n; i++) {
            const char kind = wires->of[i].hears ? 'h' : 'a';
            if (wires->of[i].ends[0] < 0)
                continue;
            bool keep = cut != kind &&
                        (wires->silent == kind || (carry(wires, i, 0) && carry(wires, i, 1)));
            if (!keep)
                close_wire(wires, i);
        }
        if (cut)
            wires->cut = 0;
        wires->rounds++;
    }
    return NULL;
}

/* From when it returns nothing is carried of what @kind means. */
static void fall_silent(struct wires *wires, char kind)
{
    wires->silent = kind;
    for (unsigned begun = wires->rounds; wires->rounds < begun + 2;)
        (void) usleep(100);
}

static void cut(struct wires *wires, char kind)
{
    for (wires->cut = kind; wires->cut;)
        (void) usleep(100);
}

static void lay_wires(struct wires *wires)
{
    struct redis_url *url = NULL;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_REDIS_URL"), &url, NULL), OK);
    *wires = (struct wires){ .server_port = url->port, .listener = loopback_socket(0, true) };
    redis_url_free(url);
    ck_assert_int_eq(getsockname(wires->listener, (struct sockaddr *) &address, &size), 0);
    wires->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&wires->thread, NULL, carry_on, wires), 0);
}

static void take_up_wires(struct wires *wires)
{
    wires->stop = true;
    pthread_join(wires->thread, NULL);
    close(wires->listener);
    for (int i = 0; i < wires->n; i++)
        if (wires->of[i].ends[0] >= 0)
            close_wire(wires, i);
}

/* ── what the link makes of it ── */

START_TEST(silence_on_either_connection_alone_ends_the_trust)
{
    static const char kinds[] = { 'h', 'a' };
    struct wires wires;
    struct ground g;
    char url[64];
    if (ground_is_skipped(REDIS))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: which connection hears is not to be read on a wire with TLS\n");
        return;
    }
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    ground_begin_at(&g, url);
    for (int i = 0; i < 2; i++) {
        RUN_UNTIL(&g, ground_is_trusted(&g));
        int doubts = g.told.doubts;
        ground_fetch_and_wait(&g, "c");

        int64_t held_up = 0;
        bool trusted_late = false;
        fall_silent(&wires, kinds[i]);
        int64_t start = ground_now_us();
        while (g.told.doubts == doubts && ground_now_us() < start + PATIENCE_MS * 1000) {
            held_up += ground_turn_held_up_us(&g);
            trusted_late |= g.shared->is_trusted(g.link, (struct str){ 0 }, start + TRUST_US);
        }
        int64_t doubted = ground_now_us() - start - held_up;
        wires.silent = 0;

        ck_assert(!trusted_late);
        ck_assert_int_le(doubted, 600000);
        ck_assert_int_eq(g.told.doubts, doubts + 1);
    }
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_end(&g);
    take_up_wires(&wires);
}
END_TEST

START_TEST(a_lost_connection_ends_fetches_is_a_doubt_and_is_made_again)
{
    static const char kinds[] = { 'a', 'h' };
    struct wires wires;
    struct ground g;
    char url[64];
    if (ground_is_skipped(REDIS))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: which connection hears is not to be read on a wire with TLS\n");
        return;
    }
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    ground_begin_at(&g, url);
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        RUN_UNTIL(&g, ground_is_trusted(&g));
        fall_silent(&wires, 'a'); /* else it might be answered before */
        g.told = (struct told){ 0 };
        ground_fetch(&g, &asked, "c");
        ground_turn(&g);

        cut(&wires, kinds[i]);
        RUN_UNTIL(&g, g.told.doubts == 1 && g.told.answers == 1);

        ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        ck_assert(!ground_is_trusted(&g));
        ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
        wires.silent = 0;
        RUN_UNTIL(&g, ground_is_trusted(&g));
        ground_fetch_and_wait(&g, "c");
        ck_assert_int_eq(g.told.answer, SHARED_BODY);
    }
    ground_put(&g, SHARED_COMMIT, "c", 2, "two"); /* the writer's connection was cut, too */
    RUN_UNTIL(&g, g.told.changed == 1);
    ground_end(&g);
    take_up_wires(&wires);
}
END_TEST

/* The same as ground_tell_server, at the second server. */
static const char *tell_twin(const char *format, ...)
{
    struct redis_url *url = NULL;
    va_list args;
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_TWIN_URL"), &url, NULL), OK);
    redisContext *c = redisConnect(url->host, url->port);
    redis_url_free(url);
    va_start(args, format);
    const char *answer = ground_tell_at(c, format, args);
    va_end(args);
    return answer;
}

static bool says(const char *answer, const char *word)
{
    return strstr(answer, word) != NULL;
}

/*
 * A failover as it is planned: the server that was the master keeps its clients and all that it
 * holds, is told of nothing but the master's life, and the address leads to the other from now on.
 */
START_TEST(a_server_that_has_become_a_replica_is_not_believed)
{
    struct wires wires;
    struct ground g;
    struct err_note note = { "" };
    struct redis_url *twin = NULL;
    char url[64];
    if (ground_is_skipped(REDIS) || !getenv("OFFERD_TEST_TWIN_URL"))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: a failover between a server with TLS and one without\n");
        return;
    }
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_TWIN_URL"), &twin, NULL), OK);
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    ground_begin_at(&g, url);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch_and_wait(&g, "c");
    tell_twin("REPLICAOF 127.0.0.1 %d", (int) wires.server_port);
    RUN_UNTIL(&g, says(tell_twin("INFO replication"), "master_link_status:up"));
    RUN_UNTIL(&g, ground_is_trusted(&g));

    ck_assert_str_eq(ground_tell_server("FAILOVER"), "OK");
    RUN_UNTIL(&g, says(ground_tell_server("INFO replication"), "role:slave"));
    enum err had = ground_try_get(&g, "c", &note);
    int64_t end_us = ground_now_us() + 300000;
    while (ground_now_us() < end_us)
        ground_turn(&g);
    bool trusted = ground_is_trusted(&g);
    wires.server_port = twin->port;
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_fetch_and_wait(&g, "c"); /* in the other's life */
    RUN_UNTIL(&g, ground_try_put(&g, "other", &(struct err_note){ "" }) == OK);
    ground_tell_server("REPLICAOF NO ONE");

    ck_assert_int_eq(had, ERR_UNAVAILABLE);
    ck_assert_msg(strstr(note.text, "READONLY") != NULL, "%s", note.text);
    ck_assert(!trusted);
    ck_assert_int_ge(g.told.doubts, 1);
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    ground_end(&g);
    take_up_wires(&wires);
    redis_url_free(twin);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        silence_on_either_connection_alone_ends_the_trust,
        a_lost_connection_ends_fetches_is_a_doubt_and_is_made_again,
        a_server_that_has_become_a_replica_is_not_believed,
    };
    return ground_main("contract/shared_profiles_wires", all, sizeof all / sizeof *all, 1);
}
