/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "ports/shared_profiles.h"

/*
 * Fake shared profiles
 *
 * The values in a table of this process, with the faults that a real store has, at a word. What a
 * link has to tell comes from its loop, as from a real one; a link made without a loop (NULL) tells it
 * when the test calls fake_shared_profiles_deliver. Writers, faults and the questions below may be
 * used on any thread. At most 64 links at a time.
 */
struct fake_shared_profiles;

struct fake_shared_profiles *fake_shared_profiles_new(void); /* NULL for lack of memory */
struct fake_shared_profiles *fake_shared_profiles_free(struct fake_shared_profiles *fake);
DEFINE_AUTO(struct fake_shared_profiles, fake_shared_profiles_free)

/* Its free() frees the fake; use one of the two. */
struct shared_profiles *fake_shared_profiles_port(struct fake_shared_profiles *fake);

/* ── faults ── */

/* Not to be reached: get and put fail, no link is trusted, fetches under way end with SHARED_AWAY. */
void fake_shared_profiles_away(struct fake_shared_profiles *fake, bool away);
/* Answers to fetches are held back (what they found was read when they were issued). */
void fake_shared_profiles_slow(struct fake_shared_profiles *fake, bool slow);
/* Heartbeats are late: links answer fetches, and are not trusted. */
void fake_shared_profiles_mute(struct fake_shared_profiles *fake, bool mute);
/* All values are gone; links tell a doubt. */
void fake_shared_profiles_lose(struct fake_shared_profiles *fake);
/* One value is gone: its time was over. */
void fake_shared_profiles_expire(struct fake_shared_profiles *fake, struct str customer_id);
/* Another replica writes, whatever is there; an absent @value.body: a floor. */
void fake_shared_profiles_change(struct fake_shared_profiles *fake,
                                 const struct shared_value *value);
/* Links made without a loop tell what they have to, on this thread. */
void fake_shared_profiles_deliver(struct fake_shared_profiles *fake);

/* ── questions ── */

/* SHARED_BODY, SHARED_FLOOR or SHARED_ABSENT; the body is borrowed until the next write. */
enum shared_answer fake_shared_profiles_look(struct fake_shared_profiles *fake,
                                             struct str customer_id,
                                             struct shared_value *ret_value);

/* So far: fetches over links, values asked of writers, values given to writers, and taken. */
struct fake_shared_counts {
    uint64_t fetches, gets, puts, taken;
};
struct fake_shared_counts fake_shared_profiles_counts(struct fake_shared_profiles *fake);
