/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wirecutter: stands between two who talk TCP on this machine, and does to them what a network does.
 *
 *   wirecutter 127.0.0.1:TO [PORT]     says "listening on PORT", then obeys the lines of its input:
 *
 *   pass        forwards (as in the beginning; also ends what a line below has begun)
 *   hole        forwards nothing, closes nothing: packets that are lost. What is held back goes
 *               on with the next "pass", as TCP would send it again.
 *   cut         resets every connection and refuses new ones
 *   reset       resets every connection; new ones are welcome
 *   delay MS    each piece is passed on so much later, in either direction
 *   stats       answers with the connections now, in all, and the bytes forwarded
 *
 * Each is answered with one line on stdout when it is so. Ends with its input. One thread, one
 * epoll; what is read waits in a list of pieces until its time has come.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 65536, MOST_PIECES = 16, MOST_PAIRS = 1024 };

struct piece {
    struct piece *next;
    int64_t due_us;
    size_t len, sent;
    char bytes[];
};

/* One direction reads from its own end and writes to the other's. */
struct end {
    struct pair *pair;
    int fd;
    struct piece *first, **last; /* read here, to be written to the other end */
    unsigned n_pieces;
    bool eof;
};

struct pair {
    struct end ends[2];
    bool live;
};

static struct pair pairs[MOST_PAIRS];
static struct sockaddr_in here, there;
static int epoll_fd, listen_fd = -1;
static bool holding;
static int64_t delay_us;
static uint64_t forwarded, connected;

static void die(const char *what)
{
    fprintf(stderr, "wirecutter: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void watch(int fd, void *of)
{
    struct epoll_event wish = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = of };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &wish) < 0)
        die("epoll_ctl");
}

static void listen_again(void)
{
    int one = 1;
    socklen_t len = sizeof here;
    if (listen_fd >= 0)
        return;
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listen_fd, (void *) &here, sizeof here) < 0 || listen(listen_fd, 512) < 0)
        die("listen");
    getsockname(listen_fd, (void *) &here, &len);
    struct epoll_event wish = { .events = EPOLLIN, .data.ptr = &listen_fd };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &wish) < 0)
        die("epoll_ctl");
}

static void pair_end(struct pair *pair, bool reset)
{
    struct linger hard = { .l_onoff = 1 };
    for (int i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        if (reset)
            setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(end->fd);
        for (struct piece *piece; (piece = end->first);) {
            end->first = piece->next;
            free(piece);
        }
    }
    pair->live = false;
}

