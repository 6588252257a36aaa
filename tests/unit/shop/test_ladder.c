/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/ladder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "shop/catalog.h"
#include "suite.h"

/* One product of the one kind: "SKU|name|model|price|attribute=text;attribute=text". */
static void add(struct catalog_builder *builder, const char *row)
{
    char text[512], *rest = text, *fields[5];
    struct attr attrs[PRODUCT_MAX_ATTRS];
    uint32_t n = 0;
    (void) snprintf(text, sizeof text, "%s", row);
    for (int i = 0; i < 5; i++)
        fields[i] = strsep(&rest, "|");
    for (char *pair; fields[4] && (pair = strsep(&fields[4], ";"));) {
        char *name = strsep(&pair, "=");
        if (pair)
            attrs[n++] = (struct attr){ .name = str_of(name), .text = str_of(pair) };
    }
    const struct product product = { .sku = str_of(fields[0]),
                                     .name = { str_of(fields[1]), str_of(fields[1]) },
                                     .model = str_of(fields[2]),
                                     .price_minor = atoll(fields[3]),
                                     .category = STR("c"),
                                     .cost_minor = COST_UNKNOWN,
                                     .stock = STOCK_UNKNOWN,
                                     .attrs = attrs,
                                     .n_attrs = n };
    ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
}

static struct catalog *stock(const char *const *rows, size_t n)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *catalog = NULL;
    for (size_t i = 0; i < n; i++)
        add(builder, rows[i]);
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}
#define STOCK(...) \
    stock((const char *[]){ __VA_ARGS__ }, sizeof(const char *[]){ __VA_ARGS__ } / sizeof(char *))

static struct ladder *made(struct catalog *catalog)
{
    struct ladder *ladder = NULL;
    ck_assert_int_eq(ladder_new(catalog, NULL, NULL, &ladder), OK);
    return ladder;
}

/* The SKUs of the steps from @sku that are better, best first, as "A B C". */
static const char *steps_of(const struct ladder *ladder, const struct catalog *catalog,
                            const char *sku, bool up, char *text)
{
    uint32_t n, base = catalog_find(catalog, str_of(sku));
    const struct ladder_step *steps =
        up ? ladder_up(ladder, base, &n) : ladder_down(ladder, base, &n);
    int len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < n && steps[i].degree <= LADDER_ASIDE; i++)
        len += snprintf(text + len, 256 - (size_t) len, "%s%.*s", i ? " " : "",
                        STR_ARG(catalog_product(catalog, steps[i].product)->sku));
    return text;
}

static void leads_to(const struct ladder *ladder, const struct catalog *catalog, const char *sku,
                     const char *expected)
{
    char text[256];
    ck_assert_str_eq(steps_of(ladder, catalog, sku, true, text), expected);
}

static int compare(const struct ladder *ladder, const struct catalog *catalog, const char *a,
                   const char *b, const char *attribute)
{
    return ladder_compare(ladder, catalog_find(catalog, str_of(a)),
                          catalog_find(catalog, str_of(b)), str_of(attribute));
}

static enum ladder_role role(const struct ladder *ladder, const char *attribute)
{
    return ladder_role(ladder, 0, str_of(attribute));
}

START_TEST(a_step_up_has_more_of_what_rises_with_the_price)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|Phone 64GB|P|400|storage=64GB;ram=4GB;weight=180g",
                                    "B|Phone 128GB|P|480|storage=128GB;ram=4GB;weight=180g",
                                    "C|Phone 1TB|P|900|storage=1TB;ram=8GB;weight=190g",
                                    "D|Phone 256GB|P|560|storage=256GB;ram=8GB;weight=190g");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "A", "D B C");
    leads_to(ladder, catalog, "D", "C");
    leads_to(ladder, catalog, "C", "");
    uint32_t n;
    const struct ladder_step *steps = ladder_up(ladder, 0, &n);
    ck_assert_uint_eq(steps[0].gains, 2);
    ck_assert_uint_eq(steps[0].losses, 0);
    ck_assert_int_gt(compare(ladder, catalog, "D", "C", "storage"), 0); /* 256GB, 1TB */
    ck_assert_int_lt(compare(ladder, catalog, "C", "D", "storage"), 0);
    ck_assert_int_eq(compare(ladder, catalog, "A", "B", "ram"), 0);
}
END_TEST

