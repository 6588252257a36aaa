/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd health: what a container's or a supervisor's health check runs, so that an image needs
 * no HTTP client. It takes what `serve` takes, so that both find the same settings and thus the
 * same address; with tls_cert it speaks TLS.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "app/commands.h"
#include "app/service/service_link.h"
#include "app/setup/real_clock.h"
#include "app/setup/settings.h"

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

/* The whole answer, or as much of it as there is room for; zero-terminated. */
static enum err ask(const struct sockaddr_storage *peer, socklen_t peer_len, bool tls,
                    char answer[ANSWER_MAX], struct err_note *note)
{
    static const char question[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n"
                                   "User-Agent: offerd-health\r\nConnection: close\r\n\r\n";
    struct clock *clock = real_clock();
    AUTO(service_link_free) struct service_link *link = NULL;
    size_t len = 0;

    TRY(service_link_new(peer, peer_len, tls, clock->mono_us(clock) + PATIENCE_US, &link, note));
    if (!service_link_say(link, question, sizeof question - 1))
        return err_fail(note, ERR_UNAVAILABLE, "the connection broke off");
    for (ssize_t n = 1; n && len < ANSWER_MAX - 1; len += (size_t) n)
        if ((n = service_link_hear(link, answer + len, ANSWER_MAX - 1 - len)) < 0)
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
