/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storefront: shoppers who ask, see, decline, accept and buy, and write down what they were
 * answered. The load of the fault tests (tests/faults/), and their witness.
 *
 * One thread, one epoll. Each shopper does one thing after the other: looks at products (events),
 * asks for offers, tells that they were shown (events), declines (an event) or accepts (its own
 * endpoint), buys (an event); then thinks, and after some visits is another customer. An event is
 * sent with the same event_id until it is acknowledged, as a storefront must. A request whose
 * connection broke goes to the next target. With several targets a shopper goes to one chosen by
 * its number, or with --roam each request to any; then at least --settle-ms pass between an
 * acknowledgement and the next question, because that is what replicas promise one another.
 *
 * A decision is late when more than budget_ms + 5 ms pass from the write of the request to the
 * read of the answer. So that we are not late ourselves, we ask for real-time scheduling if we
 * may; and canaries (canary.h) note when the machine stood still, as a whole or one core of it.
 *
 * The journal (--journal F) has a line a fact, separated by tabs; times are CLOCK_MONOTONIC µs:
 *   D sent answered target customer http-status degraded rule,rule   a decision
 *   E time event_id customer type rule decision_id offer_id status target   acknowledged
 *   A time customer rule decision_id offer_id http-status            answer to an accept
 *   L sent answered target degraded                                  a late decision
 *   F time target http-status text                                   an answer with 5xx, or 4xx not looked for
 *   V time customer rule what                                        offered what should not be
 *   B sent broke target what                                         a request without an answer
 *   H due woke core                                                  a canary overslept
 * At the end a JSON object with the counts goes to stdout. Ends after --seconds or on SIGTERM: what
 * is under way is finished, for at most --finish-s.
 */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "canary.h"

enum {
    MOST_TARGETS = 8,
    MOST_OFFERS = 3,
    MOST_RULES = 32,
    MOST_EVENTS = 5,
    REQUEST_BYTES = 8192,
    ANSWER_BYTES = 65536,
    ID_BYTES = 64,
    GRACE_US = 5000,
    OFFERS_PATIENCE_US = 5000000, /* an answer that has not come by then never will */
    EVENTS_PATIENCE_US = 15000000,
    AGAIN_US = 20000, /* until a failed request is tried again */
};

static const char *const skus[] = { "CAM-A7", "CAM-A5", "CAM-A3", "CARD-128", "CAM-A7R" };

enum step { VIEW, ASK, SHOW, DECLINE, ACCEPT, BUY };

struct offer {
    char offer_id[512];
    int rule; /* index in the table of names */
};

struct link {
    struct shopper *shopper;
    int fd;
    bool connecting;
};

struct shopper {
    struct link links[MOST_TARGETS];
    unsigned number, target, customers, visits, sequence;
    enum step step;
    bool waiting;  /* for an answer */
    bool degraded; /* its last decision */
    bool pending;  /* a request that must be sent (again) until it is answered */
    bool done;
    int64_t due_us, sent_us, acknowledged_us;
    char customer[ID_BYTES];
    char event_ids[MOST_EVENTS][ID_BYTES];
    unsigned n_events;
    char decision_id[ID_BYTES];
    struct offer offers[MOST_OFFERS];
    unsigned n_offers, chosen;
    uint8_t shown[MOST_RULES];
    bool declined[MOST_RULES];
    char request[REQUEST_BYTES];
    size_t request_len, request_sent;
    char *answer; /* ANSWER_BYTES */
    size_t answer_len;
};

struct samples {
    uint32_t *at;
    size_t n, room;
};

static struct {
    struct sockaddr_in targets[MOST_TARGETS];
    char names[MOST_TARGETS][32];
    unsigned n_targets, n_shoppers, visits, budget_ms, settle_ms, cap, seed, limit;
    double rate, seconds, finish_seconds;
    bool roam, burst, ask_only;
    const char *placement, *prefix;
    FILE *journal;
} set = { .n_shoppers = 64,
          .visits = 8,
          .budget_ms = 20,
          .rate = 500,
          .seconds = 5,
          .finish_seconds = 30,
          .limit = 2,
          .placement = "cart-drawer",
          .prefix = "s" };

