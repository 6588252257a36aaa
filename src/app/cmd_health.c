/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd health: what a container's or a supervisor's health check runs, so that an image needs
 * no HTTP client. It takes what `serve` takes, so that both find the same settings and thus the
 * same address. With tls_cert it speaks TLS, and does not ask whose certificate it is: it asks
 * whether this machine's own service answers, and tells it nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/real_clock.h"
#include "app/settings.h"

enum { PATIENCE_US = 2000000, ANSWER_MAX = 8192 };

static int help(void)
{
    (void) fputs(
        "usage: offerd health [OPTIONS OF serve]\n\n"
        "Asks GET /readyz where `offerd serve` listens with the same flags, environment or "
        "--config FILE,\n"
        "and waits for at most 2 seconds. An address for all interfaces is asked on "
        "loopback.\n\n"
        "  offerd health --listen 127.0.0.1:8080\n\n"
        "Exit codes: 0 ready, 1 not ready or no answer (told on standard error), 2 wrong "
        "usage.\n",
        stdout);
    return 0;
}

/* The way to the service; tls and credentials stay NULL without TLS. */
struct link {
    int fd;
    gnutls_session_t tls;
    gnutls_certificate_credentials_t credentials;
    int64_t end_us;
};

static void link_close_at(const struct link *link)
{
    if (link->tls)
        gnutls_deinit(link->tls);
    if (link->credentials)
        gnutls_certificate_free_credentials(link->credentials);
    if (link->fd >= 0)
        close(link->fd);
}

/* True: the link can be read or written, or has failed, before its end. */
static bool await(const struct link *link, short what)
{
    struct clock *clock = real_clock();
    for (;;) {
        int64_t left_us = link->end_us - clock->mono_us(clock);
        struct pollfd waiting = { .fd = link->fd, .events = what };
        int n = left_us > 0 ? poll(&waiting, 1, (int) (left_us / 1000 + 1)) : 0;
        if (n >= 0 || errno != EINTR)
            return n > 0;
    }
}

/* The address asked; all interfaces are asked on loopback. Zero length: not an address. */
static socklen_t peer_of(const char *host, uint16_t port, struct sockaddr_storage *ret_peer)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *) ret_peer;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) ret_peer;

    memset(ret_peer, 0, sizeof *ret_peer);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
            v6->sin6_addr = in6addr_loopback;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return 0;
}

static enum err connect_to(struct link *link, const struct sockaddr_storage *peer, socklen_t len,
                           struct err_note *note)
{
    int failed = 0;
    socklen_t failed_len = sizeof failed;
    link->fd = socket(peer->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return err_fail(note, ERR_UNAVAILABLE, "no socket: %s", strerror(errno));
    if (connect(link->fd, (const struct sockaddr *) peer, len) == 0)
        return OK;
    if (errno != EINPROGRESS)
        return err_fail(note, ERR_UNAVAILABLE, "cannot connect: %s", strerror(errno));
    if (!await(link, POLLOUT))
        return err_fail(note, ERR_UNAVAILABLE, "cannot connect in time");
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &failed, &failed_len) != 0 || failed)
        return err_fail(note, ERR_UNAVAILABLE, "cannot connect: %s", strerror(failed));
    return OK;
}

/* What GnuTLS waits for came; false: it did not, or @code is no matter of waiting. */
static bool await_tls(const struct link *link, ssize_t code)
{
    if (code != GNUTLS_E_AGAIN && code != GNUTLS_E_INTERRUPTED)
        return false;
    return await(link, gnutls_record_get_direction(link->tls) ? POLLOUT : POLLIN);
}

