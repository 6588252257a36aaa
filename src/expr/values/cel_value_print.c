/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as CEL text. What a value holds many times over is printed many times over, so a text that
 * grew past PRINT_MAX_BYTES ends with "…"; so do objects and maps of the host, which are not walked
 * through.
 */
#include "expr/cel_value.h"

#include "expr/cel_type.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_time.h"

enum { PRINT_MAX_BYTES = 1 << 20 };

struct printer {
    struct out *out;
    size_t first; /* what was there before */
};

static bool is_full(const struct printer *self)
{
    return self->out->failed || self->out->len - self->first > PRINT_MAX_BYTES;
}

/* Letters after a backslash, for the bytes 7 to 13. */
static const char escapes[] = "abtnvfr";

static void print_quoted(struct str text, bool bytes, struct out *out)
{
    out_text(out, bytes ? STR("b\"") : STR("\""));
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char) text.at[i];
        if (c == '"' || c == '\\') {
            out_char(out, '\\');
            out_char(out, (char) c);
        } else if (c >= 7 && c <= 13) {
            out_char(out, '\\');
            out_char(out, escapes[c - 7]);
        } else if (c < 32 || c == 127 || (bytes && c > 127)) {
            out_printf(out, "\\x%02x", c);
        } else {
            out_char(out, (char) c);
        }
    }
    out_char(out, '"');
}

static void print(struct printer *self, const struct cel_value *value);

static void print_list(struct printer *self, const struct cel_value *list)
{
    out_char(self->out, '[');
    for (uint32_t i = 0; i < list->list->count && !is_full(self); i++) {
        struct cel_value element = cel_list_at(list, i);
        if (i > 0)
            out_text(self->out, STR(", "));
        print(self, &element);
    }
    out_char(self->out, ']');
}

static void print_map(struct printer *self, const struct cel_map *map)
{
    if (map->find) {
        out_text(self->out, STR("{…}"));
        return;
    }
    out_char(self->out, '{');
    for (uint32_t i = 0; i < map->count && !is_full(self); i++) {
        if (i > 0)
            out_text(self->out, STR(", "));
        print(self, &map->entries[i].key);
        out_text(self->out, STR(": "));
        print(self, &map->entries[i].value);
    }
    out_char(self->out, '}');
}

static void print_time(const struct cel_value *value, struct out *out)
{
    bool instant = value->kind == CEL_TIMESTAMP;
    out_text(out, instant ? STR("timestamp(\"") : STR("duration(\""));
    if (instant)
        cel_timestamp_print(value, out);
    else
        cel_duration_print(value, out);
    out_text(out, STR("\")"));
}

/* An error's or an unknown's. */
static void print_sentence(struct str name, struct str sentence, struct out *out)
{
    out_text(out, name);
    if (sentence.at) {
        out_text(out, STR(": "));
        out_text(out, sentence);
    }
}

static void print(struct printer *self, const struct cel_value *value)
{
    struct out *out = self->out;
    if (is_full(self)) {
        out_text(out, STR("…"));
        return;
    }
    switch (value->kind) {
    case CEL_ERROR: print_sentence(STR("error"), value->string, out); break;
    case CEL_UNKNOWN: print_sentence(STR("unknown"), value->string, out); break;
    case CEL_NULL: out_text(out, STR("null")); break;
    case CEL_BOOL: out_text(out, value->boolean ? STR("true") : STR("false")); break;
    case CEL_INT: out_int(out, value->integer); break;
    case CEL_UINT: out_printf(out, "%lluu", (unsigned long long) value->natural); break;
    case CEL_DOUBLE: cel_double_print(value->real, out); break;
    case CEL_STRING: print_quoted(value->string, false, out); break;
    case CEL_BYTES: print_quoted(value->string, true, out); break;
    case CEL_TIMESTAMP:
    case CEL_DURATION: print_time(value, out); break;
    case CEL_TYPE: out_text(out, value->type->name); break; /* as CEL names it */
    case CEL_LIST: print_list(self, value); break;
    case CEL_MAP: print_map(self, value->map); break;
    case CEL_OBJECT:
        out_text(out, value->object.class->name);
        out_text(out, STR("{…}"));
        break;
    case CEL_KINDS: break;
    }
}

void cel_value_print(const struct cel_value *value, struct out *out)
{
    struct printer self = { .out = out, .first = out->len };
    print(&self, value);
}
