/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock guards everything; it is never held while a listener or a fetch is told. A link's news
 * (answers and changes) wait in one queue each and are told in order on the link's thread.
 */
#include "fake_shared_profiles.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#include "base/strmap.h"

#define PROVISIONAL (UINT64_C(1) << 62)

enum { MAX_LINKS = 64, MAX_MARKS = 16 };

struct entry {
    char *id, *body;
    size_t body_len;
    uint64_t position, token;
    uint64_t marks[MAX_MARKS]; /* what a provisional floor is made of */
    int n_marks;
    bool there;
    uint64_t fetched_by; /* a bit a link: it wants to hear of the next change */
};

/* Something to tell: an answer (of @fetch, NULL once cancelled) or a change. */
struct news {
    struct news *next;
    struct shared_fetch *fetch;
    enum shared_answer answer;
    bool is_answer, changed;
    uint64_t position;
    char *id, *body;
    size_t body_len;
};

struct shared_link {
    struct fake_shared_profiles *fake;
    struct shared_listener listener;
    uv_async_t async; /* when has_loop */
    bool has_loop;
    int slot;
    struct news *first;       /* in order */
    uint64_t numbers;         /* of fetches */
    uint64_t doubts, outages; /* told so far; compared with the fake's */
};

struct shared_writer {
    struct fake_shared_profiles *fake;
};

struct fake_shared_profiles {
    struct shared_profiles port;
    pthread_mutex_t lock;
    struct strmap *index;
    struct entry **entries;
    uint32_t n, cap;
    struct shared_link *links[MAX_LINKS];
    bool away, slow, mute;
    uint64_t doubts, outages;
    uint64_t tokens;
    struct fake_shared_counts counts;
};

static void need(const void *memory)
{
    if (!memory)
        abort(); /* a test without memory tells nothing */
}

static struct fake_shared_profiles *of(struct shared_profiles *shared)
{
    return (struct fake_shared_profiles *) shared;
}

/* The entry of @id, made when it is new. */
static struct entry *entry_of(struct fake_shared_profiles *fake, struct str id)
{
    uint32_t at = strmap_get(fake->index, id);
    if (at != STRMAP_NONE)
        return fake->entries[at];
    if (fake->n == fake->cap) {
        fake->cap = fake->cap ? 2 * fake->cap : 64;
        fake->entries = realloc(fake->entries, fake->cap * sizeof *fake->entries);
        need(fake->entries);
    }
    struct entry *entry = calloc(1, sizeof *entry);
    need(entry);
    entry->id = str_dup(id);
    need(entry->id);
    if (strmap_put(fake->index, (struct str){ entry->id, id.len }, fake->n) != OK)
        abort();
    fake->entries[fake->n++] = entry;
    return entry;
}

/* ── a link's news ── */

static void wake(struct shared_link *link)
{
    if (link->has_loop)
        uv_async_send(&link->async);
}

static void push(struct shared_link *link, struct news *news)
{
    struct news **at = &link->first;
    while (*at)
        at = &(*at)->next;
    *at = news;
    wake(link);
}

static struct news *news_new(struct str id)
{
    struct news *news = calloc(1, sizeof *news);
    need(news);
    news->id = str_dup(id);
    need(news->id);
    return news;
}

static void news_free(struct news *news)
{
    free(news->id);
    free(news->body);
    free(news);
}

/* @entry was written: who has fetched it hears of it; an answer on its way is followed by the word. */
static void tell_change(struct fake_shared_profiles *fake, struct entry *entry)
{
    for (int i = 0; i < MAX_LINKS; i++) {
        struct shared_link *link = fake->links[i];
        if (!link || !(entry->fetched_by & UINT64_C(1) << i))
            continue;
        for (struct news *news = link->first; news; news = news->next)
            if (news->is_answer && str_is(str_of(news->id), entry->id))
                news->changed = true;
        push(link, news_new(str_of(entry->id)));
    }
    entry->fetched_by = 0;
}

/* The first that may be told now, out of the queue. Under the lock. */
static struct news *pop(struct shared_link *link)
{
    struct news **at = &link->first;
    while (*at && (*at)->is_answer && link->fake->slow)
        at = &(*at)->next;
    struct news *news = *at;
    if (news)
        *at = news->next;
    return news;
}

