/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/eval_report.h"

#include <stdio.h>

#include "eval/reliability.h"
#include "eval/trial.h"
#include "model/model.h"
#include "model/trained.h"

static double recent_weight(const struct trained_parameters *chosen)
{
    return (double) (chosen->recent_weight > 0 ? chosen->recent_weight : MODEL_RECENT_WEIGHT);
}

/* ── for people ─────────────────────────────────────────────────────────────────────────── */

static void put_shop(const struct eval_report *report, struct out *out)
{
    const struct trial *trial = report->trial;
    out_printf(out, "%s: %u orders, %u of them for training with %u different SKUs (%s)\n",
               report->file, trial->orders->n_orders, trial->train->n_orders, trial->train->n_skus,
               trial->by_time ? "the first 80 % by time"
                              : "no times: the others were drawn by MD5 of the order id");
    if (report->lines_refused)
        out_printf(out, "%llu of %llu lines were refused\n",
                   (unsigned long long) report->lines_refused,
                   (unsigned long long) report->lines_read);
    if (trial->by_time && trial->n_untimed)
        out_printf(out, "%u orders have no time and count as the oldest\n", trial->n_untimed);
    out_printf(
        out,
        "%u test cases of %u possible; in %u the hidden SKU is new, so nobody can find it; in "
        "%u the customer has bought before\n",
        trial->n_cases, trial->n_askable, trial->n_unseen, trial->n_returning);
}

static void put_value(struct out *out, const struct figure_value *value)
{
    out_printf(out, "  %.3f [%.3f %.3f]", value->value, value->low, value->high);
}

static void put_solution(const struct trained_parameters *chosen, struct out *out)
{
    if (chosen->counts_share >= 1) {
        out_printf(out, "counts of pairs alone, shrinkage %g, ", (double) chosen->ridge);
        return;
    }
    out_printf(out, "ridge %g, ", (double) chosen->ridge);
    if (chosen->support)
        out_printf(out, "%u neighbours of each SKU, ", chosen->support);
    else
        out_text(out, STR("solved as a whole, "));
    if (chosen->counts_share > 0)
        out_printf(out, "%.2f of it counts of pairs, ", (double) chosen->counts_share);
}

static void put_parameters(const struct eval_report *report, struct out *out)
{
    const struct trained_facts *facts = report->facts;
    if (!facts)
        return;
    const struct trained_parameters *chosen = &facts->parameters;
    out_text(out, STR("\nofferd chose for this shop, on the last part of the training: "));
    if (chosen->half_life_days > 0)
        out_printf(out, "orders fade by half in %.0f days, ", (double) chosen->half_life_days);
    else
        out_text(out, STR("orders do not fade, "));
    out_printf(out, "an order of n SKUs weighs n^-%.2f, ", (double) chosen->size_power);
    put_solution(chosen, out);
    out_printf(out, "the customer's history counts %.2f, what is new lately %.2f\n",
               (double) chosen->history_weight, recent_weight(chosen));
}

static void put_reliability(const struct reliability *told, struct out *out)
{
    out_printf(out,
               "\nchances%s: of the first %d for %u carts on their way offerd said %.1f %%, and "
               "%.1f %% were in "
               "the rest of the order; %.1f points off in ten parts\n",
               told->history ? " with customer history" : "", (int) CALIBRATION_PLACES,
               told->moments, told->said * 100, told->came_true * 100, told->error * 100);
    out_text(out, STR("a floor of …  leaves so many of these carts without an offer, and so many "
                      "hits are lost:"));
    for (int f = 0; f < RELIABILITY_FLOORS; f++) {
        const struct floor_figure *floor = &told->floors[f];
        out_printf(out, "%s %g %%  %.1f %%  %.1f %%", f ? ";" : "", floor->floor * 100,
                   floor->silent * 100, floor->hits_lost * 100);
    }
    out_char(out, '\n');
}

void eval_report_table(const struct eval_report *report, struct out *out)
{
    put_shop(report, out);
    out_printf(out, "\n%-34s  %-6s  %-6s  %-19s  %-6s  %-19s  %-24s  %s\n", "method", "HR@1",
               "HR@5", "HR@10 [95 %]", "HR@20", "MRR@20 [95 %]", "MRR@20 - offerd's [95 %]",
               "seconds");
    for (uint32_t i = 0; i < report->n_measured; i++) {
        const struct measured *measured = &report->measured[i];
        if (measured->skipped)
            continue;
        const struct figure_value *of = measured->figures.of;
        out_printf(out, "%-34s  %.4f  %.4f", measured->title, of[HR_1].value, of[HR_5].value);
        put_value(out, &of[HR_10]);
        out_printf(out, "  %.4f", of[HR_20].value);
        put_value(out, &of[MRR_20]);
        if (measured->compared)
            out_printf(out, "  %+.3f [%+.3f %+.3f]  ", measured->more.of[MRR_20].value,
                       measured->more.of[MRR_20].low, measured->more.of[MRR_20].high);
        else
            out_printf(out, "  %-24s", "");
        out_printf(out, "  %.1f\n", measured->make_s + measured->ask_s);
    }
    for (uint32_t i = 0; i < report->n_measured; i++)
        if (report->measured[i].skipped)
            out_printf(out, "%-34s  left out: %s\n", report->measured[i].title,
                       report->measured[i].why.text);
    put_parameters(report, out);
    for (uint32_t i = 0; i < report->chances->n; i++)
        put_reliability(&report->chances->of[i], out);
}

