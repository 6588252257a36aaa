/* SPDX-License-Identifier: Apache-2.0 */
#include "app/jobs/importing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "app/jobs/progress.h"
#include "app/jobs/rejects.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/world/model_file.h"
#include "base/arena.h"
#include "base/out.h"
#include "files/catalog_csv.h"
#include "files/order_book.h"
#include "files/orders_csv.h"
#include "model/copurchase.h"
#include "ports/catalog_store.h"
#include "ports/event_log.h"
#include "ports/fleet.h"
#include "shop/catalog.h"
#include "shop/money.h"
#include "shop/order_payload.h"
#include "store/data_dir.h"

enum { BATCH_ORDERS = 1000, BATCH_BYTES = 4 * 1024 * 1024 };

struct importing {
    const struct import_wishes *wishes;
    struct progress progress;
    struct rejects rejects;
    struct data_dir *dir;
    struct catalog_store *catalogs;
    struct event_log *log;
    struct fleet *fleet; /* NULL: embedded */
    struct csv_money money;
    struct csv_tally catalog_tally, orders_tally;
    struct catalog *catalog; /* read from the file, or NULL */
    struct order_book *book; /* read from the file, or NULL */
    struct out ignored;      /* columns of the orders file */
    uint64_t added, known;   /* orders */
};

/* "517,287" */
struct figure {
    char text[32];
};

static struct figure figure(uint64_t value)
{
    struct figure shown;
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, value), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            shown.text[at++] = ',';
        shown.text[at++] = digits[i];
    }
    shown.text[at] = '\0';
    return shown;
}
#define FIGURE(value) figure(value).text

/* ── opening ────────────────────────────────────────────────────────────────────────────── */

/* The currency of the catalogue that is stored; absent when there is none. Copied to @text. */
static enum err stored_currency(struct importing *self, char text[8], struct err_note *note)
{
    AUTO(catalog_unref) struct catalog *catalog = NULL;
    TRY(self->catalogs->load(self->catalogs, self->wishes->stores->shop, &catalog, note));
    text[0] = '\0';
    if (catalog_count(catalog) > 0)
        (void) snprintf(text, 8, "%.*s", STR_ARG(catalog_currency(catalog)));
    return OK;
}

static enum err choose_currency(struct importing *self, char text[8], struct err_note *note)
{
    struct str wished = self->wishes->currency;
    if (wished.at && money_decimals(wished) < 0)
        return err_fail(note, ERR_INPUT,
                        "--currency '%.*s' is not an ISO 4217 code (JPY, USD, EUR …)",
                        STR_ARG(wished));
    TRY(stored_currency(self, text, note));
    if (!wished.at) {
        self->money.assumed = text[0] == '\0';
        if (self->money.assumed)
            (void) snprintf(text, 8, "JPY");
    } else if (text[0] && !str_is(wished, text) && !self->wishes->catalog) {
        return err_fail(note, ERR_INPUT,
                        "--currency %.*s: the stored catalogue is in %s; import it anew together "
                        "with the orders",
                        STR_ARG(wished), text);
    } else {
        (void) snprintf(text, 8, "%.*s", STR_ARG(wished));
    }
    self->money.currency = str_of(text);
    return OK;
}

/* ── reading ────────────────────────────────────────────────────────────────────────────── */

static void report(void *self, uint64_t lines, uint64_t bytes_read, uint64_t bytes_in_all)
{
    progress_show(self, lines, bytes_read, bytes_in_all);
}

/* A note about a file begins with its name. */
static enum err read_catalog(struct importing *self, struct err_note *note)
{
    const char *path = self->wishes->catalog;
    const struct csv_progress progress = { &self->progress, report };
    progress_step(&self->progress, "reading the catalogue", "lines");
    self->rejects.file = path;
    enum err err =
        catalog_csv_read(path, &self->money, &progress, &self->catalog_tally, &self->catalog, note);
    progress_wipe(&self->progress);
    TRY(err_in(err, path, note));
    if (catalog_count(self->catalog) == 0)
        return err_fail(note, ERR_INPUT, "%s: not one product in it; the catalogue stays as it is",
                        path);
    return OK;
}

static enum err read_orders(struct importing *self, struct err_note *note)
{
    const char *path = self->wishes->orders;
    const struct csv_progress progress = { &self->progress, report };
    const struct orders_csv_settings settings = { self->money, self->wishes->zone };
    progress_step(&self->progress, "reading the orders", "lines");
    self->rejects.file = path;
    enum err err = orders_csv_read(path, &settings, &progress, &self->orders_tally, &self->ignored,
                                   &self->book, note);
    progress_wipe(&self->progress);
    return err_in(err, path, note);
}

