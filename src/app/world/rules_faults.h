/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rules faults
 *
 * What is wrong with the rule files of one reading, a log line each, in the language of the
 * process; the first RULES_FAULTS_LOGGED of them, then how many more there are.
 */
enum { RULES_FAULTS_LOGGED = 20 };

struct rules_reading;

void rules_faults_log(const char *rules_dir, struct rules_reading *reading);
