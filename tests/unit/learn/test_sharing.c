/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two replicas over one log and one set of shared profiles, all in this process: what one
 * commits the other sees, whatever is lost, late or away in between.
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/metric.h"
#include "fake_clock.h"
#include "fake_event_log.h"
#include "fake_fleet.h"
#include "fake_shared_profiles.h"
#include "learn.h"
#include "learn/share.h"
#include "learn/stamps.h"
#include "ports/event_log.h"
#include "ports/fleet.h"
#include "ports/profile_store.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/profile_bytes.h"
#include "suite.h"

struct replica {
    struct learn *learn;
    struct profile_store *store;
    void *reader;
};

static struct fake_clock fake_clock;
static struct metrics *metrics;
static struct event_log *the_log; /* to make bad, and to look into */
static struct fake_shared_profiles *shared;
static struct replica one, two;
static int n_events;

static void start_in(struct replica *replica, struct fleet *fleet)
{
    struct learn_settings settings = { .shop = STR("main"),
                                       .shared = fake_shared_profiles_port(shared),
                                       .fleet = fleet,
                                       .queue_events = 1000,
                                       .commit_events = 100,
                                       .hot_profiles = 100 };
    struct event_log *mine = NULL;
    struct err_note note = { "" };
    ck_assert_int_eq(the_log->reader(the_log, &mine, &note), OK);
    ck_assert_msg(
        learn_start(&settings, mine, &fake_clock.clock, metrics, &replica->learn, &note) == OK,
        "%s", note.text);
    replica->store = learn_profiles(replica->learn);
    replica->reader = replica->store->reader_new(replica->store, NULL);
    ck_assert_ptr_nonnull(replica->reader);
}

static void start(struct replica *replica)
{
    start_in(replica, NULL);
}

static void stop(struct replica *replica)
{
    if (!replica->learn)
        return;
    replica->store->reader_free(replica->store, replica->reader);
    replica->learn = learn_stop(replica->learn);
}

static void set_up(void)
{
    n_events = 0;
    fake_clock_init(&fake_clock, 1000000000);
    metrics = metrics_new();
    ck_assert_int_eq(fake_event_log_new(&the_log), OK);
    shared = fake_shared_profiles_new();
    start(&one);
    start(&two);
}

static void tear_down(void)
{
    stop(&one);
    stop(&two);
    shared = fake_shared_profiles_free(shared);
    the_log->free(the_log);
    metrics = metrics_free(metrics);
}

/* ── what a storefront does ── */

struct sent {
    struct event event;
    struct event_result result;
    uint32_t result_of;
    struct event_batch batch;
    sem_t done;
    char id[32];
};

static void on_done(struct event_batch *batch)
{
    sem_post(&((struct sent *) batch->owner)->done);
}

/* A view of one product, with an event id or one of its own. */
static enum event_status view(struct replica *replica, const char *customer, const char *event_id)
{
    struct sent sent = { .event = { .type = EVENT_PRODUCT_VIEWED,
                                    .customer_id = str_of(customer),
                                    .at_us = 1000000 + n_events,
                                    .sku = STR("SKU") } };
    snprintf(sent.id, sizeof sent.id, "event-%d", n_events++);
    sent.event.event_id = str_of(event_id ? event_id : sent.id);
    sent.batch = (struct event_batch){ .events = &sent.event,
                                       .results = &sent.result,
                                       .result_of = &sent.result_of,
                                       .n_events = 1,
                                       .n_results = 1,
                                       .done = on_done,
                                       .owner = &sent };
    sem_init(&sent.done, 0, 0);
    ck_assert_int_eq(learn_submit(replica->learn, &sent.batch), OK);
    sem_wait(&sent.done);
    sem_destroy(&sent.done);
    ck_assert_int_eq(sent.batch.outcome, OK);
    return sent.result.status;
}

struct waiting {
    struct profile_waiter waiter;
    sem_t told;
};

static void on_ready(struct profile_waiter *waiter)
{
    sem_post(&((struct waiting *) waiter)->told);
}

enum { LOST_POSITION = 999999 };

