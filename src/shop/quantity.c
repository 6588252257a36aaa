/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text is folded to plain small letters first, then read as words, number, unit, words. Units are
 * a table, the longest spelling that fits wins. More than 400 lines, because the table is half of
 * the file and stays beside what reads it.
 */
#include "shop/quantity.h"

#include <math.h>

enum { MAX_BYTES = 64, MAX_WHOLE_DIGITS = 15 };

struct unit {
    const char *word; /* folded */
    enum quantity_dimension dimension;
    double times;
};

static const struct unit units[] = {
    { "tb", QUANTITY_BYTES, 1024.0 * 1024 * 1024 * 1024 },
    { "tib", QUANTITY_BYTES, 1024.0 * 1024 * 1024 * 1024 },
    { "テラバイト", QUANTITY_BYTES, 1024.0 * 1024 * 1024 * 1024 },
    { "gb", QUANTITY_BYTES, 1024.0 * 1024 * 1024 },
    { "gib", QUANTITY_BYTES, 1024.0 * 1024 * 1024 },
    { "ギガバイト", QUANTITY_BYTES, 1024.0 * 1024 * 1024 },
    { "mb", QUANTITY_BYTES, 1024.0 * 1024 },
    { "mib", QUANTITY_BYTES, 1024.0 * 1024 },
    { "kb", QUANTITY_BYTES, 1024.0 },
    { "mm", QUANTITY_LENGTH, 1 },
    { "㎜", QUANTITY_LENGTH, 1 },
    { "ミリ", QUANTITY_LENGTH, 1 },
    { "cm", QUANTITY_LENGTH, 10 },
    { "㎝", QUANTITY_LENGTH, 10 },
    { "センチ", QUANTITY_LENGTH, 10 },
    { "m", QUANTITY_LENGTH, 1000 },
    { "メートル", QUANTITY_LENGTH, 1000 },
    { "km", QUANTITY_LENGTH, 1e6 },
    { "inch", QUANTITY_LENGTH, 25.4 },
    { "inches", QUANTITY_LENGTH, 25.4 },
    { "in", QUANTITY_LENGTH, 25.4 },
    { "\"", QUANTITY_LENGTH, 25.4 },
    { "″", QUANTITY_LENGTH, 25.4 },
    { "”", QUANTITY_LENGTH, 25.4 },
    { "インチ", QUANTITY_LENGTH, 25.4 },
    { "型", QUANTITY_LENGTH, 25.4 },
    { "ft", QUANTITY_LENGTH, 304.8 },
    { "m2", QUANTITY_AREA, 1 },
    { "m²", QUANTITY_AREA, 1 },
    { "㎡", QUANTITY_AREA, 1 },
    { "平米", QUANTITY_AREA, 1 },
    { "mg", QUANTITY_MASS, .001 },
    { "g", QUANTITY_MASS, 1 },
    { "グラム", QUANTITY_MASS, 1 },
    { "kg", QUANTITY_MASS, 1000 },
    { "㎏", QUANTITY_MASS, 1000 },
    { "キロ", QUANTITY_MASS, 1000 },
    { "キログラム", QUANTITY_MASS, 1000 },
    { "oz", QUANTITY_MASS, 28.349523125 },
    { "oz.", QUANTITY_MASS, 28.349523125 },
    { "lb", QUANTITY_MASS, 453.59237 },
    { "lbs", QUANTITY_MASS, 453.59237 },
    { "ml", QUANTITY_VOLUME, 1 },
    { "㎖", QUANTITY_VOLUME, 1 },
    { "cc", QUANTITY_VOLUME, 1 },
    { "ミリリットル", QUANTITY_VOLUME, 1 },
    { "cl", QUANTITY_VOLUME, 10 },
    { "dl", QUANTITY_VOLUME, 100 },
    { "l", QUANTITY_VOLUME, 1000 },
    { "ℓ", QUANTITY_VOLUME, 1000 },
    { "リットル", QUANTITY_VOLUME, 1000 },
    { "fl oz", QUANTITY_VOLUME, 29.5735295625 },
    { "w", QUANTITY_POWER, 1 },
    { "ワット", QUANTITY_POWER, 1 },
    { "kw", QUANTITY_POWER, 1000 },
    { "wh", QUANTITY_ENERGY, 1 },
    { "kwh", QUANTITY_ENERGY, 1000 },
    { "mah", QUANTITY_CHARGE, 1 },
    { "ah", QUANTITY_CHARGE, 1000 },
    { "v", QUANTITY_VOLTAGE, 1 },
    { "ma", QUANTITY_CURRENT, .001 },
    { "a", QUANTITY_CURRENT, 1 },
    { "hz", QUANTITY_FREQUENCY, 1 },
    { "khz", QUANTITY_FREQUENCY, 1e3 },
    { "mhz", QUANTITY_FREQUENCY, 1e6 },
    { "ghz", QUANTITY_FREQUENCY, 1e9 },
    { "mp", QUANTITY_PIXELS, 1 },
    { "megapixels", QUANTITY_PIXELS, 1 },
    { "万画素", QUANTITY_PIXELS, .01 },
    { "画素", QUANTITY_PIXELS, 1e-6 },
    { "kbps", QUANTITY_RATE, 1e3 },
    { "mbps", QUANTITY_RATE, 1e6 },
    { "gbps", QUANTITY_RATE, 1e9 },
    { "mb/s", QUANTITY_RATE, 8e6 },
    { "gb/s", QUANTITY_RATE, 8e9 },
    { "fps", QUANTITY_FRAMES, 1 },
    { "コマ/秒", QUANTITY_FRAMES, 1 },
    { "sec", QUANTITY_HOURS, 1 / 3600.0 },
    { "秒", QUANTITY_HOURS, 1 / 3600.0 },
    { "min", QUANTITY_HOURS, 1 / 60.0 },
    { "minutes", QUANTITY_HOURS, 1 / 60.0 },
    { "分", QUANTITY_HOURS, 1 / 60.0 },
    { "分間", QUANTITY_HOURS, 1 / 60.0 },
    { "h", QUANTITY_HOURS, 1 },
    { "hr", QUANTITY_HOURS, 1 },
    { "hrs", QUANTITY_HOURS, 1 },
    { "hour", QUANTITY_HOURS, 1 },
    { "hours", QUANTITY_HOURS, 1 },
    { "時間", QUANTITY_HOURS, 1 },
    { "day", QUANTITY_HOURS, 24 },
    { "days", QUANTITY_HOURS, 24 },
    { "日", QUANTITY_HOURS, 24 },
    { "日間", QUANTITY_HOURS, 24 },
    { "日分", QUANTITY_HOURS, 24 },
    { "泊", QUANTITY_HOURS, 24 },
    { "month", QUANTITY_MONTHS, 1 },
    { "months", QUANTITY_MONTHS, 1 },
    { "か月", QUANTITY_MONTHS, 1 },
    { "カ月", QUANTITY_MONTHS, 1 },
    { "ヶ月", QUANTITY_MONTHS, 1 },
    { "ケ月", QUANTITY_MONTHS, 1 },
    { "ヵ月", QUANTITY_MONTHS, 1 },
    { "箇月", QUANTITY_MONTHS, 1 },
    { "か月分", QUANTITY_MONTHS, 1 },
    { "ヶ月分", QUANTITY_MONTHS, 1 },
    { "year", QUANTITY_MONTHS, 12 },
    { "years", QUANTITY_MONTHS, 12 },
    { "yr", QUANTITY_MONTHS, 12 },
    { "年", QUANTITY_MONTHS, 12 },
    { "年間", QUANTITY_MONTHS, 12 },
    { "個", QUANTITY_COUNT, 1 },
    { "個入", QUANTITY_COUNT, 1 },
    { "個入り", QUANTITY_COUNT, 1 },
    { "個セット", QUANTITY_COUNT, 1 },
    { "枚", QUANTITY_COUNT, 1 },
    { "枚入", QUANTITY_COUNT, 1 },
    { "枚入り", QUANTITY_COUNT, 1 },
    { "枚セット", QUANTITY_COUNT, 1 },
    { "本", QUANTITY_COUNT, 1 },
    { "本入", QUANTITY_COUNT, 1 },
    { "本入り", QUANTITY_COUNT, 1 },
    { "本セット", QUANTITY_COUNT, 1 },
    { "点", QUANTITY_COUNT, 1 },
    { "点セット", QUANTITY_COUNT, 1 },
    { "袋", QUANTITY_COUNT, 1 },
    { "包", QUANTITY_COUNT, 1 },
    { "粒", QUANTITY_COUNT, 1 },
    { "錠", QUANTITY_COUNT, 1 },
    { "箱", QUANTITY_COUNT, 1 },
    { "缶", QUANTITY_COUNT, 1 },
    { "杯", QUANTITY_COUNT, 1 },
    { "杯分", QUANTITY_COUNT, 1 },
    { "回分", QUANTITY_COUNT, 1 },
    { "足", QUANTITY_COUNT, 1 },
    { "組", QUANTITY_COUNT, 1 },
    { "セット", QUANTITY_COUNT, 1 },
    { "ポート", QUANTITY_COUNT, 1 },
    { "コア", QUANTITY_COUNT, 1 },
    { "cores", QUANTITY_COUNT, 1 },
    { "ports", QUANTITY_COUNT, 1 },
    { "pc", QUANTITY_COUNT, 1 },
    { "pcs", QUANTITY_COUNT, 1 },
    { "pieces", QUANTITY_COUNT, 1 },
    { "pack", QUANTITY_COUNT, 1 },
    { "packs", QUANTITY_COUNT, 1 },
    { "count", QUANTITY_COUNT, 1 },
    { "sheets", QUANTITY_COUNT, 1 },
    { "items", QUANTITY_COUNT, 1 },
    { "名", QUANTITY_PEOPLE, 1 },
    { "名様", QUANTITY_PEOPLE, 1 },
    { "人", QUANTITY_PEOPLE, 1 },
    { "人用", QUANTITY_PEOPLE, 1 },
    { "人分", QUANTITY_PEOPLE, 1 },
    { "席", QUANTITY_PEOPLE, 1 },
    { "seats", QUANTITY_PEOPLE, 1 },
    { "users", QUANTITY_PEOPLE, 1 },
    { "guests", QUANTITY_PEOPLE, 1 },
    { "db", QUANTITY_NOISE, 1 },
    { "lm", QUANTITY_LIGHT, 1 },
    { "ルーメン", QUANTITY_LIGHT, 1 },
    { "lumens", QUANTITY_LIGHT, 1 },
    { "%", QUANTITY_PERCENT, 1 },
};
enum { UNITS = sizeof units / sizeof *units };

