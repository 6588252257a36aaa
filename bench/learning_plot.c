/* SPDX-License-Identifier: Apache-2.0 */
#include "learning_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 720, HEIGHT = 440, LEFT = 70, RIGHT = 150, TOP = 40, BOTTOM = 50 };
static const char *const colours[POLICIES] = { "#1b6ca8", "#d1495b", "#8d6b94",
                                               "#edae49", "#999999", "#2e8b57" };

static int by_predicted(const void *a, const void *b)
{
    double x = ((const struct prediction *) a)->predicted;
    double y = ((const struct prediction *) b)->predicted;
    return (x > y) - (x < y);
}

void calibration_of(struct prediction *predictions, uint32_t n, struct calibration *ret)
{
    *ret = (struct calibration){ .error = 0 };
    qsort(predictions, n, sizeof *predictions, by_predicted);
    for (uint64_t d = 0; d < DECILES; d++) {
        uint64_t from = d * n / DECILES, to = (d + 1) * n / DECILES;
        for (uint64_t i = from; i < to; i++) {
            ret->predicted[d] += predictions[i].predicted / (double) (to - from);
            ret->observed[d] += predictions[i].accepted / (double) (to - from);
            ret->rate[d] += predictions[i].rate / (double) (to - from);
        }
        ret->error += fabs(ret->predicted[d] - ret->observed[d]) / DECILES;
        ret->true_error += fabs(ret->predicted[d] - ret->rate[d]) / DECILES;
    }
}

/* ── SVG ── */

struct plot {
    FILE *file;
    double x_max, y_max;
};

static double x_of(const struct plot *plot, double x)
{
    return LEFT + x / plot->x_max * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct plot *plot, double y)
{
    return HEIGHT - BOTTOM - y / plot->y_max * (HEIGHT - TOP - BOTTOM);
}

/* 1, 2 or 5 times a power of ten: about five steps to @max. */
static double step_to(double max)
{
    double step = pow(10, floor(log10(max / 5)));
    return max / step > 25 ? 5 * step : max / step > 10 ? 2 * step : step;
}

static void open_plot(struct plot *plot, const char *title, const char *x_name, double scale,
                      const char *suffix)
{
    fprintf(plot->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" "
            "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            WIDTH, HEIGHT, LEFT, title, LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 12, x_name);
    for (double y = 0; y <= plot->y_max; y += step_to(plot->y_max))
        fprintf(plot->file,
                "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%g%s</text>\n",
                LEFT, y_of(plot, y), WIDTH - RIGHT, LEFT - 6, y_of(plot, y) + 4, y * scale, suffix);
    for (double x = 0; x <= plot->x_max; x += step_to(plot->x_max))
        fprintf(plot->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g%s</text>\n",
                x_of(plot, x), HEIGHT - BOTTOM + 18, x * scale, suffix);
}

static bool close_plot(struct plot *plot)
{
    fprintf(plot->file, "</svg>\n");
    bool fine = !ferror(plot->file);
    return fclose(plot->file) == 0 && fine;
}

bool plot_regret(const char *path, const struct learning_run *runs, uint32_t decisions)
{
    struct plot plot = { .file = fopen(path, "w"), .x_max = decisions };
    if (!plot.file)
        return false;
    /* Random loses so much that the others would lie on the ground: it leaves the picture. */
    for (int p = 0; p < POLICIES; p++)
        if (p != POLICY_RANDOM)
            plot.y_max = fmax(plot.y_max, 1.1 * runs[p].lost[CURVE_POINTS - 1]);
    open_plot(&plot, "Expected profit lost against the oracle, in thousands",
              "thousand decisions; the taste changes in the middle", 1e-3, "");
    fprintf(
        plot.file,
        "<clipPath id=\"inside\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>\n",
        LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    fprintf(plot.file, "<path d=\"M%.1f %dV%d\" stroke=\"#bbb\" stroke-dasharray=\"4 4\"/>\n",
            x_of(&plot, plot.x_max / 2), TOP, HEIGHT - BOTTOM);
    for (int p = 0; p < POLICIES; p++) {
        fprintf(plot.file,
                "<path fill=\"none\" clip-path=\"url(#inside)\" stroke-width=\"2\" stroke=\"%s\" "
                "d=\"M%.1f %.1f",
                colours[p], x_of(&plot, 0), y_of(&plot, 0));
        for (int i = 0; i < CURVE_POINTS; i++)
            fprintf(plot.file, "L%.1f %.1f", x_of(&plot, plot.x_max * (i + 1) / CURVE_POINTS),
                    y_of(&plot, runs[p].lost[i]));
        fprintf(plot.file, "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s: %.0f</text>\n",
                WIDTH - RIGHT + 12, TOP + 14 + 18 * p, colours[p],
                policy_name((enum policy_number) p), runs[p].lost[CURVE_POINTS - 1] / 1000);
    }
    return close_plot(&plot);
}

bool plot_calibration(const char *path, const struct calibration *c)
{
    struct plot plot = { .file = fopen(path, "w") };
    if (!plot.file)
        return false;
    for (int d = 0; d < DECILES; d++)
        plot.y_max = fmax(plot.y_max, 1.1 * fmax(c->predicted[d], c->observed[d]));
    plot.x_max = plot.y_max;
    open_plot(&plot, "Accepted, by what was predicted (ten parts)", "predicted", 100, " %");
    fprintf(plot.file,
            "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#bbb\" stroke-dasharray=\"4 4\"/>\n",
            x_of(&plot, 0), y_of(&plot, 0), x_of(&plot, plot.x_max), y_of(&plot, plot.y_max));
    for (int d = 0; d < DECILES; d++)
        fprintf(plot.file,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>"
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"none\" stroke=\"%s\"/>\n",
                x_of(&plot, c->predicted[d]), y_of(&plot, c->observed[d]), colours[POLICY_OFFERD],
                x_of(&plot, c->predicted[d]), y_of(&plot, c->rate[d]), colours[POLICY_INFORMED]);
    fprintf(plot.file,
            "<text x=\"%d\" y=\"%d\" fill=\"%s\">● observed</text>\n"
            "<text x=\"%d\" y=\"%d\" fill=\"%s\">○ true rate</text>\n",
            WIDTH - RIGHT + 12, TOP + 14, colours[POLICY_OFFERD], WIDTH - RIGHT + 12, TOP + 32,
            colours[POLICY_INFORMED]);
    return close_plot(&plot);
}
