/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spool_metrics.h"

#include <stddef.h>

bool spool_metrics_init(struct spool_metrics *self, struct metrics *metrics)
{
    const struct {
        metric_id *id;
        enum metric_kind kind;
        const char *name, *help;
    } all[] = {
        { &self->waiting, METRIC_GAUGE, "offerd_spool_events",
          "Events on this machine's disk that wait for the event log." },
        { &self->bytes, METRIC_GAUGE, "offerd_spool_bytes", "What they take there." },
        { &self->spooled, METRIC_COUNTER, "offerd_spool_spooled_total",
          "Events that were spooled because the event log was away." },
        { &self->done, METRIC_COUNTER, "offerd_spool_drained_total",
          "Spooled events that are in the event log now." },
        { &self->refused, METRIC_COUNTER, "offerd_spool_refused_total",
          "Spooled events that the event log would not have." },
        { &self->full, METRIC_COUNTER, "offerd_spool_full_total",
          "Events not accepted because the spool was full or could not be written." },
        { &self->not_forgetting, METRIC_GAUGE, "offerd_retention_failing",
          "1 while the event log cannot forget what is older than retention_days." },
    };
    self->all = metrics;
    self->shard = metric_shard_new(metrics);
    for (size_t i = 0; self->shard && i < sizeof all / sizeof *all; i++)
        *all[i].id =
            metric_register(metrics, all[i].kind, all[i].name, all[i].help, (struct str){ 0 });
    return self->shard;
}