/* What a decision of @replica knows: a log position, 0 for a stranger; *ret_waits: how often it waited. */
static uint64_t seen_by(struct replica *replica, const char *customer, int *ret_waits)
{
    struct waiting waiting = { .waiter.ready = on_ready };
    const struct profile *profile = NULL;
    uint64_t position = LOST_POSITION;
    int waits = 0;
    sem_init(&waiting.told, 0, 0);
    fake_shared_profiles_deliver(shared); /* what the loop would have told by now */
    for (;;) {
        enum profile_answer answer = replica->store->find(
            replica->store, replica->reader, str_of(customer), &waiting.waiter, &profile);
        if (answer == PROFILE_HERE)
            position = profile ? profile->position : 0;
        if (answer != PROFILE_COMING)
            break;
        waits++;
        fake_shared_profiles_deliver(shared);
        sem_wait(&waiting.told);
    }
    if (waiting.waiter.asked)
        replica->store->forget(replica->store, &waiting.waiter);
    sem_destroy(&waiting.told);
    if (ret_waits)
        *ret_waits = waits;
    return position;
}

static uint64_t seen(struct replica *replica, const char *customer)
{
    return seen_by(replica, customer, NULL);
}

/* A replica commits an event of customer c and dies before it tells anybody. */
static void commit_silently(int64_t received_us)
{
    static const char payload[] = "{\"event_id\":\"silent\",\"type\":\"product_viewed\","
                                  "\"customer_id\":\"c\",\"sku\":\"X\"}";
    const struct event silent = { .event_id = STR("silent"),
                                  .type = EVENT_PRODUCT_VIEWED,
                                  .shop = STR("main"),
                                  .customer_id = STR("c"),
                                  .at_us = 5,
                                  .payload = { payload, sizeof payload - 1 } };
    const struct event *const events[] = { &silent };
    struct append_outcome outcome;
    struct err_note note;
    ck_assert_int_eq(the_log->append(the_log, events, 1, received_us, &outcome, &note), OK);
}

/* ── tests ── */

START_TEST(what_one_replica_commits_the_other_sees)
{
    set_up();
    ck_assert_uint_eq(seen(&two, "c"), 0);
    view(&one, "c", NULL);
    ck_assert_uint_eq(seen(&one, "c"), 1);
    ck_assert_uint_eq(seen(&two, "c"), 1);
    view(&two, "c", NULL);
    ck_assert_uint_eq(seen(&one, "c"), 2);
    ck_assert_uint_eq(seen(&two, "c"), 2);
    tear_down();
}
END_TEST

START_TEST(a_profile_at_hand_asks_nobody)
{
    set_up();
    int waits;
    (void) seen(&one, "c");
    view(&one, "c", NULL);
    ck_assert_uint_eq(seen_by(&one, "c", &waits), 1);
    ck_assert_int_gt(waits, 0);
    uint64_t fetches = fake_shared_profiles_counts(shared).fetches;

    ck_assert_uint_eq(seen_by(&one, "c", &waits), 1);

    ck_assert_int_eq(waits, 0);
    ck_assert_uint_eq(fake_shared_profiles_counts(shared).fetches, fetches);
    tear_down();
}
END_TEST

START_TEST(a_replica_sees_its_own_events_before_it_hears_of_changes)
{
    set_up();
    (void) seen(&one, "c");
    view(&one, "c", NULL);
    ck_assert_uint_eq(seen(&one, "c"), 1);
    view(&one, "c", NULL);

    struct waiting waiting = { .waiter.ready = on_ready }; /* nothing is delivered here */
    const struct profile *profile = NULL;
    sem_init(&waiting.told, 0, 0);
    ck_assert_int_eq(one.store->find(one.store, one.reader, STR("c"), &waiting.waiter, &profile),
                     PROFILE_COMING);

    one.store->forget(one.store, &waiting.waiter);
    ck_assert_uint_eq(seen(&one, "c"), 2);
    tear_down();
}
END_TEST

START_TEST(a_link_that_is_late_makes_near_profiles_wait)
{
    set_up();
    int waits;
    (void) seen(&one, "c");
    view(&one, "c", NULL);
    ck_assert_uint_eq(seen(&one, "c"), 1);
    fake_shared_profiles_mute(shared, true);
    ck_assert_uint_eq(seen_by(&one, "c", &waits), 1);
    ck_assert_int_gt(waits, 0);
    fake_shared_profiles_mute(shared, false);
    tear_down();
}
END_TEST

