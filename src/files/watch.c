/* SPDX-License-Identifier: Apache-2.0 */
#include "files/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "files/rules_dir.h"

static const uint32_t dir_events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                   IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t parent_events =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

struct watch {
    int fd;
    char *dir, *parent, *name; /* "shop/rules", "shop", "rules" */
    int dir_wd, parent_wd;     /* -1: not watched */
    int64_t first_us, last_us; /* of what happened since the last look; 0 = nothing */
    int64_t looked_us;
};

/* Paths as given: a link is watched through, and where it stands. */
static bool split_path(struct watch *watch, const char *dir)
{
    watch->dir = strdup(dir);
    if (!watch->dir)
        return false;
    for (size_t len = strlen(watch->dir); len > 1 && watch->dir[len - 1] == '/'; len--)
        watch->dir[len - 1] = 0;
    const char *slash = strrchr(watch->dir, '/');
    watch->name = strdup(slash ? slash + 1 : watch->dir);
    watch->parent = slash == watch->dir ? strdup("/")
                    : slash             ? strndup(watch->dir, (size_t) (slash - watch->dir))
                                        : strdup(".");
    return watch->name && watch->parent;
}

/* The same directory gives the same descriptor, so this may be done as often as one likes. */
static void rearm(struct watch *watch)
{
    int dir = inotify_add_watch(watch->fd, watch->dir, dir_events);
    if (watch->dir_wd >= 0 && dir != watch->dir_wd)
        (void) inotify_rm_watch(watch->fd, watch->dir_wd);
    watch->dir_wd = dir;
    int parent = inotify_add_watch(watch->fd, watch->parent, parent_events | IN_MASK_ADD);
    if (watch->parent_wd >= 0 && parent != watch->parent_wd)
        (void) inotify_rm_watch(watch->fd, watch->parent_wd);
    watch->parent_wd = parent;
}

struct watch *watch_new(const char *dir, int64_t now_us)
{
    AUTO(watch_free) struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->dir_wd = watch->parent_wd = -1;
    watch->looked_us = now_us;
    if (watch->fd < 0 || !split_path(watch, dir))
        return NULL;
    rearm(watch);
    return MOVE(watch);
}

struct watch *watch_free(struct watch *watch)
{
    if (!watch)
        return NULL;
    if (watch->fd >= 0)
        close(watch->fd);
    free(watch->dir);
    free(watch->parent);
    free(watch->name);
    free(watch);
    return NULL;
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

static bool concerns_us(const struct watch *watch, const struct inotify_event *event)
{
    struct str name = event->len ? str_of(event->name) : STR("");
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->wd == watch->parent_wd && str_is(name, watch->name))
        return true;
    if (event->wd != watch->dir_wd)
        return false;
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
        return true;
    return rules_dir_is_rule_file(name) || str_starts_with(name, STR(".."));
}

bool watch_drain(struct watch *watch, int64_t now_us)
{
    alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    bool changed = false;
    ssize_t len;

    while ((len = read(watch->fd, buffer, sizeof buffer)) > 0 || (len < 0 && errno == EINTR))
        for (ssize_t at = 0; at < len;) {
            struct inotify_event event_head;
            memcpy(&event_head, buffer + at, sizeof event_head);
            changed |=
                concerns_us(watch, (const struct inotify_event *) (const void *) (buffer + at));
            at += (ssize_t) (sizeof event_head + event_head.len);
        }
    if (changed) {
        if (!watch->first_us)
            watch->first_us = now_us;
        watch->last_us = now_us;
    }
    return changed;
}

static int64_t due_us(const struct watch *watch)
{
    int64_t poll = watch->looked_us + WATCH_POLL_US;
    if (!watch->first_us)
        return poll;
    int64_t quiet = watch->last_us + WATCH_QUIET_US, longest = watch->first_us + WATCH_LONGEST_US;
    int64_t change = quiet < longest ? quiet : longest;
    return change < poll ? change : poll;
}

int64_t watch_wait_us(const struct watch *watch, int64_t now_us)
{
    int64_t due = due_us(watch);
    return due > now_us ? due - now_us : 0;
}

bool watch_is_due(struct watch *watch, int64_t now_us)
{
    if (now_us < due_us(watch))
        return false;
    watch->first_us = watch->last_us = 0;
    watch->looked_us = now_us;
    rearm(watch);
    return true;
}
