/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "store/redis/redis_tls.h"
#include "store/redis/redis_url.h"

/* What getaddrinfo_a works on must stay while it works, so it is all in one block. */
struct asked {
    struct gaicb gaicb;
    struct addrinfo hints;
    char port[8];
    char host[]; /* the URL may be gone before the answer comes */
};

static struct asked *asked_of(struct gaicb *gaicb)
{
    return (struct asked *) gaicb;
}

static enum err ask(struct redis_dial *dial)
{
    size_t bytes = strlen(dial->url->host) + 1;
    struct asked *asked = calloc(1, sizeof *asked + bytes);
    if (!asked)
        return ERR_NOMEM;
    snprintf(asked->port, sizeof asked->port, "%d", dial->url->port);
    asked->hints = (struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    memcpy(asked->host, dial->url->host, bytes);
    asked->gaicb = (struct gaicb){ .ar_name = asked->host,
                                   .ar_service = asked->port,
                                   .ar_request = &asked->hints };
    struct gaicb *list[] = { &asked->gaicb };
    if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
        free(asked);
        return ERR_UNAVAILABLE;
    }
    dial->asked = &asked->gaicb;
    return OK;
}

static void forget(struct redis_dial *dial)
{
    if (!dial->asked)
        return;
    if (dial->asked->ar_result)
        freeaddrinfo(dial->asked->ar_result);
    free(asked_of(dial->asked));
    dial->asked = NULL;
}

void redis_dial_deinit(struct redis_dial *dial)
{
    /* One that is still at work and cannot be called back keeps its memory. */
    if (dial->asked && gai_error(dial->asked) == EAI_INPROGRESS &&
        gai_cancel(dial->asked) != EAI_CANCELED)
        dial->asked = NULL;
    forget(dial);
}

static enum err connect_within(int fd, const struct sockaddr *address, socklen_t len,
                               int timeout_ms, struct err_note *note)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, address, len) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
        if (poll(&poll_fd, 1, timeout_ms) != 1)
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    if (error == 0 && fcntl(fd, F_SETFL, 0) != 0)
        error = errno;
    return error == 0 ? OK : err_fail(note, ERR_UNAVAILABLE, "connecting: %s", strerror(error));
}

static enum err dial_address(int family, const struct sockaddr *address, socklen_t len,
                             int timeout_ms, int *ret_fd, struct err_note *note)
{
    int on = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_fail(note, ERR_UNAVAILABLE, "connecting: %s", strerror(errno));
    enum err err = connect_within(fd, address, len, timeout_ms, note);
    if (err != OK) {
        close(fd);
        return err;
    }
    if (family != AF_UNIX)
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *ret_fd = fd;
    return OK;
}

/* By a name server, which is not waited for any longer than for the host itself. */
static enum err dial_name(struct redis_dial *dial, int timeout_ms, int *ret_fd,
                          struct err_note *note)
{
    if (!dial->asked && ask(dial) != OK)
        return err_fail(note, ERR_UNAVAILABLE, "its name cannot be looked up");
    struct timespec patience = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
    const struct gaicb *list[] = { dial->asked };
    (void) gai_suspend(list, 1, &patience);
    int status = gai_error(dial->asked);
    if (status == EAI_INPROGRESS)
        return err_fail(note, ERR_UNAVAILABLE, "its name is still being looked up");

    unsigned count = 0;
    for (struct addrinfo *a = dial->asked->ar_result; status == 0 && a; a = a->ai_next)
        count++;
    struct addrinfo *one = dial->asked->ar_result;
    for (unsigned i = count ? dial->turn++ % count : 0; i > 0; i--)
        one = one->ai_next;
    enum err err = count ? dial_address(one->ai_family, one->ai_addr, one->ai_addrlen, timeout_ms,
                                        ret_fd, note)
                         : err_fail(note, ERR_UNAVAILABLE, "its name: %s", gai_strerror(status));
    if (err == OK)
        dial->turn--; /* it is good: take it again */
    forget(dial);
    return err;
}

static enum err dial_host(struct redis_dial *dial, int timeout_ms, int *ret_fd,
                          struct err_note *note)
{
    if (!dial->url->host) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        strncpy(address.sun_path, dial->url->path, sizeof address.sun_path - 1);
        return dial_address(AF_UNIX, (struct sockaddr *) &address, sizeof address, timeout_ms,
                            ret_fd, note);
    }
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *numeric;
    char port[8];
    snprintf(port, sizeof port, "%d", dial->url->port);
    if (getaddrinfo(dial->url->host, port, &hints, &numeric) == 0) {
        enum err err = dial_address(numeric->ai_family, numeric->ai_addr, numeric->ai_addrlen,
                                    timeout_ms, ret_fd, note);
        freeaddrinfo(numeric);
        return err;
    }
    return dial_name(dial, timeout_ms, ret_fd, note);
}

enum err redis_dial(struct redis_dial *dial, int timeout_ms, struct redisContext **ret_context,
                    struct err_note *note)
{
    int fd;
    TRY(dial_host(dial, timeout_ms, &fd, note));
    redisContext *context = redisConnectFd(fd);
    if (!context) {
        close(fd);
        return ERR_NOMEM;
    }
    (void) redisSetTimeout(context,
                           (struct timeval){ timeout_ms / 1000, timeout_ms % 1000 * 1000L });
    enum err err = dial->url->is_tls ? redis_tls_connect(dial->url, context, note) : OK;
    if (err != OK)
        redisFree(context);
    else
        *ret_context = context;
    return err;
}