static struct {
    uint64_t asked, answered, late, not_200, server_errors, degraded, with_offers;
    uint64_t events, acknowledged, duplicates, rejected, events_refused, events_failed;
    uint64_t accepted, accepts_refused, accepts_later, accepts_failed;
    uint64_t broken, refused_connections, violations;
    struct samples offers_us, events_us;
    char rules[MOST_RULES][ID_BYTES];
    int n_rules;
} seen;

static int epoll_fd;
static uint64_t dice;
static volatile sig_atomic_t told_to_end;

static void die(const char *what)
{
    fprintf(stderr, "storefront: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static uint32_t roll(void) /* xorshift64* */
{
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (uint32_t) ((dice * 2685821657736338717ULL) >> 32);
}

static bool chance(unsigned percent)
{
    return roll() % 100 < percent;
}

static void samples_add(struct samples *samples, int64_t us)
{
    if (samples->n == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 65536;
        samples->at = realloc(samples->at, samples->room * sizeof *samples->at);
        if (!samples->at)
            die("samples");
    }
    samples->at[samples->n++] = (uint32_t) us;
}

__attribute__((format(printf, 1, 2))) static void note(const char *form, ...)
{
    if (!set.journal)
        return;
    va_list args;
    va_start(args, form);
    vfprintf(set.journal, form, args);
    va_end(args);
    fputc('\n', set.journal);
}

static int rule_index(const char *name)
{
    for (int i = 0; i < seen.n_rules; i++) {
        if (strcmp(seen.rules[i], name) == 0)
            return i;
    }
    if (seen.n_rules == MOST_RULES)
        return MOST_RULES - 1;
    snprintf(seen.rules[seen.n_rules], ID_BYTES, "%s", name);
    return seen.n_rules++;
}

/* ── what a shopper says ──────────────────────────────────────────────────────────────────────── */

__attribute__((format(printf, 3, 4))) static size_t add(char *text, size_t at, const char *form,
                                                        ...)
{
    va_list args;
    va_start(args, form);
    int n = vsnprintf(text + at, REQUEST_BYTES - at, form, args);
    va_end(args);
    if (n < 0 || at + (size_t) n >= REQUEST_BYTES) {
        errno = EMSGSIZE;
        die("request");
    }
    return at + (size_t) n;
}

static void request_set(struct shopper *s, const char *path, const char *body)
{
    size_t n = add(s->request, 0,
                   "POST %s HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   path, strlen(body), body);
    s->request_len = n;
    s->pending = true;
}

static size_t add_event(struct shopper *s, char *body, size_t n, const char *type)
{
    char *id = s->event_ids[s->n_events];
    snprintf(id, ID_BYTES, "%s%u-%u", set.prefix, s->number, s->sequence++);
    n = add(body, n,
            "%s{\"event_id\":\"%s\",\"type\":\"%s\",\"customer_id\":\"%s\",\"session_id\":\"%s\"",
            s->n_events ? "," : "[", id, type, s->customer, s->customer);
    s->n_events++;
    return n;
}

static size_t add_offer_event(struct shopper *s, char *body, size_t n, const char *type,
                              const struct offer *offer)
{
    n = add_event(s, body, n, type);
    return add(body, n, ",\"decision_id\":\"%s\",\"offer_id\":\"%s\"}", s->decision_id,
               offer->offer_id);
}

static void say_events(struct shopper *s)
{
    static char body[REQUEST_BYTES];
    size_t n = 0;
    s->n_events = 0;

    if (s->step == VIEW) {
        for (unsigned i = 1 + roll() % MOST_EVENTS; i > 0; i--) {
            n = add_event(s, body, n, "product_viewed");
            n = add(body, n, ",\"sku\":\"%s\"}", skus[roll() % 5]);
        }
    } else if (s->step == SHOW) {
        for (unsigned i = 0; i < s->n_offers; i++)
            n = add_offer_event(s, body, n, "offer_shown", &s->offers[i]);
    } else if (s->step == DECLINE) {
        n = add_offer_event(s, body, n, "offer_declined", &s->offers[s->chosen]);
    } else {
        n = add_event(s, body, n, "order_placed");
        n = add(body, n,
                ",\"order\":{\"id\":\"o-%s\",\"currency\":\"JPY\",\"items\":[{\"sku\":\"%s\","
                "\"quantity\":1,\"unit_price\":3980}]}}",
                s->event_ids[0], skus[roll() % 5]);
    }
    add(body, n, "]");
    seen.events += s->n_events;
    request_set(s, "/events", body);
}

static void say_ask(struct shopper *s)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"placement\":\"%s\",\"trigger\":\"add_to_cart\",\"customer_id\":\"%s\","
             "\"session_id\":\"%s\",\"item\":\"CAM-A7\",\"locale\":\"en\",\"limit\":%u,"
             "\"budget_ms\":%u,\"cart\":{\"currency\":\"JPY\",\"items\":[{\"sku\":\"CAM-A7\","
             "\"quantity\":1,\"unit_price\":198000}]}}",
             set.placement, s->customer, s->customer, set.limit, set.budget_ms);
    s->n_offers = 0;
    seen.asked++;
    request_set(s, "/offers", body);
}

static void say_accept(struct shopper *s)
{
    static char path[REQUEST_BYTES];
    add(path, 0, "/offers/%s/%s/accept", s->decision_id, s->offers[s->chosen].offer_id);
    request_set(s, path, "{}");
}

static void customer_new(struct shopper *s)
{
    snprintf(s->customer, ID_BYTES, "%s%u-c%u", set.prefix, s->number, s->customers++);
    memset(s->shown, 0, sizeof s->shown);
    memset(s->declined, 0, sizeof s->declined);
    s->visits = 0;
}

static int64_t think_us(void)
{
    if (set.rate <= 0)
        return 0;
    /* Exponential, by the mean of 12 halvings: no libm needed. -ln(u) = ln 2 · (leading zeros + …). */
    double u = (roll() + 1.0) / 4294967296.0, ln = 0;
    while (u < .5) {
        u *= 2;
        ln += .6931471805599453;
    }
    double x = (1 - u) / (1 + u); /* -ln u = 2 (x + x³/3 + x⁵/5 + …) for u in [½, 1] */
    ln += 2 * (x + x * x * x / 3 + x * x * x * x * x / 5);
    return (int64_t) (ln * 1e6 * set.n_shoppers / set.rate);
}

static void step_to(struct shopper *s, enum step step)
{
    s->step = step;
    s->due_us = now_us() + think_us();
    if (step == ASK && set.settle_ms) {
        int64_t settled = s->acknowledged_us + set.settle_ms * 1000LL;
        if (s->due_us < settled)
            s->due_us = settled;
    }
}

static void visit_ends(struct shopper *s)
{
    if (set.burst) {
        s->done = true;
        return;
    }
    if (++s->visits >= set.visits)
        customer_new(s);
    step_to(s, chance(50) && !set.ask_only ? VIEW : ASK);
}

/* In a crowd: who was answered without all that there is to know asks again, until it is known. */
static bool asks_again(struct shopper *s)
{
    if (!set.burst || !s->degraded || s->n_offers > 0 || ++s->visits >= 100)
        return false;
    s->due_us = now_us() + 50000 + roll() % 200000;
    return true;
}

static void step_next(struct shopper *s)
{
    if (s->step == ASK && asks_again(s))
        return;
    switch (s->step) {
    case VIEW: step_to(s, ASK); break;
    case ASK:
        if (s->n_offers == 0 || set.ask_only)
            visit_ends(s);
        else
            step_to(s, set.burst ? ACCEPT : SHOW);
        break;
    case SHOW:
        s->chosen = roll() % s->n_offers;
        if (chance(30))
            step_to(s, chance(40) ? DECLINE : ACCEPT);
        else if (chance(20))
            step_to(s, BUY);
        else
            visit_ends(s);
        break;
    default: visit_ends(s);
    }
}

/* ── connections ──────────────────────────────────────────────────────────────────────────────── */

static void link_close(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    link->connecting = false;
}

static bool link_open(struct link *link, unsigned target)
{
    int one = 1;
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        die("socket");
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(link->fd, (void *) &set.targets[target], sizeof set.targets[target]) < 0 &&
        errno != EINPROGRESS) {
        link_close(link);
        return false;
    }
    link->connecting = true;
    struct epoll_event wish = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = link };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, link->fd, &wish) < 0)
        die("epoll_ctl");
    return true;
}

