/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"

static struct {
    enum log_level level;
    bool json;
} setup = { .level = LOG_INFO };

static struct log_sink *_Atomic sink;
static _Thread_local bool writes_itself;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(enum log_level level, bool json)
{
    setup.level = level;
    setup.json = json;
}

void log_to(struct log_sink *new_sink)
{
    atomic_store(&sink, new_sink);
}

void log_itself(void)
{
    writes_itself = true;
}

bool log_wants(enum log_level level)
{
    return level <= setup.level;
}

bool log_level_of(struct str name, enum log_level *ret_level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (str_is(name, level_names[i])) {
            *ret_level = (enum log_level) i;
            return true;
        }
    return false;
}

static int64_t wall_us(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void json_line(struct out *out, enum log_level level, const char *area,
                      struct str request_id, struct str text)
{
    out_json_open(out, '{');
    out_json_key(out, STR("time"));
    out_char(out, '"');
    out_instant(out, wall_us(), true);
    out_char(out, '"');
    out->comma = true;
    out_json_key(out, STR("level"));
    out_json_str(out, str_of(level_names[level]));
    out_json_key(out, STR("area"));
    out_json_str(out, str_of(area));
    if (request_id.len) {
        out_json_key(out, STR("request"));
        out_json_str(out, request_id);
    }
    out_json_key(out, STR("message"));
    out_json_str(out, text);
    out_json_close(out, '}');
    out_char(out, '\n');
}

static void text_line(struct out *out, enum log_level level, const char *area,
                      struct str request_id, struct str text)
{
    out_instant(out, wall_us(), true);
    out_printf(out, " %-7s %s: ", level_names[level], area);
    if (request_id.len)
        out_printf(out, "[%.*s] ", STR_ARG(request_id));
    for (size_t i = 0; i < text.len; i++) { /* what would command a terminal is a blank */
        bool control = (unsigned char) text.at[i] < ' ' || text.at[i] == 127;
        out_char(out, control ? ' ' : text.at[i]);
    }
    out_char(out, '\n');
}

static void put(struct str text)
{
    struct log_sink *to = writes_itself ? NULL : atomic_load(&sink);
    if (to)
        to->put(to, text);
    else if (write(STDERR_FILENO, text.at, text.len) < 0) {
        /* nowhere left to say it */
    }
}

static void line(enum log_level level, const char *area, struct str request_id, const char *fmt,
                 va_list ap)
{
    char text[1024];
    int len = vsnprintf(text, sizeof text, fmt, ap);
    if (len < 0)
        return;
    struct str message = { text, (size_t) len < sizeof text ? (size_t) len : sizeof text - 1 };
    while (!str_is_utf8(message, NULL) && message.len > 0)
        message.len--; /* cut inside a character, or foreign bytes: keep what is readable */

    struct out out;
    out_init(&out, NULL, 512);
    (setup.json ? json_line : text_line)(&out, level, area, request_id, message);
    if (!out.failed)
        put(out_str(&out));
    out_deinit(&out);
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
    if (!log_wants(level))
        return;
    va_list ap;
    va_start(ap, fmt);
    line(level, area, (struct str){ 0 }, fmt, ap);
    va_end(ap);
}

void log_request(enum log_level level, const char *area, struct str request_id, const char *fmt,
                 ...)
{
    if (!log_wants(level))
        return;
    va_list ap;
    va_start(ap, fmt);
    line(level, area, request_id, fmt, ap);
    va_end(ap);
}
