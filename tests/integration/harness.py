# SPDX-License-Identifier: Apache-2.0
"""What an integration test needs: the real program on a free loopback port, and a way to talk to it.

    from harness import Offerd, check, data_file, main, skip

    def test_answers_a_decision():
        with Offerd(rules='config/rules') as offerd:      # ready when the block begins
            answer = offerd.post('/offers', {'placement': 'cart', ...})
            check(answer.status == 200, answer)

    main()                                                # runs every test_… function of the file

Nothing here waits without an end: requests, start, stop and commands have timeouts. Every process
started is ended by its own id, also when the test fails. A test that lacks what it needs is skipped and says why.
Standard library only. Environment: OFFERD (the program), SOURCE_ROOT, OFFERD_TEST_DATA; TEST_PATIENCE (how much
slower a sanitizer makes everything) and TEST_SANITIZER (thread, where it is that one).
"""
import atexit
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(os.environ.get('SOURCE_ROOT') or pathlib.Path(__file__).resolve().parents[2])
sys.path.append(str(ROOT / 'tests' / 'support'))
from ports import free_port

PROGRAM = os.environ.get('OFFERD') or str(ROOT / 'build' / 'offerd')
DATA = pathlib.Path(os.environ.get('OFFERD_TEST_DATA') or ROOT.parent / 'shared' / 'data')
# A sanitizer or valgrind slows the program down; tests ask for patience instead of guessing.
PATIENCE = float(os.environ.get('TEST_PATIENCE', '1'))
TICKS = os.sysconf('SC_CLK_TCK')
QUIET_PERCENT = 10  # others may take so much of the machine while a time is judged
# No training beside, and no rule left out because the machine was slow, unless a test is about that.
UNDISTURBED = {'OFFERD_TRAIN_EVERY_H': '0', 'OFFERD_BUDGET_MS': '1000'}


class Skip(Exception):
    """Raised by skip(): what this test needs is not here."""


class Failed(AssertionError):
    """Raised by check(): the program did not do what the test says."""


def skip(why):
    raise Skip(why)


def check(truth, *seen):
    """Fails the test, showing what was seen."""
    if not truth:
        raise Failed(' '.join(str(s) for s in seen) or 'not so')


def unhurried():
    """Skips where a sanitizer makes minutes of it: for tests of figures, whose code smaller tests run too."""
    if PATIENCE > 1:
        skip('a sanitizer would take minutes; smaller tests run the same code')


def of_one_thread():
    """Skips under ThreadSanitizer: for tests in which all of the program's work is done by a command with one thread."""
    if os.environ.get('TEST_SANITIZER') == 'thread':
        skip('one thread has nobody to race with')


def data_file(name):
    """A file of the real shops' data, such as 'online-retail/products.csv.gz'; skips without it."""
    path = DATA / name
    if not path.exists():
        skip(f'{name}: not found under OFFERD_TEST_DATA ({DATA})')
    return path


def tell(text):
    """A remark in the test's log (a figure that was measured, what was seen)."""
    print('\n'.join('# ' + line for line in str(text).splitlines()), flush=True)


def wait_until(seconds, what, probe, every=0.01):
    """The first true answer of probe(); fails after @seconds with @what."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {seconds * PATIENCE:g} s')
        time.sleep(every)


_scratch = []


def scratch():
    """A new empty directory, removed when the test program ends."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='offerd-test-'))
    _scratch.append(path)
    return path


@atexit.register
def _tidy():
    for process in list(_running):
        process.kill()
        process.wait()
    for path in _scratch:
        shutil.rmtree(path, ignore_errors=True)


_running = set()


def run(*arguments, timeout=60, env=None, program=PROGRAM):
    """Runs one command of the program to its end; .returncode, .stdout, .stderr (text)."""
    return subprocess.run([program, *map(str, arguments)], cwd=ROOT, text=True, errors='replace',
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=timeout * PATIENCE, env={**os.environ, **(env or {})})


