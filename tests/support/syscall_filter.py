#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A command under the system calls that a systemd unit leaves it; without systemd as process 1, without root.

    syscall_filter.py UNIT [--deny NAME …] -- COMMAND …

What the unit's lines SystemCallFilter= come to is asked of `systemd-analyze syscall-filter`, and put in force by
libseccomp, which systemd itself uses. A call outside kills the process that makes it (SIGSYS), and so is not to be
overlooked; one named by --deny fails with EPERM instead, as SystemCallErrorNumber=EPERM has it. So does what SQLite asks
as root alone, which a unit's service is not. Status 77 where systemd-analyze or libseccomp is not there.
"""
import argparse
import ctypes
import errno
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7fff0000, 0x00050000
OF_ROOT = {'fchown'} if os.geteuid() == 0 else set()


class Missing(Exception):
    """What this needs is not installed."""


@functools.cache
def members(group):
    """The system calls of '@resources', with those of the groups in it."""
    program = shutil.which('systemd-analyze')
    if not program:
        raise Missing('systemd-analyze is not installed')
    told = subprocess.run([program, '--no-pager', 'syscall-filter', group], capture_output=True, text=True, timeout=60)
    if told.returncode:
        raise Missing('systemd-analyze does not work here: ' + told.stderr.strip())
    names = [line.strip() for line in told.stdout.splitlines()[1:] if line.startswith('    ') and '#' not in line]
    return frozenset().union(*(called(name) for name in names))


def called(name):
    return members(name) if name.startswith('@') else frozenset([name])


def allowed(unit):
    """The system calls that @unit leaves its service: the first line allows, '~' takes away, what follows gives back."""
    found = set(members('@default'))
    for line in re.findall(r'^SystemCallFilter=(.*)$', unit, re.M):
        names = frozenset().union(*map(called, line.removeprefix('~').split()))
        found = found - names if line.startswith('~') else found | names
    return found


def enforce(names, denied):
    """From here on, for this process and all that it starts."""
    try:
        library = ctypes.CDLL('libseccomp.so.2')
    except OSError as why:
        raise Missing(str(why)) from None
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))
    for name in names | denied:
        number = library.seccomp_syscall_resolve_name(name.encode())
        action = ERRNO | errno.EPERM if name in denied else ALLOW
        if number >= 0 and library.seccomp_rule_add(filter_, ctypes.c_uint32(action), number, ctypes.c_uint(0)):
            raise OSError(f'libseccomp does not take {name}')
    if library.seccomp_load(filter_):
        raise Missing('the kernel takes no filter of system calls')


def main():
    words = argparse.ArgumentParser()
    words.add_argument('unit', type=pathlib.Path)
    words.add_argument('--deny', action='append', default=[])
    words.add_argument('command', nargs='+')
    given = words.parse_args()
    try:
        enforce(allowed(given.unit.read_text()), set(given.deny) | OF_ROOT)
    except Missing as why:
        print(f'skipped: {why}', file=sys.stderr)
        sys.exit(77)
    os.execvp(given.command[0], given.command)


if __name__ == '__main__':
    main()
