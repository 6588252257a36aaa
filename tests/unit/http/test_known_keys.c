/* SPDX-License-Identifier: Apache-2.0 */
#include "http/known_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { KEYS = 60 };

static struct str key_text(unsigned i)
{
    static char text[32];
    (void) snprintf(text, sizeof text, "key-%u", i);
    return str_of(text);
}

/* Keys @from up to @to, each named as it is. */
static struct api_keys *make_keys(unsigned from, unsigned to)
{
    static char text[KEYS * 128];
    struct err_note note = { "" };
    struct api_keys *keys = NULL;
    size_t len = 0;
    for (unsigned i = from; i < to; i++) {
        uint8_t hash[API_KEY_HASH_BYTES];
        api_key_hash(key_text(i), hash);
        len += (size_t) snprintf(text + len, sizeof text - len, "key-%u events ", i);
        for (int j = 0; j < API_KEY_HASH_BYTES; j++)
            len += (size_t) snprintf(text + len, sizeof text - len, "%02x", hash[j]);
        text[len++] = '\n';
    }
    ck_assert_msg(api_keys_read((struct str){ text, len }, NULL, &keys, &note) == OK, "%s",
                  note.text);
    return keys;
}

START_TEST(answers_as_the_keys_do_however_often_and_in_whatever_order)
{
    AUTO(api_keys_free) struct api_keys *keys = make_keys(0, KEYS);
    struct known_keys known;
    known_keys_init(&known);

    for (unsigned i = 0; i < 20000; i++) {
        unsigned which = i * 7919 % (KEYS + 20);
        const struct api_key *key = known_keys_find(&known, keys, key_text(which));
        ck_assert_ptr_eq(key, api_keys_find(keys, key_text(which)));
        ck_assert(!key == (which >= KEYS));
    }
}
END_TEST

START_TEST(a_key_that_was_right_is_forgotten_when_the_keys_change)
{
    AUTO(api_keys_free) struct api_keys *before = make_keys(0, 2);
    AUTO(api_keys_free) struct api_keys *now = make_keys(1, 3);
    struct known_keys known;
    known_keys_init(&known);
    known_keys_follow(&known, 1);
    ck_assert_ptr_nonnull(known_keys_find(&known, before, STR("key-0")));
    ck_assert_ptr_nonnull(known_keys_find(&known, before, STR("key-1")));

    known_keys_follow(&known, 2);

    ck_assert_ptr_null(known_keys_find(&known, now, STR("key-0")));
    ck_assert_ptr_eq(known_keys_find(&known, now, STR("key-1")), &now->key[0]);
    ck_assert_ptr_eq(known_keys_find(&known, now, STR("key-2")), &now->key[1]);
}
END_TEST

static size_t bytes_of(const struct api_keys *keys)
{
    return sizeof *keys + keys->n * sizeof keys->key[0];
}

/* What malloc does with keys that are freed while others are read. */
START_TEST(keys_that_stand_where_the_former_stood_are_not_taken_for_them)
{
    AUTO(api_keys_free) struct api_keys *before = make_keys(0, 2);
    AUTO(api_keys_free) struct api_keys *after = make_keys(1, 3);
    struct api_keys *place = malloc(bytes_of(before));
    struct known_keys known;
    ck_assert_ptr_nonnull(place);
    known_keys_init(&known);
    memcpy(place, before, bytes_of(before));
    known_keys_follow(&known, 1);
    ck_assert_ptr_eq(known_keys_find(&known, place, STR("key-0")), &place->key[0]);

    memcpy(place, after, bytes_of(after));
    known_keys_follow(&known, 3);

    ck_assert_ptr_null(known_keys_find(&known, place, STR("key-0")));
    ck_assert_ptr_eq(known_keys_find(&known, place, STR("key-1")), &place->key[0]);
    free(place);
}
END_TEST

START_TEST(nothing_and_what_has_no_end_is_no_key)
{
    AUTO(api_keys_free) struct api_keys *keys = make_keys(0, 1);
    static char longest[API_KEY_BYTES_MAX + 1];
    struct known_keys known;
    known_keys_init(&known);

    ck_assert_ptr_null(known_keys_find(&known, keys, STR("")));
    ck_assert_ptr_null(known_keys_find(&known, keys, (struct str){ longest, sizeof longest }));
}
END_TEST

SUITE_MAIN("http/known_keys", answers_as_the_keys_do_however_often_and_in_whatever_order,
           a_key_that_was_right_is_forgotten_when_the_keys_change,
           keys_that_stand_where_the_former_stood_are_not_taken_for_them,
           nothing_and_what_has_no_end_is_no_key)