START_TEST(a_size_is_kept_where_it_is_made_and_else_only_the_next_one_will_do)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("L44|Road L 44|L|100|size=44;class=L", "L52|Road L 52|L|100|size=52;class=L",
              "L60|Road L 60|L|100|size=60;class=L", "H42|Road H 42|H|130|size=42;class=H",
              "H44|Road H 44|H|130|size=44;class=H", "H54|Road H 54|H|130|size=54;class=H",
              "M44|Road M 44|M|115|size=44;class=M");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    char text[256];

    ck_assert_int_eq(strncmp(steps_of(ladder, catalog, "L44", true, text), "H44 M44", 7) &&
                         strncmp(text, "M44 H44", 7),
                     0);
    leads_to(ladder, catalog, "L52", "H54");
    leads_to(ladder, catalog, "L60", "");
}
END_TEST

START_TEST(the_same_model_in_another_size_is_no_upgrade)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("B44|Bike black 44|One|1000|color=black;size=44;weight=28.1",
              "S42|Bike silver 42|One|1060|color=silver;size=42;weight=27.7",
              "S44|Bike silver 44|One|1060|color=silver;size=44;weight=28.1",
              "T44|Bike two black 44|Two|1500|color=black;size=44;weight=26.1",
              "T42|Bike two black 42|Two|1500|color=black;size=42;weight=25.7");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "B44", "T44 T42");
}
END_TEST

START_TEST(sizes_in_words_never_change_and_are_never_better)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("S|Shirt|A|1000|size=S;grade=standard", "M|Shirt|A|1000|size=M;grade=standard",
              "XL|Shirt|A|1100|size=XL;grade=standard", "PM|Shirt|B|1300|size=M;grade=premium",
              "PL|Shirt|B|1300|size=L;grade=premium");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "M", "PM");
    leads_to(ladder, catalog, "S", "");
    ck_assert_int_eq(role(ladder, "size"), LADDER_FIT);
    ck_assert_int_gt(compare(ladder, catalog, "M", "PM", "grade"), 0);
}
END_TEST

START_TEST(words_of_a_scale_are_ordered)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|弁当|X|1000|級=梅;朝食=なし;support=Lite;class=L",
                                    "B|弁当|X|1300|級=竹;朝食=なし;support=Standard;class=M",
                                    "C|弁当|X|1700|級=松;朝食=あり;support=Pro;class=H");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    static const char *const scales[] = { "級", "support", "class" };
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_gt(compare(ladder, catalog, "A", "B", scales[i]), 0);
        ck_assert_int_gt(compare(ladder, catalog, "B", "C", scales[i]), 0);
    }
    ck_assert_int_gt(compare(ladder, catalog, "B", "C", "朝食"), 0);
    ck_assert_int_eq(compare(ladder, catalog, "A", "B", "朝食"), 0);
}
END_TEST

START_TEST(weight_is_better_when_less_unless_prices_say_otherwise_or_it_is_what_is_sold)
{
    AUTO(catalog_unref)
    struct catalog *bikes = STOCK("A|Bike|a|1000|weight=14kg", "B|Bike|b|1400|weight=12.5kg",
                                  "C|Bike|c|2000|weight=9,800g");
    AUTO(catalog_unref)
    struct catalog *phones =
        STOCK("A|Phone|a|1000|weight_g=170;ram=4GB", "B|Phone|b|1400|weight_g=190;ram=8GB",
              "C|Phone|c|2000|weight_g=210;ram=16GB");
    AUTO(catalog_unref)
    struct catalog *creams =
        STOCK("A|クリーム 40g|a|1000|weight_g=40", "B|クリーム 60g|b|1400|weight_g=60");
    AUTO(ladder_unref) struct ladder *light = made(bikes);
    AUTO(ladder_unref) struct ladder *heavy = made(phones);
    AUTO(ladder_unref) struct ladder *content = made(creams);

    ck_assert_int_gt(compare(light, bikes, "A", "C", "weight"), 0);
    ck_assert_int_eq(role(heavy, "weight_g"), LADDER_NEUTRAL);
    ck_assert_int_eq(compare(heavy, phones, "A", "B", "weight_g"), 0);
    ck_assert_int_gt(compare(content, creams, "A", "B", "weight_g"), 0);
    leads_to(heavy, phones, "A", "B C");
}
END_TEST

