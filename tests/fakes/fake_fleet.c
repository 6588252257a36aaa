/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_fleet.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct told {
    char *shop, *customer_id; /* customer_id NULL: a catalogue */
    uint64_t position;
};

/* What all members have in common. */
struct hub {
    pthread_mutex_t lock;
    struct told *standing, *history;
    uint32_t n_standing, n_history, members;
};

struct fake_fleet {
    struct fleet fleet; /* first */
    struct hub *hub;
    uint32_t heard; /* of the history */
    bool is_new, failing;
};

static struct fake_fleet *lock(struct fleet *fleet)
{
    struct fake_fleet *self = (struct fake_fleet *) fleet;
    pthread_mutex_lock(&self->hub->lock);
    return self;
}

static void unlock(struct fake_fleet *self)
{
    pthread_mutex_unlock(&self->hub->lock);
}

static void add(struct told **list, uint32_t *n, struct str shop, struct str customer_id,
                uint64_t position)
{
    *list = realloc(*list, (*n + 1) * sizeof **list);
    (*list)[(*n)++] =
        (struct told){ str_dup(shop), customer_id.at ? str_dup(customer_id) : NULL, position };
}

static struct told *find(struct hub *hub, struct str shop, struct str customer_id)
{
    for (uint32_t i = 0; i < hub->n_standing; i++)
        if (str_is(shop, hub->standing[i].shop) &&
            str_is(customer_id, hub->standing[i].customer_id))
            return &hub->standing[i];
    return NULL;
}

static enum err unavailable(struct fake_fleet *self, struct err_note *note)
{
    return self->failing ? err_fail(note, ERR_UNAVAILABLE, "the fake fleet fails as it was told")
                         : OK;
}

static enum err tell(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                     uint32_t n, struct err_note *note)
{
    struct fake_fleet *self = lock(fleet);
    struct hub *hub = self->hub;
    enum err err = unavailable(self, note);
    for (uint32_t i = 0; i < n && err == OK; i++) {
        struct told *stands = find(hub, shop, marks[i].customer_id);
        if (!stands)
            add(&hub->standing, &hub->n_standing, shop, marks[i].customer_id, marks[i].position);
        else if (stands->position < marks[i].position)
            stands->position = marks[i].position;
        add(&hub->history, &hub->n_history, shop, marks[i].customer_id, marks[i].position);
    }
    unlock(self);
    return err;
}

/* Those of @shop among @list from @from on; true: a catalogue was among them. */
static bool visit_all(const struct told *list, uint32_t from, uint32_t n, struct str shop,
                      void *visitor, void (*visit)(void *self, const struct fleet_mark *mark))
{
    bool changed = false;
    for (uint32_t i = from; i < n; i++)
        if (str_is(shop, list[i].shop) && list[i].customer_id)
            visit(visitor, &(struct fleet_mark){ str_of(list[i].customer_id), list[i].position });
        else
            changed |= str_is(shop, list[i].shop);
    return changed;
}

static enum err hear(struct fleet *fleet, struct str shop, void *visitor,
                     void (*visit)(void *self, const struct fleet_mark *mark),
                     bool *ret_catalog_changed, struct err_note *note)
{
    struct fake_fleet *self = lock(fleet);
    struct hub *hub = self->hub;
    enum err err = unavailable(self, note);
    if (err == OK && self->is_new) {
        visit_all(hub->standing, 0, hub->n_standing, shop, visitor, visit);
        *ret_catalog_changed = true;
    } else if (err == OK) {
        *ret_catalog_changed =
            visit_all(hub->history, self->heard, hub->n_history, shop, visitor, visit);
    }
    if (err == OK) {
        self->is_new = false;
        self->heard = hub->n_history;
    }
    unlock(self);
    return err;
}

static enum err settle(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                       uint32_t n, struct err_note *note)
{
    struct fake_fleet *self = lock(fleet);
    struct hub *hub = self->hub;
    enum err err = unavailable(self, note);
    for (uint32_t i = 0; i < n && err == OK; i++) {
        struct told *stands = find(hub, shop, marks[i].customer_id);
        if (!stands || stands->position > marks[i].position)
            continue;
        free(stands->shop);
        free(stands->customer_id);
        *stands = hub->standing[--hub->n_standing];
    }
    unlock(self);
    return err;
}

static int fd_of(struct fleet *fleet)
{
    (void) fleet;
    return -1;
}

static void free_list(struct told *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        free(list[i].shop);
        free(list[i].customer_id);
    }
    free(list);
}

static void free_member(struct fleet *fleet)
{
    if (!fleet)
        return;
    struct fake_fleet *self = lock(fleet);
    struct hub *hub = self->hub;
    bool last = --hub->members == 0;
    unlock(self);
    if (last) {
        free_list(hub->standing, hub->n_standing);
        free_list(hub->history, hub->n_history);
        pthread_mutex_destroy(&hub->lock);
        free(hub);
    }
    free(self);
}

static enum err new_member(struct hub *hub, struct fleet **ret_fleet)
{
    struct fake_fleet *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->fleet = (struct fleet){ tell, hear, settle, fd_of, free_member };
    self->hub = hub;
    self->is_new = true;
    pthread_mutex_lock(&hub->lock);
    hub->members++;
    pthread_mutex_unlock(&hub->lock);
    *ret_fleet = &self->fleet;
    return OK;
}

enum err fake_fleet_new(struct fleet **ret_fleet)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        return ERR_NOMEM;
    pthread_mutex_init(&hub->lock, NULL);
    enum err err = new_member(hub, ret_fleet);
    if (err != OK)
        free(hub);
    return err;
}

enum err fake_fleet_join(struct fleet *fleet, struct fleet **ret_fleet)
{
    return new_member(((struct fake_fleet *) fleet)->hub, ret_fleet);
}

void fake_fleet_fail(struct fleet *fleet, bool failing)
{
    struct fake_fleet *self = lock(fleet);
    self->failing = failing;
    self->is_new = true;
    unlock(self);
}

uint32_t fake_fleet_standing(struct fleet *fleet)
{
    struct fake_fleet *self = lock(fleet);
    uint32_t n = self->hub->n_standing;
    unlock(self);
    return n;
}

void fake_fleet_catalog(struct fleet *fleet, struct str shop)
{
    struct fake_fleet *self = lock(fleet);
    add(&self->hub->history, &self->hub->n_history, shop, (struct str){ 0 }, 0);
    unlock(self);
}