/* ── letters ─────────────────────────────────────────────────────────────────────────────────── */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * How many bytes of @at (at most @left) are a full-width ASCII character or blank; *ret_plain is
 * the plain one.
 */
static size_t wide(const unsigned char *at, size_t left, char *ret_plain)
{
    if (left < 3)
        return 0;
    if (at[0] == 0xe3 && at[1] == 0x80 && at[2] == 0x80) {
        *ret_plain = ' ';
        return 3;
    }
    if (at[0] != 0xef || (at[1] != 0xbc && at[1] != 0xbd))
        return 0;
    unsigned code = (at[1] == 0xbc ? 0u : 0x40u) + (at[2] & 0x3fu); /* from U+FF00 on */
    if (code < 1 || code > 0x5e)
        return 0;
    *ret_plain = (char) (code + 0x20);
    return 3;
}

size_t quantity_fold(struct str text, char *ret_folded, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < room;) {
        char c = text.at[i];
        size_t taken = wide((const unsigned char *) text.at + i, text.len - i, &c);
        i += taken ? taken : 1;
        if (c == '\t' || c == '\n' || c == '\r')
            c = ' ';
        if (c >= 'A' && c <= 'Z')
            c = (char) (c + ('a' - 'A'));
        if (c == ' ' && (n == 0 || ret_folded[n - 1] == ' '))
            continue;
        ret_folded[n++] = c;
    }
    while (n && ret_folded[n - 1] == ' ')
        n--;
    return n;
}