START_TEST(colour_is_kept_where_there_is_a_choice_and_costs_nothing_more)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("R1|Case one red|a|1000|color=red;storage=1GB",
                                    "R2|Case two red|b|1300|color=red;storage=2GB",
                                    "B2|Case two blue|b|1300|color=blue;storage=2GB",
                                    "B1|Case one blue|a|1000|color=blue;storage=1GB");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    ck_assert_int_eq(role(ladder, "color"), LADDER_TASTE);
    leads_to(ladder, catalog, "R1", "R2 B2");
    leads_to(ladder, catalog, "B1", "B2 R2");
}
END_TEST

START_TEST(a_line_is_left_last_where_it_goes_further)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("RL|Road pedal|a|100|line=Road;class=L", "RH|Road pedal|b|190|line=Road;class=H",
              "ML|Mountain pedal|c|100|line=Mountain;class=L",
              "MM|Mountain pedal|d|130|line=Mountain;class=M",
              "TL|Touring pedal|e|100|line=Touring;class=L");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    char text[256];

    leads_to(ladder, catalog, "RL", "RH MM");
    leads_to(ladder, catalog, "ML", "MM RH");
    ck_assert_ptr_nonnull(strstr(steps_of(ladder, catalog, "TL", true, text), "MM"));
    struct ladder_step step; /* the same when a pair is judged */
    ck_assert(ladder_judge(ladder, 0, catalog_find(catalog, STR("MM")), &step));
    ck_assert_int_eq(step.degree, LADDER_ASIDE);
    ck_assert(step.score < LADDER_SCORE_FAR);
    ck_assert(ladder_judge(ladder, 0, catalog_find(catalog, STR("RH")), &step));
    ck_assert_int_eq(step.degree, LADDER_BETTER);
    ck_assert(step.score >= LADDER_SCORE_BETTER);
}
END_TEST

START_TEST(what_fits_something_else_what_stands_opposite_and_whom_it_is_not_for_are_no_steps)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|Front wheel|a|100|fits=N1;gender=men;class=L",
                                    "B|Front wheel|b|120|fits=N1P;gender=men;class=H",
                                    "C|Rear wheel|c|120|fits=N1;gender=men;class=H",
                                    "D|Front wheel|d|120|fits=N1;gender=women;class=H",
                                    "E|Front wheel|e|125|fits=N1;gender=unisex;class=H");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "A", "E");
}
END_TEST

START_TEST(a_long_sleeve_is_no_short_one)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Long-Sleeve Jersey|a|100|class=L", "B|Short-Sleeved Jersey|b|120|class=H",
              "C|長袖シャツ|c|130|class=L", "D|半袖シャツ|d|150|class=H", "E|Jersey|e|115|class=M");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "A", "E");
    leads_to(ladder, catalog, "C", "");
}
END_TEST