/* The request has no answer: it goes to the next target, soon. */
static void broke(struct shopper *s, bool was_sent, const char *what)
{
    if (was_sent) {
        seen.broken++;
        note("B\t%ld\t%ld\t%s\t%s", s->sent_us, now_us(), set.names[s->target], what);
    } else {
        seen.refused_connections++;
    }
    link_close(&s->links[s->target]);
    s->waiting = false;
    s->target = (s->target + 1) % set.n_targets;
    s->due_us = now_us() + AGAIN_US / 2 + roll() % AGAIN_US;
}

static void request_write(struct shopper *s)
{
    struct link *link = &s->links[s->target];
    if (s->request_sent == 0)
        s->sent_us = now_us();
    while (s->request_sent < s->request_len) {
        ssize_t n = send(link->fd, s->request + s->request_sent, s->request_len - s->request_sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            broke(s, s->request_sent > 0, "write");
            return;
        }
        s->request_sent += (size_t) n;
    }
}

static void request_start(struct shopper *s)
{
    if (!s->pending) {
        if (set.roam)
            s->target = roll() % set.n_targets;
        switch (s->step) {
        case ASK: say_ask(s); break;
        case ACCEPT: say_accept(s); break;
        default: say_events(s);
        }
    }
    struct link *link = &s->links[s->target];
    s->waiting = true;
    s->request_sent = s->answer_len = 0;
    s->sent_us = now_us();
    if (link->fd < 0) {
        if (!link_open(link, s->target))
            broke(s, false, "connect");
    } else if (!link->connecting) {
        request_write(s);
    }
}