static void pair_begin(int fd)
{
    struct pair *pair = NULL;
    int one = 1;
    for (int i = 0; i < MOST_PAIRS && !pair; i++)
        pair = pairs[i].live ? NULL : &pairs[i];
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Loopback: done or refused at once. */
    if (!pair || other < 0 || connect(other, (void *) &there, sizeof there) < 0) {
        struct linger hard = { .l_onoff = 1 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
        if (other >= 0)
            close(other);
        return;
    }
    connected++;
    memset(pair, 0, sizeof *pair);
    pair->live = true;
    for (int i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        end->pair = pair;
        end->fd = i == 0 ? fd : other;
        end->last = &end->first;
        setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(end->fd, end);
    }
}

/* Reads what there is, up to as much as may wait. False: the connection is broken. */
static bool end_read(struct end *end)
{
    while (!end->eof && end->n_pieces < MOST_PIECES) {
        struct piece *piece = malloc(sizeof *piece + PIECE_BYTES);
        if (!piece)
            die("piece");
        ssize_t n = recv(end->fd, piece->bytes, PIECE_BYTES, MSG_DONTWAIT);
        if (n <= 0) {
            free(piece);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            end->eof = n == 0;
            return true;
        }
        *piece = (struct piece){ .due_us = now_us() + delay_us, .len = (size_t) n };
        *end->last = piece;
        end->last = &piece->next;
        end->n_pieces++;
    }
    return true;
}

/* Writes what is due. False: the connection is over. */
static bool end_forward(struct end *end, int64_t *next_us)
{
    struct end *other = &end->pair->ends[end == &end->pair->ends[0]];
    for (struct piece *piece; (piece = end->first);) {
        if (piece->due_us > now_us()) {
            *next_us = piece->due_us < *next_us ? piece->due_us : *next_us;
            return true;
        }
        ssize_t n = send(other->fd, piece->bytes + piece->sent, piece->len - piece->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        forwarded += (uint64_t) n;
        piece->sent += (size_t) n;
        if (piece->sent < piece->len)
            continue;
        end->first = piece->next;
        if (!end->first)
            end->last = &end->first;
        end->n_pieces--;
        free(piece);
    }
    return !end->eof;
}

/* Everything that can move moves; the time of the next piece. */
static int64_t forward_all(void)
{
    int64_t next_us = INT64_MAX;
    for (int i = 0; i < MOST_PAIRS && !holding; i++) {
        struct pair *pair = &pairs[i];
        for (int k = 0; k < 2 && pair->live; k++) {
            if (!end_read(&pair->ends[k]))
                pair_end(pair, true);
            else if (!end_forward(&pair->ends[k], &next_us) || !end_read(&pair->ends[k]))
                pair_end(pair, false);
        }
    }
    return next_us;
}

static void all_reset(void)
{
    for (int i = 0; i < MOST_PAIRS; i++) {
        if (pairs[i].live)
            pair_end(&pairs[i], true);
    }
}

static void obey(const char *line)
{
    long ms;
    if (strcmp(line, "pass") == 0) {
        holding = false;
        delay_us = 0;
        listen_again();
    } else if (strcmp(line, "hole") == 0) {
        holding = true;
    } else if (strcmp(line, "cut") == 0) {
        if (listen_fd >= 0)
            close(listen_fd);
        listen_fd = -1;
        all_reset();
    } else if (strcmp(line, "reset") == 0) {
        all_reset();
    } else if (sscanf(line, "delay %ld", &ms) == 1) {
        delay_us = ms * 1000;
    } else if (strcmp(line, "stats") == 0) {
        unsigned live = 0;
        for (int i = 0; i < MOST_PAIRS; i++)
            live += pairs[i].live;
        printf("%u %lu %lu\n", live, connected, forwarded);
        return;
    } else {
        printf("unknown: %s\n", line);
        return;
    }
    puts(line);
}

static bool input_read(void)
{
    static char text[256];
    static size_t len;
    ssize_t n = read(0, text + len, sizeof text - 1 - len);
    if (n <= 0)
        return false;
    len += (size_t) n;
    text[len] = '\0';
    for (char *end; (end = strchr(text, '\n'));) {
        *end = '\0';
        obey(text);
        len -= (size_t) (end + 1 - text);
        memmove(text, end + 1, len + 1);
    }
    fflush(stdout);
    return len < sizeof text - 1;
}

static void run(void)
{
    static char input;
    struct epoll_event wish = { .events = EPOLLIN, .data.ptr = &input };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &wish) < 0)
        die("input");

    for (;;) {
        int64_t next_us = forward_all(), now = now_us();
        int64_t wait_us = next_us <= now ? 0 : next_us - now;
        struct timespec wait = { .tv_nsec = (wait_us < 50000 ? wait_us : 50000) * 1000 };
        struct epoll_event events[64];
        int n = epoll_pwait2(epoll_fd, events, 64, &wait, NULL);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &input && !input_read())
                return;
            /* While packets are lost a new connection waits in the queue of the listening socket. */
            if (events[i].data.ptr == &listen_fd && listen_fd >= 0 && !holding) {
                for (int fd; (fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
                    pair_begin(fd);
            }
        }
        if (holding && n > 0)
            usleep(1000); /* the listening socket stays readable */
    }
}

static void address_read(const char *text, struct sockaddr_in *address)
{
    char host[32];
    unsigned port;
    if (sscanf(text, "%31[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &address->sin_addr) != 1 ||
        ntohl(address->sin_addr.s_addr) >> 24 != 127) {
        fputs("usage: wirecutter 127.0.0.1:TO [PORT]\n", stderr);
        exit(2);
    }
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t) port);
}

int main(int argc, char **argv)
{
    address_read(argc > 1 ? argv[1] : "", &there);
    here = there;
    here.sin_port = htons((uint16_t) (argc > 2 ? strtoul(argv[2], NULL, 10) : 0));
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_again();
    printf("listening on %u\n", ntohs(here.sin_port));
    fflush(stdout);
    run();
    all_reset();
    return 0;
}
