/* SPDX-License-Identifier: Apache-2.0 */
#include "http/routes.h"

#include "suite.h"

static const char *operation(const char *method, const char *path)
{
    struct route_match match = route_find(method, path);
    return match.route ? match.route->operation : "none";
}

START_TEST(finds_each_operation_by_method_and_path)
{
    ck_assert_str_eq(operation("POST", "/offers"), "offers");
    ck_assert_str_eq(operation("POST", "/v1/offers"), "offers");
    ck_assert_str_eq(operation("POST", "/v1/events"), "events");
    ck_assert_str_eq(operation("POST", "/-/reload"), "reload");
    ck_assert_str_eq(operation("GET", "/openapi.json"), "openapi");
}
END_TEST

START_TEST(hands_on_the_segments_of_the_path)
{
    struct route_match match = route_find("POST", "/offers/d-1/tok_en-2/decline");

    ck_assert_str_eq(match.route->operation, "decline");
    ck_assert(str_is(match.segment[0], "d-1"));
    ck_assert(str_is(match.segment[1], "tok_en-2"));
}
END_TEST

START_TEST(only_what_is_meant_for_everyone_is_open)
{
    ck_assert_int_eq((struct route){ 0 }.scope, SCOPE_ADMIN);
    for (size_t row = 0; route_at(row); row++) {
        const char *name = route_at(row)->operation;
        bool open = strcmp(name, "healthz") == 0 || strcmp(name, "readyz") == 0 ||
                    strcmp(name, "openapi") == 0;
        ck_assert_msg((route_at(row)->scope == SCOPE_OPEN) == open, "%s", name);
    }
}
END_TEST

START_TEST(answers_head_wherever_it_answers_get)
{
    ck_assert_str_eq(operation("HEAD", "/healthz"), "healthz");
    ck_assert_str_eq(operation("HEAD", "/offers"), "none");
}
END_TEST

START_TEST(says_what_is_allowed_when_only_the_method_is_wrong)
{
    ck_assert_str_eq(route_find("GET", "/offers").allow, "POST");
    ck_assert_str_eq(route_find("DELETE", "/rules").allow, "GET, HEAD");
    ck_assert_ptr_null(route_find("GET", "/nowhere").allow);
}
END_TEST

START_TEST(does_not_take_a_path_that_is_only_alike)
{
    static const char *const alike[] = { "",
                                         "/",
                                         "/offer",
                                         "/offers/",
                                         "/offersx",
                                         "//offers",
                                         "/offers/a/accept",
                                         "/offers//b/accept",
                                         "/offers/a/b/accept/",
                                         "/offers/a/b/c/accept",
                                         "/offers/a/b/acceptx",
                                         "/v2/offers",
                                         "/OFFERS" };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        ck_assert_msg(!route_find("POST", alike[i]).route, "taken: %s", alike[i]);
}
END_TEST

SUITE_MAIN("http/routes", finds_each_operation_by_method_and_path,
           hands_on_the_segments_of_the_path, only_what_is_meant_for_everyone_is_open,
           answers_head_wherever_it_answers_get, says_what_is_allowed_when_only_the_method_is_wrong,
           does_not_take_a_path_that_is_only_alike)
