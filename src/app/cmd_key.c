/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd key: makes an API key. The key is shown once and kept nowhere; what goes into the keys
 * file is its hash. Both are on standard output, a line each, the explanation on standard error.
 */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/setup/flag_fault.h"
#include "http/api_keys.h"

enum { SECRET_BYTES = 32, KEY_BYTES = 64, LINE_BYTES = 512 };

struct wish {
    const char *name, *scopes, *rate;
};

static int help(void)
{
    (void) fputs("usage: offerd key NAME --scope SCOPE[,SCOPE…] [--rate N]\n\n"
                 "Makes a random API key. The first line is the key: give it to the client, it is "
                 "shown this\n"
                 "once. The second is the line for the api_keys_file of `offerd serve`, which "
                 "holds only the\n"
                 "key's hash; a running service takes it up within a second or two.\n\n"
                 "  offerd key shop --scope storefront --rate 500\n\n"
                 "  --scope LIST  storefront (POST /offers, accept, decline), events (POST "
                 "/events), metrics\n"
                 "                (GET /metrics), admin (everything)\n"
                 "  --rate N      at most N requests a second with this key, in each replica\n",
                 stdout);
    return 0;
}

static int wrong(const char *what, const char *value)
{
    (void) fprintf(stderr, "offerd key: %s%s%s; see --help\n", what, *value ? ": " : "", value);
    return 2;
}

/*
 * "offerd_" and 43 characters of base64url: found by who looks
 * for secrets in places they should not be.
 */
static void make_key(char ret_key[KEY_BYTES])
{
    uint8_t secret[SECRET_BYTES];
    const size_t n = strlen("offerd_");
    randombytes_buf(secret, sizeof secret);
    memcpy(ret_key, "offerd_", n + 1);
    (void) sodium_bin2base64(ret_key + n, KEY_BYTES - n, secret, sizeof secret,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

static int make(const struct wish *wish)
{
    char key[KEY_BYTES], line[LINE_BYTES], hex[2 * API_KEY_HASH_BYTES + 1];
    uint8_t hash[API_KEY_HASH_BYTES];
    struct err_note note = { "" };
    struct api_keys *keys;
    make_key(key);
    api_key_hash(str_of(key), hash);
    (void) sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    int len = snprintf(line, sizeof line, "%s %s %s%s%s", wish->name, wish->scopes, hex,
                       wish->rate ? " rate=" : "", wish->rate ? wish->rate : "");
    if (len < 0 || (size_t) len >= sizeof line)
        return wrong("the name or the list of scopes is too long", "");
    /* Read as the service will. */
    if (api_keys_read(str_of(line), NULL, &keys, &note) != OK)
        return wrong(note.text + strcspn(note.text, ":") + 2, "");
    (void) api_keys_free(keys);
    (void) printf("%s\n%s\n", key, line);
    (void) fputs("The first line is the key, shown this once; the second goes into the "
                 "api_keys_file.\n",
                 stderr);
    sodium_memzero(key, sizeof key);
    return 0;
}

int cmd_key(int argc, char **argv)
{
    static const struct option options[] = { { "scope", required_argument, NULL, 's' },
                                             { "rate", required_argument, NULL, 'r' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    struct wish wish = { NULL };
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (c == 'h')
            return help();
        if (c == '?' || c == ':') {
            flag_fault_tell("key", c, argv, options);
            return 2;
        }
        *(c == 's' ? &wish.scopes : &wish.rate) = optarg;
    }
    if (optind + 1 != argc)
        return wrong(optind == argc ? "a name for the key is missing"
                                    : "one key is made at a time; there is a second name",
                     optind == argc ? "" : argv[optind + 1]);
    wish.name = argv[optind];
    if (!wish.scopes)
        return wrong("--scope is missing", "");
    int64_t rate;
    if (wish.rate && (!str_to_int64(str_of(wish.rate), &rate) || rate < 1 || rate > RATE_LIMIT_MAX))
        return wrong("--rate is not a whole number from 1 to 1000000", wish.rate);
    if (strpbrk(wish.name, " \t\r\n#") || strpbrk(wish.scopes, " \t\r\n#"))
        return wrong("no blanks are allowed in a name or a scope", "");
    if (sodium_init() < 0)
        return wrong("no source of random numbers", "");
    return make(&wish);
}
