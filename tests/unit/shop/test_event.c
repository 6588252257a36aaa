/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/event.h"

#include "suite.h"

START_TEST(finds_every_type_by_its_own_name)
{
    for (int i = 0; i < EVENT_TYPES; i++) {
        enum event_type type = EVENT_TYPES;
        ck_assert(event_type_of(str_of(event_type_name((enum event_type) i)), &type));
        ck_assert_int_eq(type, i);
    }
}
END_TEST

START_TEST(knows_no_other_type)
{
    enum event_type type;
    ck_assert(!event_type_of(STR("order"), &type));
    ck_assert(!event_type_of(STR("order_placed "), &type));
    ck_assert(!event_type_of((struct str){ 0 }, &type));
}
END_TEST

START_TEST(knows_the_three_consents_and_no_other)
{
    ck_assert_uint_eq(consent_of(STR("personalization")), CONSENT_PERSONALIZATION);
    ck_assert_uint_eq(consent_of(STR("marketing")), CONSENT_MARKETING);
    ck_assert_uint_eq(consent_of(STR("profiling")), CONSENT_PROFILING);
    ck_assert_uint_eq(consent_of(STR("everything")), 0);
}
END_TEST

SUITE_MAIN("shop/event", finds_every_type_by_its_own_name, knows_no_other_type,
           knows_the_three_consents_and_no_other)
