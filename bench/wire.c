/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is sent with one send() and its answer usually read with one
 * recv(): the generator shares the machine with what it measures, so it must
 * cost little. Waiting uses epoll_pwait2, whose time-out is in nanoseconds; a
 * millisecond's rounding would show up as latency at an open schedule.
 */
#include "wire.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, BATCH = 256 };
static const int64_t STRAGGLERS_NS = 2 * 1000000000LL;

struct connection {
    int fd;
    bool busy;
    bool head_done;
    int64_t started_ns;
    const struct wire_request *request;
    size_t sent;
    size_t have;      /* bytes of the head in @in */
    size_t body_left; /* bytes of the body still to come */
    struct connection *next_free;
    char in[READ_BYTES];
};

struct wire {
    struct sockaddr_in server;
    int epoll_fd;
    const struct wire_request *requests;
    size_t n_requests;
    size_t next_request;
    unsigned n_connections;
    struct connection *connections;
    struct connection *free_first; /* a queue: a slow schedule uses them all in turn */
    struct connection *free_last;

    /* The run under way. */
    struct wire_plan plan;
    struct wire_result *result;
    int64_t begun_ns;
    uint64_t started;
    unsigned n_busy;
    bool stopping;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000LL + now.tv_nsec;
}

static enum err connection_open(struct wire *wire, struct connection *connection,
                                struct err_note *note)
{
    if (connection->fd >= 0)
        close(connection->fd);

    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *) &wire->server, sizeof wire->server) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "connect: %s", strerror(errno));

    const int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    if (epoll_ctl(wire->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "epoll_ctl: %s", strerror(errno));
    return OK;
}

static void free_push(struct wire *wire, struct connection *connection)
{
    connection->next_free = NULL;
    if (wire->free_first)
        wire->free_last->next_free = connection;
    else
        wire->free_first = connection;
    wire->free_last = connection;
}

static void connection_release(struct wire *wire, struct connection *connection)
{
    connection->busy = false;
    wire->n_busy--;
    free_push(wire, connection);
}

/* The server left in the middle of a request: that one is lost, the connection is made anew. */
static enum err connection_broke(struct wire *wire, struct connection *connection,
                                 struct err_note *note)
{
    if (connection->busy) {
        wire->result->broken++;
        connection_release(wire, connection);
    }
    return connection_open(wire, connection, note);
}

