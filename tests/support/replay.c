/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay
 *
 * A main() for a fuzz entry point when libFuzzer is not linked: every file of every directory (or
 * file) named on the command line is fed to it once, in name order, so that what the fuzzer once
 * found stays found, with any compiler. Each input is given in a buffer of exactly its size, so a
 * sanitizer sees a read past the end. Fails when an input cannot be read or there is none at all.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return fprintf(stderr, "cannot read '%s'\n", path), 1;
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t) size : 1);
    if (!data || fread(data, 1, (size_t) size, file) != (size_t) size)
        return fprintf(stderr, "cannot read '%s'\n", path), 1;
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t) size);
    free(data);
    replayed++;
    return 0;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, visible, alphasort);
    if (n < 0)
        return replay_file(path);

    int failed = 0;
    for (int i = 0; i < n; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        failed |= replay(inner);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return failed || replayed == 0;
}
