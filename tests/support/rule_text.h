/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "files/yaml_doc.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"

/*
 * Rule text
 *
 * Rule files written in a test: texts in, a ruleset or diags out. Asia/Tokyo and UTC are the zones
 * it knows. Borrowed texts; rule_text_free at the end.
 */
enum { RULE_TEXT_FILES = 4 };

#define RULE_HEAD "version: 1\ncurrency: JPY\ntimezone: Asia/Tokyo\nlocales: [ja, en]\n"

struct rule_text {
    struct arena *arena;
    struct doc_file files[RULE_TEXT_FILES];
    uint32_t n_files;
    struct diags diags;
    struct ruleset *ruleset;
    enum err err;
};

static inline const struct civil_zone *rule_text_zone(void *self, struct str name)
{
    static const struct civil_zone tokyo = { .name = { "Asia/Tokyo", 10 },
                                             .first_offset_s = 9 * 3600 };
    static const struct civil_zone utc = { .name = { "UTC", 3 } };
    (void) self;
    return str_is(name, "Asia/Tokyo") ? &tokyo : str_is(name, "UTC") ? &utc : NULL;
}

static inline void rule_text_begin(struct rule_text *self)
{
    *self = (struct rule_text){ .arena = arena_new(1 << 16, 1 << 28) };
    diags_init(&self->diags, self->arena);
}

static inline void rule_text_free(struct rule_text *self)
{
    ruleset_unref(self->ruleset);
    arena_free(self->arena);
}

/* As the YAML reader takes it. */
static inline enum err rule_text_add(struct rule_text *self, const char *name, struct str text)
{
    struct doc_file *file = &self->files[self->n_files++];
    *file = (struct doc_file){ .name = str_of(name), .text = text };
    return yaml_doc_read(file, self->arena, &self->diags);
}

/* Of all that was added. @now_us as in ruleset_settings. */
static inline void rule_text_read(struct rule_text *self, int64_t now_us)
{
    struct ruleset_settings settings = { .zone = rule_text_zone,
                                         .version = STR("0123456789ab"),
                                         .now_us = now_us };
    self->err = self->diags.errors ? ERR_INPUT
                                   : ruleset_read(self->files, self->n_files, &settings,
                                                  &self->diags, &self->ruleset);
    diags_sort(&self->diags);
}

/* All diags as they are printed, for the log of a failed test. */
static inline const char *rule_text_told(struct rule_text *self)
{
    struct out out;
    out_init(&out, self->arena, 256);
    diags_print(&self->diags, LOCALE_EN, false, &out);
    out_char(&out, 0);
    return out.at;
}

/* The first diag is this one, here. */
static inline void rule_text_expect(struct rule_text *self, enum diag_code code, uint32_t line,
                                    uint32_t column)
{
    ck_assert_msg(self->diags.count > 0, "no diag, wanted %s", diag_code_name(code));
    const struct diag *diag = &self->diags.list[0];
    ck_assert_msg(diag->code == code && diag->place.line == line && diag->place.column == column,
                  "wanted %s at %u:%u, got:\n%s", diag_code_name(code), line, column,
                  rule_text_told(self));
}
