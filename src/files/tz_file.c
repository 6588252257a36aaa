/* SPDX-License-Identifier: Apache-2.0 */
#include "files/tz_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/tz_rule.h"

enum {
    HEADER_BYTES = 44,
    FILE_BYTES_MAX = 256 << 10,
    TRANSITIONS_MAX = 4096, /* of the file; real ones have at most some 240 */
};

/* The six counts of a header, in the order of the file. */
struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t big32(const unsigned char *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

static int64_t big64(const unsigned char *at)
{
    return (int64_t) ((uint64_t) big32(at) << 32 | big32(at + 4));
}

static bool read_header(struct str bytes, struct counts *counts)
{
    const unsigned char *at = (const unsigned char *) bytes.at;
    if (bytes.len < HEADER_BYTES || memcmp(at, "TZif", 4) != 0)
        return false;
    *counts = (struct counts){ big32(at + 20), big32(at + 24), big32(at + 28),
                               big32(at + 32), big32(at + 36), big32(at + 40) };
    return counts->time <= TRANSITIONS_MAX && counts->type >= 1 && counts->type <= 256 &&
           counts->chars <= 4096 && counts->leap <= 4096 && counts->isut <= 256 &&
           counts->isstd <= 256;
}

static size_t body_bytes(const struct counts *c, size_t time_bytes)
{
    return c->time * (time_bytes + 1) + c->type * 6u + c->chars + c->leap * (time_bytes + 4) +
           c->isstd + c->isut;
}

/* The 64-bit part behind the header at @bytes: transitions into @zone. */
static enum err read_body(struct str bytes, const struct counts *c, struct arena *arena,
                          struct civil_zone *zone, bool *ret_good)
{
    const unsigned char *times = (const unsigned char *) bytes.at + HEADER_BYTES;
    const unsigned char *indices = times + (size_t) c->time * 8, *types = indices + c->time;
    uint32_t room = c->time + 2 * (TZ_LAST_YEAR - 1970 + 2);
    int64_t *starts = arena_take_array(arena, int64_t, room);
    int32_t *offsets = arena_take_array(arena, int32_t, room);
    if (!starts || !offsets)
        return ERR_LIMIT;

    *ret_good = true;
    for (uint32_t i = 0; i < c->time; i++) {
        starts[i] = big64(times + (size_t) i * 8);
        bool ordered = i == 0 || starts[i] > starts[i - 1];
        if (!ordered || indices[i] >= c->type) {
            *ret_good = false;
            return OK;
        }
        offsets[i] = (int32_t) big32(types + (size_t) indices[i] * 6);
    }
    zone->first_offset_s = (int32_t) big32(types);
    zone->starts_s = starts;
    zone->offsets_s = offsets;
    zone->n = c->time;

    struct str rest = { bytes.at + HEADER_BYTES + body_bytes(c, 8), 0 };
    rest.len = (size_t) (bytes.at + bytes.len - rest.at);
    zone->n += tz_rule_expand(rest, starts, offsets, zone->n, room);
    *ret_good &= zone->first_offset_s > -86400 && zone->first_offset_s < 86400;
    for (uint32_t i = 0; i < zone->n; i++)
        *ret_good &= offsets[i] > -86400 && offsets[i] < 86400;
    return OK;
}

enum err tz_parse(struct str bytes, struct str name, struct arena *arena,
                  const struct civil_zone **ret_zone)
{
    struct counts counts;
    bool good = false;

    *ret_zone = NULL;
    if (!read_header(bytes, &counts) || bytes.at[4] < '2')
        return OK;
    size_t first = HEADER_BYTES + body_bytes(&counts, 4);
    if (bytes.len <= first)
        return OK;
    struct str second = { bytes.at + first, bytes.len - first };
    if (!read_header(second, &counts) || second.len < HEADER_BYTES + body_bytes(&counts, 8))
        return OK;

    struct civil_zone *zone = arena_take(arena, sizeof *zone);
    if (!zone)
        return ERR_LIMIT;
    zone->name = arena_copy(arena, name);
    TRY(read_body(second, &counts, arena, zone, &good));
    *ret_zone = good ? zone : NULL;
    return OK;
}

/* A zone's name is a path below the database: nothing that leads out of it. */
static bool is_zone_name(struct str name)
{
    if (name.len == 0 || name.len > 64 || name.at[0] == '/' || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '+' || c == '-' || c == '/';
        if (!good)
            return false;
    }
    return true;
}

static ssize_t read_all(const char *path, char *buffer, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t n;
    while (len < room && (n = read(fd, buffer + len, room - len)) > 0)
        len += (size_t) n;
    close(fd);
    return (ssize_t) len;
}

enum err tz_file_read(struct str name, struct arena *arena, const struct civil_zone **ret_zone)
{
    static const struct civil_zone utc = { .name = { "UTC", 3 } };
    const char *dir = getenv("TZDIR");
    char path[512];

    *ret_zone = str_is(name, "UTC") ? &utc : NULL;
    if (*ret_zone || !is_zone_name(name))
        return OK;
    int len = snprintf(path, sizeof path, "%s/%.*s", dir && *dir ? dir : "/usr/share/zoneinfo",
                       STR_ARG(name));
    char *buffer = len > 0 && (size_t) len < sizeof path ? malloc(FILE_BYTES_MAX) : NULL;
    if (!buffer)
        return ERR_NOMEM;
    ssize_t n = read_all(path, buffer, FILE_BYTES_MAX);
    enum err err = n > 0 ? tz_parse((struct str){ buffer, (size_t) n }, name, arena, ret_zone) : OK;
    free(buffer);
    return err;
}
