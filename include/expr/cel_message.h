/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

/*
 * CEL message
 *
 * The sentences that authors of expressions read, in English and Japanese: all of them stand in
 * expr/cel_messages.inc. A message is a stable code with arguments; its texts are made where it
 * is told. Another language is another column there and a row here.
 */
enum cel_language { CEL_ENGLISH, CEL_JAPANESE, CEL_LANGUAGES };

enum cel_message {
#define CEL_MESSAGE(name, en, ja) CEL_SAYS_##name,
#include "expr/cel_messages.inc"
#undef CEL_MESSAGE
    CEL_MESSAGES
};

enum { CEL_MESSAGE_ARGS = 3 };

/* Borrows its arguments. */
struct cel_said {
    enum cel_message message;
    enum cel_message part; /* what {*} stands for */
    struct str args[CEL_MESSAGE_ARGS];
};

/* CEL_SAY(NO_FIELD, class_name, field_name); CEL_SAY(NOTHING) for no hint. */
#define CEL_SAY(name, ...) \
    ((struct cel_said){ .message = CEL_SAYS_##name, .args = { __VA_ARGS__ } })

/* A number as an argument: decimal, in @room. */
enum { CEL_DIGITS = 24 };
struct str cel_digits(uint64_t number, char room[CEL_DIGITS]);

/* "NO_FIELD": stable, for machines. */
const char *cel_message_name(enum cel_message message);

/* As it stands in the list, with {0} and {*}. */
struct str cel_message_text(enum cel_message message, enum cel_language language);

/* The sentence, filled in. */
void cel_said_print(const struct cel_said *said, enum cel_language language, struct out *out);