/* ── what a shopper hears ─────────────────────────────────────────────────────────────────────── */

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

static void offers_look(struct shopper *s, const cJSON *answer)
{
    const cJSON *offer;
    snprintf(s->decision_id, ID_BYTES, "%s", text_of(answer, "decision_id"));
    cJSON_ArrayForEach(offer, cJSON_GetObjectItemCaseSensitive(answer, "offers"))
    {
        if (s->n_offers == MOST_OFFERS)
            break;
        struct offer *mine = &s->offers[s->n_offers++];
        snprintf(mine->offer_id, sizeof mine->offer_id, "%s", text_of(offer, "offer_id"));
        mine->rule = rule_index(text_of(offer, "rule"));
        const char *wrong = s->declined[mine->rule]                      ? "offered after a decline"
                            : set.cap && s->shown[mine->rule] >= set.cap ? "offered over the cap"
                                                                         : NULL;
        if (wrong) {
            seen.violations++;
            note("V\t%ld\t%s\t%s\t%s, shown %u, by %s", s->sent_us, s->customer,
                 seen.rules[mine->rule], wrong, s->shown[mine->rule], set.names[s->target]);
        }
    }
    seen.with_offers += s->n_offers > 0;
}

static void hear_offers(struct shopper *s, int status, const char *body, int64_t at_us)
{
    static char why[256];
    seen.answered++;
    samples_add(&seen.offers_us, at_us - s->sent_us);
    why[0] = '\0';
    if (status == 200) {
        cJSON *answer = cJSON_Parse(body);
        const cJSON *degraded = cJSON_GetObjectItemCaseSensitive(answer, "degraded");
        for (const cJSON *word = degraded ? degraded->child : NULL; word; word = word->next) {
            size_t n = strlen(why);
            snprintf(why + n, sizeof why - n, "%s ", word->valuestring ? word->valuestring : "?");
        }
        s->degraded = why[0] != '\0';
        seen.degraded += s->degraded;
        offers_look(s, answer);
        cJSON_Delete(answer);
    } else {
        seen.not_200++;
        seen.server_errors += status >= 500;
        note("F\t%ld\t%s\t%d\t%.200s", at_us, set.names[s->target], status, body);
    }
    char rules[MOST_OFFERS * (ID_BYTES + 1) + 1] = "";
    for (unsigned i = 0; i < s->n_offers && !set.burst; i++)
        strcat(strcat(rules, i ? "," : ""), seen.rules[s->offers[i].rule]);
    note("D\t%ld\t%ld\t%s\t%s\t%d\t%s\t%s", s->sent_us, at_us, set.names[s->target], s->customer,
         status, why, rules);
    if (at_us - s->sent_us > set.budget_ms * 1000LL + GRACE_US) {
        seen.late++;
        note("L\t%ld\t%ld\t%s\t%s", s->sent_us, at_us, set.names[s->target], why);
    }
    s->pending = false;
    step_next(s);
}

