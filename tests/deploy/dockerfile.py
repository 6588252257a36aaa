#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the Dockerfile build, and does what it builds run? Without Docker: each stage is a plain Debian 12
root, in which the Dockerfile's own lines are carried out; then the image's command is run as the
image says: as its user, as process 1, in a network of its own, on a read-only root.

    sudo tests/deploy/dockerfile.py        root, debootstrap, the network; minutes, so not in ./dev test
    --context DIR   builds this tree (default: the repository this file is in)
    --keep          leaves the roots behind and says where
    MIRROR=…        a Debian mirror; by default the one this machine's own apt uses
    ROOT_TAR=…      keeps the minimal root in this file, or takes it from there (skips debootstrap)

debian:12-slim is debootstrap's minbase without manuals, so what works here has what it needs there.
Not shown by this: Docker's own reading of the file, layers and cache, the size as Docker counts it.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
KNOWN = {'FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK',
         'ENTRYPOINT', 'CMD'}


def instructions(text):
    """(instruction, the rest) of each line, continued lines joined, comments gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith('#')]
    for line in re.sub(r'\\\n\s*', ' ', '\n'.join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(' ')
            if word not in KNOWN:
                sys.exit(f'the Dockerfile says {word}, which this test does not know: teach it')
            yield word, rest.strip()


def stages(text):
    """One dict a stage: its name and its instructions."""
    found = []
    for word, rest in instructions(text):
        if word == 'FROM':
            image, *named = rest.split()
            found.append({'image': image, 'name': named[1] if named else str(len(found)), 'steps': []})
        else:
            found[-1]['steps'].append((word, rest))
    return found


def sent(context):
    """The names at the top of @context that .dockerignore lets through: `*`, then one `!name` a line."""
    lines = [line.strip() for line in (context / '.dockerignore').read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith('#')]
    if lines[0] != '*' or not all(re.fullmatch(r'![\w.]+', line) for line in lines[1:]):
        sys.exit('.dockerignore is no longer a plain list of what is let through: teach this test')
    return [line[1:] for line in lines[1:]]


def run(command, **options):
    began = time.monotonic()
    print('$', command if isinstance(command, str) else shlex.join(map(str, command)), flush=True)
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode:
        sys.exit(f'{done.stdout[-4000:]}\nfailed with {done.returncode}')
    print(f'  ({time.monotonic() - began:.0f} s)', flush=True)
    return done.stdout


class Image:
    """The root of one stage, and what the Dockerfile says of it."""

    def __init__(self, base, place):
        self.root, self.env, self.workdir, self.user = place, {}, '/', '0:0'
        self.said = {}
        place.mkdir()
        run(['tar', '-C', place, '-xf', base])
        for lists in (place / 'var/lib/apt/lists').glob('*_*'):
            lists.unlink()                                                # as in a container image
        shutil.copy('/etc/resolv.conf', place / 'etc/resolv.conf')
        ours = subprocess.run("grep -hs '^Acquire::' /etc/apt/apt.conf /etc/apt/apt.conf.d/*", shell=True,
                              stdout=subprocess.PIPE, text=True).stdout
        (place / 'etc/apt/apt.conf.d/90-of-the-host').write_text(ours)    # the way to the mirror

    def inside(self, path):
        return self.root / str(pathlib.PurePosixPath(self.workdir, path)).lstrip('/')

    def do(self, word, rest, context, others):
        if word == 'WORKDIR':
            self.workdir = str(pathlib.PurePosixPath(self.workdir, rest))
            self.inside('.').mkdir(parents=True, exist_ok=True)
        elif word == 'ENV':
            self.env.update(pair.split('=', 1) for pair in shlex.split(rest))
        elif word == 'USER':
            self.user = rest
        elif word == 'COPY':
            self.copy(shlex.split(rest), context, others)
        elif word == 'RUN':
            self.run(rest)
        else:
            self.said[word] = rest

    def copy(self, words, context, others):
        source, *others_from = context, *(w for w in words if w.startswith('--from='))
        *names, target = (w for w in words if not w.startswith('--'))
        if others_from:
            source = others[others_from[0].split('=')[1]].root
        elif names == ['.']:
            names = sent(context)
        elif not set(names) <= set(sent(context)):
            sys.exit(f'COPY {names}: .dockerignore does not let it through')
        place = self.inside(target)
        if target.endswith(('/', '.')):
            place.mkdir(parents=True, exist_ok=True)
        for name in names:
            run(['cp', '-a', source / name.lstrip('/'), place])

    def run(self, command):
        way = {name: os.environ[name] for name in ('http_proxy', 'https_proxy', 'no_proxy') if name in os.environ}
        run(['unshare', '--mount', '--pid', '--fork', 'sh', '-c',
             'mount -t proc proc "$1/proc" && exec chroot --userspec="$2" "$1" sh -c "cd $3 && $4"', 'sh',
             self.root, self.user, self.workdir, command.replace('"', '\\"')],
            env={'PATH': PATH, 'HOME': '/root', 'LC_ALL': 'C', **self.env, **way})


class Container:
    """The image's entry point with @words: process 1, its user, read-only root, its volume and rules."""

    SETUP = '''set -e
        mount --bind "$ROOT" "$ROOT"
        mount --bind "$DATA" "$ROOT$VOLUME"
        mount --bind "$CONFIG" "$ROOT/etc/offerd"
        mount -t proc proc "$ROOT/proc"
        mount -o remount,bind,ro "$ROOT/etc/offerd"
        mount -o remount,bind,ro "$ROOT"
        ip link set lo up
        exec chroot --userspec="$USER_IDS" "$ROOT" env -i "$@"'''

    def __init__(self, image, data, config, words):
        self.image = image
        self.env = [f'PATH={PATH}', *(f'{k}={v}' for k, v in image.env.items())]
        command = json.loads(image.said['ENTRYPOINT']) + words
        print('$', shlex.join(command), f'  (user {image.user}, read-only root)', flush=True)
        self.process = subprocess.Popen(
            ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', 'sh', '-c', self.SETUP, 'sh',
             *self.env, *command],
            env={'PATH': PATH, 'ROOT': str(image.root), 'DATA': str(data), 'CONFIG': str(config),
                 'VOLUME': image.said['VOLUME'], 'USER_IDS': image.user},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def first(self):
        """The id of its process 1, as seen from outside."""
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children')
        while not (ids := children.read_text().split()):
            time.sleep(0.01)
        return ids[0]

    def exec(self, *words, user=None):
        """docker exec"""
        return subprocess.run(
            ['nsenter', '-t', self.first(), '--mount', '--net', '--pid', '--root', '--wd', 'chroot',
             f'--userspec={user or self.image.user}', '/', 'env', '-i', *self.env, *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)

    def ask(self, path, body):
        """A request from within its network; with this machine's curl, the image has none."""
        return json.loads(subprocess.run(
            ['nsenter', '-t', self.first(), '--net', 'curl', '-sS', '-m', '10', '-d', '@-',
             f'http://127.0.0.1:{self.image.said["EXPOSE"]}{path}'],
            input=body, capture_output=True, text=True, check=True).stdout)

    def stop(self):
        number = getattr(signal, self.image.said['STOPSIGNAL'])
        os.kill(int(self.first()), number)
        told, _ = self.process.communicate(timeout=30)
        return self.process.returncode, told


def finish(container):
    """A command that ends by itself."""
    told, _ = container.process.communicate(timeout=120)
    if container.process.returncode:
        sys.exit(f'{told}\nended with {container.process.returncode}')
    return told


def debian(tar, work):
    """A tar of debootstrap's smallest root."""
    if tar and tar.exists():
        return tar
    tar = tar or work / 'minbase.tar'
    mirror = os.environ.get('MIRROR') or subprocess.run(
        "cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.* 2>/dev/null | sed -n 's/^URIs: *//p; "
        r"s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z]*:[^ ]*\).*/\2/p' | head -n 1",
        shell=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    run(['debootstrap', '--variant=minbase', '--include=ca-certificates', 'bookworm', work / 'minbase', mirror])
    run(['tar', '-C', work / 'minbase', '-cf', tar, '.'])
    return tar


def size(root):
    return int(subprocess.run(['du', '-sxm', root], stdout=subprocess.PIPE, text=True).stdout.split()[0])


def build(context, base, work):
    images = {}
    for stage in stages((context / 'Dockerfile').read_text()):
        if stage['image'] != 'debian:12-slim':
            sys.exit(f'a stage from {stage["image"]}: only debian:12-slim can be made here')
        print(f'── {stage["name"]}: from {stage["image"]}', flush=True)
        image = images[stage['name']] = Image(base, work / stage['name'])
        before = size(image.root)
        for word, rest in stage['steps']:
            image.do(word, rest, context, images)
        print(f'   {before} MB before, {size(image.root)} MB after', flush=True)
    return image


def check(truth, *seen):
    if not truth:
        sys.exit(' '.join(map(str, seen)))


def examine(image, context, work):
    """What an operator relies on."""
    health = json.loads(image.said['HEALTHCHECK'].split('CMD', 1)[1])
    data, config = work / 'data', work / 'etc'
    config.mkdir()
    shutil.copytree(context / 'config/rules', config / 'rules')
    shutil.copy(context / 'config/demo/catalog.csv', config)
    shutil.copytree(image.root / image.said['VOLUME'].lstrip('/'), data)  # a new volume is a copy of the place
    uid, gid = map(int, image.user.split(':'))
    os.chown(data, uid, gid)
    check(uid != 0, 'runs as root')

    print('── as a container', flush=True)
    print(finish(Container(image, data, config,
                           ['import', '--catalog', '/etc/offerd/catalog.csv', '--currency', 'JPY', '--data',
                            image.said['VOLUME']])).strip().splitlines()[-1])
    container = Container(image, data, config, json.loads(image.said['CMD']))
    first = time.monotonic()
    while container.process.poll() is None and container.exec(*health).returncode and time.monotonic() < first + 30:
        time.sleep(0.1)
    seen = container.exec(*health)
    check(seen.returncode == 0, 'the health check fails:', seen.stdout, seen.stderr)
    print(f'healthy after {time.monotonic() - first:.1f} s:', seen.stdout.strip())
    status = container.exec('cat', '/proc/1/status').stdout
    check(f'Uid:\t{uid}\t{uid}' in status and 'Name:\tofferd' in status, 'process 1 is not ours:', status)
    check(container.exec('sh', '-c', 'echo >/tmp/x').returncode, 'the root is not read-only')
    answer = container.ask('/offers', (context / 'config/demo/requests/camera-in-cart-ja.json').read_text())
    check(answer.get('offers'), 'no offer:', answer)
    print('an offer:', answer['offers'][0]['rule'], answer['offers'][0]['message']['title'])
    check(container.exec('which', 'gcc', 'curl', 'python3').stdout == '', 'tools of the build are in the image')
    status, told = container.stop()
    check(status == 0, f'ended with {status}:', told)
    check(all(line.startswith('{') for line in told.splitlines()), 'the log is not JSON lines:', told)
    print(f'{image.said["STOPSIGNAL"]}: ended in order; last line:', told.splitlines()[-1])


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument('--context', type=pathlib.Path, default=ROOT)
    ask.add_argument('--keep', action='store_true')
    asked = ask.parse_args()
    if os.getuid() != 0:
        sys.exit('run me as root: chroot and mount need it')
    work = pathlib.Path(tempfile.mkdtemp(prefix='offerd-image.'))
    try:
        tar = pathlib.Path(os.environ['ROOT_TAR']) if os.environ.get('ROOT_TAR') else None
        image = build(asked.context.resolve(), debian(tar, work), work)
        missing = [line for line in run(['chroot', image.root, 'ldd', '/usr/local/bin/offerd']).splitlines()
                   if 'not found' in line]
        check(not missing, missing)
        examine(image, asked.context.resolve(), work)
        print('The image is built, starts, answers and ends as the Dockerfile says.')
    finally:
        if asked.keep:
            print('kept:', work)
        else:
            subprocess.run(['rm', '-rf', '--one-file-system', work])


if __name__ == '__main__':
    main()
