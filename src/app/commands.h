/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Commands
 *
 * One function each, called with argv[0] = the command's name. They own the process: they may
 * print, and what they return is its exit code: 0 done, 1 an error (told on standard error),
 * 2 wrong usage, 3 nothing but warnings (check).
 */
int cmd_serve(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_rebuild(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_cel(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_health(int argc, char **argv);
