/* SPDX-License-Identifier: Apache-2.0 */
#include "app/service/cgroup_memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BYTES = 8192 }; /* memory.stat is about two thousand */

/* The beginning of a small file of the kernel's, zero-terminated; false when there is none. */
static bool read_text(const char *path, char text[TEXT_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, TEXT_BYTES - 1) : -1;
    if (fd >= 0)
        (void) close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* What follows @name at the beginning of a line; NULL when no line begins so. */
static const char *line_of(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0)
            return line + len;
    }
    return NULL;
}

/* False for no file, and for the word "max". */
static bool number_of(const char *group, const char *file, const char *name, uint64_t *ret_value)
{
    char path[PATH_MAX], text[TEXT_BYTES], *end;
    int len = snprintf(path, sizeof path, "%s/%s", group, file);
    if (len < 0 || len >= PATH_MAX || !read_text(path, text))
        return false;
    const char *at = line_of(text, name);
    if (!at)
        return false;
    *ret_value = strtoull(at, &end, 10);
    return end != at;
}

static bool left_in(const char *group, uint64_t *ret_bytes)
{
    uint64_t most = 0, used = 0, idle = 0;
    if (!number_of(group, "memory.max", "", &most) ||
        !number_of(group, "memory.current", "", &used))
        return false;
    (void) number_of(group, "memory.stat", "inactive_file ", &idle);
    used = used > idle ? used - idle : 0;
    *ret_bytes = most > used ? most - used : 0;
    return true;
}

bool cgroup_memory_left(const char *root, uint64_t *ret_bytes)
{
    char path[PATH_MAX], text[TEXT_BYTES];
    int top = snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (top < 0 || top >= PATH_MAX || !read_text(path, text))
        return false;
    const char *own = line_of(text, "0::");
    if (!own)
        return false;
    top = snprintf(path, sizeof path, "%s/sys/fs/cgroup", root);
    int len =
        snprintf(path, sizeof path, "%s/sys/fs/cgroup%.*s", root, (int) strcspn(own, "\n"), own);
    if (len < 0 || len >= PATH_MAX)
        return false;
    bool found = false;
    for (char *cut; (cut = strrchr(path, '/')) && strlen(path) >= (size_t) top; *cut = '\0') {
        uint64_t left;
        if (left_in(path, &left) && (!found || left < *ret_bytes)) {
            *ret_bytes = left;
            found = true;
        }
    }
    return found;
}
