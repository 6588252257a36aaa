/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/diag_texts.h"

static const struct {
    const char *name;
    enum diag_level level;
    const char *text[LOCALES];
} texts[DIAG_CODES] = {
#define DIAG(code, lvl, ja, en) \
    [DIAG_##code] = { #code, lvl, { [LOCALE_JA] = ja, [LOCALE_EN] = en } },
#include "rules/diag_codes.inc"
#undef DIAG
};

static const char *const words[DIAG_WORDS][LOCALES] = {
    [WORD_ERROR] = { "エラー", "error" },
    [WORD_WARNING] = { "警告", "warning" },
    [WORD_HELP] = { "ヒント", "help" },
    [WORD_DID_YOU_MEAN] = { "「{0}」ではありませんか?", "did you mean \"{0}\"?" },
    [WORD_MORE] = { "ほかに {0} 件あります(表示は省略)", "and {0} more, not shown" },
};

const char *diag_code_name(enum diag_code code)
{
    return texts[code].name;
}

enum diag_level diag_level(enum diag_code code)
{
    return texts[code].level;
}

const char *diag_text(enum diag_code code, enum locale locale)
{
    return texts[code].text[locale];
}

const char *diag_word(enum diag_word word, enum locale locale)
{
    return words[word][locale];
}
