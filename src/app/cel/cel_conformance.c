/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cel/cel_conformance.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/cel/cel_case.h"
#include "app/cel/cel_json.h"
#include "app/cel/cel_zone_files.h"

enum { FEATURES_MAX = 256, CASE_ARENA_BYTES = 64 << 20 };

struct feature {
    const char *name; /* borrowed from the file's tree */
    uint32_t passed, failed;
};

struct cel_conformance {
    cJSON *file;
    uint32_t cases, failed;
    struct feature features[FEATURES_MAX];
    uint32_t n_features;
    struct out failures; /* JSON objects, with commas between */
};

static void cjson_free(cJSON *json)
{
    cJSON_Delete(json);
}
DEFINE_AUTO(cJSON, cjson_free)

struct cel_conformance *cel_conformance_free(struct cel_conformance *done)
{
    if (!done)
        return NULL;
    cJSON_Delete(done->file);
    out_deinit(&done->failures);
    free(done);
    return NULL;
}

/* The whole file into @out. */
static enum err read_whole(const char *path, struct out *out, struct err_note *note)
{
    char piece[64 << 10];
    FILE *file = fopen(path, "re");
    if (!file)
        return err_fail(note, ERR_INPUT, "%s: %s", path, strerror(errno));
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;) {
        out_bytes(out, piece, n);
        if (out->len > CEL_CONFORMANCE_BYTES)
            break;
    }
    bool broken = ferror(file) != 0;
    (void) fclose(file);
    if (broken)
        return err_fail(note, ERR_INPUT, "%s: cannot be read", path);
    if (out->len > CEL_CONFORMANCE_BYTES)
        return err_fail(note, ERR_LIMIT, "%s: larger than %d MiB", path,
                        CEL_CONFORMANCE_BYTES >> 20);
    return out->failed ? err_fail(note, ERR_NOMEM, "%s: no memory to read it", path) : OK;
}

/* What every case must have, told before any is run. */
static enum err look_over(const char *path, const cJSON *tests, struct err_note *note)
{
    const cJSON *test;
    int n = 0;
    if (!cJSON_IsArray(tests))
        return err_fail(note, ERR_INPUT, "%s: not a file of conformance cases: no list \"tests\"",
                        path);
    cJSON_ArrayForEach(test, tests)
    {
        bool expr = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(test, "expr")) ||
                    cJSON_IsString(cJSON_GetObjectItemCaseSensitive(test, "expr_base64"));
        if (!expr || !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(test, "expect")))
            return err_fail(note, ERR_INPUT,
                            "%s: not a file of conformance cases: tests[%d] has no \"%s\"", path, n,
                            expr ? "expect" : "expr");
        n++;
    }
    return OK;
}

static enum err read_file(const char *path, cJSON **ret_file, struct err_note *note)
{
    struct out text;
    out_init(&text, NULL, 1 << 20);
    enum err err = read_whole(path, &text, note);
    AUTO(cjson_free) cJSON *file = err == OK ? cJSON_ParseWithLength(text.at, text.len) : NULL;
    out_deinit(&text);
    TRY(err);
    if (!file)
        return err_fail(note, ERR_INPUT, "%s: not JSON", path);
    TRY(look_over(path, cJSON_GetObjectItemCaseSensitive(file, "tests"), note));
    *ret_file = MOVE(file);
    return OK;
}

static struct feature *feature_of(struct cel_conformance *done, const char *name)
{
    for (uint32_t i = 0; i < done->n_features; i++)
        if (strcmp(done->features[i].name, name) == 0)
            return &done->features[i];
    if (done->n_features == FEATURES_MAX)
        return NULL;
    done->features[done->n_features].name = name;
    return &done->features[done->n_features++];
}

static void write_text(struct out *out, const char *key, struct str text)
{
    out_json_key(out, str_of(key));
    cel_json_write_text(text, out);
}

static void note_failure(struct cel_conformance *done, const cJSON *test, struct str text,
                         struct str got, struct str wanted)
{
    const cJSON *feature;
    struct out *out = &done->failures;
    out_json_open(out, '{');
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(test, "id"));
    write_text(out, "id", str_of(id ? id : ""));
    out_json_key(out, STR("features"));
    out_json_open(out, '[');
    cJSON_ArrayForEach(feature, cJSON_GetObjectItemCaseSensitive(test, "features"))
    {
        if (cJSON_IsString(feature))
            cel_json_write_text(str_of(feature->valuestring), out);
    }
    out_json_close(out, ']');
    write_text(out, "expr", text);
    write_text(out, "expected", wanted);
    write_text(out, "got", got);
    out_json_close(out, '}');
}

