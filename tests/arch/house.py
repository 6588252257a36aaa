#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules a compiler cannot see. Each line printed is one broken rule.

    house.py SOURCE_ROOT

C code:   a basename occurs once; SPDX first; a header opens with its contract; no exported variable,
          no goto, no function over 80 lines; a file over 400 lines (tests aside) says why in its
          first comment.
Tests:    every test program, integration test and fuzz target is in its table, so it is run.
Text:     nothing names the machine it was written on, and links between files lead somewhere.
"""
import collections
import os
import pathlib
import re
import sys

FUNCTION_LINES = 80
FILE_LINES = 400
SPDX = 'SPDX-License-Identifier: Apache-2.0'
NOT_OURS = re.compile(r'^(\.git|\.offerd|build.*|__pycache__)$')
LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.M)
# Written in halves, so that this file does not name what it forbids.
FOREIGN = re.compile('|'.join([
    r'(?<![\w.])/' + r'work/', r'/tmp/' + r'b-', r'(?<![\w}])/home/' + r'\w', r'(?<![\w}])/root/' + r'\w', r'deb\.' + r'debian',
    r'snapshot\.' + r'debian', r'py' + r'pi\.', r'registry\.' + r'npm', r'crates' + r'\.io',
    r'proxy\.' + r'golang', r'docker' + r'\.io', r'artifact' + r'registry', r'\bissue' + r' #?\d']))


def blank(match):
    """Nothing but the line breaks of what was matched."""
    return '\n' * match[0].count('\n')


def code_only(text):
    """The text without comments, literals and preprocessor lines, line for line."""
    text = LITERAL.sub(lambda m: blank(m) if m[0][0] == '/' else '""', text)
    return DIRECTIVE.sub(blank, text)


def top_level(code):
    """Walks the file scope: (first line, last line, head, has_body) of each declaration, where head
    is its text without what stands in braces."""
    depth, head, first, line, body = 0, '', None, 1, False
    for c in code:
        if depth == 0 and not c.isspace() and first is None:
            first = line
        if c == '{':
            depth += 1
            body = True
        elif c == '}':
            depth -= 1
        elif depth == 0:
            head += c
        if depth == 0 and c in ';}':
            is_function = body and head.rstrip('; \n').endswith(')') and '=' not in head.split('(')[0]
            if c == ';' or is_function:
                yield first, line, ' '.join(head.split()), is_function
                head, first, body = '', None, False
        if c == '\n':
            line += 1


def is_variable(head):
    """A definition at file scope that the linker would see."""
    head = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', head).rstrip('; ')
    if re.match(r'(static|typedef|extern|_Static_assert|static_assert)\b|DEFINE_|$', head):
        return False
    name = head.split('=')[0]
    if '(' in name:  # a prototype or a macro; a function pointer would be "(*name)(…)"
        return bool(re.search(r'\(\s*\*\s*\w+\s*(\[\w*\])?\)', name))
    return not re.fullmatch(r'(struct|union|enum)\s+\w+', name.strip()) and ' ' in name.strip()


def first_comment(text):
    """The contract: the first comment after the SPDX line that comes before any code."""
    for match in re.finditer(r'/\*.*?\*/|^[^#\s/][^\n]*', text, re.S | re.M):
        if SPDX in match[0] or re.fullmatch(r'(struct|union|enum) \w+;', match[0].strip()):
            continue
        return match[0] if match[0].startswith('/*') else ''
    return ''


def check_c(path, text):
    lines = text.count('\n')
    if SPDX not in text.split('\n', 1)[0]:
        yield f'{path}:1: the first line is not the SPDX line'
    contract = first_comment(text)
    if path.suffix == '.h' and len(contract.split()) < 8:
        yield f'{path}:1: the header does not open with its contract'
    if lines > FILE_LINES and path.parts[0] != 'tests' and not re.search(r'\blines\b|\bone file\b', contract):
        yield f'{path}: {lines} lines; over {FILE_LINES} the first comment says why it is one file'
    code = code_only(text)
    for n, line in enumerate(code.splitlines(), 1):
        if re.search(r'\bgoto\b', line):
            yield f'{path}:{n}: goto; use AUTO()'
        if path.suffix == '.h' and re.match(r'\s*extern (?!"")', line):
            yield f'{path}:{n}: a header exports a variable'
    for first, last, head, is_function in top_level(code):
        if is_function and last - first + 1 > FUNCTION_LINES:
            name = re.search(r'(\w+)\s*\(', head)
            yield f'{path}:{first}: {name[1] if name else "?"}() has {last - first + 1} lines, over {FUNCTION_LINES}'
        if not is_function and path.suffix == '.c' and path.parts[0] == 'src' and is_variable(head):
            yield f'{path}:{first}: an exported variable: {head[:60]}'


def check_basenames(paths):
    places = collections.defaultdict(list)
    for path in paths:
        places[path.name].append(str(path))
    for name, at in sorted(places.items()):
        if len(at) > 1:
            yield f'{name}: one basename, {len(at)} places: {", ".join(at)}'


def check_tables(root, paths):
    """Every test is listed where meson looks for it."""
    tables = [('tests/unit/*/test_*.c', lambda p: (p.parent / 'meson.build', f'{p.parent.name}/{p.stem[5:]}')),
              ('tests/contract/*_contract.c', lambda p: (p.parent / 'meson.build', p.stem[:-9])),
              ('tests/fuzz/fuzz_*.c', lambda p: (p.parent / 'meson.build', p.stem[5:])),
              ('tests/integration/*.py', lambda p: (p.parent / 'meson.build', p.stem))]
    for pattern, listed_as in tables:
        for path in (p for p in paths if p.match(pattern) and p.name != 'harness.py'):
            table, name = listed_as(path)
            listed = (root / table).read_text() if (root / table).exists() else ''
            if not re.search(rf"^[^#\n]*'{re.escape(name)}'", listed, re.M):
                yield f"{path}: '{name}' is not in {table}, so never run"


def check_text(path, text):
    for n, line in enumerate(text.splitlines(), 1):
        foreign = FOREIGN.search(line)
        if foreign:
            yield f'{path}:{n}: names where it was written: "{foreign[0]}"'


def check_links(root, path, text):
    text = re.sub(r'^```.*?^```', blank, text, flags=re.S | re.M)
    for n, line in enumerate(text.splitlines(), 1):
        for link in re.findall(r'\]\(([^)\s]+)\)', re.sub(r'`[^`]*`', '', line)):
            if re.match(r'\w+:|#', link):
                continue
            target = (root / path.parent / link.split('#')[0]).resolve()
            if not target.exists():
                yield f'{path}:{n}: the link "{link}" leads nowhere'


def read_tree(root):
    """Every text file of the project with its text."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not NOT_OURS.match(f))
        for name in sorted(names):
            file = pathlib.Path(folder, name)
            try:
                if file.is_file() and file.stat().st_size < 4 << 20:
                    yield file.relative_to(root), file.read_bytes().decode()
            except UnicodeDecodeError:
                pass


def broken(root):
    """(what is wrong, how many files were read)"""
    tree = dict(read_tree(root))
    bad = []
    for path, text in tree.items():
        if path.suffix in ('.c', '.h') and path.parts[0] in ('src', 'include', 'tests', 'bench'):
            bad += check_c(path, text)
        elif path.suffix in ('.py', '.sh') or text.startswith('#!'):
            if SPDX not in '\n'.join(text.split('\n', 3)[:3]):
                bad.append(f'{path}:1: no SPDX line at the top')
        if path.suffix == '.md':
            bad += check_links(root, path, text)
        if 'corpus' not in path.parts:
            bad += check_text(path, text)
    ours = [p for p in tree if p.suffix in ('.c', '.h') and p.parts[0] in ('src', 'include', 'bench')]
    bad += check_basenames(ours)
    bad += check_tables(root, tree)
    return bad, len(tree)


if __name__ == '__main__':
    wrong, count = broken(pathlib.Path(sys.argv[1]).resolve())
    print('\n'.join(wrong) or f'house in order ({count} files)')
    sys.exit(1 if wrong or not count else 0)
