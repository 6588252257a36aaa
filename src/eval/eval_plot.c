/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row for each method, a panel for each figure; in it a dot at the value, a line over its
 * interval, and the value in digits. Every panel begins at 0 and has its own scale. offerd's rows
 * stand out by colour and weight.
 */
#include <math.h>
#include <string.h>

#include "eval/eval_report.h"
#include "eval/trial.h"

enum {
    LABEL = 250, /* where the panels begin */
    PANEL = 178, /* from one panel to the next */
    SCALE = 120, /* of a panel, what is drawn in */
    TOP = 92,    /* of the first row */
    ROW = 26,
    MARGIN = 16,
};

static void put_escaped(struct out *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<': out_text(out, STR("&lt;")); break;
        case '>': out_text(out, STR("&gt;")); break;
        case '&': out_text(out, STR("&amp;")); break;
        default: out_char(out, (unsigned char) *text < 0x20 || *text == 0x7f ? '?' : *text); break;
        }
}

/* A round number that is not below, with a round half. */
static double round_up(double value)
{
    static const double steps[] = { 1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10 };
    double power = value > 0 ? pow(10, floor(log10(value))) : 1;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] * power >= value)
            return steps[i] * power;
    return 10 * power;
}

static double panel_end(const struct eval_report *report, enum figure figure)
{
    double most = 0;
    for (uint32_t i = 0; i < report->n_measured; i++)
        if (!report->measured[i].skipped)
            most = fmax(most, report->measured[i].figures.of[figure].high);
    return round_up(most);
}

static void put_panel(struct out *out, const struct eval_report *report, enum figure figure,
                      uint32_t n_rows)
{
    double end = panel_end(report, figure);
    int left = LABEL + PANEL * (int) figure, bottom = TOP + ROW * (int) n_rows;
    out_printf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"600\">", left, TOP - 26);
    for (const char *c = figure_name(figure); *c; c++)
        out_char(out, *c >= 'a' && *c <= 'z' ? (char) (*c - 'a' + 'A') : *c);
    out_text(out, STR("</text>\n"));
    for (int i = 0; i <= 2; i++) {
        int x = left + SCALE * i / 2;
        out_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#ddd\"/>", x,
                   TOP - 4, x, bottom);
        out_printf(out, "<text x=\"%d\" y=\"%d\" class=\"axis\">%g</text>\n", x, TOP - 9,
                   end * i / 2);
    }
    int y = TOP + ROW / 2;
    for (uint32_t i = 0; i < report->n_measured; i++) {
        const struct measured *measured = &report->measured[i];
        if (measured->skipped)
            continue;
        const struct figure_value *value = &measured->figures.of[figure];
        const char *colour = strncmp(measured->name, "offerd", 6) == 0 ? "#0b57a4" : "#777";
        double scale = SCALE / end;
        out_printf(out,
                   "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" "
                   "stroke-width=\"6\" stroke-opacity=\".35\"/>",
                   left + value->low * scale, y, left + value->high * scale, y, colour);
        out_printf(out, "<circle cx=\"%.1f\" cy=\"%d\" r=\"3\" fill=\"%s\"/>",
                   left + value->value * scale, y, colour);
        out_printf(out, "<text x=\"%d\" y=\"%d\" class=\"value\" fill=\"%s\">%.3f</text>\n",
                   left + SCALE + 8, y + 4, colour, value->value);
        y += ROW;
    }
}

static void put_labels(struct out *out, const struct eval_report *report)
{
    int y = TOP + ROW / 2 + 4;
    for (uint32_t i = 0; i < report->n_measured; i++) {
        const struct measured *measured = &report->measured[i];
        if (measured->skipped)
            continue;
        bool ours = strncmp(measured->name, "offerd", 6) == 0;
        out_printf(out, "<text x=\"%d\" y=\"%d\"%s>", MARGIN, y,
                   ours ? " fill=\"#0b57a4\" font-weight=\"600\"" : "");
        put_escaped(out, measured->title);
        out_text(out, STR("</text>\n"));
        y += ROW;
    }
}

void eval_report_svg(const struct eval_report *report, struct out *out)
{
    uint32_t n_rows = 0;
    for (uint32_t i = 0; i < report->n_measured; i++)
        n_rows += !report->measured[i].skipped;
    int width = LABEL + PANEL * FIGURES + MARGIN, height = TOP + ROW * (int) n_rows + 40;
    out_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
               "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n",
               width, height, width, height);
    out_text(out, STR("<style>.axis{font-size:10px;fill:#888;text-anchor:middle}"
                      ".value{font-size:12px}</style>\n"
                      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"));
    out_printf(out, "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"600\">", MARGIN);
    out_text(out, STR("What completes a cart: "));
    put_escaped(out, strrchr(report->file, '/') ? strrchr(report->file, '/') + 1 : report->file);
    out_printf(
        out,
        "</text>\n<text x=\"%d\" y=\"44\" fill=\"#555\">%u cases, %u training orders, %u SKUs; "
        "lines are 95 %% intervals</text>\n",
        MARGIN, report->trial->n_cases, report->trial->train->n_orders,
        report->trial->train->n_skus);
    for (enum figure f = 0; f < FIGURES; f++)
        put_panel(out, report, f, n_rows);
    put_labels(out, report);
    out_text(out, STR("</svg>\n"));
}