static enum err greet(struct link *link, struct err_note *note)
{
    int code;
    if (gnutls_certificate_allocate_credentials(&link->credentials) < 0 ||
        gnutls_init(&link->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0 ||
        gnutls_set_default_priority(link->tls) < 0 ||
        gnutls_credentials_set(link->tls, GNUTLS_CRD_CERTIFICATE, link->credentials) < 0)
        return ERR_NOMEM;
    gnutls_transport_set_int(link->tls, link->fd);
    while ((code = gnutls_handshake(link->tls)) < 0)
        if (gnutls_error_is_fatal(code) || (!await_tls(link, code) && code == GNUTLS_E_AGAIN))
            return err_fail(note, ERR_UNAVAILABLE, "no TLS: %s", gnutls_strerror(code));
    return OK;
}

static bool say(const struct link *link, const char *text, size_t len)
{
    if (!link->tls)
        return send(link->fd, text, len, MSG_NOSIGNAL) == (ssize_t) len;
    ssize_t n = gnutls_record_send(link->tls, text, len);
    while (n < 0 && await_tls(link, n))
        n = gnutls_record_send(link->tls, NULL, 0); /* goes on with what it was given */
    return n == (ssize_t) len;
}

/* Bytes, 0 at the end, -1 for what did not come in time or broke off. */
static ssize_t hear(const struct link *link, char *bytes, size_t room)
{
    ssize_t n;
    if (!link->tls) {
        while ((n = recv(link->fd, bytes, room, 0)) < 0 && (errno == EAGAIN || errno == EINTR))
            if (!await(link, POLLIN))
                return -1;
        return n;
    }
    while ((n = gnutls_record_recv(link->tls, bytes, room)) < 0)
        if (!await_tls(link, n))
            return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : -1;
    return n;
}

/* The whole answer, or as much of it as there is room for; zero-terminated. */
static enum err ask(const struct sockaddr_storage *peer, socklen_t peer_len, bool tls,
                    char answer[ANSWER_MAX], struct err_note *note)
{
    static const char question[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n"
                                   "User-Agent: offerd-health\r\nConnection: close\r\n\r\n";
    struct clock *clock = real_clock();
    __attribute__((cleanup(link_close_at))) struct link link = {
        .fd = -1, .end_us = clock->mono_us(clock) + PATIENCE_US
    };
    size_t len = 0;

    TRY(connect_to(&link, peer, peer_len, note));
    if (tls)
        TRY(greet(&link, note));
    if (!say(&link, question, sizeof question - 1))
        return err_fail(note, ERR_UNAVAILABLE, "the connection broke off");
    for (ssize_t n = 1; n && len < ANSWER_MAX - 1; len += (size_t) n)
        if ((n = hear(&link, answer + len, ANSWER_MAX - 1 - len)) < 0)
            return err_fail(note, ERR_UNAVAILABLE, "no answer in time");
    answer[len] = 0;
    if (strncmp(answer, "HTTP/1.", 7) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "what listens there does not answer HTTP");
    return OK;
}

/* What a check's log should keep: the body, without the headers. */
static const char *body_of(const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    return body ? body + 4 : "";
}

int cmd_health(int argc, char **argv)
{
    struct settings settings;
    struct err_note note = { "" };
    bool asked_help = false;
    char host[SETTING_TEXT_MAX], answer[ANSWER_MAX];
    struct sockaddr_storage peer;
    uint16_t port;

    if (settings_read(argc, argv, &settings, &asked_help, &note) != OK ||
        (!asked_help && settings_address(&settings, host, &port, &note) != OK)) {
        (void) fprintf(stderr, "offerd health: %s\n", note.text);
        return 2;
    }
    if (asked_help)
        return help();
    socklen_t peer_len = peer_of(host, port, &peer);
    if (peer_len == 0) {
        (void) fprintf(stderr, "offerd health: '%s' is not an IPv4 or IPv6 address\n", host);
        return 2;
    }
    if (ask(&peer, peer_len, *settings.tls_cert, answer, &note) != OK) {
        (void) fprintf(stderr, "offerd health: %s: %s\n", settings.listen, note.text);
        return 1;
    }
    bool ready = strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
    (void) fprintf(ready ? stdout : stderr, "%s%s\n",
                   ready ? "" : "offerd health: not ready: ", body_of(answer));
    return ready ? 0 : 1;
}
