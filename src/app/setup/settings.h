/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/out.h"

/*
 * Settings
 *
 * How one service runs: plain values, each with one name in three spellings: `data_dir`
 * in the settings file, OFFERD_DATA_DIR in the environment, --data-dir on the command
 * line. A flag wins over the environment, the environment over the file, the file over
 * the default. One table in settings.c holds name, default, bounds, unit and meaning of
 * all; it is what --help prints and what config/offerd.yaml shows. None can change
 * while the service runs; rules, catalogue and model can.
 */
enum { SETTING_TEXT_MAX = 512, SETTING_VARIABLE_MAX = 64 };

struct settings {
    char listen[SETTING_TEXT_MAX]; /* "127.0.0.1:8080", "[::1]:8080", ":8080" */
    char rules_dir[SETTING_TEXT_MAX];
    char data_dir[SETTING_TEXT_MAX];
    char database_url[SETTING_TEXT_MAX], redis_url[SETTING_TEXT_MAX]; /* both or neither */
    char shop[SETTING_TEXT_MAX];
    char token_key[SETTING_TEXT_MAX];     /* 32 hex digits; empty: made once and kept in data_dir */
    char api_keys_file[SETTING_TEXT_MAX]; /* empty: nobody is asked for a key */
    char tls_cert[SETTING_TEXT_MAX], tls_key[SETTING_TEXT_MAX]; /* both or neither */
    char access_log[SETTING_TEXT_MAX]; /* "-" or a file; empty or "off": none */
    char log_level[SETTING_TEXT_MAX];
    char log_format[SETTING_TEXT_MAX];
    int64_t workers; /* 0: one for each processor */
    int64_t budget_ms, offer_minutes;
    int64_t database_ms, spool_mb, profile_ttl_h, retention_days;
    int64_t max_offers_bytes, max_events_bytes, max_head_bytes, max_connections, max_events;
    int64_t idle_timeout_s, slow_request_s, drain_s;
    int64_t hot_profiles, known_purchases, queue_events, commit_events;
    int64_t model_refresh_s, train_every_h;
};

/*
 * Reads @argv (getopt style: from argv[1]), the environment and the file that --config or
 * OFFERD_CONFIG names. *ret_help: --help was asked for and printed. ERR_INPUT with a note that
 * names the setting and where the value came from.
 */
MUST_CHECK enum err settings_read(int argc, char **argv, struct settings *ret_settings,
                                  bool *ret_help, struct err_note *note);

/*
 * The variables of the environment that settings_read reads, by @number from 0: "OFFERD_DATA_DIR".
 * *ret_alias: the flag's shorter name ("data"), or NULL. False past the last.
 */
bool settings_variable(int number, char ret_name[SETTING_VARIABLE_MAX], const char **ret_alias);

/* Every setting with default, unit and meaning, as --help shows it. */
void settings_help(struct out *out);

/* Host without brackets and port of settings->listen. ERR_INPUT for anything else. */
MUST_CHECK enum err settings_address(const struct settings *settings,
                                     char ret_host[SETTING_TEXT_MAX], uint16_t *ret_port,
                                     struct err_note *note);
