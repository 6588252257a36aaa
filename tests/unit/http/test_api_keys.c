/* SPDX-License-Identifier: Apache-2.0 */
#include "http/api_keys.h"

#include <stdio.h>

#include "suite.h"

/* SHA-256 of "abc", and of nothing (FIPS 180-4's examples). */
#define OF_ABC  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_NONE "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct api_keys *must_read(const char *text, const struct api_keys *before)
{
    struct err_note note = { "" };
    struct api_keys *keys = NULL;
    ck_assert_msg(api_keys_read(str_of(text), before, &keys, &note) == OK, "%s", note.text);
    return keys;
}

START_TEST(reads_names_scopes_hashes_and_rates_among_comments)
{
    AUTO(api_keys_free)
    struct api_keys *keys = must_read("# the storefront\n"
                                      "shop-1 storefront,events " OF_ABC " rate=250 # until May\r\n"
                                      "\n   \t\n"
                                      "\troot  admin   " OF_NONE,
                                      NULL);

    ck_assert_uint_eq(keys->n, 2);
    ck_assert_str_eq(keys->key[0].name, "shop-1");
    ck_assert_uint_eq(keys->key[0].scopes, 1u << SCOPE_STOREFRONT | 1u << SCOPE_EVENTS);
    ck_assert_uint_eq(keys->key[0].rate, 250);
    ck_assert(keys->key[1].scopes & 1u << SCOPE_STOREFRONT);
    ck_assert(keys->key[1].scopes & 1u << SCOPE_METRICS);
    ck_assert_uint_eq(keys->key[1].rate, 0);
}
END_TEST

START_TEST(finds_the_key_whose_hash_it_holds_and_no_other)
{
    AUTO(api_keys_free)
    struct api_keys *keys = must_read("one admin " OF_NONE "\ntwo events " OF_ABC "\n", NULL);

    ck_assert_str_eq(api_keys_find(keys, STR("abc"))->name, "two");
    ck_assert_ptr_null(api_keys_find(keys, STR("abcd")));
    ck_assert_ptr_null(api_keys_find(keys, STR("ab")));
    ck_assert_ptr_null(api_keys_find(keys, STR(OF_ABC)));
    ck_assert_ptr_null(api_keys_find(keys, STR("")));
    ck_assert_ptr_null(api_keys_find(keys, (struct str){ 0 }));
}
END_TEST

START_TEST(a_key_without_end_is_not_even_hashed)
{
    char longest[API_KEY_BYTES_MAX + 1], line[256], hex[65];
    uint8_t hash[API_KEY_HASH_BYTES];
    memset(longest, 'x', sizeof longest);
    api_key_hash((struct str){ longest, API_KEY_BYTES_MAX + 1 }, hash);
    for (int i = 0; i < API_KEY_HASH_BYTES; i++)
        (void) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    (void) snprintf(line, sizeof line, "long admin %s\n", hex);
    AUTO(api_keys_free) struct api_keys *keys = must_read(line, NULL);

    ck_assert_ptr_null(api_keys_find(keys, (struct str){ longest, API_KEY_BYTES_MAX + 1 }));
}
END_TEST

START_TEST(a_line_that_is_not_as_it_should_be_spoils_the_file_and_is_named)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        { "sh/op admin " OF_ABC, "a name is" },
        { "admin " OF_ABC, "list of storefront" },
        { "shop", "list of storefront" },
        { "shop admim " OF_ABC, "'admim'" },
        { "shop admin, " OF_ABC, "'admin,'" },
        { "shop open " OF_ABC, "'open'" },
        { "shop admin", "SHA-256" },
        { "shop admin " OF_ABC "0", "SHA-256" },
        { "shop admin x" OF_ABC, "SHA-256" },
        { "shop admin zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
          "SHA-256" },
        { "shop admin " OF_ABC " 5", "rate=N" },
        { "shop admin " OF_ABC " rate=0", "rate=N" },
        { "shop admin " OF_ABC " rate=", "rate=N" },
        { "shop admin " OF_ABC " rate=1000001", "rate=N" },
        { "shop admin " OF_ABC " rate=5 more", "rate=N" },
        { "shop admin " OF_NONE, "second time" },
        { "a2345678901234567890123456789012345678901234567890123456789012345 admin " OF_ABC,
          "a name is" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        struct err_note note = { "" };
        struct api_keys *keys = NULL;
        (void) snprintf(text, sizeof text, "good admin " OF_NONE "\n%s\n", bad[i].line);
        ck_assert_int_eq(api_keys_read(str_of(text), NULL, &keys, &note), ERR_INPUT);
        ck_assert_ptr_null(keys);
        ck_assert_msg(strncmp(note.text, "line 2: ", 8) == 0 && strstr(note.text, bad[i].says),
                      "%s: %s", bad[i].line, note.text);
    }
}
END_TEST

