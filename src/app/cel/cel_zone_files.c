/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cel/cel_zone_files.h"

#include <stdlib.h>

#include "files/tz_file.h"

enum { ZONES = 600 }; /* the database has fewer */

/* The first second that a zone has no transitions for, TZ_LAST_YEAR being 2499; and 400 years. */
#define AFTER_LAST_S INT64_C(16725225600)
#define CALENDAR_S   INT64_C(12622780800)

struct cel_zone_files {
    struct arena *arena;
    struct {
        struct str name;
        const struct civil_zone *zone; /* NULL: there is none of that name */
    } known[ZONES];
    uint32_t n;
};

struct cel_zone_files *cel_zone_files_new(void)
{
    AUTO(cel_zone_files_free) struct cel_zone_files *files = calloc(1, sizeof *files);
    if (!files)
        return NULL;
    files->arena = arena_new(64u << 10, 16u << 20);
    return files->arena ? MOVE(files) : NULL;
}

struct cel_zone_files *cel_zone_files_free(struct cel_zone_files *files)
{
    if (files)
        arena_free(files->arena);
    free(files);
    return NULL;
}

static const void *find(void *self, struct str name)
{
    struct cel_zone_files *files = self;
    const struct civil_zone *zone = NULL;
    for (uint32_t i = 0; i < files->n; i++)
        if (str_eq(files->known[i].name, name))
            return files->known[i].zone;
    if (tz_file_read(name, files->arena, &zone) != OK)
        return NULL;
    struct str kept = arena_copy(files->arena, name);
    if (files->n < ZONES && kept.at) {
        files->known[files->n].name = kept;
        files->known[files->n++].zone = zone;
    }
    return zone;
}

/* Beyond the last year the same as a multiple of 400 years earlier. */
static int32_t offset_s(const void *zone, int64_t utc_s)
{
    if (utc_s >= AFTER_LAST_S)
        utc_s -= ((utc_s - AFTER_LAST_S) / CALENDAR_S + 1) * CALENDAR_S;
    return (int32_t) (civil_local_s(zone, utc_s * 1000000) - utc_s);
}

struct cel_zones cel_zone_files_zones(struct cel_zone_files *files)
{
    return (struct cel_zones){ .find = find, .offset_s = offset_s, .self = files };
}