static void tell(struct shared_link *link, struct news *news)
{
    struct str id = str_of(news->id);
    if (news->is_answer && news->fetch) {
        struct shared_value value = { .customer_id = id, .position = news->position };
        if (news->answer == SHARED_BODY)
            value.body = (struct str){ news->body, news->body_len };
        news->fetch->number = 0;
        news->fetch->done(news->fetch, news->answer, &value);
    }
    if (!news->is_answer || news->changed)
        link->listener.changed(link->listener.self, id);
    news_free(news);
}

/* What was under way ends; nothing that was fetched is good any more. Under the lock, but for telling. */
static void break_off(struct shared_link *link)
{
    struct fake_shared_profiles *fake = link->fake;
    struct news *all = link->first;
    link->first = NULL;
    pthread_mutex_unlock(&fake->lock);
    while (all) {
        struct news *news = all;
        all = news->next;
        news->answer = SHARED_AWAY;
        news->changed = false;
        if (news->is_answer)
            tell(link, news);
        else
            news_free(news);
    }
    pthread_mutex_lock(&fake->lock);
}

static void link_turn(struct shared_link *link)
{
    struct fake_shared_profiles *fake = link->fake;
    struct news *news;
    pthread_mutex_lock(&fake->lock);
    if (link->outages != fake->outages) {
        link->outages = fake->outages;
        break_off(link);
    }
    if (link->doubts != fake->doubts) {
        link->doubts = fake->doubts;
        pthread_mutex_unlock(&fake->lock);
        link->listener.doubt(link->listener.self);
        pthread_mutex_lock(&fake->lock);
    }
    while ((news = pop(link))) {
        pthread_mutex_unlock(&fake->lock);
        tell(link, news);
        pthread_mutex_lock(&fake->lock);
    }
    pthread_mutex_unlock(&fake->lock);
}

static void on_async(uv_async_t *async)
{
    link_turn(async->data);
}

/* ── the port: links ── */