static void event_acknowledged(struct shopper *s, unsigned i, const char *status, int64_t at_us)
{
    static const char *const types[] = { "product_viewed", "", "offer_shown",
                                         "offer_declined", "", "order_placed" };
    const struct offer *offer = s->step == SHOW      ? &s->offers[i]
                                : s->step == DECLINE ? &s->offers[s->chosen]
                                                     : NULL;
    seen.acknowledged++;
    seen.duplicates += strcmp(status, "duplicate") == 0;
    if (offer && s->step == SHOW)
        s->shown[offer->rule]++;
    if (offer && s->step == DECLINE)
        s->declined[offer->rule] = true;
    note("E\t%ld\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", at_us, s->event_ids[i], s->customer,
         types[s->step], offer ? seen.rules[offer->rule] : "", offer ? s->decision_id : "",
         offer ? offer->offer_id : "", status, set.names[s->target]);
}

static void again_later(struct shopper *s)
{
    s->due_us = now_us() + AGAIN_US + roll() % (2 * AGAIN_US);
    if (set.n_targets > 1 && chance(50))
        s->target = (s->target + 1) % set.n_targets;
}

static void hear_events(struct shopper *s, int status, const char *body, int64_t at_us)
{
    if (status >= 500) {
        seen.events_refused += status == 503;
        seen.events_failed += status != 503;
        note("F\t%ld\t%s\t%d\t%.200s", at_us, set.names[s->target], status, body);
        again_later(s);
        return;
    }
    samples_add(&seen.events_us, at_us - s->sent_us);
    cJSON *answer = cJSON_Parse(body);
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(answer, "results");
    for (unsigned i = 0; i < s->n_events; i++) {
        const char *what = text_of(cJSON_GetArrayItem(results, (int) i), "status");
        if (status == 202 && (strcmp(what, "accepted") == 0 || strcmp(what, "duplicate") == 0)) {
            event_acknowledged(s, i, what, at_us);
        } else {
            seen.rejected++;
            note("F\t%ld\t%s\t%d\t%.300s", at_us, set.names[s->target], status, body);
        }
    }
    cJSON_Delete(answer);
    s->acknowledged_us = at_us;
    s->pending = false;
    step_next(s);
}

static void hear_accept(struct shopper *s, int status, const char *body, int64_t at_us)
{
    note("A\t%ld\t%s\t%s\t%s\t%s\t%d", at_us, s->customer, seen.rules[s->offers[s->chosen].rule],
         s->decision_id, s->offers[s->chosen].offer_id, status);
    if (status >= 500) {
        seen.accepts_later += status == 503;
        seen.events_failed += status != 503;
        note("F\t%ld\t%s\t%d\t%.200s", at_us, set.names[s->target], status, body);
        again_later(s);
        return;
    }
    samples_add(&seen.events_us, at_us - s->sent_us);
    seen.accepted += status == 200;
    seen.accepts_refused += status == 409;
    if (status != 200 && status != 409) {
        seen.accepts_failed++;
        note("F\t%ld\t%s\t%d\t%.200s", at_us, set.names[s->target], status, body);
    }
    s->acknowledged_us = at_us;
    s->pending = false;
    step_next(s);
}

/* The whole of an answer is there: its body, cut off with a NUL; else NULL. */
static const char *answer_whole(struct shopper *s, int *ret_status, bool *ret_closes)
{
    s->answer[s->answer_len] = '\0';
    char *end = strstr(s->answer, "\r\n\r\n");
    if (!end)
        return NULL;
    *end = '\0';
    const char *length = strcasestr(s->answer, "\r\ncontent-length:");
    size_t body_len = length ? strtoul(length + 17, NULL, 10) : 0;
    *ret_closes = strcasestr(s->answer, "\r\nconnection: close") != NULL;
    *ret_status = (int) strtol(s->answer + 9, NULL, 10);
    *end = '\r';
    return s->answer_len >= (size_t) (end + 4 - s->answer) + body_len ? end + 4 : NULL;
}

