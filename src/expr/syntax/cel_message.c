/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_message.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const struct {
    const char *name;
    struct str text[CEL_LANGUAGES];
} messages[CEL_MESSAGES] = {
#define CEL_MESSAGE(code, en, ja)                                                                  \
    [CEL_SAYS_##code] = {                                                                          \
        #code, { [CEL_ENGLISH] = { en, sizeof(en) - 1 }, [CEL_JAPANESE] = { ja, sizeof(ja) - 1 } } \
    },
#include "expr/cel_messages.inc"
#undef CEL_MESSAGE
};

struct str cel_digits(uint64_t number, char room[CEL_DIGITS])
{
    int len = snprintf(room, CEL_DIGITS, "%" PRIu64, number);
    return (struct str){ room, (size_t) len };
}

const char *cel_message_name(enum cel_message message)
{
    return messages[message].name;
}

struct str cel_message_text(enum cel_message message, enum cel_language language)
{
    return messages[message].text[language];
}

void cel_said_print(const struct cel_said *said, enum cel_language language, struct out *out)
{
    struct str text = messages[said->message].text[language];
    for (size_t i = 0; i < text.len; i++) {
        char c =
            i + 2 < text.len && text.at[i] == '{' && text.at[i + 2] == '}' ? text.at[i + 1] : '\0';
        bool is_arg = c >= '0' && c < '0' + CEL_MESSAGE_ARGS;
        if (is_arg)
            out_text(out, said->args[c - '0']);
        else if (c == '*')
            out_text(out, messages[said->part].text[language]);
        else
            out_char(out, text.at[i]);
        i += is_arg || c == '*' ? 2 : 0;
    }
}