static enum err link_new(struct shared_profiles *shared, struct uv_loop_s *loop,
                         const struct shared_listener *listener, struct shared_link **ret_link)
{
    struct fake_shared_profiles *fake = of(shared);
    struct shared_link *link = calloc(1, sizeof *link);
    need(link);
    pthread_mutex_lock(&fake->lock);
    while (link->slot < MAX_LINKS && fake->links[link->slot])
        link->slot++;
    if (link->slot == MAX_LINKS)
        abort(); /* a test that needs more makes the table larger */
    *link = (struct shared_link){ fake,
                                  *listener,
                                  .slot = link->slot,
                                  .has_loop = loop,
                                  .doubts = fake->doubts,
                                  .outages = fake->outages };
    fake->links[link->slot] = link;
    link->async.data = link;
    if (loop && uv_async_init(loop, &link->async, on_async) != 0)
        abort();
    pthread_mutex_unlock(&fake->lock);
    *ret_link = link;
    return OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void link_free(struct shared_profiles *shared, struct shared_link *link)
{
    struct fake_shared_profiles *fake = of(shared);
    if (!link)
        return;
    pthread_mutex_lock(&fake->lock);
    fake->links[link->slot] = NULL;
    for (uint32_t i = 0; i < fake->n; i++)
        fake->entries[i]->fetched_by &= ~(UINT64_C(1) << link->slot);
    break_off(link);
    pthread_mutex_unlock(&fake->lock);
    if (link->has_loop)
        uv_close((uv_handle_t *) &link->async, on_closed);
    else
        free(link);
}

static bool is_trusted(const struct shared_link *link, struct str customer_id, int64_t mono_us)
{
    (void) customer_id;
    struct fake_shared_profiles *fake = link->fake;
    (void) mono_us;
    pthread_mutex_lock(&fake->lock);
    bool trusted = !fake->away && !fake->mute && link->doubts == fake->doubts;
    pthread_mutex_unlock(&fake->lock);
    return trusted;
}

static bool fetch(struct shared_link *link, struct str customer_id, struct shared_fetch *asked)
{
    struct fake_shared_profiles *fake = link->fake;
    pthread_mutex_lock(&fake->lock);
    fake->counts.fetches++;
    bool up = !fake->away && link->outages == fake->outages;
    if (up) {
        struct entry *entry = entry_of(fake, customer_id);
        struct news *news = news_new(customer_id);
        news->is_answer = true;
        news->fetch = asked;
        asked->number = ++link->numbers;
        news->position = entry->there ? entry->position : 0;
        news->answer = !entry->there ? SHARED_ABSENT : entry->body ? SHARED_BODY : SHARED_FLOOR;
        if (news->answer == SHARED_BODY) {
            news->body = malloc(entry->body_len + 1);
            need(news->body);
            memcpy(news->body, entry->body, entry->body_len);
            news->body_len = entry->body_len;
        }
        entry->fetched_by |= UINT64_C(1) << link->slot;
        push(link, news);
    }
    pthread_mutex_unlock(&fake->lock);
    return up;
}

static void cancel(struct shared_link *link, struct shared_fetch *asked)
{
    pthread_mutex_lock(&link->fake->lock);
    for (struct news *news = link->first; news; news = news->next)
        if (news->fetch == asked)
            news->fetch = NULL;
    asked->number = 0;
    pthread_mutex_unlock(&link->fake->lock);
}

/* ── the port: writers ── */

static struct shared_writer *writer_new(struct shared_profiles *shared)
{
    struct shared_writer *writer = calloc(1, sizeof *writer);
    if (writer)
        writer->fake = of(shared);
    return writer;
}

static void writer_free(struct shared_profiles *shared, struct shared_writer *writer)
{
    (void) shared;
    free(writer);
}

static enum err get(struct shared_writer *writer, const struct str *ids, uint32_t n,
                    struct arena *arena, struct shared_value *ret_values, struct err_note *note)
{
    struct fake_shared_profiles *fake = writer->fake;
    enum err err = OK;
    pthread_mutex_lock(&fake->lock);
    if (fake->away)
        err = err_fail(note, ERR_UNAVAILABLE, "the fake is away");
    for (uint32_t i = 0; err == OK && i < n; i++) {
        struct entry *entry = entry_of(fake, ids[i]);
        fake->counts.gets++;
        ret_values[i] = (struct shared_value){ .customer_id = ids[i] };
        if (!entry->there)
            continue;
        ret_values[i].position = entry->position;
        ret_values[i].token = entry->body ? 0 : entry->token;
        if (entry->body)
            ret_values[i].body = arena_copy(arena, (struct str){ entry->body, entry->body_len });
        if (entry->body && !ret_values[i].body.at)
            err = err_fail(note, ERR_LIMIT, "the arena is full");
    }
    pthread_mutex_unlock(&fake->lock);
    return err;
}

static void set(struct fake_shared_profiles *fake, struct entry *entry,
                const struct shared_value *value)
{
    char *body = value->body.at ? str_dup(value->body) : NULL;
    free(entry->body);
    entry->body = body;
    entry->body_len = value->body.len;
    entry->position = value->position;
    entry->there = true;
    tell_change(fake, entry);
}

static bool is_taken(const struct entry *entry, const struct shared_put *put)
{
    bool newer = !entry->there || put->value.position > entry->position ||
                 (put->value.position == entry->position && !entry->body);
    switch (put->mode) {
    case SHARED_CLAIM: return !entry->there;
    case SHARED_FILL:
        return entry->there && newer &&
               (entry->body || !put->value.token || put->value.token == entry->token);
    case SHARED_MEND:
        return entry->there && entry->body && entry->position == put->over &&
               put->value.position >= entry->position;
    case SHARED_SETTLE:
    case SHARED_APPLY:
    case SHARED_COMMIT: break;
    }
    return newer;
}

/* ── floors that stand for spools ── */

static bool is_provisional(const struct entry *entry)
{
    return entry->there && entry->position >= PROVISIONAL;
}

static int place_of(const struct entry *entry, uint64_t mark)
{
    for (int i = 0; i < entry->n_marks; i++)
        if (entry->marks[i] == mark)
            return i;
    return -1;
}

static void set_marks(struct fake_shared_profiles *fake, struct entry *entry)
{
    const struct shared_value floor = { .position = entry->marks[entry->n_marks - 1] };
    set(fake, entry, &floor);
    entry->token = ++fake->tokens;
}

static bool add_mark(struct fake_shared_profiles *fake, struct entry *entry, uint64_t mark)
{
    if (!is_provisional(entry))
        entry->n_marks = 0;
    if (place_of(entry, mark) >= 0)
        return false;
    if (entry->n_marks == MAX_MARKS)
        abort(); /* a test with more spools makes the table larger */
    entry->marks[entry->n_marks++] = mark;
    set_marks(fake, entry);
    return true;
}

/* True when others are left, or it was none of them: there is no real floor to write. */
static bool end_mark(struct fake_shared_profiles *fake, struct entry *entry, uint64_t mark,
                     bool *ret_taken)
{
    int place = place_of(entry, mark);
    *ret_taken = place >= 0;
    if (place < 0)
        return true;
    entry->marks[place] = entry->marks[--entry->n_marks];
    if (entry->n_marks > 0)
        set_marks(fake, entry);
    return entry->n_marks > 0;
}

static bool put_value(struct fake_shared_profiles *fake, struct entry *entry,
                      const struct shared_put *put, const struct shared_value *value)
{
    bool taken, keeps = entry->there && !entry->body && !is_provisional(entry);
    if (put->mode == SHARED_COMMIT && value->position >= PROVISIONAL)
        return add_mark(fake, entry, value->position);
    if (put->mode == SHARED_SETTLE && is_provisional(entry)) {
        if (end_mark(fake, entry, put->over, &taken))
            return taken;
    } else if (!is_taken(entry, put)) {
        return false;
    }
    struct shared_value floor = { value->customer_id, value->position, .token = value->token };
    if (put->mode == SHARED_APPLY && !(entry->body && entry->position == put->over))
        value = &floor;
    set(fake, entry, value);
    if (!value->body.at && !keeps)
        entry->token = value->token ? value->token : ++fake->tokens;
    return true;
}

static enum err put(struct shared_writer *writer, const struct shared_put *puts, uint32_t n,
                    bool *ret_taken, struct err_note *note)
{
    struct fake_shared_profiles *fake = writer->fake;
    enum err err = OK;
    pthread_mutex_lock(&fake->lock);
    if (fake->away)
        err = err_fail(note, ERR_UNAVAILABLE, "the fake is away");
    for (uint32_t i = 0; err == OK && i < n; i++) {
        struct shared_value value = puts[i].value;
        struct entry *entry = entry_of(fake, value.customer_id);
        if (puts[i].mode == SHARED_CLAIM)
            value = (struct shared_value){ .customer_id = value.customer_id, .token = value.token };
        if (puts[i].mode == SHARED_SETTLE)
            value.body = (struct str){ 0 };
        ret_taken[i] = put_value(fake, entry, &puts[i], &value);
        fake->counts.puts++;
        fake->counts.taken += ret_taken[i];
    }
    pthread_mutex_unlock(&fake->lock);
    return err;
}

/* ── faults ── */

static void wake_all(struct fake_shared_profiles *fake)
{
    for (int i = 0; i < MAX_LINKS; i++)
        if (fake->links[i])
            wake(fake->links[i]);
}

void fake_shared_profiles_away(struct fake_shared_profiles *fake, bool away)
{
    pthread_mutex_lock(&fake->lock);
    if (away && !fake->away) {
        fake->outages++;
        fake->doubts++;
    }
    fake->away = away;
    wake_all(fake);
    pthread_mutex_unlock(&fake->lock);
}

void fake_shared_profiles_slow(struct fake_shared_profiles *fake, bool slow)
{
    pthread_mutex_lock(&fake->lock);
    fake->slow = slow;
    wake_all(fake);
    pthread_mutex_unlock(&fake->lock);
}

void fake_shared_profiles_mute(struct fake_shared_profiles *fake, bool mute)
{
    pthread_mutex_lock(&fake->lock);
    fake->mute = mute;
    pthread_mutex_unlock(&fake->lock);
}

static void drop(struct entry *entry)
{
    free(entry->body);
    entry->body = NULL;
    entry->position = 0;
    entry->there = false;
}

void fake_shared_profiles_lose(struct fake_shared_profiles *fake)
{
    pthread_mutex_lock(&fake->lock);
    for (uint32_t i = 0; i < fake->n; i++) {
        drop(fake->entries[i]);
        fake->entries[i]->fetched_by = 0; /* forgotten, too */
        for (int j = 0; j < MAX_LINKS; j++)
            for (struct news *news = fake->links[j] ? fake->links[j]->first : NULL; news;
                 news = news->next)
                news->changed |= news->is_answer; /* the doubt comes after it */
    }
    fake->doubts++;
    wake_all(fake);
    pthread_mutex_unlock(&fake->lock);
}

void fake_shared_profiles_expire(struct fake_shared_profiles *fake, struct str customer_id)
{
    pthread_mutex_lock(&fake->lock);
    struct entry *entry = entry_of(fake, customer_id);
    drop(entry);
    tell_change(fake, entry);
    pthread_mutex_unlock(&fake->lock);
}

void fake_shared_profiles_change(struct fake_shared_profiles *fake,
                                 const struct shared_value *value)
{
    pthread_mutex_lock(&fake->lock);
    struct entry *entry = entry_of(fake, value->customer_id);
    set(fake, entry, value);
    entry->token = ++fake->tokens;
    entry->marks[0] = value->position;
    entry->n_marks = value->position >= PROVISIONAL;
    pthread_mutex_unlock(&fake->lock);
}

void fake_shared_profiles_deliver(struct fake_shared_profiles *fake)
{
    for (int i = 0; i < MAX_LINKS; i++)
        if (fake->links[i] && !fake->links[i]->has_loop)
            link_turn(fake->links[i]);
}

/* ── questions ── */

enum shared_answer fake_shared_profiles_look(struct fake_shared_profiles *fake,
                                             struct str customer_id, struct shared_value *ret_value)
{
    pthread_mutex_lock(&fake->lock);
    struct entry *entry = entry_of(fake, customer_id);
    enum shared_answer answer = !entry->there ? SHARED_ABSENT
                                : entry->body ? SHARED_BODY
                                              : SHARED_FLOOR;
    *ret_value = (struct shared_value){ { entry->id, customer_id.len }, entry->position };
    if (entry->body)
        ret_value->body = (struct str){ entry->body, entry->body_len };
    pthread_mutex_unlock(&fake->lock);
    return answer;
}

struct fake_shared_counts fake_shared_profiles_counts(struct fake_shared_profiles *fake)
{
    pthread_mutex_lock(&fake->lock);
    struct fake_shared_counts counts = fake->counts;
    pthread_mutex_unlock(&fake->lock);
    return counts;
}

/* ── its life ── */

static void free_port(struct shared_profiles *shared)
{
    fake_shared_profiles_free(of(shared));
}

struct fake_shared_profiles *fake_shared_profiles_new(void)
{
    struct fake_shared_profiles *fake = calloc(1, sizeof *fake);
    if (!fake)
        return NULL;
    fake->port = (struct shared_profiles){ link_new,   link_free,   is_trusted, fetch, cancel,
                                           writer_new, writer_free, get,        put,   free_port };
    pthread_mutex_init(&fake->lock, NULL);
    fake->index = strmap_new(64);
    need(fake->index);
    return fake;
}

struct fake_shared_profiles *fake_shared_profiles_free(struct fake_shared_profiles *fake)
{
    if (!fake)
        return NULL;
    for (uint32_t i = 0; i < fake->n; i++) {
        free(fake->entries[i]->id);
        free(fake->entries[i]->body);
        free(fake->entries[i]);
    }
    free(fake->entries);
    strmap_free(fake->index);
    pthread_mutex_destroy(&fake->lock);
    free(fake);
    return NULL;
}

struct shared_profiles *fake_shared_profiles_port(struct fake_shared_profiles *fake)
{
    return &fake->port;
}
