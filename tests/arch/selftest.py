#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the alarm ring? Breaks one thing at a time in a copy of the tree and expects layers.py or
house.py to name it, with the file. A rule that cannot fail guards nothing.

    selftest.py SOURCE_ROOT
"""
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
import house  # noqa: E402
import layers  # noqa: E402

TOP = '/* SPDX-License-Identifier: Apache-2.0 */\n'
ESSAY = TOP + '/* A module made for this test; it promises nothing at all to anybody. */\n'
LONG = 'int zz_long(void)\n{\n' + '    zz_call();\n' * 78 + '}\n'

# script, file to write (or append to, with +), its text, what must be said. {} is a harmless name.
BROKEN = [
    ('layers', 'src/shop/zz.c', ESSAY + '#include "rules/rule.h"\n', 'shop/ may not see "rules/rule.h"'),
    ('layers', 'src/expr/zz.c', ESSAY + '#include "shop/cart.h"\n', 'expr/ may not see "shop/cart.h"'),
    ('layers', 'src/serve/zz.c', ESSAY + '#include "learn/journal.h"\n', 'serve/ may not see "learn/journal.h"'),
    ('layers', 'src/serve/zz.c', ESSAY + '#include "store/sqlite/sqlite_event_log.h"\n', 'serve/ may not see "store/'),
    ('layers', 'src/http/zz.c', ESSAY + '#include "store/sqlite/sqlite_event_log.h"\n', 'http/ may not see "store/'),
    ('layers', 'src/http/zz.c', ESSAY + '#include "serve/request.h"\n', 'http/ may not see "serve/request.h"'),
    ('layers', 'src/model/zz.c', ESSAY + '#include "rules/zz_private.h"\n', 'private to rules/'),
    ('layers', 'include/base/zz.h', ESSAY + '#include "shop/cart.h"\n', 'base/ may not see "shop/cart.h"'),
    ('layers', 'src/files/zz.c', ESSAY + '#include <sqlite3.h>\n', 'files/ may not know <sqlite3.h>'),
    ('layers', 'src/serve/zz.c', ESSAY + '#include <cjson/cJSON.h>\n', 'serve/ may not know <cjson/cJSON.h>'),
    ('layers', 'src/learn/journal_zz.c', ESSAY + '#include <cjson/cJSON.h>\n', 'learn/ may not know <cjson/'),
    ('layers', 'src/store/zz.c', ESSAY + '#include <microhttpd.h>\n', 'store/ may not know <microhttpd.h>'),
    ('layers', 'src/rules/zz.c', ESSAY + '#include <pthread.h>\n', 'rules/ is pure, may not use <pthread.h>'),
    ('layers', 'src/shop/zz.c', ESSAY + '#include <sys/stat.h>\n', 'shop/ is pure, may not use <sys/stat.h>'),
    ('layers', 'src/rules/zz.c', ESSAY + 'long zz(void);\nlong zz(void)\n{\n    return time(0);\n}\n',
     'src/rules/zz.c:6: rules/ is pure, may not call time()'),
    ('layers', 'src/app/setup/zz.c', ESSAY + '#include "app/world/reload.h"\n', 'app/setup/ may not see "app/world/'),
    ('layers', 'src/app/jobs/zz.c', ESSAY + '#include "app/commands.h"\n', 'app/jobs/ may not see "app/commands.h"'),
    ('layers', 'src/app/zz/zz.c', ESSAY + '#include "base/err.h"\n', 'app/zz/ is not a folder in'),
    ('layers', 'src/extra/zz.c', ESSAY, '"extra" is not a layer'),
    ('house', 'src/shop/zz.c', 'int zz;\n', 'src/shop/zz.c:1: the first line is not the SPDX line'),
    ('house', 'include/shop/zz.h', TOP + '#pragma once\nint zz(void);\n', 'does not open with its contract'),
    ('house', 'include/shop/zz.h', ESSAY + 'extern int zz;\n', 'include/shop/zz.h:3: a header exports a variable'),
    ('house', 'src/shop/zz.c', ESSAY + 'int zz_count = 3;\n', 'src/shop/zz.c:3: an exported variable: int zz_count'),
    ('house', 'src/shop/zz.c', ESSAY + 'const struct zz zz_table[] = { { 1 }, { 2 } };\n', 'an exported variable'),
    ('house', 'src/shop/zz.c', ESSAY + 'void (*zz_hook)(int);\n', 'an exported variable'),
    ('house', 'src/shop/zz.c', ESSAY + 'void zz(void)\n{\n    goto out;\nout:\n    return;\n}\n', 'zz.c:5: goto'),
    ('house', 'src/shop/zz.c', ESSAY + LONG, 'src/shop/zz.c:3: zz_long() has 81 lines, over 80'),
    ('house', 'src/shop/zz.c', ESSAY + 'static int zz;\n' * 400, 'src/shop/zz.c: 402 lines; over 400'),
    ('house', 'src/shop/err.c', ESSAY, 'err.c: one basename, 2 places'),
    ('house', 'tests/unit/shop/test_zz.c', ESSAY, "'shop/zz' is not in tests/unit/shop/meson.build"),
    ('house', 'tests/integration/zz.py', '# SPDX-License-Identifier: Apache-2.0\n', "'zz' is not in tests/integration/"),
    ('house', 'docs/zz.md', 'See [there](no/such/file.md).\n', 'docs/zz.md:1: the link "no/such/file.md" leads nowhere'),
    ('house', 'docs/zz.md', 'Kept in /wo' + 'rk/main.\n', 'docs/zz.md:1: names where it was written'),
    ('house', 'zz.sh', '#!/bin/sh\necho hello\n', 'zz.sh:1: no SPDX line'),
]
# What must not ring: comments, strings, long macros, static tables, prototypes.
HARMLESS = ESSAY + '''#define ZZ(a)          \\
    do {               \\
        zz_goto(a); \\
    } while (0)
/* goto is a word, and { too */
static const char *const zz_names[] = { "goto", "{", "time(0)" };
struct zz { int (*call)(struct zz *zz); };
int zz_use(struct zz *zz, int c);
int zz_use(struct zz *zz, int c)
{
    return c == '{' ? zz->call(zz) : zz_names[0][0];
}
'''
QUIET = [('layers', 'src/shop/zz.c', HARMLESS, None), ('house', 'src/shop/zz.c', HARMLESS, None),
         ('house', 'src/serve/zz.c', ESSAY, None)]


def remembered(function):
    """The same file with the same text is read once: nearly all of the tree stays as it is."""
    known = {}

    def once(*arguments):
        if arguments not in known:
            known[arguments] = list(function(*arguments))
        return known[arguments]
    return once


def copy_of(source, root):
    root.mkdir()
    for part in ('src', 'include', 'tests', 'docs'):
        if (source / part).exists():
            shutil.copytree(source / part, root / part, ignore=shutil.ignore_patterns('corpus', '__pycache__'))


def try_it(root, script, name, text, expected, before):
    """What is wrong with the alarm, or None. Leaves the tree as it was."""
    file = root / name
    new_folder = not file.parent.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    new = set(SCRIPTS[script](root)[0]) - before
    file.unlink()
    if new_folder:
        file.parent.rmdir()
    if expected is None:
        return f'{script}.py rings without cause: {new}' if new else None
    rang = any(expected in line for line in new)
    return None if rang else f'{script}.py did not say "{expected}" but {new or "nothing"}'


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix='offerd-arch-') as scratch:
        root = pathlib.Path(scratch, 'tree')
        copy_of(source, root)
        before = {script: set(look(root)[0]) for script, look in SCRIPTS.items()}
        wrong = [try_it(root, script, name, text, expected, before[script])
                 for script, name, text, expected in BROKEN + QUIET]
    wrong = [w for w in wrong if w]
    print('\n'.join(wrong) or f'{len(BROKEN)} breaks tried, each was seen')
    sys.exit(bool(wrong))


for module, name in ((layers, 'check_file'), (house, 'check_c'), (house, 'check_text'), (house, 'check_links')):
    setattr(module, name, remembered(getattr(module, name)))
SCRIPTS = {'layers': layers.broken, 'house': house.broken}

if __name__ == '__main__':
    main()
