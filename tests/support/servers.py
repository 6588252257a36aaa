#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL and a private Redis for tests: started in about a second, ended whatever happens.

In Python:

    from servers import Servers

    with Servers() as s:                     # Servers(only='redis') for one of them
        s.database_url, s.redis_url          # what offerd's --database-url and --redis-url take
        s.pg.sql('SELECT count(*) FROM events')           # rows, each a tuple of texts
        s.redis.command('FLUSHALL')
        s.pg.stop(); s.pg.cont()             # SIGSTOP and SIGCONT of the whole server
        s.redis.kill9(); s.redis.start()     # again on the same port and data directory

    with Servers(only='redis', cluster=3) as s:    # a Redis Cluster of three masters; s.redis_url names the first
        s.cluster.nodes[1].kill9()
        s.cluster.move(866, 2)                     # slot 866 and its keys go to the third, as in a resharding

As a command, for programs that find their servers in the environment:

    servers.py [--only pg|redis] [--tls] [--cluster N] [--twin] [--optional] -- COMMAND …

COMMAND sees OFFERD_TEST_DATABASE_URL and OFFERD_TEST_REDIS_URL (and …_SOCKET_URL: the same by a unix
socket), with --cluster also OFFERD_TEST_CLUSTER_URL, and with --twin OFFERD_TEST_TWIN_URL; its exit status is ours. Where a server is not installed: "skipped: …", status 77; with
--optional COMMAND runs all the same, without the variables. With --tls Redis takes TLS alone, from those alone
whose certificate its authority signed; its URL then says all of that.

The servers listen on loopback and on a unix socket in a scratch directory, which also holds all
they write: nothing of a PostgreSQL or Redis that this machine may run for itself is touched.
PostgreSQL syncs its log as in earnest (fsync on). As root its server runs as the user postgres, as it
refuses to run as root. A watcher process ends servers and directory when the process that wanted
them has died without doing so. Standard library only.
"""
import argparse
import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from certificates import Authority
from ports import free_port

PATIENCE = float(os.environ.get('TEST_PATIENCE', '1'))
SEPARATOR = '\x1f'


class Missing(Exception):
    """A server's package is not installed."""


class Broken(Exception):
    """A server did not do what it was told."""


def program(name):
    """Where @name is, also among PostgreSQL's own programs, which are not on the PATH."""
    places = glob.glob(f'/usr/lib/postgresql/*/bin/{name}')
    # The newest: '/usr/lib/postgresql/9/…' comes before '…/15/…'.
    found = max(places, key=lambda p: int(p.split('/')[4]), default=None) or shutil.which(name)
    if not found:
        raise Missing(f'{name} is not installed')
    return found