START_TEST(a_file_without_a_key_is_refused)
{
    struct err_note note = { "" };
    struct api_keys *keys = NULL;

    ck_assert_int_eq(api_keys_read(STR(""), NULL, &keys, &note), ERR_INPUT);
    ck_assert_int_eq(api_keys_read(STR("# none yet\n\n"), NULL, &keys, &note), ERR_INPUT);
}
END_TEST

START_TEST(what_may_be_a_key_put_into_the_wrong_place_is_not_repeated)
{
    struct err_note note = { "" };
    struct api_keys *keys = NULL;

    ck_assert_int_eq(api_keys_read(STR("shop admin offerd_secret\n"), NULL, &keys, &note),
                     ERR_INPUT);

    ck_assert_ptr_null(strstr(note.text, "offerd_secret"));
}
END_TEST

START_TEST(a_key_that_is_read_again_goes_on_where_it_was)
{
    int64_t wait_us;
    struct api_keys *before = must_read("shop admin " OF_ABC " rate=2\n", NULL);
    ck_assert(api_key_take(&before->key[0], 1000, &wait_us));
    AUTO(api_keys_free)
    struct api_keys *now =
        must_read("root admin " OF_NONE "\nshop-moved events " OF_ABC " rate=2\n", before);

    ck_assert(api_key_take(&now->key[1], 1000, &wait_us));
    ck_assert(!api_key_take(&now->key[1], 1000, &wait_us));
    ck_assert(!api_key_take(&before->key[0], 1000, &wait_us));
    (void) api_keys_free(before);

    ck_assert(api_key_take(&now->key[1], 501000, &wait_us));
    ck_assert(api_key_take(&now->key[0], 1000, &wait_us));
}
END_TEST

START_TEST(a_name_may_stand_twice_while_its_client_changes_keys)
{
    AUTO(api_keys_free)
    struct api_keys *keys = must_read("shop events " OF_NONE "\nshop events " OF_ABC "\n", NULL);

    ck_assert_str_eq(api_keys_find(keys, STR("abc"))->name, "shop");
}
END_TEST

START_TEST(a_list_of_scopes_is_read_as_a_whole_or_not_at_all)
{
    ck_assert_uint_eq(scopes_of(STR("metrics")), 1u << SCOPE_METRICS);
    ck_assert_uint_eq(scopes_of(STR("events,events")), 1u << SCOPE_EVENTS);
    ck_assert_uint_eq(scopes_of(STR("")), 0);
    ck_assert_uint_eq(scopes_of(STR("events,")), 0);
    ck_assert_uint_eq(scopes_of(STR("events,Admin")), 0);
    ck_assert_uint_eq(scopes_of((struct str){ 0 }), 0);
}
END_TEST

SUITE_MAIN("http/api_keys", reads_names_scopes_hashes_and_rates_among_comments,
           finds_the_key_whose_hash_it_holds_and_no_other, a_key_without_end_is_not_even_hashed,
           a_line_that_is_not_as_it_should_be_spoils_the_file_and_is_named,
           a_file_without_a_key_is_refused,
           what_may_be_a_key_put_into_the_wrong_place_is_not_repeated,
           a_key_that_is_read_again_goes_on_where_it_was,
           a_name_may_stand_twice_while_its_client_changes_keys,
           a_list_of_scopes_is_read_as_a_whole_or_not_at_all)