/* ── for programs ───────────────────────────────────────────────────────────────────────── */

static void put_number(struct out *out, const char *key, double value)
{
    char text[40];
    (void) snprintf(text, sizeof text, "%.6g", value);
    out_json_key(out, str_of(key));
    out_json_raw(out, str_of(text));
}

static void put_int(struct out *out, const char *key, uint64_t value)
{
    out_json_key(out, str_of(key));
    out_json_int(out, (int64_t) value);
}

static void put_trial(struct out *out, const struct eval_report *report)
{
    const struct trial *trial = report->trial;
    out_json_key(out, STR("orders_file"));
    out_json_str(out, str_of(report->file));
    out_json_key(out, STR("split"));
    out_json_str(out, trial->by_time ? STR("time") : STR("md5"));
    out_json_key(out, STR("hidden"));
    out_json_str(out, report->hide_last ? STR("last") : STR("md5"));
    put_int(out, "orders", trial->orders->n_orders);
    put_int(out, "train_orders", trial->train->n_orders);
    put_int(out, "test_orders", trial->n_test);
    put_int(out, "skus", trial->train->n_skus);
    put_int(out, "cases", trial->n_cases);
    put_int(out, "cases_possible", trial->n_askable);
    put_int(out, "cases_unseen", trial->n_unseen);
    put_int(out, "cases_with_history", trial->n_returning);
    put_int(out, "orders_without_time", trial->n_untimed);
    put_int(out, "seed", report->seed);
    put_number(out, "confidence", .95);
    out_json_key(out, STR("lines"));
    out_json_open(out, '{');
    put_int(out, "read", report->lines_read);
    put_int(out, "accepted", report->lines_accepted);
    put_int(out, "merged", report->lines_merged);
    put_int(out, "refused", report->lines_refused);
    out_json_close(out, '}');
}

static void put_claims(struct out *out, double said, double came_true, double error)
{
    put_number(out, "said", said);
    put_number(out, "came_true", came_true);
    put_number(out, "error", error);
}