class Answer:
    """status, headers (lower-case names), body (bytes), text and json."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'HTTP {self.status} {self.text[:2000]}'


def request(port, method, path, body=None, headers=None, timeout=10, host='127.0.0.1'):
    """One request on a connection of its own. A dict or list is sent as JSON."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body, ensure_ascii=False)
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        headers.setdefault('Content-Type', 'application/json')
    connection = http.client.HTTPConnection(host, port, timeout=timeout * PATIENCE)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    finally:
        connection.close()


class Offerd:
    """The program, serving. As a context manager it is ready inside the block and gone after it.

    data:   the --data directory; a new one when not given (kept in .data for a restart)
    rules:  the --rules directory, relative to the source root or absolute
    flags:  further arguments of `serve`
    before: the words of a command that becomes the program: ['env', 'A=b'], support/syscall_filter.py
    """

    def __init__(self, rules='config/rules', data=None, flags=(), env=None, port=None, start=True, before=()):
        self.before, self.data = list(before), pathlib.Path(data) if data else scratch()
        self.rules, self.flags, self.env = rules, list(flags), dict(env or {})
        self.port = port or free_port()
        self.process, self.log = None, []
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if failure:
            if self.process and (issubclass(failure, OSError) or self.process.poll() is not None):
                self._tell_its_end()  # after a broken connection it may need a moment to be seen ended
            self.kill()  # whatever its end would say, the test has failed of something else
        else:
            self.stop()

    def _tell_its_end(self):
        try:
            status = self.process.wait(5 * PATIENCE)
        except subprocess.TimeoutExpired:
            return
        self._reader.join(5)
        print(f'the service ended with {status}\n{self.log_text(200)}', file=sys.stderr)

    def start(self, timeout=20, ready=True):
        """Starts it (again, on the same data) and waits for /readyz to answer 200."""
        command = [*self.before, PROGRAM, 'serve', '--data', self.data, '--listen', f'127.0.0.1:{self.port}']
        if self.rules is not None:
            command += ['--rules', ROOT / self.rules]
        self.process = subprocess.Popen([*map(str, command), *map(str, self.flags)], cwd=ROOT,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT,
                                        env={**os.environ, **UNDISTURBED, **self.env})
        _running.add(self.process)
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        if ready:
            try:
                wait_until(timeout, 'readyz', self._ready)
            except Failed as failure:
                self.kill()
                raise Failed(f'{failure}\n{self.log_text()}') from None
            self._hear_that_it_is_ready()
        return self

    def _hear_that_it_is_ready(self):
        """/readyz may answer before the log's last line of the start has come through the pipe."""
        if not {'error', 'warning'} & {str(flag) for flag in self.flags}:
            try:
                wait_until(1, 'ready', lambda: any('ready on port' in line for line in self.log))
            except Failed:
                pass

    def _read(self, process):
        for line in process.stdout:
            self.log.append(line.decode('utf-8', 'replace').rstrip('\n'))

    def _ready(self):
        if self.process.poll() is not None:
            raise Failed(f'ended with {self.process.returncode} before it was ready')
        try:
            return self.get('/readyz', timeout=2).status == 200
        except OSError:
            return False

    def _ended(self):
        _running.discard(self.process)
        self._reader.join(5)
        self.process.stdout.close()
        status, self.process = self.process.returncode, None
        return status

    def stop(self, timeout=20):
        """SIGTERM, the clean end; returns the exit status. Fails if that is not 0 (a sanitizer's
        finding, a crash) or does not come in time."""
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f'did not end within {timeout} s of SIGTERM\n{self.log_text()}') from None
        status = self._ended()
        check(status == 0, f'ended with {status}\n{self.log_text()}')
        return status

    def kill(self):
        """SIGKILL: what a power cut looks like to the program."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self._ended()

    def signal(self, number):
        self.process.send_signal(number)

    def log_text(self, last=60):
        return '\n'.join(self.log[-last:])

    def get(self, path, **options):
        return request(self.port, 'GET', path, **options)

    def post(self, path, body=None, **options):
        return request(self.port, 'POST', path, body, **options)

    def delete(self, path, **options):
        return request(self.port, 'DELETE', path, **options)

    def metric(self, name):
        """The value of one sample of /metrics, written with its labels as in the page; else None."""
        for line in self.get('/metrics').text.splitlines():
            if line.startswith(name + ' '):
                return float(line.rsplit(' ', 1)[1])
        return None


class Machine:
    """How busy all cores are, and how much of that is neither this program nor the service @pid (to be set when it
    runs): what judges a time looks whether it was the machine's."""

    def __init__(self, pid=None):
        self.pid, self.before = pid, None
        self.before = self.now()

    def service_ticks(self):
        if not self.pid:
            return 0
        ticks = pathlib.Path('/proc', str(self.pid), 'stat').read_text().rpartition(')')[2].split()
        return int(ticks[11]) + int(ticks[12])

    def now(self):
        """Ticks: of all cores, of them idle, ours."""
        cores = [int(word) for word in pathlib.Path('/proc/stat').read_text().split('\n')[0].split()[1:9]]
        own = os.times()
        return sum(cores), cores[3] + cores[4], self.service_ticks() + (own.user + own.system) * TICKS

    def service_s(self):
        """Seconds that the service has worked since its start."""
        return self.service_ticks() / TICKS

    def others_percent(self):
        total, idle, ours = (after - before for before, after in zip(self.before, self.now()))
        return max(0, 100 * (total - idle - ours) / total)


