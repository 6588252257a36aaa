/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/rejects.h"

#include <errno.h>
#include <string.h>

#include "app/jobs/progress.h"

enum err rejects_open(struct rejects *rejects, const char *path, struct progress *progress,
                      struct err_note *note)
{
    *rejects = (struct rejects){ .progress = progress };
    if (!path)
        return OK;
    rejects->to = fopen(path, "we");
    if (!rejects->to)
        return err_fail(note, ERR_INPUT, "--rejects %s: %s", path, strerror(errno));
    (void) fputs("file,line,reason,value,text\n", rejects->to);
    return OK;
}

static void put_field(FILE *to, struct str text, char after)
{
    (void) fputc('"', to);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            (void) fputc('"', to);
        (void) fputc(text.at[i], to);
    }
    (void) fputc('"', to);
    (void) fputc(after, to);
}

/* For a terminal: no control characters, not without end. */
static void show_value(struct str value)
{
    enum { SHOWN_BYTES = 60 };
    size_t len = value.len;
    if (len > SHOWN_BYTES)
        for (len = SHOWN_BYTES; len > 0 && ((unsigned char) value.at[len] & 0xc0) == 0x80;)
            len--;
    (void) fputs(" ('", stderr);
    for (size_t i = 0; i < len; i++)
        (void) fputc((unsigned char) value.at[i] < 0x20 || value.at[i] == 0x7f ? '?' : value.at[i],
                     stderr);
    (void) fputs(len < value.len ? "…')" : "')", stderr);
}

void rejects_tell(void *self, const struct csv_refusal *refusal)
{
    struct rejects *rejects = self;
    if (refusal->nth <= REJECTS_SHOWN) {
        progress_wipe(rejects->progress);
        (void) fprintf(stderr, "%s:%llu: refused: %s", rejects->file,
                       (unsigned long long) refusal->line, refusal->reason);
        if (refusal->value.len)
            show_value(refusal->value);
        (void) fputc('\n', stderr);
    } else if (refusal->nth == REJECTS_SHOWN + 1) {
        progress_wipe(rejects->progress);
        (void) fprintf(stderr, "%s: further lines of this kind are counted below%s: %s\n",
                       rejects->file, rejects->to ? " and in the rejects file" : "",
                       refusal->reason);
    }
    if (!rejects->to)
        return;
    put_field(rejects->to, str_of(rejects->file), ',');
    (void) fprintf(rejects->to, "%llu,", (unsigned long long) refusal->line);
    put_field(rejects->to, str_of(refusal->reason), ',');
    put_field(rejects->to, refusal->value, ',');
    put_field(rejects->to, refusal->text, '\n');
}

enum err rejects_close(struct rejects *rejects, struct err_note *note)
{
    FILE *to = rejects->to;
    rejects->to = NULL;
    if (!to)
        return OK;
    bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed)
        return err_fail(note, ERR_UNAVAILABLE, "the rejects file could not be written completely");
    return OK;
}
