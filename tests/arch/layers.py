#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes what its layer may not know. The tables below are the architecture.

    layers.py SOURCE_ROOT

Three questions are asked of every file in src/ and include/: does it look only down the ladder (and
through another layer's door, never at its private headers; the folders of app/ are a ladder too);
does it use an outside library that its layer may know; and, in the pure rooms, does it stay away from
files, clocks, threads and chance?
"""
import pathlib
import re
import sys

# A layer may include itself and what stands here. include/serve.h and include/learn.h are doors.
BELOW = {
    'base': '',
    'expr': 'base',
    'shop': 'expr base',
    'rules': 'shop expr base',
    'model': 'rules shop expr base',
    'eval': 'model rules shop expr base',
    'world': 'model rules shop expr base',
    'ports': 'world model rules shop expr base',
    'serve': 'ports world model rules shop expr base',
    'learn': 'ports world model rules shop expr base',
    'files': 'ports world model rules shop expr base',
    'store': 'ports world model rules shop expr base',
    'http': 'serve.h learn.h ports world model rules shop expr base',
    'app': 'eval http store files serve learn serve.h learn.h ports world model rules shop expr base',
}

# The folders of app/, and which others each may include. The commands, beside them, see all; no folder sees a command.
INSIDE_APP = {
    'setup': '',
    'cel': '',
    'world': 'setup',
    'explain': 'world setup',
    'jobs': 'world setup',
    'service': 'jobs world setup',
}

# Outside libraries: the first part of the include, and who may see it ('folder' or 'folder/file*').
LIBRARIES = {
    'microhttpd.h': 'http',
    'uv.h': 'http store/redis/',
    'gnutls': 'app',
    'hiredis': 'store/redis/',
    'openssl': 'store/redis/redis_tls',
    'libpq-fe.h': 'store/postgresql/',
    'sqlite3.h': 'store/sqlite/',
    'yaml.h': 'files',
    'csv.h': 'files',
    'zlib.h': 'files',
    'cjson': 'http files app learn/intake',
    'lapacke.h': 'model',
    'nettle': 'eval',
    'sodium.h': 'shop files http app',
    'sodium': 'shop files http app',
    'xxhash.h': 'base expr shop rules model eval world serve learn store files http app',
}

# No I/O, no clock, no threads, no globals.
PURE = {'expr', 'shop', 'rules', 'model', 'eval'}
IMPURE_HEADER = re.compile(
    r'^(unistd|fcntl|pthread|threads|semaphore|signal|poll|dirent|netdb|dlfcn|syslog|mqueue|aio|glob|'
    r'ftw|spawn|locale|stdatomic|sys/(?!types\.h|param\.h)|net/|netinet/|arpa/|linux/)')
IMPURE_CALL = re.compile(
    r'(?<![\w.>])(f?printf|vf?printf|puts|fputs|putchar|fwrite|fread|fopen|fdopen|freopen|fclose|open|'
    r'close|remove|rename|getenv|setenv|system|exit|abort|time|clock|clock_gettime|gettimeofday|'
    r'localtime|localtime_r|mktime|tzset|rand|random|srand|getrandom|randombytes_buf|sleep|usleep|'
    r'nanosleep|setlocale|perror|syslog)\s*\(')
CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """The text without comments and literals, line for line."""
    return CODE.sub(lambda m: '\n' * m[0].count('\n') if m[0][0] == '/' else '""', text)


def layer_of(path):
    return path.parts[1].removesuffix('.h')


def may_use(layer, path, allowed):
    return any(layer == who or ('/' in who and '/'.join(path.parts[1:]).startswith(who))
               for who in allowed.split())


def check_ours(root, path, layer, seen):
    """What is wrong with including our own header @seen, or None."""
    other = seen.split('/')[0]
    if '/' not in seen and not other.removesuffix('.h') in BELOW:
        return f'"{seen}": write the path from include/ or src/'
    if other not in BELOW[layer].split() and other.removesuffix('.h') != layer:
        return f'{layer}/ may not see "{seen}"'
    if other.removesuffix('.h') != layer and layer != 'app' and not (root / 'include' / seen).exists():
        return f'"{seen}" is private to {other}/: only include/ is for others'
    return None


def check_in_app(path, seen):
    """What is wrong with including our own header @seen from a folder of app/, or None."""
    mine = path.parts[2]
    if mine not in INSIDE_APP:
        return f'app/{mine}/ is not a folder in tests/arch/layers.py'
    if seen.startswith('app/') and seen.split('/')[1] not in [mine, *INSIDE_APP[mine].split()]:
        return f'app/{mine}/ may not see "{seen}"'
    return None


def check_theirs(path, layer, seen):
    """What is wrong with including the outside header @seen, or None."""
    library = seen.split('/')[0]
    if library in LIBRARIES and not may_use(layer, path, LIBRARIES[library]):
        return f'{layer}/ may not know <{seen}> (only {LIBRARIES[library]})'
    if layer in PURE and IMPURE_HEADER.match(seen):
        return f'{layer}/ is pure, may not use <{seen}>'
    return None


def check_file(root, path, text):
    layer = layer_of(path)
    if layer not in BELOW:
        yield f'{path}: "{layer}" is not a layer in tests/arch/layers.py'
        return
    for n, line in enumerate(text.splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if include:
            ours = include[1] == '"'
            wrong = check_ours(root, path, layer, include[2]) if ours else check_theirs(path, layer, include[2])
            if ours and layer == 'app' and len(path.parts) > 3:
                wrong = wrong or check_in_app(path, include[2])
            if wrong:
                yield f'{path}:{n}: {wrong}'
    if layer in PURE and path.name != 'example.c':  # a program that shows the layer: in no library
        for n, line in enumerate(code_only(text).splitlines(), 1):
            call = IMPURE_CALL.search(line)
            if call:
                yield f'{path}:{n}: {layer}/ is pure, may not call {call[1]}()'


def broken(root):
    """(what is wrong, how many files were read)"""
    files = sorted(f for top in ('src', 'include') for f in (root / top).rglob('*.[ch]'))
    bad = [wrong for f in files for wrong in check_file(root, f.relative_to(root), f.read_text())]
    return bad, len(files)


if __name__ == '__main__':
    wrong, count = broken(pathlib.Path(sys.argv[1]).resolve())
    print('\n'.join(wrong) or f'layers hold ({count} files)')
    sys.exit(1 if wrong or not count else 0)