static void answer_read(struct shopper *s)
{
    struct link *link = &s->links[s->target];
    bool ended = false;
    while (s->answer_len < ANSWER_BYTES - 1) {
        ssize_t n = recv(link->fd, s->answer + s->answer_len, ANSWER_BYTES - 1 - s->answer_len, 0);
        if (n > 0) {
            s->answer_len += (size_t) n;
            continue;
        }
        ended = n == 0 || errno != EAGAIN;
        break;
    }
    int64_t at_us = now_us();
    int status = 0;
    bool closes = false;
    const char *body = answer_whole(s, &status, &closes);
    if (!body) {
        if (ended || s->answer_len == ANSWER_BYTES - 1)
            broke(s, true, "read");
        return;
    }
    if (closes || ended)
        link_close(link);
    s->waiting = false;
    if (s->step == ASK)
        hear_offers(s, status, body, at_us);
    else if (s->step == ACCEPT)
        hear_accept(s, status, body, at_us);
    else
        hear_events(s, status, body, at_us);
}

static void link_ready(struct link *link, uint32_t events)
{
    struct shopper *s = link->shopper;
    bool current = s->waiting && link == &s->links[s->target];

    if (link->fd < 0)
        return;
    if (link->connecting && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        int wrong = 0;
        socklen_t len = sizeof wrong;
        getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &wrong, &len);
        if (wrong || events & (EPOLLERR | EPOLLHUP)) {
            if (current)
                broke(s, false, "connect");
            else
                link_close(link);
            return;
        }
        link->connecting = false;
        if (current)
            request_write(s);
    } else if (current && events & EPOLLOUT && s->request_sent < s->request_len) {
        request_write(s);
    }
    if (current && s->waiting && link->fd >= 0 && events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
        answer_read(s);
    else if (!current && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        link_close(link);
}

/* ── the machine itself ───────────────────────────────────────────────────────────────────────── */

static void be_on_time(void)
{
    struct sched_param first = { .sched_priority = 2 }; /* the servers may have 1 */
    struct rlimit files = { 65536, 65536 };

    if (canaries_start() < 0)
        die("canary");
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
        fputs("storefront: no real-time scheduling; we may be late ourselves\n", stderr);
}

/* ── one run ──────────────────────────────────────────────────────────────────────────────────── */

static void on_end(int number)
{
    (void) number;
    told_to_end = 1;
}

/* What is due now is begun; the time of the next, or -1 when every shopper is done. */
static int64_t shoppers_look(struct shopper *shoppers, bool ending, int64_t now)
{
    int64_t next = -1;
    for (unsigned i = 0; i < set.n_shoppers; i++) {
        struct shopper *s = &shoppers[i];
        if (ending && !s->waiting && !s->pending)
            s->done = true;
        if (s->done)
            continue;
        if (s->waiting) {
            int64_t patience = s->step == ASK ? OFFERS_PATIENCE_US : EVENTS_PATIENCE_US;
            if (now - s->sent_us > patience)
                broke(s, true, "time");
        } else if (s->due_us <= now) {
            request_start(s);
        }
        int64_t at = s->waiting ? now + 100000 : s->due_us;
        next = next < 0 || at < next ? at : next;
    }
    return next;
}

static void run(struct shopper *shoppers)
{
    int64_t end_us = now_us() + (int64_t) (set.seconds * 1e6);
    int64_t last_us = INT64_MAX;

    for (;;) {
        int64_t now = now_us();
        bool ending = told_to_end || now >= end_us;
        if (ending && last_us == INT64_MAX)
            last_us = now + (int64_t) (set.finish_seconds * 1e6);
        int64_t next = shoppers_look(shoppers, ending, now);
        if (next < 0 || now > last_us)
            return;
        int64_t wait_us = next > now_us() ? next - now_us() : 0;
        if (wait_us > 50000)
            wait_us = 50000;
        struct timespec wait = { .tv_nsec = wait_us * 1000 };
        struct epoll_event events[64];
        int n = epoll_pwait2(epoll_fd, events, 64, &wait, NULL);
        for (int i = 0; i < n; i++)
            link_ready(events[i].data.ptr, events[i].events);
    }
}

static struct shopper *shoppers_new(void)
{
    struct shopper *shoppers = calloc(set.n_shoppers, sizeof *shoppers);
    int64_t start_us = now_us();
    if (!shoppers)
        die("shoppers");
    for (unsigned i = 0; i < set.n_shoppers; i++) {
        struct shopper *s = &shoppers[i];
        s->number = i;
        s->target = i % set.n_targets;
        s->answer = malloc(ANSWER_BYTES);
        if (!s->answer)
            die("shoppers");
        for (unsigned t = 0; t < set.n_targets; t++)
            s->links[t] = (struct link){ .shopper = s, .fd = -1 };
        customer_new(s);
        step_to(s, set.burst || set.ask_only ? ASK : VIEW);
        if (set.burst && !link_open(&s->links[s->target], s->target))
            die("connect");
        /* A few at a time, or the queue of the listening socket overflows. */
        if (set.burst && i % 64 == 63) {
            struct epoll_event events[64];
            for (int n; (n = epoll_wait(epoll_fd, events, 64, 5)) > 0;) {
                for (int k = 0; k < n; k++)
                    link_ready(events[k].data.ptr, events[k].events);
            }
        }
    }
    if (set.burst)
        fprintf(stderr, "storefront: %u connected in %ld ms\n", set.n_shoppers,
                (now_us() - start_us) / 1000);
    return shoppers;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return x < y ? -1 : x > y;
}

static void print_samples(const char *name, struct samples *samples)
{
    if (samples->n)
        qsort(samples->at, samples->n, sizeof *samples->at, by_size);
    uint32_t of[4] = { 0 };
    static const double parts[] = { .5, .99, .999, 1 };
    for (int i = 0; i < 4 && samples->n; i++) {
        size_t at = (size_t) (parts[i] * (double) samples->n);
        of[i] = samples->at[at < samples->n ? at : samples->n - 1];
    }
    printf(", \"%s\": {\"p50_us\": %u, \"p99_us\": %u, \"p999_us\": %u, \"max_us\": %u}", name,
           of[0], of[1], of[2], of[3]);
}

static void report(const struct shopper *shoppers, double took)
{
    unsigned unfinished = 0, unacknowledged = 0;
    for (unsigned i = 0; i < set.n_shoppers; i++) {
        unfinished += shoppers[i].pending && shoppers[i].step == ASK;
        unacknowledged += shoppers[i].pending && shoppers[i].step != ASK;
    }
    unsigned n;
    const struct hiccup *hiccups = canaries_seen(&n);
    int64_t longest = 0;
    for (unsigned i = 0; i < n; i++) {
        int64_t overslept = hiccups[i].woke_us - hiccups[i].due_us;
        longest = overslept > longest ? overslept : longest;
        note("H\t%ld\t%ld\t%d", hiccups[i].due_us, hiccups[i].woke_us, hiccups[i].core);
    }
    printf("{\"seconds\": %.2f, \"decisions_asked\": %lu, \"decisions_answered\": %lu, "
           "\"decisions_unanswered\": %u, \"late\": %lu, \"not_200\": %lu, \"server_errors\": %lu, "
           "\"degraded\": %lu, \"with_offers\": %lu, ",
           took, seen.asked, seen.answered, unfinished, seen.late, seen.not_200, seen.server_errors,
           seen.degraded, seen.with_offers);
    printf("\"events_sent\": %lu, \"events_acknowledged\": %lu, \"events_unacknowledged\": %u, "
           "\"duplicates\": %lu, \"rejected\": %lu, \"events_503\": %lu, \"events_5xx\": %lu, ",
           seen.events, seen.acknowledged, unacknowledged, seen.duplicates, seen.rejected,
           seen.events_refused, seen.events_failed);
    printf("\"accepted\": %lu, \"accepts_over\": %lu, \"accepts_503\": %lu, \"accepts_failed\": "
           "%lu, \"broken\": %lu, "
           "\"connections_refused\": %lu, \"violations\": %lu, \"hiccups\": %u, "
           "\"longest_hiccup_us\": %ld",
           seen.accepted, seen.accepts_refused, seen.accepts_later, seen.accepts_failed,
           seen.broken, seen.refused_connections, seen.violations, n, longest);
    print_samples("offers", &seen.offers_us);
    print_samples("events", &seen.events_us);
    puts("}");
}

/* ── options ──────────────────────────────────────────────────────────────────────────────────── */

static const char usage[] =
    "usage: storefront --connect 127.0.0.1:PORT [--connect …] [options]\n"
    "  --shoppers N    default 64        --rate R       requests a second of all; 0: no thinking\n"
    "  --seconds S     default 5         --finish-s S   then wait so long for what is under way\n"
    "  --visits N      of one customer   --budget-ms N  default 20\n"
    "  --roam          each request to any target\n"
    "  --settle-ms N   at least so long from an acknowledgement to the next question\n"
    "  --cap N         no rule may be offered to a customer who was shown it so often\n"
    "  --placement P   default cart-drawer           --limit N  offers in an answer, at most 3\n"
    "  --burst         all ask at once, again when an answer was degraded, and accept what they "
    "are\n"
    "                  offered; then the end\n"
    "  --ask-only      they look at nothing, and leave what they are offered\n"
    "  --prefix P      of customers and events       --seed N   --journal F\n";

static void wrong_usage(void)
{
    fputs(usage, stderr);
    exit(2);
}

static void target_add(const char *text)
{
    char host[32];
    unsigned port = 0;
    struct sockaddr_in *target = &set.targets[set.n_targets];
    if (set.n_targets == MOST_TARGETS || sscanf(text, "%31[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &target->sin_addr) != 1 ||
        ntohl(target->sin_addr.s_addr) >> 24 != 127)
        wrong_usage();
    target->sin_family = AF_INET;
    target->sin_port = htons((uint16_t) port);
    snprintf(set.names[set.n_targets++], sizeof set.names[0], "%u", port);
}

static const struct option options[] = {
    { "connect", required_argument, NULL, 'c' },   { "shoppers", required_argument, NULL, 'n' },
    { "rate", required_argument, NULL, 'r' },      { "seconds", required_argument, NULL, 's' },
    { "finish-s", required_argument, NULL, 'f' },  { "visits", required_argument, NULL, 'v' },
    { "budget-ms", required_argument, NULL, 'b' }, { "roam", no_argument, NULL, 'R' },
    { "settle-ms", required_argument, NULL, 'S' }, { "cap", required_argument, NULL, 'C' },
    { "placement", required_argument, NULL, 'p' }, { "burst", no_argument, NULL, 'B' },
    { "prefix", required_argument, NULL, 'P' },    { "seed", required_argument, NULL, 'e' },
    { "journal", required_argument, NULL, 'j' },   { "limit", required_argument, NULL, 'l' },
    { "ask-only", no_argument, NULL, 'a' },        { 0 },
};

static void options_read(int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        unsigned number = optarg ? (unsigned) strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'c': target_add(optarg); break;
        case 'n': set.n_shoppers = number; break;
        case 'r': set.rate = strtod(optarg, NULL); break;
        case 's': set.seconds = strtod(optarg, NULL); break;
        case 'f': set.finish_seconds = strtod(optarg, NULL); break;
        case 'v': set.visits = number; break;
        case 'b': set.budget_ms = number; break;
        case 'R': set.roam = true; break;
        case 'S': set.settle_ms = number; break;
        case 'C': set.cap = number; break;
        case 'p': set.placement = optarg; break;
        case 'B': set.burst = true; break;
        case 'a': set.ask_only = true; break;
        case 'P': set.prefix = optarg; break;
        case 'e': set.seed = number; break;
        case 'l': set.limit = number; break;
        case 'j':
            set.journal = fopen(optarg, "we");
            if (!set.journal)
                die(optarg);
            break;
        default: wrong_usage();
        }
    }
    if (optind != argc || set.n_targets == 0 || set.n_shoppers == 0 || set.n_shoppers > 20000)
        wrong_usage();
}

int main(int argc, char **argv)
{
    options_read(argc, argv);
    dice = 88172645463325252ULL ^ (set.seed * 2654435761ULL + 1);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    be_on_time();
    signal(SIGTERM, on_end);
    signal(SIGINT, on_end);

    struct shopper *shoppers = shoppers_new();
    int64_t began_us = now_us();
    run(shoppers);
    report(shoppers, (double) (now_us() - began_us) / 1e6);
    for (unsigned i = 0; i < set.n_shoppers; i++)
        free(shoppers[i].answer);
    free(shoppers);
    free(seen.offers_us.at);
    free(seen.events_us.at);
    if (set.journal && fclose(set.journal) != 0)
        die("journal");
    return 0;
}
