/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tally.h"

#include <stdio.h>

static void register_operation(struct tally_operation *operation, struct metrics *metrics,
                               const char *name)
{
    char labels[96];
    (void) snprintf(labels, sizeof labels, "operation=\"%s\"", name);
    operation->seconds =
        metric_register(metrics, METRIC_HISTOGRAM, "offerd_http_request_duration_seconds",
                        "From the complete request to the queued answer.", str_of(labels));
    for (int class = 2; class < TALLY_CLASSES; class ++) {
        (void) snprintf(labels, sizeof labels, "operation=\"%s\",status=\"%dxx\"", name, class);
        operation->answers[class] =
            metric_register(metrics, METRIC_COUNTER, "offerd_http_responses_total",
                            "Answers by operation and class of status.", str_of(labels));
    }
}

void tally_register(struct tally *tally, struct metrics *metrics)
{
    const struct str none = { 0 };
    *tally = (struct tally){ 0 };
    for (size_t row = 0; route_at(row); row++)
        register_operation(&tally->operation[row], metrics, route_at(row)->operation);
    register_operation(&tally->operation[ROUTES_MAX], metrics, "none");

    tally->body_bytes =
        metric_register(metrics, METRIC_COUNTER, "offerd_http_request_body_bytes_total",
                        "Bytes of request bodies taken in.", none);
    tally->cut = metric_register(metrics, METRIC_COUNTER, "offerd_http_connections_cut_total",
                                 "Connections closed because the client was too slow.", none);
    tally->aborted = metric_register(metrics, METRIC_COUNTER, "offerd_http_requests_aborted_total",
                                     "Requests that ended before their answer was sent.", none);
    const char *refused = "offerd_http_refused_total", *why = "Requests refused by their API key.";
    tally->refused_key =
        metric_register(metrics, METRIC_COUNTER, refused, why, STR("reason=\"no_key\""));
    tally->refused_scope =
        metric_register(metrics, METRIC_COUNTER, refused, why, STR("reason=\"scope\""));
    tally->refused_rate =
        metric_register(metrics, METRIC_COUNTER, refused, why, STR("reason=\"rate\""));
    tally->rejected_events = metric_register(metrics, METRIC_COUNTER, "offerd_events_total",
                                             "Events by type and what became of them.",
                                             STR("type=\"unknown\",status=\"rejected\""));
    tally->held_up =
        metric_register(metrics, METRIC_HISTOGRAM, "offerd_http_loop_held_up_seconds",
                        "Turns of a worker's loop that took two milliseconds and more: "
                        "whoever is on that worker waited.",
                        none);
    tally->connections = metric_register(metrics, METRIC_GAUGE, "offerd_http_connections",
                                         "Open connections.", none);
    tally->in_flight = metric_register(metrics, METRIC_GAUGE, "offerd_http_requests_in_flight",
                                       "Requests whose answer has not been sent yet.", none);
    tally->waiting =
        metric_register(metrics, METRIC_GAUGE, "offerd_http_requests_waiting",
                        "Requests that wait for a profile, the journal or a reload.", none);
}

const struct tally_operation *tally_of(const struct tally *tally, const struct route *route)
{
    return &tally->operation[route ? route_row(route) : ROUTES_MAX];
}
