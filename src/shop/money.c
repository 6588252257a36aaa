/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/money.h"

/*
 * The current codes of ISO 4217 by their decimals; codes
 * without a minor unit (gold, tests) are none.
 */
static const char codes_0[] =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ";
static const char codes_2[] =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
    "GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR "
    "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD "
    "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC "
    "SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWG ";
static const char codes_3[] = "BHD IQD JOD KWD LYD OMR TND ";
static const char codes_4[] = "CLF UYW ";

/* Three letters as a number in alphabetical order. */
#define PACKED(a, b, c) ((uint32_t) (a) << 16 | (uint32_t) (b) << 8 | (uint32_t) (c))

static uint32_t packed(const char *code)
{
    return PACKED((unsigned char) code[0], (unsigned char) code[1], (unsigned char) code[2]);
}

/* Those with a sign of their own, which are also the usual ones: looked at first. */
static const struct usual {
    uint32_t code;
    int decimals;
    struct str sign;
} usual[] = {
    { PACKED('J', 'P', 'Y'), 0, { "¥", sizeof "¥" - 1 } },
    { PACKED('U', 'S', 'D'), 2, { "$", sizeof "$" - 1 } },
    { PACKED('E', 'U', 'R'), 2, { "€", sizeof "€" - 1 } },
    { PACKED('G', 'B', 'P'), 2, { "£", sizeof "£" - 1 } },
    { PACKED('K', 'R', 'W'), 0, { "₩", sizeof "₩" - 1 } },
};

static const struct usual *find_usual(struct str currency)
{
    if (currency.len != 3)
        return NULL;
    uint32_t code = packed(currency.at);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].code == code)
            return &usual[i];
    return NULL;
}

/* @codes stand in alphabetical order, four bytes each. */
static bool is_in(const char *codes, size_t bytes, struct str code)
{
    const uint32_t wanted = packed(code.at);
    size_t low = 0, high = bytes / 4;

    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t here = packed(codes + 4 * middle);
        if (here == wanted)
            return true;
        if (here < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

int money_decimals(struct str currency)
{
    const struct usual *found = find_usual(currency);

    if (found)
        return found->decimals;
    if (currency.len != 3)
        return -1;
    if (is_in(codes_0, sizeof codes_0, currency))
        return 0;
    if (is_in(codes_2, sizeof codes_2, currency))
        return 2;
    if (is_in(codes_3, sizeof codes_3, currency))
        return 3;
    return is_in(codes_4, sizeof codes_4, currency) ? 4 : -1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends @digit, unless that leaves what a price may be. */
static bool add_digit(int64_t *minor, int digit)
{
    *minor = *minor * 10 + digit;
    return *minor <= MONEY_MAX;
}

bool money_parse(struct str text, int decimals, bool round, int64_t *ret_minor)
{
    int64_t minor = 0;
    size_t i = 0;

    for (; i < text.len && is_digit(text.at[i]); i++)
        if (!add_digit(&minor, text.at[i] - '0'))
            return false;
    if (i == 0)
        return false;

    bool up = false;
    int seen = 0;
    if (i < text.len) {
        if (text.at[i] != '.' || i + 1 == text.len)
            return false;
        for (i++; i < text.len && is_digit(text.at[i]); i++, seen++) {
            if (seen < decimals && !add_digit(&minor, text.at[i] - '0'))
                return false;
            if (seen >= decimals && !round && text.at[i] != '0')
                return false;
            if (seen == decimals)
                up = text.at[i] >= '5';
        }
        if (i < text.len)
            return false;
    }
    for (; seen < decimals; seen++)
        if (!add_digit(&minor, 0))
            return false;
    if (minor + up > MONEY_MAX)
        return false;
    *ret_minor = minor + up;
    return true;
}

/* "198000" minor units with 2 decimals: "1,980.00". */
static void print_number(struct out *out, uint64_t minor, int decimals)
{
    char buffer[40];
    char *at = buffer + sizeof buffer;
    int digits = 0;

    for (; digits < decimals; digits++, minor /= 10)
        *--at = (char) ('0' + minor % 10);
    if (decimals > 0)
        *--at = '.';
    digits = 0;
    do {
        if (digits > 0 && digits % 3 == 0)
            *--at = ',';
        *--at = (char) ('0' + minor % 10);
        minor /= 10;
        digits++;
    } while (minor > 0);
    out_bytes(out, at, (size_t) (buffer + sizeof buffer - at));
}

void money_print(struct out *out, int64_t minor, struct str currency, enum locale locale)
{
    const struct usual *found = find_usual(currency);
    bool yen_after = locale == LOCALE_JA && found == &usual[0];
    int decimals = found ? found->decimals : money_decimals(currency);

    if (minor < 0)
        out_char(out, '-');
    if (found && !yen_after)
        out_text(out, found->sign);
    print_number(out, minor < 0 ? -(uint64_t) minor : (uint64_t) minor,
                 decimals < 0 ? 2 : decimals);
    if (yen_after) {
        out_text(out, STR("円"));
    } else if (!found) {
        out_char(out, ' ');
        out_text(out, currency);
    }
}

int64_t money_share(int64_t minor, int32_t basis_points)
{
    int64_t small;
    if (minor >= 0 && basis_points >= 0 &&
        !__builtin_mul_overflow(minor, (int64_t) basis_points, &small))
        return small / 10000;

    __int128 product = (__int128) minor * basis_points;
    __int128 share = product / 10000;

    if (product < 0 && product % 10000 != 0)
        share--; /* down, not towards zero */
    if (share > INT64_MAX)
        return INT64_MAX;
    return share < INT64_MIN ? INT64_MIN : (int64_t) share;
}