START_TEST(dearer_alone_is_a_step_of_the_lowest_degrees_and_a_colour_is_none)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|Jersey short|a|100|color=red;id=1;since=2024-01-01",
                                    "A2|Jersey short|a|110|color=gold;id=4;since=2024-01-01",
                                    "B|Jersey long|b|120|color=blue;id=2;since=2024-02-01",
                                    "C|Jersey longer|c|140|color=blue;id=3;since=2024-02-01");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    uint32_t n, base = catalog_find(catalog, STR("A"));
    const struct ladder_step *steps = ladder_up(ladder, base, &n);
    ck_assert_uint_eq(n, 2); /* neither is of the model of A */
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_int_eq(steps[i].degree, LADDER_DEARER);
        ck_assert(steps[i].score < LADDER_SCORE_ASIDE);
        ck_assert_uint_eq(steps[i].gains + steps[i].losses, 0);
    }
    ck_assert_int_eq(role(ladder, "since"), LADDER_NOISE);
    ck_assert_int_eq(role(ladder, "id"), LADDER_NOISE);
}
END_TEST

START_TEST(where_the_catalogue_says_nothing_names_and_prices_make_steps)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Gift wrap small|a|100|", "B|Gift wrap large|b|130|", "C|Message card|c|120|");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "A", "B");
}
END_TEST

START_TEST(what_the_name_says_and_nothing_orders_has_to_stay)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|Lens 35mm F1.8|a|588|focal_mm=35;aperture=F1.8",
                                    "B|Lens 50mm F1.8|b|398|focal_mm=50;aperture=F1.8",
                                    "C|Lens 50mm F1.4|c|798|focal_mm=50;aperture=F1.4",
                                    "D|Lens 85mm F1.4|d|1280|focal_mm=85;aperture=F1.4");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    leads_to(ladder, catalog, "A", "");
    leads_to(ladder, catalog, "B", "C");
    ck_assert_int_gt(compare(ladder, catalog, "B", "C", "aperture"), 0);
}
END_TEST

START_TEST(amounts_in_names_count_where_no_attribute_says_them)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|SD card 64GB|a|100|color=red", "B|SD card 1TB|b|200|color=red",
              "C|SD card 128GB|c|125|color=red", "D|SD card 64GB gold|d|125|color=gold");
    AUTO(catalog_unref)
    struct catalog *films = STOCK("A|Film 11インチ|a|100|", "B|Film 13インチ|b|120|");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    AUTO(ladder_unref) struct ladder *fitting = made(films);

    leads_to(ladder, catalog, "A", "C B");
    leads_to(ladder, catalog, "D", "B");
    leads_to(fitting, films, "A", "");
}
END_TEST

START_TEST(steps_down_give_up_as_little_as_can_be)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Disk|a|100|storage=1TB;speed=100MB/s", "B|Disk|b|80|storage=1TB;speed=90MB/s",
              "C|Disk|c|78|storage=256GB;speed=50MB/s");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    char text[256];

    ck_assert_str_eq(steps_of(ladder, catalog, "A", false, text), "B C");
    ck_assert_str_eq(steps_of(ladder, catalog, "C", false, text), "");
}
END_TEST

static int says(const void *self, struct str attribute)
{
    return str_is(attribute, self) ? -1 : LADDER_UNSAID;
}

START_TEST(the_shops_own_word_is_stronger_than_what_prices_teach)
{
    AUTO(catalog_unref)
    struct catalog *catalog = STOCK("A|Fan|a|100|level=10", "B|Fan|b|120|level=20",
                                    "C|Fan|c|140|level=30", "D|Fan|d|160|level=25");
    const struct ladder_said said = { says, "level" }, other = { says, "speed" };
    struct ladder *ladder = NULL;
    ck_assert_int_eq(ladder_new(catalog, NULL, &said, &ladder), OK);

    leads_to(ladder, catalog, "A", "");
    leads_to(ladder, catalog, "C", "D");
    ck_assert(ladder_agrees(ladder, &said));
    ck_assert(!ladder_agrees(ladder, &other));
    ck_assert(!ladder_agrees(ladder, NULL));
    (void) ladder_unref(ladder);
}
END_TEST

static uint32_t moved_to_c(const void *self, uint32_t from, uint32_t to)
{
    const struct catalog *catalog = self;
    return str_is(catalog_product(catalog, from)->sku, "A") &&
                   str_is(catalog_product(catalog, to)->sku, "C")
               ? 30
               : 0;
}

