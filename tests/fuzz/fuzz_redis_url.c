/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A redis_url from anywhere. What is taken has a place to connect to and nothing empty in it; what is
 * refused says why; and neither what is shown nor the reason has the password in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis_url.h"

#define SECRET "Kp7-secret-9Zq"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool is_empty(const char *text)
{
    return text && !text[0];
}

static void check_taken(const struct redis_url *url)
{
    must(!url->host != !url->path);
    must(!url->host || (url->port >= 0 && url->port <= 65535));
    must(!is_empty(url->host) && !is_empty(url->path) && !is_empty(url->password));
    must(!is_empty(url->cacert) && !is_empty(url->cert) && !is_empty(url->key) &&
         !is_empty(url->sni));
    must(url->db >= 0 && url->shown && !url->trust);
    must(!url->user || url->password);
    must(!url->cert == !url->key);
    must(url->is_tls || (!url->cacert && !url->cert && !url->sni));
    must(!url->is_tls || url->host);
}

/* @head, the password and @tail as one. */
static void try_with_secret(const char *head, const char *tail)
{
    struct err_note note = { "" };
    struct redis_url *url = NULL;
    char *text = malloc(strlen(head) + sizeof SECRET + strlen(tail));
    must(text);
    strcpy(stpcpy(stpcpy(text, head), SECRET), tail);
    if (redis_url_parse(text, &url, &note) == OK) {
        must(!strstr(url->shown, SECRET));
        redis_url_free(url);
    }
    must(!strstr(note.text, SECRET));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = { "" };
    struct redis_url *url = NULL;
    char *text = malloc(size + 1);
    must(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    enum err err = redis_url_parse(text, &url, &note);
    if (err == OK)
        check_taken(url);
    else
        must(err == ERR_INPUT && !url && strncmp(note.text, "redis_url: ", 11) == 0);
    redis_url_free(url);
    if (!strstr(text, SECRET)) {
        try_with_secret("redis://u:", text);
        try_with_secret("rediss://u:", text);
        try_with_secret("unix://u:", text);
    }
    free(text);
    return 0;
}
