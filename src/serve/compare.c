/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compare: what the dearer one has that the other has not, as a table made from the
 * attributes. A shop that named its attributes (`attributes:` in rule files) gets those, in the
 * catalogue's order, with label and unit; one that named none gets every short attribute
 * under its column's name. Only what differs is listed.
 */
#include "serve/decision.h"
#include "shop/catalog.h"

enum { UNNAMED_MAX_BYTES = 40 };

/* +1 the offered one is better, -1 worse, 0 only different. */
static int betterness(const struct attr_label *label, const struct attr *base,
                      const struct attr *offered)
{
    if (!label || !label->better || !base->is_number || !offered->is_number)
        return 0;
    int order = (offered->number > base->number) - (offered->number < base->number);
    return order * label->better;
}

/* Does this attribute make a row? *ret_label may be NULL. */
static bool differs(const struct decision *d, const struct attr *base, const struct attr *offered,
                    const struct attr_label **ret_label)
{
    if (!offered || str_eq(base->text, offered->text))
        return false;
    *ret_label = ruleset_attr_label(d->world->rules, base->name);
    if (*ret_label)
        return true;
    return !ruleset_has_attr_labels(d->world->rules) && base->text.len <= UNNAMED_MAX_BYTES &&
           offered->text.len <= UNNAMED_MAX_BYTES && !str_ends_with(base->name, STR("_id"));
}

/* Both mostly have the same columns, so the next one is tried before searching. */
static const struct attr *counterpart(const struct product *offered, const struct attr *base,
                                      uint32_t i)
{
    if (i < offered->n_attrs && str_eq(offered->attrs[i].name, base->name))
        return &offered->attrs[i];
    return product_attr(offered, base->name);
}

static void encode_row(struct decision *d, const struct attr_label *label, const struct attr *base,
                       const struct attr *offered, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("attribute"));
    out_json_str(out, base->name);
    out_json_key(out, STR("label"));
    out_json_str(out, label ? label->label[d->locale] : base->name);
    out_json_key(out, STR("unit"));
    out_json_str(out, label ? label->unit[d->locale] : (struct str){ 0 });
    out_json_key(out, STR("base"));
    out_json_str(out, base->text);
    out_json_key(out, STR("offered"));
    out_json_str(out, offered->text);
    int order = betterness(label, base, offered);
    out_json_key(out, STR("better"));
    if (order)
        out_json_bool(out, order > 0);
    else
        out_json_null(out);
    out_json_close(out, '}');
}

void compare_encode(struct decision *d, const struct product *base, const struct product *offered,
                    struct out *out)
{
    out_json_open(out, '[');
    for (uint32_t i = 0; base && i < base->n_attrs; i++) {
        const struct attr_label *label = NULL;
        const struct attr *other = counterpart(offered, &base->attrs[i], i);
        if (differs(d, &base->attrs[i], other, &label))
            encode_row(d, label, &base->attrs[i], other, out);
    }
    out_json_close(out, ']');
}

/* "ストレージ 256 GB": the first attribute in which the offered one is better; absent when there is none. */
struct str compare_gain(struct decision *d, const struct product *base,
                        const struct product *offered)
{
    for (uint32_t i = 0; i < base->n_attrs; i++) {
        const struct attr_label *label = NULL;
        const struct attr *other = counterpart(offered, &base->attrs[i], i);
        if (!differs(d, &base->attrs[i], other, &label) ||
            betterness(label, &base->attrs[i], other) <= 0)
            continue;
        struct out out;
        out_init(&out, d->arena, 48);
        out_text(&out, label->label[d->locale]);
        out_char(&out, ' ');
        out_text(&out, other->text);
        if (label->unit[d->locale].len) {
            out_char(&out, ' ');
            out_text(&out, label->unit[d->locale]);
        }
        return out.failed ? (struct str){ 0 } : out_str(&out);
    }
    return (struct str){ 0 };
}
