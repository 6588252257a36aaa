/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_world.h"

/* Reading answers in the tests of the stages: cJSON trees, which the test deletes. */
static inline cJSON *decided(struct small_world *small, const char *body)
{
    const char *answer = small_world_decide(small, body);
    ck_assert_msg(answer != NULL, "failed: %s", small->problem.what ? small->problem.what : "?");
    cJSON *tree = cJSON_Parse(answer);
    ck_assert_msg(tree != NULL, "not JSON: %s", answer);
    return tree;
}

static inline const cJSON *at(const cJSON *tree, const char *path)
{
    char part[64];
    while (tree && *path) {
        size_t n = strcspn(path, "/");
        (void) snprintf(part, sizeof part, "%.*s", (int) n, path);
        path += n + (path[n] == '/');
        tree = cJSON_IsArray(tree) ? cJSON_GetArrayItem(tree, atoi(part))
                                   : cJSON_GetObjectItemCaseSensitive(tree, part);
    }
    return tree;
}

static inline const char *text(const cJSON *tree, const char *path)
{
    const char *value = cJSON_GetStringValue(at(tree, path));
    return value ? value : "(none)";
}

static inline long long number(const cJSON *tree, const char *path)
{
    const cJSON *value = at(tree, path);
    ck_assert_msg(cJSON_IsNumber(value), "no number at %s", path);
    return (long long) value->valuedouble;
}

static inline int offers(const cJSON *tree)
{
    return cJSON_GetArraySize(at(tree, "offers"));
}

/* Why a rule was not shown, out of considered[]. */
static inline const char *result_of(const cJSON *tree, const char *rule)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, at(tree, "considered")) if (strcmp(text(entry, "rule"), rule) ==
                                                          0) return text(entry, "result");
    return "(not considered)";
}

#define TEXTS                                                                                      \
    "message: {ja: {title: t, cta: c, decline: いいえ}, en: {title: t, cta: c, decline: \"No, " \
    "thanks\"}}"
/* A rule in one line: what it has beyond id, kind, priority. */
#define RULE(id, kind, priority, rest)                                \
    "  - {id: " id ", name: n, kind: " kind                           \
    ", status: active, owner: o, trigger: [add_to_cart, cart_view], " \
    "placement: [page], rank: {priority: " #priority "}, " TEXTS ", " rest "}\n"

#define ADD(sku, more)                                                                           \
    "{\"placement\": \"page\", \"trigger\": \"add_to_cart\", \"item\": \"" sku                   \
    "\", \"explain\": true, "                                                                    \
    "\"locale\": \"en\", " more "\"cart\": {\"currency\": \"JPY\", \"items\": [{\"sku\": \"" sku \
    "\"}]}}"