START_TEST(flushed_profiles_are_folded_from_the_log)
{
    set_up();
    view(&one, "c", NULL);
    view(&one, "c", NULL);
    (void) seen(&one, "c");
    fake_shared_profiles_lose(shared);
    ck_assert_uint_eq(seen(&two, "c"), 2);
    ck_assert_uint_eq(seen(&one, "c"), 2);

    struct shared_value value;
    ck_assert_int_eq(fake_shared_profiles_look(shared, STR("c"), &value), SHARED_BODY);
    ck_assert_uint_eq(value.position, 2);
    tear_down();
}
END_TEST

START_TEST(without_shared_profiles_the_log_answers)
{
    set_up();
    view(&one, "c", NULL);
    (void) seen(&one, "c");
    fake_shared_profiles_away(shared, true);
    ck_assert_uint_eq(seen(&one, "c"), 1);
    ck_assert_uint_eq(seen(&two, "c"), 1);
    fake_shared_profiles_away(shared, false);
    tear_down();
}
END_TEST

START_TEST(an_event_that_could_not_be_shared_is_in_every_later_profile)
{
    set_up();
    view(&one, "c", NULL);
    (void) seen(&two, "c");
    fake_shared_profiles_away(shared, true);
    view(&one, "c", NULL);
    ck_assert_uint_eq(seen(&one, "c"), 2);
    fake_shared_profiles_away(shared, false);
    ck_assert_uint_eq(seen(&one, "c"), 2); /* also before the journal has delivered what it owes */

    struct shared_value value = { 0 };
    for (int i = 0; i < 1000 && value.position < 2; i++) {
        const struct timespec pause = { .tv_nsec = 1000000 };
        (void) nanosleep(&pause, NULL);
        (void) fake_shared_profiles_look(shared, STR("c"), &value);
    }
    ck_assert_uint_eq(value.position, 2);
    ck_assert_uint_eq(seen(&two, "c"), 2);
    tear_down();
}
END_TEST

START_TEST(without_both_a_profile_is_lost)
{
    set_up();
    view(&one, "c", NULL);
    fake_shared_profiles_away(shared, true);
    fake_event_log_fail(the_log, true);
    ck_assert_uint_eq(seen(&one, "c"), LOST_POSITION);
    fake_event_log_fail(the_log, false);
    fake_shared_profiles_away(shared, false);
    tear_down();
}
END_TEST

START_TEST(after_both_were_lost_others_have_a_moment_to_empty_their_spools)
{
    set_up();
    view(&one, "c", NULL);
    fake_shared_profiles_away(shared, true);
    fake_event_log_fail(the_log, true);
    ck_assert_uint_eq(seen(&two, "c"), LOST_POSITION);
    fake_clock_advance(&fake_clock, 200000);
    fake_event_log_fail(the_log, false);
    ck_assert_uint_eq(seen(&two, "c"), LOST_POSITION);
    fake_shared_profiles_away(shared, false);
    fake_shared_profiles_lose(shared);
    ck_assert_uint_eq(seen(&two, "c"), LOST_POSITION);
    fake_clock_advance(&fake_clock, 3000000);
    ck_assert_uint_eq(seen(&two, "c"), 1);
    tear_down();
}
END_TEST

START_TEST(a_gap_in_the_shared_profile_is_never_built_upon)
{
    set_up();
    view(&one, "c", NULL);
    (void) seen(&one, "c");
    commit_silently(1);
    view(&two, "c", NULL);

    struct waiting waiting = { .waiter.ready = on_ready };
    const struct profile *profile = NULL;
    ck_assert_uint_eq(seen(&one, "c"), 3);
    (void) one.store->find(one.store, one.reader, STR("c"), &waiting.waiter, &profile);
    if (waiting.waiter.asked)
        one.store->forget(one.store, &waiting.waiter);
    ck_assert_uint_eq(seen(&two, "c"), 3);
    if (profile) {
        ck_assert_uint_eq(profile->n_viewed, 2); /* SKU and X: nothing is missing */
    }
    tear_down();
}
END_TEST