/* Whether a name stands before @at in the list of @at: a case counts once under each feature. */
static bool said_before(const cJSON *list, const cJSON *at)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, list)
    {
        if (name == at)
            return false;
        if (cJSON_IsString(name) && strcmp(name->valuestring, at->valuestring) == 0)
            return true;
    }
    return false;
}

static void run_case(struct cel_conformance *done, const cJSON *test, struct cel_zones zones,
                     struct arena *arena)
{
    const cJSON *name, *names = cJSON_GetObjectItemCaseSensitive(test, "features");
    struct out got, wanted;
    out_init(&got, NULL, 256);
    out_init(&wanted, NULL, 256);
    bool passed = cel_case_run(test, zones, arena, &got, &wanted);
    done->cases++;
    done->failed += !passed;
    cJSON_ArrayForEach(name, names)
    {
        bool counts = cJSON_IsString(name) && !said_before(names, name);
        struct feature *feature = counts ? feature_of(done, name->valuestring) : NULL;
        if (feature) {
            feature->passed += passed;
            feature->failed += !passed;
        }
    }
    if (!passed)
        note_failure(done, test, cel_case_text(test, arena), out_str(&got), out_str(&wanted));
    out_deinit(&got);
    out_deinit(&wanted);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct feature *) a)->name, ((const struct feature *) b)->name);
}

enum err cel_conformance_run(const char *path, struct cel_conformance **ret_done,
                             struct err_note *note)
{
    AUTO(cel_conformance_free) struct cel_conformance *done = calloc(1, sizeof *done);
    AUTO(cel_zone_files_free) struct cel_zone_files *zones = cel_zone_files_new();
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20, CASE_ARENA_BYTES);
    const cJSON *test;

    if (!done || !zones || !arena)
        return err_fail(note, ERR_NOMEM, "no memory");
    TRY(read_file(path, &done->file, note));
    out_init(&done->failures, NULL, 256);
    cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(done->file, "tests"))
    {
        arena_reset(arena);
        run_case(done, test, cel_zone_files_zones(zones), arena);
    }
    qsort(done->features, done->n_features, sizeof *done->features, by_name);
    *ret_done = MOVE(done);
    return OK;
}

uint32_t cel_conformance_cases(const struct cel_conformance *done)
{
    return done->cases;
}

uint32_t cel_conformance_failed(const struct cel_conformance *done)
{
    return done->failed;
}

void cel_conformance_print(const struct cel_conformance *done, struct out *out)
{
    for (uint32_t i = 0; i < done->n_features; i++)
        out_printf(out, "%s passed %u failed %u\n", done->features[i].name,
                   done->features[i].passed, done->features[i].failed);
}

static void write_count(struct out *out, const char *key, uint32_t count)
{
    out_json_key(out, str_of(key));
    out_json_int(out, count);
}

void cel_conformance_print_json(const struct cel_conformance *done, struct out *out)
{
    struct out name;
    out_json_open(out, '{');
    write_count(out, "cases", done->cases);
    write_count(out, "passed", done->cases - done->failed);
    write_count(out, "failed", done->failed);
    out_json_key(out, STR("features"));
    out_json_open(out, '{');
    for (uint32_t i = 0; i < done->n_features; i++) {
        out_init(&name, NULL, 64);
        out_json_escaped(&name, str_of(done->features[i].name));
        out_json_key(out, out_str(&name));
        out_deinit(&name);
        out_json_open(out, '{');
        write_count(out, "passed", done->features[i].passed);
        write_count(out, "failed", done->features[i].failed);
        out_json_close(out, '}');
    }
    out_json_close(out, '}');
    out_json_key(out, STR("failures"));
    out_json_open(out, '[');
    if (done->failures.len)
        out_json_raw(out, out_str(&done->failures));
    out_json_close(out, ']');
    out_json_close(out, '}');
    out_char(out, '\n');
}
