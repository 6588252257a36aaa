/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_slots.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "suite.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* CRC-16/XMODEM of "123456789" is 0x31C3; the others are what CLUSTER KEYSLOT of Redis 7.0 says. */
START_TEST(a_slot_is_the_crc16_of_the_key)
{
    static const struct {
        const char *key;
        uint16_t slot;
    } known[] = {
        { "", 0 }, { "123456789", 0x31c3 }, { "foo", 12182 }, { "bar", 5061 }, { "hello", 866 }
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_uint_eq(redis_slot_of(str_of(known[i].key)), known[i].slot);
    ck_assert_uint_eq(redis_slot_of((struct str){ "\xff\0{\x80", 4 }), 3720);
}
END_TEST

START_TEST(only_what_stands_in_the_first_braces_decides)
{
    uint16_t tag = redis_slot_of(STR("shop/c1"));

    ck_assert_uint_eq(redis_slot_of(STR("offerd:0123abcd:{shop/c1}:p")), tag);
    ck_assert_uint_eq(redis_slot_of(STR("offerd:cluster0:{shop/c1}2}:p")), tag);
    ck_assert_uint_eq(redis_slot_of(STR("{shop/c1}{other}")), tag);
    ck_assert_uint_eq(redis_slot_of(STR("}{shop/c1}")), tag);
    ck_assert_uint_eq(redis_slot_of(STR("foo{}{bar}")), 8363); /* nothing in them: all of it */
    ck_assert_uint_eq(redis_slot_of(STR("foo{{bar}}zap")), redis_slot_of(STR("{bar")));
    ck_assert_uint_ne(redis_slot_of(STR("{shop/c1")), tag);
}
END_TEST

/* ── answers ── */

enum { REPLIES = 128 };

static redisReply replies[REPLIES], *elements[REPLIES];
static size_t n_replies, n_elements;

static redisReply *text(const char *at)
{
    redisReply *reply = &replies[n_replies++];
    *reply = (redisReply){ .type = at ? REDIS_REPLY_STRING : REDIS_REPLY_NIL,
                           .str = (char *) at,
                           .len = at ? strlen(at) : 0 };
    return reply;
}

static redisReply *number(long long value)
{
    redisReply *reply = &replies[n_replies++];
    *reply = (redisReply){ .type = REDIS_REPLY_INTEGER, .integer = value };
    return reply;
}

static redisReply *array(size_t n, redisReply *const *of)
{
    redisReply *reply = &replies[n_replies++];
    *reply =
        (redisReply){ .type = REDIS_REPLY_ARRAY, .elements = n, .element = elements + n_elements };
    for (size_t i = 0; i < n; i++)
        elements[n_elements++] = of[i];
    return reply;
}

static redisReply *range(long long first, long long last, const char *host, int port,
                         const char *id)
{
    redisReply *node = array(3, (redisReply *[]){ text(host), number(port), text(id) });
    redisReply *replica = array(3, (redisReply *[]){ text("10.9.9.9"), number(1), text(ID_A) });
    return array(4, (redisReply *[]){ number(first), number(last), node, replica });
}

static void begin(void)
{
    n_replies = n_elements = 0;
}

static const char nodes_text[] =
    ID_B " 10.0.0.2:7002@17002 master - 0 1 12 connected 5000-9000\n" ID_A
         " 10.0.0.1:7001@17001,name.example myself,master - 0 0 9 connected 0-4999 9001-16383\n";

START_TEST(a_map_names_the_master_of_each_slot_and_its_epoch)
{
    struct redis_slots *map;
    struct err_note note;
    begin();
    redisReply *all = array(3, (redisReply *[]){ range(0, 4999, "10.0.0.1", 7001, ID_A),
                                                 range(5000, 9000, "10.0.0.2", 7002, ID_B),
                                                 range(9002, 16383, "10.0.0.1", 7001, ID_A) });

    ck_assert_int_eq(redis_slots_read(all, str_of(nodes_text), "seed", &map, &note), OK);

    ck_assert_uint_eq(map->n_nodes, 2);
    ck_assert_str_eq(map->nodes[1].host, "10.0.0.2");
    ck_assert_int_eq(map->nodes[1].port, 7002);
    ck_assert_uint_eq(map->nodes[0].epoch, 9);
    ck_assert_uint_eq(map->nodes[1].epoch, 12);
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_uint_eq(map->node_of[redis_slot_of(str_of(map->nodes[i].probe))], i);
    ck_assert_uint_eq(map->node_of[0], 0);
    ck_assert_uint_eq(map->node_of[4999], 0);
    ck_assert_uint_eq(map->node_of[5000], 1);
    ck_assert_uint_eq(map->node_of[9000], 1);
    ck_assert_uint_eq(map->node_of[9001], REDIS_NO_NODE);
    ck_assert_uint_eq(map->node_of[16383], 0);
    ck_assert_uint_eq(redis_slots_node(map, "10.0.0.2", 7002), 1);
    ck_assert_uint_eq(redis_slots_node(map, "10.0.0.2", 7001), REDIS_NO_NODE);
    redis_slots_release(redis_slots_hold(map));
    redis_slots_release(map);
    redis_slots_release(NULL);
}
END_TEST

START_TEST(a_node_that_does_not_know_its_address_is_where_we_asked)
{
    static const char *const unknown[] = { "", NULL, "?" };
    for (int i = 0; i < 3; i++) {
        struct redis_slots *map;
        struct err_note note;
        begin();
        redisReply *all = array(1, (redisReply *[]){ range(0, 16383, unknown[i], 7001, ID_A) });
        ck_assert_int_eq(redis_slots_read(all, STR(""), "seed.example", &map, &note), OK);
        ck_assert_str_eq(map->nodes[0].host, "seed.example");
        ck_assert_uint_eq(map->nodes[0].epoch, 0);
        redis_slots_release(map);
    }
}
END_TEST

START_TEST(what_is_no_map_is_refused)
{
    begin();
    redisReply *none = array(0, NULL);
    redisReply *bad[] = { none,
                          text("ERR"),
                          array(1, (redisReply *[]){ none }),
                          array(1, (redisReply *[]){ range(-1, 4, "h", 1, ID_A) }),
                          array(1, (redisReply *[]){ range(5, 4, "h", 1, ID_A) }),
                          array(1, (redisReply *[]){ range(0, 16384, "h", 1, ID_A) }),
                          array(1, (redisReply *[]){ range(0, 1, "h", -1, ID_A) }),
                          array(1, (redisReply *[]){ range(0, 1, "h", 65536, ID_A) }),
                          array(1, (redisReply *[]){ range(0, 1, "h", 1, "short") }) };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct redis_slots *map;
        struct err_note note = { "" };
        ck_assert_int_eq(redis_slots_read(bad[i], STR(""), "h", &map, &note), ERR_UNAVAILABLE);
        ck_assert_ptr_nonnull(strstr(note.text, "CLUSTER SLOTS"));
    }
}
END_TEST

