/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_scan.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

static struct json_scan scan;
static struct arena *arena;

static void start(const char *text)
{
    arena = arena_free(arena);
    arena = arena_new(4096, 1 << 20);
    json_scan_init(&scan, (struct str){ text, strlen(text) }, arena);
}

static const char *fault_of(const char *text)
{
    start(text);
    (void) json_skip(&scan);
    json_end(&scan);
    return scan.fault;
}

START_TEST(reads_members_in_any_order_and_skips_what_it_does_not_know)
{
    struct str key, sku = { 0 };
    int64_t quantity = 0;
    start("{ \"x\": [1, {\"y\": null}], \"quantity\": 3, \"sku\": \"A-1\" }");

    for (json_object(&scan); json_next_key(&scan, &key);)
        if (str_is(key, "sku"))
            sku = json_string(&scan, 1, 10);
        else if (str_is(key, "quantity"))
            quantity = json_int(&scan, 1, 99);
        else
            (void) json_skip(&scan);
    json_end(&scan);

    ck_assert_ptr_null(scan.fault);
    ck_assert(str_is(sku, "A-1"));
    ck_assert_int_eq(quantity, 3);
}
END_TEST

START_TEST(names_the_place_of_a_fault_as_a_json_pointer)
{
    struct str key;
    start("{\"cart\": {\"items\": [{\"sku\": \"A\"}, {\"a/b~\": \"x\"}]}}");

    json_object(&scan);
    ck_assert(json_next_key(&scan, &key));
    json_object(&scan);
    ck_assert(json_next_key(&scan, &key));
    json_array(&scan);
    ck_assert(json_next_item(&scan));
    (void) json_skip(&scan);
    ck_assert(json_next_item(&scan));
    json_object(&scan);
    ck_assert(json_next_key(&scan, &key));
    (void) json_int(&scan, 0, 1);

    ck_assert_str_eq(scan.fault, "a whole number was expected");
    ck_assert_str_eq(scan.pointer, "/cart/items/1/a~1b~0");
}
END_TEST

START_TEST(decodes_escapes_into_the_arena_and_borrows_plain_strings)
{
    start("[\"plain\", \"\\u3042\\ud83d\\ude00\\n\\\"\"]");

    json_array(&scan);
    ck_assert(json_next_item(&scan));
    struct str plain = json_string(&scan, 0, 100);
    ck_assert(json_next_item(&scan));
    struct str decoded = json_string(&scan, 0, 100);

    ck_assert_ptr_eq(plain.at, scan.begin + 2);
    ck_assert(str_is(decoded, "あ😀\n\""));
}
END_TEST

START_TEST(refuses_what_is_not_json)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1,",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "[1 2]",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "nul",
        "truee",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\u0000\"",
        "\"\n\"",
        "[1]]",
        "{}x",
        "\xff",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "/**/1",
        "'a'",
        "NaN",
        "Infinity",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(fault_of(bad[i]) != NULL, "accepted: %s", bad[i]);
}
END_TEST

START_TEST(takes_whole_numbers_in_every_spelling_and_no_others)
{
    static const struct {
        const char *text;
        int64_t value;
        bool good;
    } cases[] = { { "5", 5, true },
                  { "5.0", 5, true },
                  { "5e2", 500, true },
                  { "-7", -7, true },
                  { "5.5", 0, false },
                  { "1e300", 0, false },
                  { "\"5\"", 0, false },
                  { "9223372036854775807", INT64_MAX, true },
                  { "9223372036854775808", 0, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(cases[i].text);
        int64_t value = json_int(&scan, INT64_MIN, INT64_MAX);
        ck_assert_msg((scan.fault == NULL) == cases[i].good, "%s", cases[i].text);
        ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(bounds_the_nesting)
{
    char text[200];
    memset(text, '[', JSON_SCAN_DEPTH);
    memset(text + JSON_SCAN_DEPTH, ']', JSON_SCAN_DEPTH);
    text[2 * JSON_SCAN_DEPTH] = '\0';
    ck_assert_ptr_null(fault_of(text));

    memset(text, '[', JSON_SCAN_DEPTH + 1);
    memset(text + JSON_SCAN_DEPTH + 1, ']', JSON_SCAN_DEPTH + 1);
    text[2 * JSON_SCAN_DEPTH + 2] = '\0';
    ck_assert_str_eq(fault_of(text), "nested too deep (more than 32 levels)");
}
END_TEST

/* A small random JSON text, sometimes damaged. */
static size_t grow(char *text, size_t n, size_t room, unsigned *seed, int depth)
{
    static const char *const atoms[] = { "1",     "-2.5e3",      "true",     "null",
                                         "\"a\"", "\"\\u00e9\"", "\"日本\"", "0" };
    unsigned kind = (unsigned) rand_r(seed) % (depth > 4 ? 8 : 12);
    if (n + 200 > room || kind < 8)
        return n + (size_t) sprintf(text + n, "%s", atoms[kind % 8]);
    bool object = kind % 2;
    text[n++] = object ? '{' : '[';
    int members = rand_r(seed) % 4;
    for (int i = 0; i < members && n + 300 < room; i++) {
        if (i)
            text[n++] = ',';
        if (object)
            n += (size_t) sprintf(text + n, "\"k%d\" : ", i);
        n = grow(text, n, room, seed, depth + 1);
    }
    text[n++] = object ? '}' : ']';
    return n;
}

/* cJSON is the reference, with its known leniencies taken out: it takes "01", lone ends, control characters. */
static bool reference_refuses(const char *text)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithOpts(text, &end, 1);
    cJSON_Delete(tree);
    return tree == NULL;
}

START_TEST(accepts_what_cjson_accepts_of_random_texts_and_never_more)
{
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[2048];
        size_t n = grow(text, 0, sizeof text, &seed, 0);
        text[n] = '\0';
        ck_assert_msg(fault_of(text) == NULL, "refused: %s", text);
        ck_assert(!reference_refuses(text));
        if (n > 1)
            text[(size_t) rand_r(&seed) % n] = "{}[],:\"x0"[rand_r(&seed) % 9];
        if (fault_of(text) == NULL)
            ck_assert_msg(!reference_refuses(text), "accepted what cJSON refuses: %s", text);
    }
    arena = arena_free(arena);
}
END_TEST

SUITE_MAIN("base/json_scan", reads_members_in_any_order_and_skips_what_it_does_not_know,
           names_the_place_of_a_fault_as_a_json_pointer,
           decodes_escapes_into_the_arena_and_borrows_plain_strings, refuses_what_is_not_json,
           takes_whole_numbers_in_every_spelling_and_no_others, bounds_the_nesting,
           accepts_what_cjson_accepts_of_random_texts_and_never_more)