_demo_shops = {}


def demo_data(orders=True):
    """A fresh data directory with the demo shop in it, with its order history unless told not. A test program imports
    it once; each further one is a copy."""
    if orders not in _demo_shops:
        _demo_shops[orders] = _imported_demo_shop(orders)
    return pathlib.Path(shutil.copytree(_demo_shops[orders], scratch() / 'data'))


def _imported_demo_shop(orders):
    data = scratch()
    command = ['import', '--catalog', ROOT / 'config/demo/catalog.csv', '--currency', 'JPY', '--data', data]
    if orders:
        history = data / 'orders.csv.gz'
        subprocess.run([sys.executable, ROOT / 'config/demo/generate_orders.py', '--out', history],
                       check=True, timeout=60 * PATIENCE)
        command += ['--orders', history, '--timezone', 'Asia/Tokyo']
    done = run(*command)
    check(done.returncode == 0, 'import of the demo shop failed:', done.stderr)
    return data


def main():
    """Runs the test_… functions of the calling file, in order (or those named on the command line),
    and tells meson in TAP: one line a test, a skip with its reason; what went wrong goes to stderr."""
    tests = [(name, function) for name, function in vars(sys.modules['__main__']).items()
             if name.startswith('test_') and (not sys.argv[1:] or name in sys.argv[1:])]
    if not tests:
        sys.exit('no test of that name')
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f'no program at {PROGRAM}: set OFFERD')
    print(f'1..{len(tests)}', flush=True)
    failed = 0
    for n, (name, function) in enumerate(tests, 1):
        began = time.monotonic()
        sentence = f'{n} - {name.removeprefix("test_").replace("_", " ")}'
        try:
            function()
            print(f'ok {sentence} ({time.monotonic() - began:.2f} s)', flush=True)
        except Skip as why:
            print(f'ok {sentence} # SKIP {why}', flush=True)
        except Exception as failure:
            failed += 1
            print(f'not ok {sentence}', flush=True)
            told = str(failure) if isinstance(failure, Failed) else traceback.format_exc()
            trace = traceback.extract_tb(failure.__traceback__)
            where = next((t for t in reversed(trace) if t.filename != __file__), trace[-1])
            place = f'{pathlib.Path(where.filename).name}:{where.lineno}'
            print(f'{sentence}\n  {place}: {told}', file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)