/* Sends what is left of the request; asks for EPOLLOUT only when the socket is full. */
static bool connection_send(struct wire *wire, struct connection *connection)
{
    const struct wire_request *request = connection->request;
    bool was_partial = connection->sent > 0;
    ssize_t n = send(connection->fd, request->at + connection->sent,
                     request->len - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN)
        return false;
    if (n > 0)
        connection->sent += (size_t) n;

    bool partial = connection->sent < request->len;
    if (partial != was_partial || (partial && n < 0)) {
        struct epoll_event event = { .events = EPOLLIN | (partial ? EPOLLOUT : 0),
                                     .data.ptr = connection };
        epoll_ctl(wire->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
    }
    return true;
}

static enum err connection_start(struct wire *wire, int64_t started_ns, struct err_note *note)
{
    struct connection *connection = wire->free_first;
    wire->free_first = connection->next_free;
    wire->n_busy++;
    wire->started++;

    connection->busy = true;
    connection->head_done = false;
    connection->started_ns = started_ns;
    connection->sent = 0;
    connection->have = 0;
    connection->request = &wire->requests[wire->next_request];
    if (++wire->next_request == wire->n_requests)
        wire->next_request = 0;

    if (!connection_send(wire, connection))
        return connection_broke(wire, connection, note);
    return OK;
}

/* Reads status and Content-Length of a complete head. */
static enum err head_read(const char *head, size_t len, bool *ret_ok, size_t *ret_body_bytes,
                          struct err_note *note)
{
    static const char wanted[] = "content-length:";

    if (len < 12 || memcmp(head, "HTTP/1.1 ", 9) != 0)
        return err_fail(note, ERR_CORRUPT, "the answer is not HTTP/1.1");

    for (const char *line = head; (line = memchr(line, '\n', (size_t) (head + len - line)));) {
        line++;
        if ((size_t) (head + len - line) < sizeof wanted ||
            strncasecmp(line, wanted, sizeof wanted - 1) != 0)
            continue;
        *ret_body_bytes = strtoull(line + sizeof wanted - 1, NULL, 10);
        *ret_ok = memcmp(head + 9, "200", 3) == 0 || memcmp(head + 9, "202", 3) == 0;
        return OK;
    }
    return err_fail(note, ERR_CORRUPT, "an answer without Content-Length");
}

static void connection_finish(struct wire *wire, struct connection *connection)
{
    wire->result->answered++;
    histogram_add(&wire->result->latency, now_ns() - connection->started_ns);
    connection_release(wire, connection);
}

/* Takes @n more bytes that lie at in + have. */
static enum err connection_take(struct wire *wire, struct connection *connection, size_t n,
                                struct err_note *note)
{
    if (!connection->head_done) {
        connection->have += n;
        const char *end = memmem(connection->in, connection->have, "\r\n\r\n", 4);
        if (!end) {
            if (connection->have == READ_BYTES)
                return err_fail(note, ERR_LIMIT, "an answer's head is longer than 64 KiB");
            return OK;
        }
        bool ok = false;
        size_t head_len = (size_t) (end + 4 - connection->in);
        size_t body_bytes = 0;
        TRY(head_read(connection->in, head_len, &ok, &body_bytes, note));
        wire->result->not_200 += !ok;
        wire->result->body_bytes += body_bytes;
        connection->head_done = true;
        connection->body_left = body_bytes;
        n = connection->have - head_len;
        connection->have = 0;
    }
    if (n > connection->body_left)
        return err_fail(note, ERR_CORRUPT, "more bytes than the answer's Content-Length");
    connection->body_left -= n;
    if (connection->body_left == 0)
        connection_finish(wire, connection);
    return OK;
}

static enum err connection_ready(struct wire *wire, struct connection *connection, uint32_t events,
                                 struct err_note *note)
{
    if ((events & EPOLLOUT) && connection->busy && !connection_send(wire, connection))
        return connection_broke(wire, connection, note);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return OK;

    ssize_t n = recv(connection->fd, connection->in + connection->have,
                     READ_BYTES - connection->have, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return OK;
    if (n <= 0)
        return connection_broke(wire, connection, note);
    if (!connection->busy)
        return err_fail(note, ERR_CORRUPT, "an answer to no request");
    return connection_take(wire, connection, (size_t) n, note);
}

/* How many requests the plan has brought due by @now; *ret_next_ns is when the next one is. */
static uint64_t due_by(const struct wire *wire, int64_t now, int64_t *ret_next_ns)
{
    double interval_ns = 1e9 / wire->plan.rate_per_second;
    uint64_t due = (uint64_t) ((double) (now - wire->begun_ns) / interval_ns) + 1;
    uint64_t planned = (uint64_t) (wire->plan.seconds * wire->plan.rate_per_second);

    if (planned > wire->plan.requests)
        planned = wire->plan.requests;
    if (due > planned)
        due = planned;
    *ret_next_ns = wire->begun_ns + (int64_t) ((double) due * interval_ns);
    return due;
}

/* Starts all that may start now. *ret_wake_ns is when to look again even if nothing arrives. */
static enum err starts(struct wire *wire, int64_t now, int64_t *ret_wake_ns, struct err_note *note)
{
    int64_t end_ns = wire->begun_ns + (int64_t) (wire->plan.seconds * 1e9);
    bool open = wire->plan.rate_per_second > 0;

    *ret_wake_ns = now < end_ns ? end_ns : end_ns + STRAGGLERS_NS;
    if (!open) {
        while (wire->free_first && now < end_ns && wire->started < wire->plan.requests)
            TRY(connection_start(wire, now_ns(), note));
        wire->stopping = now >= end_ns || wire->started >= wire->plan.requests;
        return OK;
    }

    int64_t next_ns;
    uint64_t due = due_by(wire, now, &next_ns);
    while (wire->free_first && wire->started < due) {
        double after_ns = (double) wire->started * 1e9 / wire->plan.rate_per_second;
        TRY(connection_start(wire, wire->begun_ns + (int64_t) after_ns, note));
    }
    wire->stopping = wire->started == due && (now >= end_ns || due == wire->plan.requests);
    if (next_ns > now && next_ns < *ret_wake_ns)
        *ret_wake_ns = next_ns;
    return OK;
}

static enum err turn(struct wire *wire, bool *ret_ended, struct err_note *note)
{
    int64_t now = now_ns();
    int64_t end_ns = wire->begun_ns + (int64_t) (wire->plan.seconds * 1e9);
    int64_t wake_ns;

    TRY(starts(wire, now, &wake_ns, note));
    *ret_ended = (wire->stopping && wire->n_busy == 0) || now > end_ns + STRAGGLERS_NS;
    if (*ret_ended)
        return OK;

    int64_t wait_ns = wake_ns > now ? wake_ns - now : 0;
    struct timespec wait = { .tv_sec = wait_ns / 1000000000LL, .tv_nsec = wait_ns % 1000000000LL };
    struct epoll_event events[BATCH];
    int n = epoll_pwait2(wire->epoll_fd, events, BATCH, &wait, NULL);
    if (n < 0 && errno != EINTR)
        return err_fail(note, ERR_UNAVAILABLE, "epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        TRY(connection_ready(wire, events[i].data.ptr, events[i].events, note));
        TRY(starts(wire, now, &wake_ns, note));
    }
    return OK;
}

enum err wire_run(struct wire *wire, const struct wire_plan *plan, struct wire_result *result,
                  struct err_note *note)
{
    memset(result, 0, sizeof *result);
    wire->plan = *plan;
    wire->result = result;
    wire->started = 0;
    wire->stopping = false;
    wire->begun_ns = now_ns();

    bool ended = false;
    while (!ended) {
        TRY(turn(wire, &ended, note));
        if (result->broken > 1000)
            return err_fail(note, ERR_UNAVAILABLE, "the server keeps closing connections");
    }

    result->elapsed_seconds = (double) (now_ns() - wire->begun_ns) / 1e9;
    uint64_t wanted = wire->started;
    int64_t unused;
    if (plan->rate_per_second > 0)
        wanted = due_by(wire, INT64_MAX, &unused);
    result->unanswered = wanted - result->answered - result->broken;

    /* Those still under way would answer into the next run: take them from it. */
    for (unsigned i = 0; i < wire->n_connections; i++) {
        if (wire->connections[i].busy) {
            connection_release(wire, &wire->connections[i]);
            TRY(connection_open(wire, &wire->connections[i], note));
        }
    }
    return OK;
}

enum err wire_new(struct wire **ret_wire, const struct sockaddr_in *server, unsigned connections,
                  const struct wire_request *requests, size_t n_requests, struct err_note *note)
{
    if ((ntohl(server->sin_addr.s_addr) >> 24) != 127)
        return err_fail(note, ERR_INPUT, "only loopback addresses (127.0.0.0/8) are loaded");

    AUTO(wire_free) struct wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return ERR_NOMEM;
    wire->server = *server;
    wire->requests = requests;
    wire->n_requests = n_requests;
    wire->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    wire->connections = calloc(connections, sizeof *wire->connections);
    if (!wire->connections)
        return ERR_NOMEM;

    /* The default slack of 50 µs would be added to each wait of an open schedule. */
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
    while (wire->n_connections < connections) {
        struct connection *connection = &wire->connections[wire->n_connections++];
        connection->fd = -1;
        TRY(connection_open(wire, connection, note));
        free_push(wire, connection);
    }
    *ret_wire = MOVE(wire);
    return OK;
}

struct wire *wire_free(struct wire *wire)
{
    if (!wire)
        return NULL;
    for (unsigned i = 0; i < wire->n_connections; i++)
        close(wire->connections[i].fd);
    free(wire->connections);
    if (wire->epoll_fd >= 0)
        close(wire->epoll_fd);
    free(wire);
    return NULL;
}
