/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/str.h"

/*
 * Redis settings
 *
 * What the stores on Redis need to know; copied by whoever keeps it. A zero is the default that
 * stands behind it.
 */
struct redis_settings {
    const char *url; /* redis_url.h */
    struct str shop;
    int timeout_ms;   /* 200: a writer waits so long for one round trip */
    int ttl_s;        /* 2592000, thirty days: bodies; floors live for an hour */
    int heartbeat_ms; /* 20: a link asks whether it would have heard of changes */
    int trust_ms;     /* 50: for so long after asking, the answer is good */
};

struct redis_settings redis_settings_filled(const struct redis_settings *settings);
