/* SPDX-License-Identifier: Apache-2.0 */
/* What was told is numbered; a member remembers up to which number it has heard. */
#include "fake_fleet.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLED_AT_MOST = 1000 }; /* in one call: more takes a database longer than it may */

struct told {
    char *customer_id;
    uint64_t position;
    bool stands;
};

struct fake_fleet {
    pthread_mutex_t lock;
    struct told *told;
    uint32_t n;
};

struct member {
    struct fleet fleet; /* first: a fleet is cast back to its member */
    struct fake_fleet *fake;
    uint32_t heard;
    bool is_cut, is_new; /* all that stands is to be heard */
};

static enum err locked(struct member *member, struct err_note *note)
{
    pthread_mutex_lock(&member->fake->lock);
    if (!member->is_cut)
        return OK;
    pthread_mutex_unlock(&member->fake->lock);
    return err_fail(note, ERR_UNAVAILABLE, "this member is cut off, as it was told");
}

static enum err tell(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                     uint32_t n, struct err_note *note)
{
    struct member *member = (struct member *) fleet;
    struct fake_fleet *fake = member->fake;
    (void) shop;
    TRY(locked(member, note));
    fake->told = realloc(fake->told, (fake->n + n + 1) * sizeof *fake->told);
    if (!fake->told)
        abort();
    for (uint32_t i = 0; i < n; i++)
        fake->told[fake->n++] =
            (struct told){ str_dup(marks[i].customer_id), marks[i].position, true };
    pthread_mutex_unlock(&fake->lock);
    return OK;
}

static enum err hear(struct fleet *fleet, struct str shop, void *self,
                     void (*visit)(void *self, const struct fleet_mark *mark),
                     bool *ret_catalog_changed, struct err_note *note)
{
    struct member *member = (struct member *) fleet;
    struct fake_fleet *fake = member->fake;
    (void) shop;
    TRY(locked(member, note));
    for (uint32_t i = member->is_new ? 0 : member->heard; i < fake->n; i++)
        if (fake->told[i].stands || i >= member->heard)
            visit(self, &(struct fleet_mark){ str_of(fake->told[i].customer_id),
                                              fake->told[i].position });
    member->heard = fake->n;
    member->is_new = false;
    *ret_catalog_changed = false;
    pthread_mutex_unlock(&fake->lock);
    return OK;
}

static enum err settle(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                       uint32_t n, struct err_note *note)
{
    struct member *member = (struct member *) fleet;
    struct fake_fleet *fake = member->fake;
    (void) shop;
    if (n > SETTLED_AT_MOST)
        return err_fail(note, ERR_UNAVAILABLE, "too many marks to settle in time");
    TRY(locked(member, note));
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < fake->n; j++)
            if (str_is(marks[i].customer_id, fake->told[j].customer_id) &&
                fake->told[j].position <= marks[i].position)
                fake->told[j].stands = false;
    pthread_mutex_unlock(&fake->lock);
    return OK;
}

static int fd(struct fleet *fleet)
{
    (void) fleet;
    return -1;
}

static void leave(struct fleet *fleet)
{
    free(fleet);
}

struct fleet *fake_fleet_join(struct fake_fleet *fake)
{
    struct member *member = calloc(1, sizeof *member);
    if (!member)
        abort();
    *member =
        (struct member){ .fleet = { tell, hear, settle, fd, leave }, .fake = fake, .is_new = true };
    pthread_mutex_lock(&fake->lock);
    member->heard = fake->n;
    pthread_mutex_unlock(&fake->lock);
    return &member->fleet;
}

void fake_fleet_cut(struct fleet *fleet, bool is_cut)
{
    struct member *member = (struct member *) fleet;
    pthread_mutex_lock(&member->fake->lock);
    member->is_new |= member->is_cut && !is_cut;
    member->is_cut = is_cut;
    if (member->is_new)
        member->heard = member->fake->n;
    pthread_mutex_unlock(&member->fake->lock);
}

unsigned fake_fleet_standing(struct fake_fleet *fake)
{
    unsigned standing = 0;
    pthread_mutex_lock(&fake->lock);
    for (uint32_t i = 0; i < fake->n; i++)
        standing += fake->told[i].stands;
    pthread_mutex_unlock(&fake->lock);
    return standing;
}

struct fake_fleet *fake_fleet_new(void)
{
    struct fake_fleet *fake = calloc(1, sizeof *fake);
    if (!fake)
        abort();
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

struct fake_fleet *fake_fleet_free(struct fake_fleet *fake)
{
    if (!fake)
        return NULL;
    for (uint32_t i = 0; i < fake->n; i++)
        free(fake->told[i].customer_id);
    free(fake->told);
    pthread_mutex_destroy(&fake->lock);
    free(fake);
    return NULL;
}