static struct str skip(struct str text, size_t n)
{
    return (struct str){ text.at + n, text.len - n };
}

static struct str skip_blank(struct str text)
{
    return text.len && text.at[0] == ' ' ? skip(text, 1) : text;
}

/* ── numbers ─────────────────────────────────────────────────────────────────────────────────── */

/* "1,000": a comma counts when three digits follow and no fourth. */
static bool is_thousands(struct str text)
{
    return text.len >= 4 && text.at[0] == ',' && is_digit(text.at[1]) && is_digit(text.at[2]) &&
           is_digit(text.at[3]) && (text.len == 4 || !is_digit(text.at[4]));
}

/*
 * The number that @text begins with: *ret_rest is what follows. False for none, or a longer one
 * than any amount is.
 */
static bool read_number(struct str text, double *ret_value, struct str *ret_rest)
{
    double value = 0, place = 1;
    int digits = 0;
    while (text.len && (is_digit(text.at[0]) || (digits && is_thousands(text)))) {
        if (text.at[0] != ',') {
            value = value * 10 + (text.at[0] - '0');
            digits++;
        }
        text = skip(text, 1);
    }
    if (digits == 0 || digits > MAX_WHOLE_DIGITS)
        return false;
    if (text.len > 1 && text.at[0] == '.' && is_digit(text.at[1]))
        for (text = skip(text, 1); text.len && is_digit(text.at[0]); text = skip(text, 1))
            value += (text.at[0] - '0') * (place /= 10);
    *ret_value = value;
    *ret_rest = text;
    return true;
}

