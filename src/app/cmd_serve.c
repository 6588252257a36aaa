/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd serve. Signals are blocked before the first thread starts, and only this thread waits
 * for them: SIGHUP reads the rules again; the first SIGTERM or SIGINT drains (not ready, no
 * new connections, what is in flight is answered, the journal is flushed); the second leaves
 * at once. One that comes before the service is ready ends the start.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/service/log_writer.h"
#include "app/service/service.h"
#include "app/setup/strays.h"
#include "base/log.h"

static int help(void)
{
    struct out out;
    out_init(&out, NULL, 4096);
    out_text(
        &out,
        STR("usage: offerd serve [OPTIONS]\n\n"
            "Answers POST /offers and POST /events. Rule files are watched: a saved one is live\n"
            "within a second, a bad one changes nothing and is told in the log.\n\n"
            "  offerd serve --rules ./rules --data ./data\n"
            "  kill -HUP PID     reads the rules again\n"
            "  kill PID          drains and stops; a second time: at once\n\n"
            "Each option is also OFFERD_<NAME> in the environment, and a line of --config FILE\n"
            "(--data-dir, OFFERD_DATA_DIR, data_dir: …). [default]\n\n"));
    settings_help(&out);
    (void) fwrite(out.at, 1, out.len, stdout);
    out_deinit(&out);
    return 0;
}

static void log_as_asked(const struct settings *settings)
{
    enum log_level level = LOG_INFO;
    (void) log_level_of(str_of(settings->log_level), &level); /* settings_read has looked at it */
    log_setup(level, strcmp(settings->log_format, "json") == 0);
}

static void signals_block(sigset_t *ret_set)
{
    (void) sigemptyset(ret_set);
    (void) sigaddset(ret_set, SIGTERM);
    (void) sigaddset(ret_set, SIGINT);
    (void) sigaddset(ret_set, SIGHUP);
    (void) pthread_sigmask(SIG_BLOCK, ret_set, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
}

/* While the service starts nobody takes the signals: they stay pending for the waits below. */
static bool is_asked_to_stop(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* What to end with. */
static int not_started(enum err err, const struct err_note *note)
{
    const char *why = note->text[0] ? note->text : err_name(err);
    const bool asked = err == ERR_UNAVAILABLE && is_asked_to_stop();
    if (asked)
        log_line(LOG_INFO, "serve", "stopped before it was ready: %s", why);
    else
        log_line(LOG_ERROR, "serve", "cannot start: %s", why);
    return asked ? 0 : 1;
}

/* Until nothing is in flight or a second signal comes: then the process ends here. */
static void drain(struct service *service, const sigset_t *set, struct log_writer *writer)
{
    service_drain(service);
    while (!service_drained(service, 20000)) {
        const struct timespec none = { 0 };
        int number = sigtimedwait(set, NULL, &none);
        if (number != SIGTERM && number != SIGINT)
            continue;
        log_line(LOG_WARNING, "serve", "leaving at once: asked twice");
        log_writer_flush(writer);
        _exit(1);
    }
}

static void leave(int number)
{
    (void) number;
    _exit(1);
}

/* What is left after draining is short, unless a disk hangs: then too the next signal ends it. */
static void leave_when_asked_again(const sigset_t *set)
{
    (void) signal(SIGTERM, leave);
    (void) signal(SIGINT, leave);
    (void) signal(SIGHUP, SIG_IGN);
    (void) pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

int cmd_serve(int argc, char **argv)
{
    struct settings settings;
    struct err_note note = { "" };
    bool asked_help = false;
    if (settings_read(argc, argv, &settings, &asked_help, &note) != OK) {
        (void) fprintf(stderr, "offerd serve: %s\n", note.text);
        return 2;
    }
    if (asked_help)
        return help();
    log_as_asked(&settings);
    strays_tell();

    sigset_t set;
    signals_block(&set);
    AUTO(log_writer_free) struct log_writer *writer = NULL;
    struct service *service = NULL;
    if (log_writer_new(&writer) != OK)
        log_line(LOG_WARNING, "serve",
                 "no thread for the log: who logs waits until the line is written");
    enum err err = service_start(&settings, is_asked_to_stop, &service, &note);
    if (err != OK)
        return not_started(err, &note);
    for (int number; (number = sigwaitinfo(&set, NULL)) != SIGTERM && number != SIGINT;)
        if (number == SIGHUP)
            service_reload(service);
    log_line(LOG_INFO, "serve", "stopping: draining what is in flight");
    drain(service, &set, writer);
    leave_when_asked_again(&set);
    (void) service_stop(service);
    log_line(LOG_INFO, "serve", "stopped");
    return 0;
}