START_TEST(a_redirection_says_where_to)
{
    struct redis_redirect to;
    ck_assert(redis_redirect_read(STR("MOVED 3999 127.0.0.1:6381"), "h", &to));
    ck_assert(!to.is_ask);
    ck_assert_uint_eq(to.slot, 3999);
    ck_assert_str_eq(to.host, "127.0.0.1");
    ck_assert_int_eq(to.port, 6381);
    ck_assert(redis_redirect_read(STR("ASK 0 ::1:6381"), "h", &to));
    ck_assert(to.is_ask);
    ck_assert_str_eq(to.host, "::1");
    ck_assert(redis_redirect_read(STR("MOVED 1 :6381"), "asked.example", &to));
    ck_assert_str_eq(to.host, "asked.example");

    static const char *const others[] = {
        "",
        "MOVED",
        "MOVED 16384 h:1",
        "MOVED -1 h:1",
        "MOVED 1 h",
        "MOVED 1 h:0",
        "MOVED 1 h:65536",
        "CLUSTERDOWN Hash slot not served",
        "TRYAGAIN Multiple keys request during rehashing of slot"
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!redis_redirect_read(str_of(others[i]), "h", &to), "%s", others[i]);
}
END_TEST

START_TEST(what_the_cluster_says_is_told_from_what_is_wrong_with_us)
{
    ck_assert(redis_is_of_cluster(STR("MOVED 3999 127.0.0.1:6381")));
    ck_assert(redis_is_of_cluster(STR("ASK 0 ::1:6381")));
    ck_assert(redis_is_of_cluster(STR("CLUSTERDOWN Hash slot not served")));
    ck_assert(redis_is_of_cluster(STR("TRYAGAIN Multiple keys request during rehashing of slot")));
    ck_assert(!redis_is_of_cluster(STR("NOPERM this user has no permissions to access a key")));
    ck_assert(!redis_is_of_cluster(STR("ASKED")));
    ck_assert(!redis_is_of_cluster((struct str){ 0 }));
}
END_TEST

SUITE_MAIN("store/redis_slots", a_slot_is_the_crc16_of_the_key,
           only_what_stands_in_the_first_braces_decides,
           a_map_names_the_master_of_each_slot_and_its_epoch,
           a_node_that_does_not_know_its_address_is_where_we_asked, what_is_no_map_is_refused,
           a_redirection_says_where_to, what_the_cluster_says_is_told_from_what_is_wrong_with_us)