def descendants(pid):
    """The processes that @pid has started, and theirs."""
    children = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                text = pathlib.Path('/proc', entry, 'stat').read_text()
                children.setdefault(int(text.rpartition(')')[2].split()[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


def lives(pid):
    """A process that has ended, and that nobody has asked how, lives no more."""
    try:
        return pathlib.Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class Server:
    """What both servers have in common: one process, its descendants, a directory and a port."""

    def __init__(self, directory):
        self.dir, self.port, self.process, self.stopped = directory, free_port(), None, False
        self.log = directory / 'log'

    def _start(self, command, **options):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([str(word) for word in command], cwd=self.dir, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True, **options)
        (self.dir / 'pid').write_text(str(self.process.pid))

    def _wait_until_ready(self, seconds, probe):
        end = time.monotonic() + seconds * PATIENCE
        while not probe():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Broken(f'{type(self).__name__} did not become ready:\n{self.log_text()}')
            time.sleep(.005)

    def log_text(self, last=30):
        lines = self.log.read_text(errors='replace').splitlines() if self.log.exists() else []
        return '\n'.join(lines[-last:])

    @property
    def pids(self):
        return [self.process.pid, *descendants(self.process.pid)] if self.process else []

    def stop(self):
        """SIGSTOP: there, connected, and silent."""
        self.stopped = True
        signal_all(self.pids, signal.SIGSTOP)
        signal_all(self.pids, signal.SIGSTOP)  # what it started in between

    def cont(self):
        self.stopped = False
        signal_all(self.pids, signal.SIGCONT)

    def kill9(self):
        """SIGKILL of all of it at once; start() brings it back."""
        if not self.process:
            return
        pids = self.pids
        signal_all(pids, signal.SIGKILL)
        signal_all(self.pids, signal.SIGKILL)
        self.process.wait()
        self.process, self.stopped = None, False
        end = time.monotonic() + 10
        while any(map(lives, pids)) and time.monotonic() < end:
            time.sleep(.001)

    def end(self):
        """The clean end."""
        if not self.process:
            return
        if self.stopped:
            self.cont()
        self.process.send_signal(self.CLEAN_END)
        try:
            self.process.wait(10)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill9()


class PostgreSQL(Server):
    CLEAN_END = signal.SIGINT  # "fast": does not wait for clients

    def __init__(self, directory):
        program('initdb'), program('postgres'), program('psql')
        super().__init__(directory)
        self.data = directory / 'data'
        self.user = {}
        if os.getuid() == 0:
            try:
                account = pwd.getpwnam('postgres')
            except KeyError:
                raise Missing('there is no user postgres') from None
            self.user = {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []}
            os.chown(directory, account.pw_uid, account.pw_gid)
        self.url = f'postgresql://offerd@127.0.0.1:{self.port}/offerd'
        self.socket_url = f'postgresql://offerd@/offerd?host={directory}&port={self.port}'
        made = subprocess.run([program('initdb'), '-D', self.data, '-U', 'offerd', '-A', 'trust', '-E', 'UTF8',
                               '--locale=C.UTF-8', '--no-sync', '--no-instructions'], cwd=directory,
                              capture_output=True, text=True, timeout=60 * PATIENCE, **self.user)
        if made.returncode != 0:
            raise Broken(f'initdb: {made.stderr}')
        with open(self.data / 'postgresql.conf', 'a', encoding='utf-8') as conf:
            conf.write(f"""
listen_addresses = '127.0.0.1'
port = {self.port}
unix_socket_directories = '{directory}'
fsync = on
synchronous_commit = on
shared_buffers = 32MB
max_connections = 100
max_wal_senders = 0
wal_level = minimal
max_wal_size = 512MB
recovery_init_sync_method = syncfs
log_min_messages = warning
log_line_prefix = '%m [%p] '
""")

    def start(self):
        self._start([program('postgres'), '-D', self.data], **self.user)
        # The status file's last line says when connections are taken: sooner seen than asked for.
        self._wait_until_ready(60, self._is_ready)
        self.sql('SELECT 1', database='postgres')

    def _is_ready(self):
        with contextlib.suppress(OSError, IndexError):
            lines = (self.data / 'postmaster.pid').read_text().splitlines()
            return int(lines[0]) == self.process.pid and lines[7].strip() == 'ready'
        return False

    def create(self, database):
        """A new empty database; the URL to it."""
        self.sql(f'CREATE DATABASE {database}', database='postgres')
        return self.url_of(database)

    def url_of(self, database, port=None):
        return f'postgresql://offerd@127.0.0.1:{port or self.port}/{database}'

    def sql(self, text, database='offerd', timeout=60):
        """The rows that @text answers with, each a tuple of texts ('' for NULL)."""
        done = subprocess.run([program('psql'), '-X', '-A', '-t', '-q', '-F', SEPARATOR, '-v', 'ON_ERROR_STOP=1',
                               '-h', str(self.dir), '-p', str(self.port), '-U', 'offerd', '-d', database, '-c', text],
                              capture_output=True, text=True, timeout=timeout * PATIENCE)
        if done.returncode != 0:
            raise Broken(f'psql: {done.stderr.strip()}')
        return [tuple(line.split(SEPARATOR)) for line in done.stdout.splitlines()]

    def kill9_a_backend(self):
        """SIGKILL of one client's process: PostgreSQL then restarts itself, as after a crash."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                title = pathlib.Path('/proc', str(pid), 'cmdline').read_bytes()
                if b' 127.0.0.1(' in title:
                    os.kill(pid, signal.SIGKILL)
                    return True
        return False


class Redis(Server):
    CLEAN_END = signal.SIGTERM

    def __init__(self, directory, tls=False):
        program('redis-server')
        super().__init__(directory)
        self.socket = directory / 'redis.sock'
        self.url = f'redis://127.0.0.1:{self.port}/0'
        self.socket_url = f'unix://{self.socket}'
        self.listen = ['--port', self.port]
        if tls:
            self._take_tls_alone()

    def _take_tls_alone(self):
        program('openssl')
        authority = Authority(self.dir)
        authority.sign('redis', 'IP:127.0.0.1,DNS:localhost')
        authority.sign('client', 'DNS:offerd')
        self.url = (f'rediss://127.0.0.1:{self.port}/0?cacert={authority.file}&cert={self.dir}/client.pem'
                    f'&key={self.dir}/client.key')
        self.listen = ['--port', 0, '--tls-port', self.port, '--tls-cert-file', self.dir / 'redis.pem', '--tls-key-file',
                       self.dir / 'redis.key', '--tls-ca-cert-file', authority.file, '--tls-auth-clients', 'yes']

    def start(self, *flags):
        """@flags: further words of redis-server's, such as '--requirepass', 'secret'."""
        with contextlib.suppress(FileNotFoundError):
            self.socket.unlink()
        self._start([program('redis-server'), *self.listen, '--bind', '127.0.0.1', '--unixsocket', self.socket,
                     '--save', '', '--appendonly', 'no', '--dir', self.dir, '--daemonize', 'no',
                     '--loglevel', 'warning', *flags])
        self._wait_until_ready(20, self._is_ready)

    def _is_ready(self):
        try:
            return self.command('PING') in ('PONG', b'PONG')
        except (OSError, Broken) as why:
            return 'NOAUTH' in str(why)

    def command(self, *words, timeout=10):
        """One command by the unix socket: text, int, bytes, None or a list of these."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout * PATIENCE)
            link.connect(str(self.socket))
            encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            link.sendall(b'*%d\r\n' % len(encoded) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in encoded))
            with link.makefile('rb') as answer:
                return self._read(answer)

    def _read(self, answer):
        line = answer.readline()
        if not line.endswith(b'\r\n'):
            raise Broken('redis closed the connection')
        kind, rest = line[:1], line[1:-2]
        if kind == b'-':
            raise Broken(f'redis: {rest.decode()}')
        if kind == b'+':
            return rest.decode()
        if kind == b':':
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b'*':
            return [self._read(answer) for _ in range(int(rest))]
        return answer.read(int(rest) + 2)[:-2]


class Cluster:
    """@masters Redis servers with equal shares of the slots, and @replicas of each, after them in .nodes."""

    SLOTS = 16384

    def __init__(self, directory, masters=3, replicas=0, node_timeout_ms=1000):
        self.nodes, self.masters = [], masters
        self.node_timeout_ms = node_timeout_ms
        for number in range(masters * (1 + replicas)):
            where = directory.with_name(f'{directory.name}-{number}')
            where.mkdir()
            self.nodes.append(Redis(where))
        self.url = self.nodes[0].url
        self.url_of = [node.url for node in self.nodes]

    def start_node(self, number, *flags):
        """@number comes (back) up, as who it was."""
        node = self.nodes[number]
        bus = free_port() if not hasattr(node, 'bus') else node.bus
        node.bus = bus
        node.start('--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', bus,
                   '--cluster-node-timeout', self.node_timeout_ms, '--cluster-require-full-coverage', 'no',
                   '--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0', *flags)

    def start(self):
        for number in range(len(self.nodes)):
            self.start_node(number)
        first, share = self.nodes[0], self.SLOTS // self.masters
        for number, node in enumerate(self.nodes):
            node.command('CLUSTER', 'SET-CONFIG-EPOCH', number + 1)
            if number < self.masters:
                last = self.SLOTS if number + 1 == self.masters else (number + 1) * share
                node.command('CLUSTER', 'ADDSLOTSRANGE', number * share, last - 1)
            if number:
                node.command('CLUSTER', 'MEET', '127.0.0.1', first.port, first.bus)
        self.wait('all know one another', lambda: all(
            self.info(node)['cluster_known_nodes'] == str(len(self.nodes)) for node in self.nodes))
        for number, node in enumerate(self.nodes[self.masters:]):
            node.command('CLUSTER', 'REPLICATE', self.id_of(number % self.masters))
        self.wait('the cluster is well', self.is_well)

    def is_well(self):
        roles = [node.command('INFO', 'replication').decode() for node in self.nodes]
        synced = all('role:master' in role or 'master_link_status:up' in role for role in roles)
        replicas = sum('role:slave' in role for role in roles)
        # Those who were met last may not have heard of every slot yet.
        return synced and replicas == len(self.nodes) - self.masters and all(self.info(node)['cluster_state'] == 'ok' and
                              self.info(node)['cluster_slots_assigned'] == str(self.SLOTS)
                              for node in self.nodes)

    def wait(self, what, condition, seconds=30):
        end = time.monotonic() + seconds * PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise Broken(f'the cluster: never: {what}')
            time.sleep(.01)

    @staticmethod
    def info(node):
        lines = node.command('CLUSTER', 'INFO').decode().split()
        return dict(line.split(':', 1) for line in lines)

    def id_of(self, number):
        return self.nodes[number].command('CLUSTER', 'MYID').decode()

    def slots_of(self, number):
        """The slots that node @number has as a master, as it says itself."""
        node, slots = self.nodes[number], set()
        for line in node.command('CLUSTER', 'NODES').decode().splitlines() if node.process else []:
            words = line.split()
            if 'myself,master' in words[2]:
                for word in words[8:]:
                    first, _, last = word.partition('-')
                    if first.isdigit():
                        slots.update(range(int(first), int(last or first) + 1))
        return slots

    def master_numbers(self):
        return [number for number in range(len(self.nodes)) if self.slots_of(number)]

    def owner(self, slot):
        """The number of the master that has it; None while there is none."""
        return next((number for number in range(len(self.nodes)) if slot in self.slots_of(number)), None)

    def begin_to_move(self, slot, to, source=None):
        """The slot is on its way, its keys are still where they were."""
        source, target = self.owner(slot) if source is None else source, to
        self.nodes[target].command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', self.id_of(source))
        self.nodes[source].command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', self.id_of(target))
        return source

    def move_keys(self, slot, source, to):
        while True:
            keys = self.nodes[source].command('CLUSTER', 'GETKEYSINSLOT', slot, 100)
            if not keys:
                return
            self.nodes[source].command('MIGRATE', '127.0.0.1', self.nodes[to].port, '', 0, 5000, 'KEYS', *keys)

    def end_move(self, slot, source, to):
        for number in (to, source):
            self.nodes[number].command('CLUSTER', 'SETSLOT', slot, 'NODE', self.id_of(to))

    def move(self, slot, to):
        source = self.begin_to_move(slot, to)
        self.move_keys(slot, source, to)
        self.end_move(slot, source, to)

    def end(self):
        for node in self.nodes:
            node.kill9()


class Servers:
    """Both of them, or one ('pg' or 'redis'). @cluster: so many masters, besides; @replicas of each. @twin: a
    second Redis beside the first. Raises Missing when a package is not there."""

    def __init__(self, only=None, tls=False, cluster=0, replicas=0, twin=False):
        self.only, self.tls, self.wants_twin = only, tls, twin
        self.pg, self.redis, self.twin, self._watcher = None, None, None, None
        self.cluster, self._cluster_of = None, (cluster, replicas)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='offerd-servers-'))
        os.chmod(self.dir, 0o755)
        try:
            self._start()
        except BaseException:
            self.end()
            raise

    def _start(self):
        self._watcher = subprocess.Popen([sys.executable, '-S', '-E', __file__, '--watch', self.dir],
                                         stdin=subprocess.PIPE, start_new_session=True)
        for name, kind in (('redis', Redis), ('pg', PostgreSQL)):
            if self.only in (None, name):
                (self.dir / name).mkdir()
                setattr(self, name, kind(self.dir / name, **({'tls': True} if self.tls and kind is Redis else {})))
                getattr(self, name).start()
        if self.pg:
            self.pg.create('offerd')
        if self.wants_twin:
            (self.dir / 'twin').mkdir()
            self.twin = Redis(self.dir / 'twin')
            self.twin.start('--repl-diskless-sync-delay', '0')
            self.redis.command('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
        if self._cluster_of[0]:
            self.cluster = Cluster(self.dir / 'cluster', *self._cluster_of)
            self.cluster.start()

    @property
    def database_url(self):
        return self.pg.url

    @property
    def redis_port(self):
        return self.redis.port

    @property
    def redis_url(self):
        return self.redis.url

    @property
    def environment(self):
        found = {}
        if self.pg:
            found |= {'OFFERD_TEST_DATABASE_URL': self.pg.url, 'OFFERD_TEST_DATABASE_SOCKET_URL': self.pg.socket_url}
        if self.redis:
            found |= {'OFFERD_TEST_REDIS_URL': self.redis.url, 'OFFERD_TEST_REDIS_SOCKET_URL': self.redis.socket_url}
        if self.twin:
            found |= {'OFFERD_TEST_TWIN_URL': self.twin.url}
        if self.cluster:
            found |= {'OFFERD_TEST_CLUSTER_URL': self.cluster.url}
        return found

    def end(self):
        for server in (self.pg, self.redis, self.twin, self.cluster):
            if server:
                server.end()
        shutil.rmtree(self.dir, ignore_errors=True)
        if self._watcher:
            self._watcher.stdin.close()
            self._watcher.wait()
            self._watcher = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def watch(directory):
    """Waits until the process at the other end of our input is gone; then ends what it has left."""
    sys.stdin.buffer.read()
    for file in pathlib.Path(directory).glob('*/pid'):
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_text())
            # The number may have been given to another process since.
            if os.readlink(f'/proc/{pid}/cwd').startswith(str(directory)):
                everybody = [pid, *descendants(pid)]
                signal_all(everybody, signal.SIGCONT)
                signal_all([pid], signal.SIGQUIT)  # PostgreSQL: leave at once; frees its shared memory
                end = time.monotonic() + 2
                while lives(pid) and time.monotonic() < end:
                    time.sleep(.01)
                signal_all([pid] if lives(pid) else [], signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', choices=['pg', 'redis'])
    parser.add_argument('--tls', action='store_true')
    parser.add_argument('--cluster', type=int, default=0)
    parser.add_argument('--twin', action='store_true')
    parser.add_argument('--optional', action='store_true')
    parser.add_argument('--watch', help=argparse.SUPPRESS)
    parser.add_argument('command', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.watch:
        return watch(args.watch)
    command = args.command[1:] if args.command[:1] == ['--'] else args.command
    if not command:
        parser.error('which command?')
    # A request to end goes to the command, whose end is ours: the servers are ended after it.
    child = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: child[0].send_signal(got) if child else sys.exit(128 + got))
    try:
        with Servers(args.only, args.tls, args.cluster, twin=args.twin) as servers:
            child.append(subprocess.Popen(command, env={**os.environ, **servers.environment}))
            status = child[0].wait()
    except Missing as why:
        print(f'skipped: {why}', file=sys.stderr)
        status = subprocess.run(command).returncode if args.optional else 77
    return status if status >= 0 else 128 - status


if __name__ == '__main__':
    sys.exit(main())
