/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/regex/cel_regex_program.h"
#include "expr/values/cel_rune.h"

/*
 * A program over a text, all states at once (Thompson 1968; Russ Cox, "Regular Expression Matching
 * Can Be Simple And Fast", 2007). Between two characters there is a list of the instructions that
 * are alive, none twice. For each character each of them is followed through splits, jumps and
 * looks to what consumes the character; what comes behind that is alive next. A match found
 * anywhere is the answer, so nothing is captured and no order kept. The start is alive everywhere,
 * which makes the search unanchored. A program that has a table does not come here.
 */
enum { SMALL_CODE = 128, WORK_AT_ONCE = 4096 };

struct threads {
    uint32_t *alive, *next, *todo;
    uint32_t *seen, *queued; /* by instruction: the last place, from 1, where it was followed, or
                                put into @next */
    uint32_t n_alive, n_next;
};

static bool is_word(struct str text, size_t at)
{
    unsigned char c = at < text.len ? (unsigned char) text.at[at] : 0;
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool look_holds(enum regex_look look, struct str text, size_t at)
{
    switch (look) {
    case REGEX_TEXT_START: return at == 0;
    case REGEX_TEXT_END: return at == text.len;
    case REGEX_LINE_START: return at == 0 || text.at[at - 1] == '\n';
    case REGEX_LINE_END: return at == text.len || text.at[at] == '\n';
    default:
        return (is_word(text, at) != (at > 0 && is_word(text, at - 1))) ==
               (look == REGEX_WORD_EDGE);
    }
}

static bool consumes(const struct cel_regex *regex, const struct regex_code *code, uint32_t rune)
{
    switch (code->op) {
    case REGEX_OP_RUNE: return code->x == rune;
    case REGEX_OP_SET: return regex_set_has(&regex->sets[code->x], rune);
    case REGEX_OP_ANY_NOT_NEWLINE: return rune != '\n';
    default: return true;
    }
}

static void follow(struct threads *t, uint32_t *n_todo, uint32_t pc, uint32_t place)
{
    if (t->seen[pc] != place) {
        t->seen[pc] = place;
        t->todo[(*n_todo)++] = pc;
    }
}

/*
 * Everything reachable from @pc before the character at byte @at, and over it. True: a match. *work
 * counts instructions.
 */
static bool step(const struct cel_regex *regex, struct threads *t, uint32_t pc, struct str text,
                 size_t at, uint32_t rune, uint32_t place, size_t *work)
{
    uint32_t n_todo = 0;
    follow(t, &n_todo, pc, place);
    while (n_todo > 0) {
        pc = t->todo[--n_todo];
        const struct regex_code *code = &regex->code[pc];
        ++*work;
        switch (code->op) {
        case REGEX_OP_MATCH: return true;
        case REGEX_OP_SPLIT:
            follow(t, &n_todo, code->y, place);
            follow(t, &n_todo, code->x, place);
            break;
        case REGEX_OP_JUMP: follow(t, &n_todo, code->x, place); break;
        case REGEX_OP_LOOK:
            if (look_holds(code->x, text, at))
                follow(t, &n_todo, pc + 1, place);
            break;
        default:
            if (at < text.len && t->queued[pc + 1] != place && consumes(regex, code, rune)) {
                t->queued[pc + 1] = place;
                t->next[t->n_next++] = pc + 1;
            }
            break;
        }
    }
    return false;
}

static struct cel_value search(struct cel_run *run, const struct cel_regex *regex,
                               struct threads *t, struct str text)
{
    size_t work = 0, at = 0, bytes;
    for (uint32_t place = 1;; place++, at += bytes) {
        if (t->n_alive == 0 && regex->first_byte >= 0) {
            const char *found =
                at < text.len ? memchr(text.at + at, regex->first_byte, text.len - at) : NULL;
            size_t skipped = (found ? (size_t) (found - text.at) : text.len) - at;
            at += skipped;
            work += skipped / 16;
            if (!found)
                break;
        }
        uint32_t rune = 0;
        bytes = 0;
        if (at < text.len)
            rune = cel_rune_at(text, at, &bytes);
        t->n_next = 0;
        for (uint32_t i = 0; i < t->n_alive; i++)
            if (step(regex, t, t->alive[i], text, at, rune, place, &work))
                return cel_charge_bytes(run, 2 * work) ? cel_bool(true) : cel_stop(run);
        if ((at == 0 || !regex->anchored) && step(regex, t, 0, text, at, rune, place, &work))
            return cel_charge_bytes(run, 2 * work) ? cel_bool(true) : cel_stop(run);
        uint32_t *alive = t->alive;
        t->alive = t->next;
        t->next = alive;
        t->n_alive = t->n_next;
        if (at >= text.len || (t->n_alive == 0 && regex->anchored))
            break;
        if (++work > WORK_AT_ONCE) {
            if (!cel_charge_bytes(run, 2 * work))
                return cel_stop(run);
            work = 0;
        }
    }
    return cel_charge_bytes(run, 2 * work) ? cel_bool(false) : cel_stop(run);
}

/* Where a match may start first; at the end of the text: nowhere. Nothing before that place is
 * looked back at. */
static size_t first_start(const struct cel_regex *regex, struct str text)
{
    if (regex->first_byte < 0 || text.len == 0)
        return 0;
    const char *found = memchr(text.at, regex->first_byte, text.len);
    return found ? (size_t) (found - text.at) : text.len;
}

struct cel_value cel_regex_matches(struct cel_run *run, const struct cel_regex *regex,
                                   struct str text)
{
    if (regex->table) {
        size_t start = first_start(regex, text), read = 0;
        struct str rest = { start < text.len ? text.at + start : "", text.len - start };
        bool found = regex_table_matches(regex->table, rest, &read);
        return cel_charge_bytes(run, start / 8 + read) ? cel_bool(found) : cel_stop(run);
    }
    uint32_t small[5 * SMALL_CODE];
    uint32_t n = regex->n_code;
    uint32_t *memory = n <= SMALL_CODE ? small : cel_take(run, 5 * (size_t) n, sizeof *memory);
    if (!memory || text.len >= UINT32_MAX)
        return cel_stop(run);
    struct threads threads = { .alive = memory,
                               .next = memory + n,
                               .todo = memory + 2 * (size_t) n,
                               .seen = memory + 3 * (size_t) n,
                               .queued = memory + 4 * (size_t) n };
    memset(threads.seen, 0, 2 * (size_t) n * sizeof *memory);
    if (!cel_charge(run, n / 16))
        return cel_stop(run);
    return search(run, regex, &threads, text);
}