START_TEST(a_repeat_of_an_event_nobody_heard_of_brings_it_in)
{
    set_up();
    view(&one, "c", NULL);
    (void) seen(&two, "c");
    commit_silently(1);
    ck_assert_int_eq(view(&one, "c", "silent"), EVENT_DUPLICATE);
    ck_assert_uint_eq(seen(&two, "c"), 2);
    tear_down();
}
END_TEST

START_TEST(who_starts_tells_what_was_committed_lately)
{
    set_up();
    view(&one, "c", NULL);
    (void) seen(&two, "c");
    commit_silently(atomic_load(&fake_clock.wall_us));
    stop(&one);
    start(&one);
    ck_assert_uint_eq(seen(&one, "c"), 2);
    struct shared_value value = { 0 };
    for (int i = 0; i < 1000 && value.position < 2; i++) {
        const struct timespec pause = { .tv_nsec = 1000000 };
        (void) nanosleep(&pause, NULL);
        (void) fake_shared_profiles_look(shared, STR("c"), &value);
    }
    ck_assert_uint_eq(seen(&two, "c"), 2);
    tear_down();
}
END_TEST

START_TEST(a_customer_in_some_spool_has_no_profile_until_it_is_drained)
{
    set_up();
    view(&one, "c", NULL);
    const struct shared_value floor = { .customer_id = STR("c"),
                                        .position = POSITION_PROVISIONAL | 7 };
    fake_shared_profiles_change(shared, &floor);
    ck_assert_uint_eq(seen(&one, "c"), LOST_POSITION);
    ck_assert_uint_eq(seen(&two, "c"), LOST_POSITION);
    tear_down();
}
END_TEST

START_TEST(floors_of_a_spool_are_all_put_anew_however_often_there_are_doubts)
{
    enum { MANY = 10000 };
    struct shared_value floor;
    struct share *share = NULL;
    char customer[16] = "";
    set_up();
    struct stamps *stamps = calloc(1, sizeof *stamps);
    const struct share_settings settings = { .shop = STR("main"),
                                             .shared = fake_shared_profiles_port(shared),
                                             .stamps = stamps,
                                             .spool_mark = POSITION_PROVISIONAL | 7 };
    ck_assert_int_eq(share_new(&settings, metrics, &share), OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(customer, sizeof customer, "c%d", i);
        share_mark(share, str_of(customer), POSITION_PROVISIONAL | 1);
    }
    for (int i = 0; i < MANY && share_owes(share); i++)
        share_tend(share, MANY);
    for (int i = 0; i < 10; i++) /* the turn that follows the sentinel's first look */
        share_tend(share, MANY);
    ck_assert_int_eq(fake_shared_profiles_look(shared, str_of(customer), &floor), SHARED_FLOOR);

    fake_shared_profiles_expire(shared, str_of(customer)); /* with its node; the sentinel stays */
    for (int i = 0; i < 10; i++) {
        share_note_doubt(share, 1000 + i);
        share_tend(share, MANY);
    }

    ck_assert_int_eq(fake_shared_profiles_look(shared, str_of(customer), &floor), SHARED_FLOOR);
    ck_assert_uint_eq(floor.position, POSITION_PROVISIONAL | 7);
    share_free(share);
    free(stamps);
    tear_down();
}
END_TEST

START_TEST(a_live_profile_equals_a_rebuilt_one_byte_for_byte)
{
    set_up();
    (void) seen(&one, "c");
    for (int i = 0; i < 40; i++)
        view(i % 3 ? &one : &two, i % 2 ? "c" : "d", NULL);
    struct shared_value live, rebuilt;
    struct out kept;
    out_init(&kept, NULL, 256);
    ck_assert_int_eq(fake_shared_profiles_look(shared, STR("c"), &live), SHARED_BODY);
    out_text(&kept, live.body);
    fake_shared_profiles_lose(shared);
    (void) seen(&two, "c");
    ck_assert_int_eq(fake_shared_profiles_look(shared, STR("c"), &rebuilt), SHARED_BODY);
    ck_assert(str_eq(rebuilt.body, out_str(&kept)));
    out_deinit(&kept);
    tear_down();
}
END_TEST