/* ── storing ────────────────────────────────────────────────────────────────────────────── */

static enum err store_catalog(struct importing *self, struct err_note *note)
{
    struct catalog_store *store = self->catalogs;
    uint32_t n = catalog_count(self->catalog);
    progress_step(&self->progress, "storing the catalogue", "products");
    TRY(store->begin(store, self->wishes->stores->shop, self->money.currency, note));
    for (uint32_t i = 0; i < n; i++) {
        enum err err = store->put(store, catalog_product(self->catalog, i), note);
        if (err != OK) {
            store->rollback(store);
            return err;
        }
        progress_show(&self->progress, i, i, n);
    }
    enum err err = store->commit(store, note);
    progress_wipe(&self->progress);
    return err;
}

struct batch {
    struct event events[BATCH_ORDERS];
    const struct event *list[BATCH_ORDERS];
    struct append_outcome outcomes[BATCH_ORDERS];
    uint32_t n;
    struct arena *arena; /* event ids, payloads */
    struct out text;
};

/* The event of one order with the bytes that the log keeps. */
static enum err fill(struct importing *self, struct batch *batch, uint32_t number)
{
    struct event *event = &batch->events[batch->n];
    order_book_event(self->book, number, event);
    event->shop = self->wishes->stores->shop;
    event->order.currency = self->money.currency;
    batch->text.len = 0;
    batch->text.comma = false;
    out_text(&batch->text, STR("import:"));
    out_text(&batch->text, event->order.id);
    event->event_id = arena_copy(batch->arena, out_str(&batch->text));
    batch->text.len = 0;
    order_payload_print(&batch->text, event);
    event->payload = arena_copy(batch->arena, out_str(&batch->text));
    if (batch->text.failed || !event->event_id.at || !event->payload.at)
        return ERR_NOMEM;
    batch->list[batch->n++] = event;
    return OK;
}

/* Replicas have profiles of these customers that lack what was committed just now. */
static enum err tell_fleet(struct importing *self, const struct batch *batch, struct err_note *note)
{
    struct fleet_mark marks[BATCH_ORDERS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->outcomes[i].result == APPEND_ACCEPTED && batch->list[i]->customer_id.at)
            marks[n++] =
                (struct fleet_mark){ batch->list[i]->customer_id, batch->outcomes[i].position };
    return n && self->fleet
               ? self->fleet->tell(self->fleet, self->wishes->stores->shop, marks, n, note)
               : OK;
}

static enum err commit(struct importing *self, struct batch *batch, struct err_note *note)
{
    struct clock *clock = real_clock();
    TRY(self->log->append(self->log, batch->list, batch->n, clock->wall_us(clock), batch->outcomes,
                          note));
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->outcomes[i].result == APPEND_ACCEPTED)
            self->added++;
        else
            self->known++;
    TRY(tell_fleet(self, batch, note));
    batch->n = 0;
    arena_reset(batch->arena);
    return OK;
}

static enum err store_batches(struct importing *self, struct batch *batch, struct err_note *note)
{
    uint32_t n = order_book_count(self->book);
    for (uint32_t i = 0; i < n; i++) {
        TRY(fill(self, batch, i));
        if (batch->n == BATCH_ORDERS || i + 1 == n)
            TRY(commit(self, batch, note));
        progress_show(&self->progress, i, i, n);
    }
    return OK;
}

static enum err store_orders(struct importing *self, struct err_note *note)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (!batch || !(batch->arena = arena_new(BATCH_BYTES, SIZE_MAX))) {
        free(batch);
        return ERR_NOMEM;
    }
    out_init(&batch->text, NULL, 4096);
    progress_step(&self->progress, "storing the orders", "orders");
    enum err err = store_batches(self, batch, note);
    progress_wipe(&self->progress);
    (void) arena_free(batch->arena);
    out_deinit(&batch->text);
    free(batch);
    if (err == OK)
        return OK;
    struct err_note inner = *note;
    return err_fail(note, err,
                    "%.160s; %" PRIu64 " of %u orders are stored: run the import again to go on",
                    inner.text, self->added + self->known, order_book_count(self->book));
}

/* ── telling ────────────────────────────────────────────────────────────────────────────── */