/* ── units ───────────────────────────────────────────────────────────────────────────────────── */

/*
 * The longest unit that @text begins with, and is not only the beginning of a longer word; NULL:
 * none.
 */
static const struct unit *unit_at(struct str text, size_t *ret_len)
{
    const struct unit *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < UNITS; i++) {
        if (units[i].word[0] != (text.len ? text.at[0] : '\0'))
            continue;
        struct str word = str_of(units[i].word);
        bool whole = str_starts_with(text, word) &&
                     (text.len == word.len || !is_letter(word.at[word.len - 1]) ||
                      !is_letter(text.at[word.len]));
        if (whole && word.len > best_len) {
            best = &units[i];
            best_len = word.len;
        }
    }
    *ret_len = best_len;
    return best;
}

/*
 * The unit that the attribute's name ends with: storage_gb, 容量(ml), "Weight [kg]", batteryWh no.
 */
static const struct unit *unit_of_name(struct str name)
{
    char folded[MAX_BYTES];
    struct str text = { folded, quantity_fold(name, folded, sizeof folded) };
    if (text.len && (text.at[text.len - 1] == ')' || text.at[text.len - 1] == ']'))
        text.len--;
    for (size_t i = text.len; i-- > 1;) {
        char c = text.at[i - 1];
        if (c != '_' && c != '(' && c != '[' && c != '-' && c != ' ')
            continue;
        size_t len;
        const struct unit *unit = unit_at(skip(text, i), &len);
        return unit && len == text.len - i ? unit : NULL;
    }
    return NULL;
}

/* "×", "x", "*" between two numbers; its bytes, 0: none. */
static size_t times_sign(struct str text)
{
    if (str_starts_with(text, STR("×")))
        return strlen("×");
    return text.len && (text.at[0] == 'x' || text.at[0] == '*') ? 1 : 0;
}

/*
 * "x 24", "×24本" as @text begins: multiplies *value and moves *rest behind it. A factor's counter
 * says nothing more.
 */
static void read_factor(struct str text, double *value, struct str *rest)
{
    double factor;
    struct str after = skip_blank(text), behind;
    size_t sign = times_sign(after), len = 0;
    if (!sign || !read_number(skip_blank(skip(after, sign)), &factor, &behind))
        return;
    *value *= factor;
    const struct unit *counter = unit_at(skip_blank(behind), &len);
    *rest =
        counter && counter->dimension == QUANTITY_COUNT ? skip(skip_blank(behind), len) : behind;
}

/* Number, "x number", unit, as @text begins, or "x number" last; *ret_rest is what follows. */
static bool read_amount(struct str text, struct quantity *ret_quantity, bool *ret_has_unit,
                        struct str *ret_rest)
{
    double value;
    struct str rest;
    if (!read_number(text, &value, &rest))
        return false;
    read_factor(rest, &value, &rest);
    size_t len = 0;
    const struct unit *unit = unit_at(skip_blank(rest), &len);
    if (unit) {
        value *= unit->times;
        rest = skip(skip_blank(rest), len);
        read_factor(rest, &value, &rest);
    }
    *ret_has_unit = unit;
    ret_quantity->dimension = unit ? unit->dimension : QUANTITY_PLAIN;
    ret_quantity->value = value;
    *ret_rest = rest;
    return isfinite(value);
}

static size_t first_digit(struct str text)
{
    size_t i = 0;
    while (i < text.len && !is_digit(text.at[i]))
        i++;
    return i;
}

/* "約", "~", "最大", "up to" say nothing that tells two amounts apart. */
static struct str without_about(struct str words)
{
    static const char *const about[] = { "約", "最大", "up to ", "approx. ", "~", "+" };
    for (size_t i = 0; i < sizeof about / sizeof *about; i++)
        if (str_starts_with(words, str_of(about[i])))
            return skip_blank(skip(words, strlen(about[i])));
    return words;
}