/* As an import leaves them that ran while no replica did. */
START_TEST(marks_without_number_are_delivered_and_removed)
{
    enum { MANY = 2500 };
    struct fake_fleet *fleet = fake_fleet_new();
    struct fleet *import = fake_fleet_join(fleet), *mine = fake_fleet_join(fleet);
    struct err_note note = { "" };
    char customer[16];
    set_up();
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(customer, sizeof customer, "c%u", i);
        const struct fleet_mark mark = { str_of(customer), i + 1 };
        ck_assert_int_eq(import->tell(import, STR("main"), &mark, 1, &note), OK);
    }
    stop(&one);
    start_in(&one, mine);

    for (int i = 0; i < 1000 && fake_fleet_standing(fleet) > 0; i++)
        (void) view(&one, "somebody", NULL); /* the journal tends to them between two rounds */

    ck_assert_uint_eq(fake_fleet_standing(fleet), 0);
    struct shared_value floor;
    ck_assert_int_eq(fake_shared_profiles_look(shared, str_of(customer), &floor), SHARED_FLOOR);
    ck_assert_uint_eq(floor.position, MANY);
    tear_down();
    mine->free(mine);
    import->free(import);
    fake_fleet_free(fleet);
}
END_TEST

struct counting {
    struct log_sink sink;
    int lines;
};

static void count_line(struct log_sink *sink, struct str line)
{
    (void) line;
    ((struct counting *) sink)->lines++;
}

START_TEST(who_starts_and_cannot_ask_what_was_committed_lately_says_so)
{
    struct counting log = { .sink.put = count_line };
    set_up();
    stop(&one);
    log_to(&log.sink);

    start(&one);
    int told_before = log.lines;
    stop(&one);
    fake_event_log_fail(the_log, true);
    start(&one);
    fake_event_log_fail(the_log, false);
    log_to(NULL);

    ck_assert_int_eq(told_before, 0);
    ck_assert_int_eq(log.lines, 1);
    tear_down();
}
END_TEST

/* Another replica is cut off from the shared profiles: at each turn we hear of what it owes. */
START_TEST(what_others_owe_is_told_in_the_log_only_when_it_lasts)
{
    struct fake_fleet *fleet = fake_fleet_new();
    struct fleet *cut_off = fake_fleet_join(fleet), *mine = fake_fleet_join(fleet);
    struct counting log = { .sink.put = count_line };
    struct share *share = NULL;
    struct err_note note = { "" };
    set_up();
    stop(&one);
    stop(&two);
    struct stamps *stamps = calloc(1, sizeof *stamps);
    const struct share_settings settings = { .shop = STR("main"),
                                             .shared = fake_shared_profiles_port(shared),
                                             .fleet = mine,
                                             .stamps = stamps };
    ck_assert_int_eq(share_new(&settings, metrics, &share), OK);
    log_to(&log.sink);

    for (uint64_t i = 1; i <= 10; i++) {
        const struct fleet_mark mark = { STR("c"), i };
        ck_assert_int_eq(cut_off->tell(cut_off, STR("main"), &mark, 1, &note), OK);
        share_tend(share, 0);
        ck_assert(!share_owes(share));
    }
    int told_meanwhile = log.lines;
    fake_shared_profiles_away(shared, true);
    const struct fleet_mark mark = { STR("c"), 11 };
    ck_assert_int_eq(cut_off->tell(cut_off, STR("main"), &mark, 1, &note), OK);
    for (int i = 0; i < 10; i++)
        share_tend(share, 0);
    int told_away = log.lines;
    bool owed = share_owes(share);
    fake_shared_profiles_away(shared, false);
    for (int i = 0; i < 10; i++)
        share_tend(share, 0);
    int told = log.lines;
    log_to(NULL);

    ck_assert_int_eq(told_meanwhile, 0);
    ck_assert(owed);
    ck_assert_int_eq(told_away, 1);
    ck_assert_int_eq(told, 2);
    share_free(share);
    free(stamps);
    tear_down();
    mine->free(mine);
    cut_off->free(cut_off);
    fake_fleet_free(fleet);
}
END_TEST