static void put_told(struct out *out, const struct reliability *told)
{
    out_json_open(out, '{');
    out_json_key(out, STR("history"));
    out_json_bool(out, told->history);
    put_int(out, "moments", told->moments);
    put_int(out, "candidates", told->candidates);
    put_int(out, "hits", told->hits);
    put_claims(out, told->said, told->came_true, told->error);
    out_json_key(out, STR("parts"));
    out_json_open(out, '[');
    for (uint32_t p = 0; p < told->n_parts; p++) {
        out_json_open(out, '{');
        put_number(out, "candidates", told->parts[p].n);
        put_number(out, "said", told->parts[p].said);
        put_number(out, "came_true", told->parts[p].came_true);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
    out_json_key(out, STR("floors"));
    out_json_open(out, '[');
    for (int f = 0; f < RELIABILITY_FLOORS; f++) {
        out_json_open(out, '{');
        put_number(out, "floor", told->floors[f].floor);
        put_number(out, "silent", told->floors[f].silent);
        put_number(out, "hits_lost", told->floors[f].hits_lost);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
    out_json_close(out, '}');
}

static void put_chances(struct out *out, const struct eval_report *report)
{
    out_json_key(out, STR("chances"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < report->chances->n; i++)
        put_told(out, &report->chances->of[i]);
    out_json_close(out, ']');
}

static void put_facts(struct out *out, const struct trained_facts *facts,
                      const struct calibration *calibration)
{
    const struct trained_parameters *chosen = &facts->parameters;
    const struct trained_figures *seen = &facts->figures;
    out_json_key(out, STR("trained"));
    out_json_open(out, '{');
    out_json_key(out, STR("form"));
    out_json_str(out, facts->form == TRAINED_DENSE ? STR("dense") : STR("lists"));
    put_number(out, "half_life_days", (double) chosen->half_life_days);
    put_number(out, "size_power", (double) chosen->size_power);
    put_number(out, "ridge", (double) chosen->ridge);
    put_int(out, "support", chosen->support);
    put_number(out, "history_weight", (double) chosen->history_weight);
    put_number(out, "recent_weight", recent_weight(chosen));
    put_number(out, "counts_share", (double) chosen->counts_share);
    out_json_key(out, STR("inner_split"));
    out_json_open(out, '{');
    put_int(out, "cases", seen->cases);
    put_number(out, "hr@10", (double) seen->hit10);
    put_number(out, "mrr@20", (double) seen->mrr20);
    put_number(out, "hr@10_history", (double) seen->hit10_history);
    put_number(out, "mrr@20_history", (double) seen->mrr20_history);
    put_number(out, "hr@10_popular", (double) seen->hit10_popular);
    put_number(out, "mrr@20_popular", (double) seen->mrr20_popular);
    out_json_close(out, '}');
    if (calibration) {
        out_json_key(out, STR("calibration"));
        out_json_open(out, '{');
        put_int(out, "moments", calibration->moments);
        put_int(out, "candidates", calibration->candidates);
        put_claims(out, (double) calibration->said, (double) calibration->came_true,
                   (double) calibration->error);
        out_json_close(out, '}');
    }
    out_json_close(out, '}');
}

static void put_interval(struct out *out, enum figure figure, const struct figure_value *value)
{
    char key[32], pair[64];
    (void) snprintf(key, sizeof key, "%s_interval", figure_name(figure));
    (void) snprintf(pair, sizeof pair, "[%.6g, %.6g]", value->low, value->high);
    out_json_key(out, str_of(key));
    out_json_raw(out, str_of(pair));
}

static void put_measured(struct out *out, const struct eval_report *report,
                         const struct measured *measured)
{
    out_json_open(out, '{');
    out_json_key(out, STR("model"));
    out_json_str(out, str_of(measured->name));
    out_json_key(out, STR("history"));
    out_json_bool(out, measured->history);
    if (measured->skipped) {
        out_json_key(out, STR("why"));
        out_json_str(out, str_of(measured->why.text));
        out_json_close(out, '}');
        return;
    }
    put_int(out, "cases", report->trial->n_cases);
    for (enum figure f = 0; f < FIGURES; f++)
        put_number(out, figure_name(f), measured->figures.of[f].value);
    for (enum figure f = 0; f < FIGURES; f++)
        put_interval(out, f, &measured->figures.of[f]);
    if (measured->compared) {
        out_json_key(out, STR("more_than_offerd"));
        out_json_open(out, '{');
        for (enum figure f = 0; f < FIGURES; f++)
            put_number(out, figure_name(f), measured->more.of[f].value);
        for (enum figure f = 0; f < FIGURES; f++)
            put_interval(out, f, &measured->more.of[f]);
        out_json_close(out, '}');
    }
    put_number(out, "make_seconds", measured->make_s);
    put_number(out, "ask_seconds", measured->ask_s);
    out_json_close(out, '}');
}

static void put_list(struct out *out, const struct eval_report *report, const char *key,
                     bool skipped)
{
    out_json_key(out, str_of(key));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < report->n_measured; i++)
        if (report->measured[i].skipped == skipped)
            put_measured(out, report, &report->measured[i]);
    out_json_close(out, ']');
}

void eval_report_json(const struct eval_report *report, struct out *out)
{
    out_json_open(out, '{');
    put_list(out, report, "results", false);
    put_list(out, report, "left_out", true);
    put_trial(out, report);
    if (report->facts) {
        put_facts(out, report->facts, report->chances->learned);
        put_chances(out, report);
    }
    out_json_close(out, '}');
    out_char(out, '\n');
}

/* ── case by case ───────────────────────────────────────────────────────────────────────── */

static void put_field(struct out *out, struct str text)
{
    out_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            out_char(out, '"');
        out_char(out, text.at[i]);
    }
    out_char(out, '"');
}

static void put_case(const struct eval_report *report, uint32_t number, struct out *out)
{
    const struct trial *trial = report->trial;
    const struct trial_case *asked = &trial->cases[number];
    put_field(out, trial->ids[asked->order]);
    out_text(out, STR(",\""));
    for (uint32_t i = 0; i < asked->n_shown; i++) {
        struct str sku = trial->orders->skus[asked->shown[i]];
        if (i)
            out_char(out, ' ');
        for (size_t k = 0; k < sku.len; k++)
            out_text(out, sku.at[k] == '"' ? STR("\"\"") : (struct str){ sku.at + k, 1 });
    }
    out_text(out, STR("\","));
    put_field(out, trial->orders->skus[asked->answer]);
    out_char(out, ',');
    out_int(out, asked->n_pasts);
    for (uint32_t m = 0; m < report->n_measured; m++) {
        if (report->measured[m].skipped)
            continue;
        out_char(out, ',');
        if (report->ranks[m][number] != RANK_NEVER)
            out_int(out, report->ranks[m][number]);
    }
    out_char(out, '\n');
}

void eval_report_cases(const struct eval_report *report, struct out *out)
{
    out_text(out, STR("order_id,cart,hidden,bought_before"));
    for (uint32_t m = 0; m < report->n_measured; m++)
        if (!report->measured[m].skipped)
            out_printf(out, ",%s", report->measured[m].name);
    out_char(out, '\n');
    for (uint32_t i = 0; i < report->trial->n_cases; i++)
        put_case(report, i, out);
}
