/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange_head.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Where to look, by length and first letter: no two of them have the same place. */
#define PLACE(len, first) (((len) ^ (size_t) ((first) | 32)) % 32)
static const struct header {
    const char *name;
    size_t offset;
} headers[32] = {
#define HEADER(first, field, name) \
    [PLACE(sizeof(name) - 1, first)] = { name, offsetof(struct exchange_head, field) }
    HEADER('c', content_type, "content-type"),
    HEADER('c', content_length, "content-length"),
    HEADER('c', content_encoding, "content-encoding"),
    HEADER('t', transfer_encoding, "transfer-encoding"),
    HEADER('a', accept_language, "accept-language"),
    HEADER('t', traceparent, "traceparent"),
    HEADER('i', if_none_match, "if-none-match"),
    HEADER('e', expect, "expect"),
    HEADER('a', authorization, "authorization"),
    HEADER('x', x_api_key, "x-api-key"),
#undef HEADER
};

static enum MHD_Result on_header(void *of, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct exchange_head *head = of;
    (void) kind;
    const struct header *header = &headers[PLACE(name_len, name_len ? *name : 0)];
    if (!header->name || strcasecmp(name, header->name) != 0)
        return MHD_YES;
    struct str *slot = (struct str *) ((char *) head + header->offset);
    if (slot->at && slot == &head->content_length)
        head->twice = "more than one Content-Length";
    if (slot->at && slot == &head->transfer_encoding)
        head->twice = "more than one Transfer-Encoding";
    *slot = (struct str){ value ? value : "", value_len };
    return MHD_YES;
}

void exchange_head_read(struct exchange_head *head, struct MHD_Connection *connection)
{
    (void) MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, head);
}

/* libmicrohttpd (0.9.75) reads a body under any other encoding until the client closes. */
const char *exchange_head_doubt(const struct exchange_head *head)
{
    if (head->twice || !head->transfer_encoding.at)
        return head->twice;
    if (head->content_length.at)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (strcasecmp(head->transfer_encoding.at, "chunked") != 0)
        return "no Transfer-Encoding but chunked is understood";
    return NULL;
}

bool exchange_head_is_json(const struct exchange_head *head)
{
    static const char *const known[] = { "application/json", "application/cloudevents+json",
                                         "application/cloudevents-batch+json",
                                         "application/x-www-form-urlencoded" };
    const struct str type = head->content_type;
    if (str_is(type, known[0]))
        return true;
    const char *end = memchr(type.at, ';', type.len);
    size_t len = end ? (size_t) (end - type.at) : type.len;
    while (len && (type.at[len - 1] == ' ' || type.at[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (len == strlen(known[i]) && strncasecmp(type.at, known[i], len) == 0)
            return true;
    return false;
}
