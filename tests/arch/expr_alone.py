#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CEL can be taken out of this repository. What src/expr/README.md says is tried in a directory that holds nothing else.

    expr_alone.py SOURCE_ROOT

Copies what the README lists under "Alone", runs its command (without optimising, to be quick) and its example, and compares
the program and the output with what the README shows. Each line printed is one thing that is not so.
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

COMPILER_S = 600  # a loaded machine


def block(text, language, what):
    found = re.search(rf'^```{language}\n(.*?)^```', text, re.S | re.M)
    if not found:
        raise ValueError(f'src/expr/README.md: there is no {what}')
    return found[1]


def copy(root, to, command):
    """The sources that the command names, and the headers that may go with them."""
    for word in shlex.split(command):
        for path in root.glob(word) if word.startswith('src/') else []:
            target = to / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for folder in ('include/base', 'include/expr', 'src/expr', 'src/base'):
        for path in [*(root / folder).rglob('*.h'), *(root / folder).rglob('*.inc')]:
            target = to / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def broken(root):
    text = (root / 'src/expr/README.md').read_text()
    command, output, program = (block(text, *of) for of in (
        ('sh', 'command'), ('text', 'output'), ('c', 'example')))
    source = (root / 'src/expr/example.c').read_text()
    if program not in source:
        yield 'src/expr/README.md: its program is not what src/expr/example.c holds'
    with tempfile.TemporaryDirectory() as at:
        copy(root, pathlib.Path(at), command)
        build, run = command.strip().splitlines()
        built = subprocess.run(['sh', '-c', build.replace('-O2', '-O0')], cwd=at, capture_output=True,
                               text=True, timeout=COMPILER_S)
        if built.returncode != 0:
            yield f'it does not build alone:\n{built.stderr[-3000:]}'
            return
        ran = subprocess.run(['sh', '-c', run], cwd=at, capture_output=True, text=True, timeout=30)
        seen = '\n'.join(line.rstrip() for line in ran.stdout.splitlines()) + '\n'
        if ran.returncode != 0 or seen != output:
            yield f'the example ended with {ran.returncode} and printed\n{ran.stdout}{ran.stderr}'


if __name__ == '__main__':
    wrong = list(broken(pathlib.Path(sys.argv[1]).resolve()))
    print('\n'.join(wrong) or 'expr stands alone')
    sys.exit(1 if wrong else 0)