static uint32_t nobody(const void *self, uint32_t a, uint32_t b)
{
    (void) self;
    (void) a;
    (void) b;
    return 0;
}

static bool anybody(const void *self, uint32_t from)
{
    (void) self;
    (void) from;
    return true;
}

START_TEST(what_customers_moved_to_comes_first)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Disk|a|100|storage=1TB", "B|Disk|b|125|storage=2TB", "C|Disk|c|145|storage=2TB");
    const struct ladder_moves moves = { moved_to_c, nobody, anybody, catalog };
    AUTO(ladder_unref) struct ladder *plain = made(catalog);
    struct ladder *ladder = NULL;
    ck_assert_int_eq(ladder_new(catalog, &moves, NULL, &ladder), OK);

    leads_to(plain, catalog, "A", "B C");
    leads_to(ladder, catalog, "A", "C B");
    uint32_t n;
    ck_assert_uint_eq(ladder_up(ladder, 0, &n)[0].moved, 30);
    ck_assert_uint_eq(ladder_up(ladder, 0, &n)[1].moved, 0);
    (void) ladder_unref(ladder);
}
END_TEST

struct traffic { /* between the Road and the Mountain one, either way */
    uint32_t up, down, both;
};

static uint32_t traffic_between(const void *self, uint32_t from, uint32_t to)
{
    const struct traffic *traffic = self;
    return from < to ? traffic->up : traffic->down;
}

static uint32_t traffic_with_both(const void *self, uint32_t a, uint32_t b)
{
    (void) a;
    (void) b;
    return ((const struct traffic *) self)->both;
}

static struct ladder_step first_step(struct catalog *catalog, const struct traffic *traffic)
{
    const struct ladder_moves moves = { traffic_between, traffic_with_both, anybody, traffic };
    struct ladder *ladder = NULL;
    ck_assert_int_eq(ladder_new(catalog, &moves, NULL, &ladder), OK);
    uint32_t n;
    struct ladder_step step = ladder_up(ladder, 0, &n)[0];
    ck_assert_uint_eq(n, 1);
    (void) ladder_unref(ladder);
    return step;
}

enum { SHELF = 60 };
struct crowd { /* that many customers moved from one product to another */
    uint32_t moved[SHELF][SHELF];
    bool moves_from[SHELF];
    uint32_t asked[SHELF], asking;
};

static uint32_t crowd_moved(const void *self, uint32_t from, uint32_t to)
{
    struct crowd *crowd = (struct crowd *) self;
    crowd->asked[from] += crowd->asking++ % 2 == 0; /* and the other way round after it */
    return crowd->moved[from][to];
}

static bool crowd_any(const void *self, uint32_t from)
{
    return ((const struct crowd *) self)->moves_from[from];
}

/* From every seventh product, of those at @first, to some others. */
static void gather(struct crowd *crowd, uint32_t first, uint32_t *dice)
{
    *crowd = (struct crowd){ 0 };
    for (uint32_t from = first; from < SHELF; from += 7)
        for (int i = 0; i < 20; i++) {
            *dice = *dice * 1664525 + 1013904223;
            crowd->moved[from][(*dice >> 16) % SHELF] = 5 + (*dice >> 24) % 60;
            crowd->moves_from[from] = true;
        }
}

static bool are_same_steps(const struct ladder *a, const struct ladder *b, uint32_t product,
                           bool up)
{
    uint32_t n, n_other;
    const struct ladder_step *one = up ? ladder_up(a, product, &n) : ladder_down(a, product, &n);
    const struct ladder_step *other =
        up ? ladder_up(b, product, &n_other) : ladder_down(b, product, &n_other);
    bool same = n == n_other && ladder_rest(a, product, up) == ladder_rest(b, product, up);
    for (uint32_t i = 0; i < n && same; i++)
        same = one[i].product == other[i].product && one[i].degree == other[i].degree &&
               one[i].moved == other[i].moved && one[i].confirmed == other[i].confirmed &&
               fabsf(one[i].score - other[i].score) < 1e-9F;
    return same;
}

