/* SPDX-License-Identifier: Apache-2.0 */
#include "http/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

void lines_init(struct lines *lines, unsigned idle_timeout_s, unsigned slow_request_s)
{
    *lines = (struct lines){ .quiet_ms = 1000ULL * (idle_timeout_s + slow_request_s),
                             .slow_ms = 1000ULL * slow_request_s };
    lines->ring.before = lines->ring.after = &lines->ring;
}

void lines_deinit(struct lines *lines)
{
    for (struct line *line; (line = lines->spare);) {
        lines->spare = line->after;
        free(line);
    }
}

struct line *line_open(struct lines *lines, struct MHD_Connection *connection, uint64_t now_ms)
{
    struct line *line = lines->spare;
    lines->open++;
    if (line)
        lines->spare = line->after;
    else if (!(line = malloc(sizeof *line)))
        return NULL;
    *line = (struct line){ .before = &lines->ring,
                           .after = lines->ring.after,
                           .connection = connection,
                           .since_ms = now_ms };
    line->after->before = line;
    lines->ring.after = line;
    return line;
}

void line_close(struct lines *lines, struct line *line)
{
    lines->open--;
    if (!line)
        return;
    line->before->after = line->after;
    line->after->before = line->before;
    line->after = lines->spare;
    lines->spare = line;
}

void line_enter(struct line *line, enum line_phase phase, uint64_t now_ms)
{
    if (line) {
        line->phase = phase;
        line->since_ms = now_ms;
    }
}

/*
 * libmicrohttpd has nothing under way to the client while a body comes in, so this is not mixed up.
 */
static void say_too_slow(int fd)
{
    static const char body[] = "{\"type\":\"/problems/too-slow\",\"title\":\"The request took too "
                               "long to arrive.\",\"status\":408}";
    char text[512];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                       "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n%s",
                       sizeof body - 1, body);
    (void) send(fd, text, (size_t) len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void line_cut(const struct lines *lines, struct line *line)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(line->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    line->cut = true;
    if (!info)
        return;
    if (line->phase == LINE_RECEIVING && !lines->is_tls)
        say_too_slow(info->connect_fd);
    (void) shutdown(info->connect_fd, SHUT_RDWR);
}

unsigned lines_sweep(struct lines *lines, uint64_t now_ms, uint64_t most_quiet_ms)
{
    unsigned n = 0;
    for (struct line *line = lines->ring.after; line != &lines->ring; line = line->after) {
        uint64_t most = line->phase == LINE_QUIET ? lines->quiet_ms : lines->slow_ms;
        if (line->phase == LINE_QUIET && most_quiet_ms < most)
            most = most_quiet_ms;
        if (line->cut || line->phase == LINE_WORKING || now_ms - line->since_ms <= most)
            continue;
        line_cut(lines, line);
        n++;
    }
    return n;
}
