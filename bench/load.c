/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: puts a bounded load on an HTTP server on this machine and says what it
 * did. See wire.h for the two modes. With --pid the server's user and system
 * time, read before and after, is divided by the answers: that figure holds
 * still on a shared machine where requests/s does not.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double MOST_SECONDS = 600;
static const double MOST_CONNECTIONS = 1024;
static const size_t MOST_BODY_BYTES = 8 << 20;
static const size_t MOST_BODIES_BYTES = 256 << 20;

struct settings {
    struct sockaddr_in server;
    const char *address;
    const char *path;
    unsigned connections;
    double warmup_seconds;
    struct wire_plan plan;
    int pid;
    bool json;
};

/* The requests to send in turn; the wire borrows them. */
struct requests {
    struct wire_request *at;
    size_t n;
};

static const char usage[] =
    "usage: load --connect 127.0.0.1:PORT (--body-file F | --bodies F)... [options]\n"
    "  --body-file F     a request body; may be given several times\n"
    "  --bodies F        a file with one request body a line\n"
    "  --path P          default /offers\n"
    "  --connections N   default 16\n"
    "  --seconds S       length of the run, default 5, at most 600\n"
    "  --requests N      end after so many, default 10000000\n"
    "  --rate R          open load: R requests a second whatever the answers do;\n"
    "                    without it closed load: the next request follows the answer\n"
    "  --warmup S        seconds of the same load before measuring, default 0\n"
    "  --pid PID         the server: print its CPU time for each request\n"
    "  --json            print one JSON object\n"
    "Exit 0: every answer was a 200 or 202; 1: not so; 2: wrong usage.\n";

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "load: %s: %s\n", what, detail);
    exit(1);
}

static void wrong_usage(const char *what)
{
    fprintf(stderr, "load: %s\n%s", what, usage);
    exit(2);
}

static double number(const char *text, double least, double most, const char *option)
{
    char *end;
    double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(value >= least && value <= most)) {
        fprintf(stderr, "load: %s takes a number from %g to %g\n", option, least, most);
        exit(2);
    }
    return value;
}

static char *file_read(const char *path, size_t most, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(most + 1);
    if (!file || !text)
        die(path, strerror(errno));

    *ret_len = fread(text, 1, most + 1, file);
    if (ferror(file) || *ret_len > most)
        die(path, "cannot be read, or is too long");
    fclose(file);
    text[*ret_len] = '\0';
    return text;
}

static void requests_deinit(struct requests *requests)
{
    for (size_t i = 0; i < requests->n; i++)
        free((char *) requests->at[i].at);
    free(requests->at);
}

static void requests_add(struct requests *requests, const struct settings *settings,
                         const char *body, size_t body_len)
{
    struct wire_request *more = realloc(requests->at, (requests->n + 1) * sizeof *more);
    char *text = malloc(body_len + strlen(settings->path) + 256);
    if (!more || !text)
        die("requests", "out of memory");

    int head_len = sprintf(text,
                           "POST %s HTTP/1.1\r\nHost: %.64s\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           settings->path, settings->address, body_len);
    memcpy(text + head_len, body, body_len);
    requests->at = more;
    requests->at[requests->n++] =
        (struct wire_request){ .at = text, .len = (size_t) head_len + body_len };
}

static void requests_add_lines(struct requests *requests, const struct settings *settings,
                               const char *path)
{
    size_t len;
    char *text = file_read(path, MOST_BODIES_BYTES, &len);
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        if (*line)
            requests_add(requests, settings, line, strlen(line));
    }
    free(text);
}

static void requests_add_file(struct requests *requests, const struct settings *settings,
                              const char *path)
{
    size_t len;
    char *text = file_read(path, MOST_BODY_BYTES, &len);
    requests_add(requests, settings, text, len);
    free(text);
}

