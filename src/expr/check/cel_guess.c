/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_guess.h"

enum { LONGEST = 63 }; /* longer names are not guessed */

struct cel_guess cel_guess_begin(struct str wanted)
{
    unsigned edits = wanted.len <= 2 ? 1 : wanted.len <= 5 ? 2 : 3;
    return (struct cel_guess){ .wanted = wanted, .edits = edits + 1 };
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Edits between two names of at most LONGEST bytes, capitals or not. */
static unsigned edits_between(struct str a, struct str b)
{
    unsigned rows[3][LONGEST + 1] = { 0 };
    for (unsigned k = 0; k <= b.len; k++)
        rows[0][k] = k;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned k = 1; k <= b.len; k++) {
            unsigned differs = lower(a.at[i - 1]) != lower(b.at[k - 1]);
            row[k] = least(least(above[k], row[k - 1]) + 1, above[k - 1] + differs);
            if (i > 1 && k > 1 && a.at[i - 1] == b.at[k - 2] && a.at[i - 2] == b.at[k - 1])
                row[k] = least(row[k], above2[k - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

/* "total" for "cart.total": the right word, not the whole of it. */
static bool is_last_part(struct str wanted, struct str name)
{
    return name.len > wanted.len && name.at[name.len - wanted.len - 1] == '.' &&
           str_ends_with(name, wanted);
}

void cel_guess_try(struct cel_guess *guess, struct str name)
{
    struct str wanted = guess->wanted;
    if (wanted.len == 0 || wanted.len > LONGEST || name.len > LONGEST)
        return;
    size_t difference = name.len > wanted.len ? name.len - wanted.len : wanted.len - name.len;
    unsigned edits = is_last_part(wanted, name)   ? 1
                     : difference >= guess->edits ? guess->edits
                                                  : edits_between(wanted, name);
    if (edits < guess->edits && edits < wanted.len) {
        guess->edits = edits;
        guess->best = name;
    }
}
