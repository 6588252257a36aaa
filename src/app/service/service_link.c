/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/service_link.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/setup/real_clock.h"

struct service_link {
    int fd;
    gnutls_session_t tls; /* NULL without TLS, as are the credentials */
    gnutls_certificate_credentials_t credentials;
    int64_t end_us;
};

/* True: the link can be read or written, or has failed, before its end. */
static bool await(const struct service_link *link, short what)
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

static enum err connect_to(struct service_link *link, const struct sockaddr_storage *peer,
                           socklen_t len, struct err_note *note)
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
static bool await_tls(const struct service_link *link, ssize_t code)
{
    if (code != GNUTLS_E_AGAIN && code != GNUTLS_E_INTERRUPTED)
        return false;
    return await(link, gnutls_record_get_direction(link->tls) ? POLLOUT : POLLIN);
}

static enum err greet(struct service_link *link, struct err_note *note)
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

enum err service_link_new(const struct sockaddr_storage *peer, socklen_t peer_len, bool tls,
                          int64_t end_us, struct service_link **ret_link, struct err_note *note)
{
    AUTO(service_link_free) struct service_link *link = calloc(1, sizeof *link);
    if (!link)
        return ERR_NOMEM;
    link->fd = -1;
    link->end_us = end_us;
    TRY(connect_to(link, peer, peer_len, note));
    if (tls)
        TRY(greet(link, note));
    *ret_link = MOVE(link);
    return OK;
}

struct service_link *service_link_free(struct service_link *link)
{
    if (!link)
        return NULL;
    if (link->tls)
        gnutls_deinit(link->tls);
    if (link->credentials)
        gnutls_certificate_free_credentials(link->credentials);
    if (link->fd >= 0)
        close(link->fd);
    free(link);
    return NULL;
}

bool service_link_say(struct service_link *link, const char *text, size_t len)
{
    if (!link->tls)
        return send(link->fd, text, len, MSG_NOSIGNAL) == (ssize_t) len;
    ssize_t n = gnutls_record_send(link->tls, text, len);
    while (n < 0 && await_tls(link, n))
        n = gnutls_record_send(link->tls, NULL, 0); /* goes on with what it was given */
    return n == (ssize_t) len;
}

ssize_t service_link_hear(struct service_link *link, char *bytes, size_t room)
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
