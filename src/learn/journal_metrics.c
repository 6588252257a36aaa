/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/journal_metrics.h"

#include <stdio.h>

static const struct str none = { 0 };

static void register_events(struct journal_metrics *self)
{
    static const char *const status[] = { "accepted", "duplicate" };
    const char *help = "Events by type and what became of them.";
    for (int type = 0; type < EVENT_TYPES; type++)
        for (int i = 0; i < 2; i++) {
            char labels[80];
            snprintf(labels, sizeof labels, "type=\"%s\",status=\"%s\"",
                     event_type_name((enum event_type) type), status[i]);
            self->events[type][i] = metric_register(self->metrics, METRIC_COUNTER,
                                                    "offerd_events_total", help, str_of(labels));
        }
    self->rejected = metric_register(self->metrics, METRIC_COUNTER, "offerd_events_total", help,
                                     STR("type=\"unknown\",status=\"rejected\""));
    self->refused = metric_register(self->metrics, METRIC_COUNTER, "offerd_events_total", help,
                                    STR("type=\"offer_accepted\",status=\"rejected\""));
}

bool journal_metrics_init(struct journal_metrics *self, struct metrics *metrics)
{
    *self = (struct journal_metrics){ .metrics = metrics, .shard = metric_shard_new(metrics) };
    if (!self->shard)
        return false;
    register_events(self);
    self->waiting = metric_register(metrics, METRIC_GAUGE, "offerd_journal_queue_events",
                                    "Events that wait for their commit, or for its end.", none);
    self->commits = metric_register(metrics, METRIC_COUNTER, "offerd_journal_commits_total",
                                    "Commits of the event log.", none);
    self->commit_events =
        metric_register(metrics, METRIC_COUNTER, "offerd_journal_commit_events_total",
                        "Events in those commits; by commits, the mean commit size.", none);
    self->commit_time = metric_register(metrics, METRIC_HISTOGRAM, "offerd_journal_commit_seconds",
                                        "How long a commit took, until it was on disk.", none);
    self->unknown_skus =
        metric_register(metrics, METRIC_COUNTER, "offerd_events_unknown_skus_total",
                        "SKUs in accepted events that the live catalogue does not know.", STR(""));
    self->failures =
        metric_register(metrics, METRIC_COUNTER, "offerd_journal_failures_total",
                        "Commits that failed; their events were answered with 503.", none);
    return true;
}

void journal_metrics_queue(struct journal_metrics *self, uint32_t waiting_events)
{
    metric_set(self->metrics, self->waiting, waiting_events);
}

void journal_metrics_committed(struct journal_metrics *self, uint32_t events, int64_t took_us)
{
    metric_add(self->shard, self->commits, 1);
    metric_add(self->shard, self->commit_events, events);
    metric_observe_us(self->shard, self->commit_time, took_us);
}

void journal_metrics_failed(struct journal_metrics *self)
{
    metric_add(self->shard, self->failures, 1);
}

void journal_metrics_event(struct journal_metrics *self, enum event_type type,
                           enum event_status status)
{
    metric_add(self->shard,
               status == EVENT_REJECTED ? self->refused
                                        : self->events[type][status == EVENT_DUPLICATE],
               1);
}

void journal_metrics_rejected(struct journal_metrics *self, uint32_t events)
{
    metric_add(self->shard, self->rejected, events);
}

void journal_metrics_unknown_skus(struct journal_metrics *self, uint32_t skus)
{
    metric_add(self->shard, self->unknown_skus, skus);
}