START_TEST(other_moves_make_the_same_ladder_as_from_the_start_and_only_touch_whom_they_concern)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *sealed = NULL;
    uint32_t dice = 5, differs = 0;
    for (int i = 0; i < SHELF; i++) {
        char row[128];
        (void) snprintf(row, sizeof row, "S%02d|Thing %d|m%d|%d|storage=%dGB;line=%s", i, i % 5, i,
                        1000 + i * 17, 1 + i / 9, i % 3 ? "road" : "hill");
        add(builder, row);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &sealed), OK);
    AUTO(catalog_unref) struct catalog *catalog = sealed;
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    for (uint32_t round = 0; round < 12; round++) {
        struct crowd crowd;
        const struct ladder_moves moves = { crowd_moved, nobody, crowd_any, &crowd };
        struct ladder *next = NULL, *anew = NULL;
        gather(&crowd, round, &dice);
        ck_assert_int_eq(ladder_with_moves(ladder, round == 11 ? NULL : &moves, &next), OK);
        for (uint32_t from = 0; from < SHELF;
             from++) /* those of the round before, back to nothing */
            ck_assert(crowd.asked[from] == 0 || crowd.moves_from[from] ||
                      (round > 0 && from % 7 == (round - 1) % 7));
        ck_assert_int_eq(ladder_new(catalog, round == 11 ? NULL : &moves, NULL, &anew), OK);
        for (uint32_t p = 0; p < SHELF; p++)
            for (int up = 0; up < 2; up++) {
                ck_assert(are_same_steps(next, anew, p, up));
                differs += !are_same_steps(next, ladder, p, up);
            }
        (void) ladder_unref(anew);
        (void) ladder_unref(ladder);
        ladder = next;
    }
    ck_assert_uint_gt(differs, 20);
}
END_TEST

START_TEST(only_more_there_than_back_confirms_a_step_to_another_line)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Inner tube|a|100|line=Road", "B|Inner tube|b|120|line=Mountain");

    struct ladder_step both_ways = first_step(catalog, &(struct traffic){ 91, 79, 0 });
    ck_assert_int_eq(both_ways.degree, LADDER_UNLIKE);
    ck_assert_uint_eq(both_ways.moved, 91);
    ck_assert(!both_ways.confirmed && both_ways.score < LADDER_SCORE_DEARER);

    struct ladder_step one_way = first_step(catalog, &(struct traffic){ 91, 20, 90 });
    ck_assert_int_eq(one_way.degree, LADDER_DEARER);
    ck_assert(one_way.confirmed && one_way.score >= LADDER_SCORE_DEARER);

    struct ladder_step beside = first_step(catalog, &(struct traffic){ 91, 20, 91 });
    ck_assert(!beside.confirmed);

    struct ladder_step few = first_step(catalog, &(struct traffic){ 6, 0, 0 }); /* 0: up to 4 */
    ck_assert(!few.confirmed);
}
END_TEST

START_TEST(womens_for_a_unisex_one_is_aside_and_only_in_the_same_size)
{
    AUTO(catalog_unref)
    struct catalog *catalog =
        STOCK("A|Bike U|a|100|style=U;size=40;class=L", "B|Bike U|a|100|style=U;size=42;class=L",
              "C|Bike W|b|130|style=W;size=40;class=H");
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);
    uint32_t n;

    leads_to(ladder, catalog, "A", "C");
    ck_assert_int_eq(ladder_up(ladder, 0, &n)[0].degree, LADDER_ASIDE);
    leads_to(ladder, catalog, "B", "");
}
END_TEST

/*
 * Whatever the catalogue: steps are of the kind, within bounds, sorted, with a gain on the way up.
 */