static void tell_tally(const struct csv_tally *tally, const char *merged)
{
    (void) printf("  %s lines read = %s accepted", FIGURE(tally->read), FIGURE(tally->accepted));
    if (tally->merged)
        (void) printf(" + %s %s", FIGURE(tally->merged), merged);
    (void) printf(" + %s refused\n", FIGURE(csv_tally_refused(tally)));
    for (uint32_t i = 0; i < tally->n_reasons; i++)
        (void) printf("  %9s refused: %s\n", FIGURE(tally->refused[i].n), tally->refused[i].reason);
    if (tally->rounded)
        (void) printf("  %s amounts had more decimals than the currency and were rounded\n",
                      FIGURE(tally->rounded));
    if (tally->oversold)
        (void) printf("  %s with a stock below zero (oversold; the first in line %" PRIu64
                      "): counts as 0, none left\n",
                      FIGURE(tally->oversold), tally->first_oversold);
    if (tally->file.blank)
        (void) printf("  %s blank lines skipped\n", FIGURE(tally->file.blank));
}

static enum err tell_model(struct importing *self, struct err_note *note)
{
    AUTO(copurchase_free) struct copurchase *counts = NULL;
    const char *directory = self->wishes->stores->data_dir, *why = NULL;
    uint64_t folded = 0;
    progress_step(&self->progress, "counting what is bought together", "orders");
    TRY(model_file_load(directory, self->log, self->wishes->stores->shop, &counts, &folded, &why,
                        note));
    if (folded > 0 || why)
        TRY(model_file_save(directory, counts, note));
    (void) printf("model: %s orders counted", FIGURE(copurchase_orders(counts)));
    (void) printf(" (%s new), %s different SKUs\n", FIGURE(folded),
                  FIGURE(copurchase_skus(counts)));
    return OK;
}

static enum err store_all(struct importing *self, struct err_note *note)
{
    const struct import_wishes *wishes = self->wishes;
    if (self->catalog) {
        TRY(store_catalog(self, note));
        (void) printf("catalogue %s: %s product%s in %.*s%s\n", wishes->catalog,
                      FIGURE(catalog_count(self->catalog)),
                      catalog_count(self->catalog) == 1 ? "" : "s", STR_ARG(self->money.currency),
                      self->money.assumed ? " (assumed: no --currency)" : "");
        tell_tally(&self->catalog_tally, "replaced by a later line of the same SKU");
    }
    if (self->book) {
        TRY(store_orders(self, note));
        (void) printf("orders %s: %s new", wishes->orders, FIGURE(self->added));
        (void) printf(", %s already known, in %.*s\n", FIGURE(self->known),
                      STR_ARG(self->money.currency));
        tell_tally(&self->orders_tally, "merged into a line of the same order and SKU");
        if (self->ignored.len)
            (void) printf("  columns not used: %.*s\n", STR_ARG(out_str(&self->ignored)));
    }
    return tell_model(self, note);
}

static void tell_cost(int64_t began_us)
{
    struct rusage usage;
    (void) getrusage(RUSAGE_SELF, &usage);
    (void) printf("took %.1f s, peak memory %ld MB\n",
                  (double) (progress_now_us() - began_us) / 1e6, usage.ru_maxrss / 1024);
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static enum err run(struct importing *self, struct err_note *note)
{
    const struct import_wishes *wishes = self->wishes;
    int64_t began_us = progress_now_us();
    char currency[8];
    TRY(rejects_open(&self->rejects, wishes->rejects, &self->progress, note));
    TRY(data_dir_open(wishes->stores->data_dir, DATA_DIR_SHARE, &self->dir, note));
    TRY(stores_catalog(wishes->stores, &self->catalogs, note));
    TRY(stores_event_log(wishes->stores, &self->log, note));
    TRY(stores_fleet(wishes->stores, &self->fleet, note));
    TRY(choose_currency(self, currency, note));
    if (wishes->catalog)
        TRY(read_catalog(self, note));
    if (wishes->orders)
        TRY(read_orders(self, note));
    TRY(store_all(self, note));
    tell_cost(began_us);
    return OK;
}

enum err import_run(const struct import_wishes *wishes, struct err_note *note)
{
    struct importing *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->wishes = wishes;
    self->catalog_tally.self = self->orders_tally.self = &self->rejects;
    self->catalog_tally.on_refusal = self->orders_tally.on_refusal = rejects_tell;
    progress_init(&self->progress, wishes->quiet);
    out_init(&self->ignored, NULL, 0);

    enum err err = run(self, note);

    progress_wipe(&self->progress);
    enum err closed = rejects_close(&self->rejects, err == OK ? note : NULL);
    if (self->fleet)
        self->fleet->free(self->fleet);
    if (self->log)
        self->log->free(self->log);
    if (self->catalogs)
        self->catalogs->free(self->catalogs);
    (void) data_dir_free(self->dir);
    (void) catalog_unref(self->catalog);
    (void) order_book_free(self->book);
    out_deinit(&self->ignored);
    free(self);
    return err == OK ? closed : err;
}
