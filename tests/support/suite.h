/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <stdlib.h>

/* One test program per module; TAP on stdout, so meson lists every test by name. */
#define SUITE_MAIN(suite_name, ...)                                 \
    int main(void)                                                  \
    {                                                               \
        const TTest *const tests_[] = { __VA_ARGS__ };              \
        TCase *tcase_ = tcase_create(suite_name);                   \
        for (size_t i = 0; i < sizeof tests_ / sizeof *tests_; i++) \
            tcase_add_test(tcase_, tests_[i]);                      \
        Suite *suite_ = suite_create(suite_name);                   \
        suite_add_tcase(suite_, tcase_);                            \
        SRunner *runner_ = srunner_create(suite_);                  \
        srunner_set_tap(runner_, "-");                              \
        srunner_run_all(runner_, CK_SILENT);                        \
        int failed_ = srunner_ntests_failed(runner_);               \
        srunner_free(runner_);                                      \
        return failed_ ? EXIT_FAILURE : EXIT_SUCCESS;               \
    }