static void holds(const struct ladder *ladder, const struct catalog *catalog)
{
    for (uint32_t p = 0; p < catalog_count(catalog); p++)
        for (int up = 0; up < 2; up++) {
            uint32_t n;
            const struct ladder_step *steps =
                up ? ladder_up(ladder, p, &n) : ladder_down(ladder, p, &n);
            ck_assert_uint_le(n, LADDER_STEPS);
            for (uint32_t i = 0; i < n; i++) {
                const struct product *from = catalog_product(catalog, p);
                const struct product *to = catalog_product(catalog, steps[i].product);
                double ratio = (double) to->price_minor / (double) from->price_minor;
                ratio = up ? ratio : 1 / ratio;
                ck_assert_uint_eq(from->kind, to->kind);
                ck_assert(ratio >= LADDER_RATIO_LOW - 1e-9 && ratio <= LADDER_RATIO_HIGH + 1e-9);
                ck_assert(isfinite(steps[i].score) && steps[i].score > 0);
                ck_assert(i == 0 || steps[i].score <= steps[i - 1].score);
                ck_assert(!up || steps[i].degree > LADDER_ASIDE || steps[i].gains > 0);
            }
        }
}

static bool is_kept(const struct ladder *ladder, uint32_t from, uint32_t to, bool up)
{
    uint32_t n;
    const struct ladder_step *steps =
        up ? ladder_up(ladder, from, &n) : ladder_down(ladder, from, &n);
    for (uint32_t i = 0; i < n; i++)
        if (steps[i].product == to)
            return true;
    return false;
}

/* What ladder_judge says of all that is not kept. */
static enum ladder_degree best_not_kept(const struct ladder *ladder, const struct catalog *catalog,
                                        uint32_t from, bool up)
{
    enum ladder_degree best = LADDER_NO_STEP;
    double price = (double) catalog_product(catalog, from)->price_minor;
    for (uint32_t to = 0; to < catalog_count(catalog); to++) {
        struct ladder_step step;
        double ratio = (double) catalog_product(catalog, to)->price_minor / price;
        ratio = up ? ratio : 1 / ratio;
        if (ratio >= LADDER_RATIO_LOW && ratio <= LADDER_RATIO_HIGH &&
            !is_kept(ladder, from, to, up) && ladder_judge(ladder, from, to, &step))
            best = step.degree < best ? step.degree : best;
    }
    return best;
}

START_TEST(the_best_of_what_is_not_kept_is_known_without_judging)
{
    static const char *const names[] = { "red mug", "red cup", "big red mug", "blue mug" };
    static const char *const made_of[] = { "class=L;line=road", "class=H;line=hill",
                                           "colour=red;line=road", "colour=red;line=hill", "" };
    uint32_t left_out[LADDER_NO_STEP + 1] = { 0 }, dice = 3;
    for (int round = 0; round < 40; round++) {
        AUTO(catalog_builder_free)
        struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
        struct catalog *sealed = NULL;
        for (int i = 0; i < 40; i++) {
            char row[128];
            dice = dice * 1664525 + 1013904223;
            (void) snprintf(row, sizeof row, "S%d|%s|m%d|%u|%s", i, names[(dice >> 16) % 4], i,
                            100 + (dice >> 20) % 200,
                            made_of[round % 5 < 2    ? (dice >> 28) % 2 + 2 * (round % 5)
                                    : round % 5 == 2 ? (dice >> 28) % 4
                                                     : 4]);
            add(builder, row);
        }
        ck_assert_int_eq(catalog_builder_seal(builder, &sealed), OK);
        AUTO(catalog_unref) struct catalog *catalog = sealed;
        AUTO(ladder_unref) struct ladder *ladder = made(catalog);
        for (uint32_t p = 0; p < 40; p++)
            for (int up = 0; up < 2; up++) {
                enum ladder_degree rest = ladder_rest(ladder, p, up);
                ck_assert_int_eq(rest, best_not_kept(ladder, catalog, p, up));
                left_out[rest]++;
            }
    }
    for (int degree = LADDER_BETTER; degree <= LADDER_NO_STEP; degree++)
        ck_assert_uint_gt(left_out[degree], 0);
}
END_TEST

