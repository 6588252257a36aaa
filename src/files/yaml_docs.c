/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files side by side
 *
 * A helping thread takes the next file, reads it and leaves its tree, or nothing when there is
 * anything to say about it. Then the caller goes through the files in order and reads what was
 * left: so only one thread ever adds diags, and they stand as if it had read everything. A thread
 * that cannot be had is done without.
 */
#include "files/yaml_docs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "files/yaml_doc.h"

enum { HELPERS_MAX = 3, TREE_BYTES = 32 << 10 };
enum {
    WORTH_BYTES = 8 << 20
}; /* of text for each helper: an ordinary reload leaves the processors to requests */

struct pile {
    struct doc_file *files;
    struct arena **trees;
    uint32_t n_files;
    size_t limit_bytes;
    atomic_size_t used_bytes;
    atomic_uint next;
};

/* @diags NULL: quietly, which leaves no tree when there is something to say. */
static enum err read_file(struct pile *pile, uint32_t i, struct diags *diags)
{
    struct doc_file *file = &pile->files[i];
    size_t used = atomic_load(&pile->used_bytes);
    if (used >= pile->limit_bytes)
        return ERR_LIMIT;
    AUTO(arena_free)
    struct arena *tree = arena_new(TREE_BYTES + file->text.len, pile->limit_bytes - used);
    if (!tree)
        return ERR_NOMEM;

    struct diags own;
    diags_init(&own, tree);
    enum err err = yaml_doc_read(file, tree, diags ? diags : &own);
    if (own.errors || own.warnings)
        file->root = NULL;
    else if (err == OK || err == ERR_INPUT) {
        atomic_fetch_add(&pile->used_bytes, arena_used(tree));
        pile->trees[i] = MOVE(tree);
    }
    return err;
}

static void *help(void *self)
{
    struct pile *pile = self;
    for (uint32_t i; (i = atomic_fetch_add(&pile->next, 1)) < pile->n_files;)
        if (pile->files[i].text.at)
            (void) read_file(pile, i, NULL); /* its fault is met again */
    return NULL;
}

/* How many threads besides the caller's are worth their while. */
static long helpers_for(const struct pile *pile)
{
    size_t text_bytes = 0;
    for (uint32_t i = 0; i < pile->n_files; i++)
        text_bytes += pile->files[i].text.len;
    long most = sysconf(_SC_NPROCESSORS_ONLN) - 1;
    long worth = (long) (text_bytes / WORTH_BYTES);
    most = most < HELPERS_MAX ? most : HELPERS_MAX;
    return worth < most ? worth : most;
}

static void read_side_by_side(struct pile *pile)
{
    pthread_t helpers[HELPERS_MAX];
    long n = 0, most = helpers_for(pile);
    while (n < most && pthread_create(&helpers[n], NULL, help, pile) == 0)
        n++;
    if (n > 0)
        (void) help(pile);
    while (n > 0)
        (void) pthread_join(helpers[--n], NULL);
}

enum err yaml_docs_read(struct doc_file *files, uint32_t n_files, size_t limit_bytes,
                        struct arena **trees, struct diags *diags)
{
    struct pile pile = {
        .files = files, .trees = trees, .n_files = n_files, .limit_bytes = limit_bytes
    };
    read_side_by_side(&pile);
    for (uint32_t i = 0; i < n_files; i++) {
        if (!files[i].text.at || trees[i])
            continue;
        enum err err = read_file(&pile, i, diags);
        if (err != OK && err != ERR_INPUT)
            return err;
    }
    return OK;
}