/* The loader's claims stand still until they are let go. */
static sem_t claimed, let_go;
static enum err (*put_of_fake)(struct shared_writer *writer, const struct shared_put *puts,
                               uint32_t n, bool *ret_taken, struct err_note *note);

static enum err put_when_let_go(struct shared_writer *writer, const struct shared_put *puts,
                                uint32_t n, bool *ret_taken, struct err_note *note)
{
    if (puts[0].mode == SHARED_CLAIM) {
        sem_post(&claimed);
        sem_wait(&let_go);
    }
    return put_of_fake(writer, puts, n, ret_taken, note);
}

START_TEST(while_the_shared_profiles_are_away_nobody_is_folded_for_who_has_gone)
{
    enum { GONE = 40 };
    struct waiting gone[GONE], last = { .waiter.ready = on_ready };
    const struct profile *profile = NULL;
    char customer[16];
    set_up();
    stop(&one);
    stop(&two);
    struct shared_profiles *port = fake_shared_profiles_port(shared);
    put_of_fake = port->put;
    port->put = put_when_let_go;
    sem_init(&claimed, 0, 0);
    sem_init(&let_go, 0, 0);
    sem_init(&last.told, 0, 0);
    start(&one);
    metric_id done = metric_register(metrics, METRIC_COUNTER, "offerd_profile_loads_total", "",
                                     STR("result=\"done\""));
    fake_shared_profiles_away(shared, true);
    for (int i = 0; i < GONE; i++) {
        gone[i] = (struct waiting){ .waiter.ready = on_ready };
        sem_init(&gone[i].told, 0, 0);
        snprintf(customer, sizeof customer, "gone%d", i);
        ck_assert_int_eq(
            one.store->find(one.store, one.reader, str_of(customer), &gone[i].waiter, &profile),
            PROFILE_COMING);
        if (i == 0)
            sem_wait(&claimed); /* the others wait behind it */
    }
    for (int i = 0; i < GONE; i++)
        one.store->forget(one.store, &gone[i].waiter);
    ck_assert_int_eq(one.store->find(one.store, one.reader, STR("last"), &last.waiter, &profile),
                     PROFILE_COMING);

    for (int i = 0; i <= GONE; i++)
        sem_post(&let_go);
    sem_wait(&last.told);

    ck_assert_uint_eq(metric_value(metrics, done), 1);
    ck_assert_int_eq(one.store->find(one.store, one.reader, STR("last"), &last.waiter, &profile),
                     PROFILE_HERE);
    one.store->forget(one.store, &last.waiter);
    fake_shared_profiles_away(shared, false);
    tear_down();
    for (int i = 0; i < GONE; i++)
        sem_destroy(&gone[i].told);
    sem_destroy(&last.told);
}
END_TEST

SUITE_MAIN("learn/sharing", what_one_replica_commits_the_other_sees, a_profile_at_hand_asks_nobody,
           a_replica_sees_its_own_events_before_it_hears_of_changes,
           a_link_that_is_late_makes_near_profiles_wait, flushed_profiles_are_folded_from_the_log,
           without_shared_profiles_the_log_answers,
           an_event_that_could_not_be_shared_is_in_every_later_profile,
           without_both_a_profile_is_lost,
           after_both_were_lost_others_have_a_moment_to_empty_their_spools,
           a_gap_in_the_shared_profile_is_never_built_upon,
           a_repeat_of_an_event_nobody_heard_of_brings_it_in,
           who_starts_tells_what_was_committed_lately,
           a_customer_in_some_spool_has_no_profile_until_it_is_drained,
           floors_of_a_spool_are_all_put_anew_however_often_there_are_doubts,
           a_live_profile_equals_a_rebuilt_one_byte_for_byte,
           marks_without_number_are_delivered_and_removed,
           who_starts_and_cannot_ask_what_was_committed_lately_says_so,
           what_others_owe_is_told_in_the_log_only_when_it_lasts,
           while_the_shared_profiles_are_away_nobody_is_folded_for_who_has_gone)