START_TEST(any_catalogue_makes_a_ladder)
{
    static const char *const texts[] = { "1", "2",   "3.5", "L",          "M", "H",
                                         "",  "red", "1TB", "10GB",       "✓", "—",
                                         "0", "-1",  "S",   "2024-01-01", "45" };
    enum { TEXTS = sizeof texts / sizeof *texts };
    uint32_t dice = 7;
    for (int round = 0; round < 60; round++) {
        AUTO(catalog_builder_free)
        struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
        struct catalog *made_of = NULL;
        for (int i = 0; i < 60; i++) {
            char row[256];
            uint32_t at[5];
            for (int k = 0; k < 5; k++)
                at[k] = (dice = dice * 1664525 + 1013904223) >> 16;
            (void) snprintf(row, sizeof row, "S%d|Name %s|%s|%u|size=%s;a=%s;weight=%s;x=y%d", i,
                            texts[at[0] % TEXTS], texts[at[1] % 6], at[2] % 300,
                            texts[at[1] % TEXTS], texts[at[3] % TEXTS], texts[at[4] % 9], i % 3);
            add(builder, row);
        }
        ck_assert_int_eq(catalog_builder_seal(builder, &made_of), OK);
        AUTO(catalog_unref) struct catalog *catalog = made_of;
        AUTO(ladder_unref) struct ladder *ladder = made(catalog);
        holds(ladder, catalog);
    }
}
END_TEST

/* All pairs would be four hundred million judgements: this test would run into its time limit. */
START_TEST(twenty_thousand_of_one_kind_are_walked_in_bounds)
{
    enum { MANY = 20000 };
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *made_of = NULL;
    for (int i = 0; i < MANY; i++) {
        char row[160];
        (void) snprintf(row, sizeof row, "S%d|Thing %d|m%d|%d|storage=%dGB;color=c%d;size=%d", i,
                        i % 50, i % 5000, 1000 + i % 9973, 1 + (i % 9973) / 40, i % 7,
                        38 + i % 5 * 4);
        add(builder, row);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &made_of), OK);
    AUTO(catalog_unref) struct catalog *catalog = made_of;
    AUTO(ladder_unref) struct ladder *ladder = made(catalog);

    uint32_t n, with_steps = 0;
    for (uint32_t p = 0; p < MANY; p++) {
        (void) ladder_up(ladder, p, &n);
        with_steps += n > 0;
    }
    ck_assert_uint_gt(with_steps, MANY * 9 / 10);
    holds(ladder, catalog);
}
END_TEST

SUITE_MAIN("shop/ladder", a_step_up_has_more_of_what_rises_with_the_price,
           a_size_is_kept_where_it_is_made_and_else_only_the_next_one_will_do,
           the_same_model_in_another_size_is_no_upgrade,
           sizes_in_words_never_change_and_are_never_better, words_of_a_scale_are_ordered,
           weight_is_better_when_less_unless_prices_say_otherwise_or_it_is_what_is_sold,
           colour_is_kept_where_there_is_a_choice_and_costs_nothing_more,
           a_line_is_left_last_where_it_goes_further,
           what_fits_something_else_what_stands_opposite_and_whom_it_is_not_for_are_no_steps,
           a_long_sleeve_is_no_short_one,
           dearer_alone_is_a_step_of_the_lowest_degrees_and_a_colour_is_none,
           where_the_catalogue_says_nothing_names_and_prices_make_steps,
           what_the_name_says_and_nothing_orders_has_to_stay,
           amounts_in_names_count_where_no_attribute_says_them,
           steps_down_give_up_as_little_as_can_be,
           the_shops_own_word_is_stronger_than_what_prices_teach,
           what_customers_moved_to_comes_first,
           other_moves_make_the_same_ladder_as_from_the_start_and_only_touch_whom_they_concern,
           only_more_there_than_back_confirms_a_step_to_another_line,
           womens_for_a_unisex_one_is_aside_and_only_in_the_same_size,
           the_best_of_what_is_not_kept_is_known_without_judging, any_catalogue_makes_a_ladder,
           twenty_thousand_of_one_kind_are_walked_in_bounds)