static uint64_t form_of(struct str before, struct str after)
{
    before = without_about(before);
    if (before.len == 0 && after.len == 0)
        return 0;
    return str_hash(before) * 31 + str_hash(after) + 1;
}

bool quantity_read(struct str name, struct str text, struct quantity *ret_quantity)
{
    char folded[MAX_BYTES];
    if (text.len == 0 || text.len > MAX_BYTES || quantity_is_date(text))
        return false;
    struct str all = { folded, quantity_fold(text, folded, sizeof folded) };
    size_t begin = first_digit(all);
    if (begin == all.len || (begin && (all.at[begin - 1] == '.' || all.at[begin - 1] == '-')))
        return false;
    struct quantity quantity;
    struct str rest;
    bool has_unit;
    if (!read_amount(skip(all, begin), &quantity, &has_unit, &rest))
        return false;
    rest = skip_blank(rest);
    if (first_digit(rest) != rest.len)
        return false;
    const struct unit *unit = has_unit || begin || rest.len ? NULL : unit_of_name(name);
    if (unit) {
        quantity.dimension = unit->dimension;
        quantity.value *= unit->times;
    }
    quantity.form = form_of((struct str){ all.at, begin }, rest);
    *ret_quantity = quantity;
    return true;
}

/* The plain character that @text begins with, and its bytes. */
static char plain_at(struct str text, size_t *ret_bytes)
{
    char plain = text.at[0];
    size_t bytes = wide((const unsigned char *) text.at, text.len, &plain);
    *ret_bytes = bytes ? bytes : 1;
    return plain;
}

/* Where the digits, points and commas from @at on end. */
static size_t past_number(struct str text, size_t at)
{
    while (at < text.len) {
        size_t bytes;
        char plain = plain_at(skip(text, at), &bytes);
        if (!is_digit(plain) && plain != '.' && plain != ',')
            break;
        at += bytes;
    }
    return at;
}

/* "C1", "24-105": the number is part of a model's name or of a range. */
static bool is_tied(struct str text, size_t at)
{
    return at > 0 &&
           (is_letter(text.at[at - 1]) || text.at[at - 1] == '-' || text.at[at - 1] == '~');
}

bool quantity_next(struct str text, size_t *at, struct quantity *ret_quantity)
{
    while (*at < text.len) {
        char folded[MAX_BYTES];
        size_t bytes, begin = *at;
        if (!is_digit(plain_at(skip(text, begin), &bytes))) {
            *at += bytes;
            continue;
        }
        /* A window of its own: folding a name as a whole would lose where we are. */
        struct str left = skip(text, begin), rest;
        struct str window = { folded, quantity_fold(left, folded, sizeof folded) };
        bool has_unit = false;
        *at = past_number(text, begin);
        if (!is_tied(text, begin) && read_amount(window, ret_quantity, &has_unit, &rest) &&
            has_unit) {
            ret_quantity->form = 0;
            return true;
        }
    }
    return false;
}

/* ── dates ───────────────────────────────────────────────────────────────────────────────────── */

/* How many digits @text begins with. */
static size_t digits_at(struct str text)
{
    size_t n = 0;
    while (n < text.len && is_digit(text.at[n]))
        n++;
    return n;
}

bool quantity_is_date(struct str text)
{
    size_t n = digits_at(text);
    int year = 0;
    for (size_t i = 0; i < 4 && i < n; i++)
        year = year * 10 + (text.at[i] - '0');
    if ((n != 4 && n != 8) || year < 1900 || year > 2199)
        return false;
    if (n == 8) {
        int month = (text.at[4] - '0') * 10 + (text.at[5] - '0');
        int day = (text.at[6] - '0') * 10 + (text.at[7] - '0');
        return text.len == 8 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
    }
    struct str rest = skip(text, 4);
    if (str_starts_with(rest, STR("年")))
        rest = skip(rest, strlen("年"));
    else if (rest.len && (rest.at[0] == '-' || rest.at[0] == '/' || rest.at[0] == '.'))
        rest = skip(rest, 1);
    else
        return false;
    size_t month = digits_at(rest);
    if (month < 1 || month > 2)
        return false;
    rest = skip(rest, month);
    if (text.at[4] == '.')
        return rest.len && rest.at[0] == '.';
    return rest.len == 0 || rest.at[0] == '-' || rest.at[0] == '/' ||
           str_starts_with(rest, STR("月"));
}