/* User and system time of all threads of @pid, in seconds. */
static double cpu_seconds(int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    size_t len;
    char *text = file_read(path, MOST_BODY_BYTES, &len);

    unsigned long user = 0;
    unsigned long system = 0;
    const char *after_name = strrchr(text, ')');
    if (!after_name ||
        sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        die(path, "cannot be understood");
    free(text);
    return (double) (user + system) / (double) sysconf(_SC_CLK_TCK);
}

static void address_read(struct settings *settings, const char *text)
{
    char host[32];
    unsigned port;
    if (sscanf(text, "%31[0-9.]:%u", host, &port) != 2 || port == 0 || port > 65535 ||
        inet_pton(AF_INET, host, &settings->server.sin_addr) != 1)
        wrong_usage("--connect takes 127.0.0.1:PORT");
    settings->server.sin_family = AF_INET;
    settings->server.sin_port = htons((uint16_t) port);
    settings->address = text;
}

enum {
    CONNECT = 1,
    BODY_FILE,
    BODIES,
    PATH,
    CONNECTIONS,
    SECONDS,
    REQUESTS,
    RATE,
    WARMUP,
    PID,
    JSON
};

static const struct option options[] = {
    { "connect", required_argument, NULL, CONNECT },
    { "body-file", required_argument, NULL, BODY_FILE },
    { "bodies", required_argument, NULL, BODIES },
    { "path", required_argument, NULL, PATH },
    { "connections", required_argument, NULL, CONNECTIONS },
    { "seconds", required_argument, NULL, SECONDS },
    { "requests", required_argument, NULL, REQUESTS },
    { "rate", required_argument, NULL, RATE },
    { "warmup", required_argument, NULL, WARMUP },
    { "pid", required_argument, NULL, PID },
    { "json", no_argument, NULL, JSON },
    { 0 },
};

/* First pass: everything but the bodies, whose head needs the address and path. */
static void settings_read(struct settings *settings, int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case CONNECT: address_read(settings, optarg); break;
        case BODY_FILE:
        case BODIES: break;
        case PATH: settings->path = optarg; break;
        case CONNECTIONS:
            settings->connections = (unsigned) number(optarg, 1, MOST_CONNECTIONS, "--connections");
            break;
        case SECONDS:
            settings->plan.seconds = number(optarg, .01, MOST_SECONDS, "--seconds");
            break;
        case REQUESTS:
            settings->plan.requests = (uint64_t) number(optarg, 1, 1e9, "--requests");
            break;
        case RATE: settings->plan.rate_per_second = number(optarg, .1, 1e6, "--rate"); break;
        case WARMUP: settings->warmup_seconds = number(optarg, 0, 60, "--warmup"); break;
        case PID: settings->pid = (int) number(optarg, 1, 1 << 30, "--pid"); break;
        case JSON: settings->json = true; break;
        default: wrong_usage("unknown option");
        }
    }
    if (optind != argc || !settings->address)
        wrong_usage("--connect is needed, and nothing but options");
}

static void bodies_read(struct requests *requests, const struct settings *settings, int argc,
                        char **argv)
{
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == BODY_FILE)
            requests_add_file(requests, settings, optarg);
        else if (option == BODIES)
            requests_add_lines(requests, settings, optarg);
    }
    if (requests->n == 0)
        wrong_usage("--body-file or --bodies is needed");
}

static double quantile_us(const struct wire_result *result, double fraction)
{
    return (double) histogram_quantile_ns(&result->latency, fraction) / 1e3;
}

static void result_print(const struct settings *settings, const struct wire_result *result,
                         double cpu)
{
    const char *mode = settings->plan.rate_per_second > 0 ? "open" : "closed";
    double answered = result->answered ? (double) result->answered : 1;
    double per_second = (double) result->answered / result->elapsed_seconds;
    double cpu_us = cpu * 1e6 / answered;
    double bytes = (double) result->body_bytes / answered;
    double p50 = quantile_us(result, .5), p90 = quantile_us(result, .9);
    double p99 = quantile_us(result, .99), p999 = quantile_us(result, .999);
    double max = (double) result->latency.max_ns / 1e3;

    const char *form =
        settings->json
            ? "{\"mode\": \"%s\", \"seconds\": %.3f, \"answered\": %lu, \"not_200\": %lu, "
              "\"broken\": %lu, \"unanswered\": %lu, \"requests_per_s\": %.1f, "
              "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
              "\"max_us\": %.1f, \"answer_bytes\": %.1f"
            : "%s load, %.3f s: %lu answered, %lu not 200, %lu broken, %lu unanswered\n"
              "requests/s %.0f   p50 %.0f   p90 %.0f   p99 %.0f   p99.9 %.0f   max %.0f us\n"
              "answer %.1f bytes";
    printf(form, mode, result->elapsed_seconds, result->answered, result->not_200, result->broken,
           result->unanswered, per_second, p50, p90, p99, p999, max, bytes);
    if (settings->pid)
        printf(settings->json ? ", \"cpu_us_per_request\": %.3f" : "   CPU %.2f us a request",
               cpu_us);
    puts(settings->json ? "}" : "");
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .path = "/offers",
        .connections = 16,
        .plan = { .seconds = 5, .requests = 10 * 1000 * 1000 },
    };
    __attribute__((cleanup(requests_deinit))) struct requests requests = { 0 };
    static struct wire_result result;
    struct err_note note = { "out of memory" };

    settings_read(&settings, argc, argv);
    bodies_read(&requests, &settings, argc, argv);

    AUTO(wire_free) struct wire *wire = NULL;
    if (wire_new(&wire, &settings.server, settings.connections, requests.at, requests.n, &note) !=
        OK)
        die(settings.address, note.text);

    if (settings.warmup_seconds > 0) {
        struct wire_plan warmup = settings.plan;
        warmup.seconds = settings.warmup_seconds;
        if (wire_run(wire, &warmup, &result, &note) != OK)
            die("warm-up", note.text);
    }
    double cpu_before = settings.pid ? cpu_seconds(settings.pid) : 0;
    if (wire_run(wire, &settings.plan, &result, &note) != OK)
        die("run", note.text);
    double cpu = settings.pid ? cpu_seconds(settings.pid) - cpu_before : 0;

    result_print(&settings, &result, cpu);
    return result.not_200 || result.broken || result.unanswered || !result.answered;
}
