# SPDX-License-Identifier: Apache-2.0
"""offerd health: 0 when the service is ready, 1 with the reason when it is not, within two seconds."""
import shutil
import socket
import subprocess
import threading
import time

from harness import PATIENCE, Offerd, check, free_port, main, run, scratch, skip, wait_until


def health(*flags, **env):
    return run('health', *flags, env=env)


def test_a_ready_service_is_healthy_wherever_it_was_told_to_listen():
    with Offerd() as offerd:
        for listen in (f'127.0.0.1:{offerd.port}', f'0.0.0.0:{offerd.port}', f':{offerd.port}'):
            seen = health('--listen', listen)
            check(seen.returncode == 0 and '"ready"' in seen.stdout and not seen.stderr, listen, seen)
        check(health(OFFERD_LISTEN=f':{offerd.port}').returncode == 0)
        config = scratch() / 'offerd.yaml'
        config.write_text(f'listen: 127.0.0.1:{offerd.port}\n')
        check(health(OFFERD_CONFIG=str(config)).returncode == 0)


def test_a_service_that_never_had_good_rules_is_not_healthy():
    rules = scratch()
    (rules / 'bad.yaml').write_text('- id: nonsense\n')
    offerd = Offerd(rules=rules, start=False)
    offerd.start(ready=False)
    try:
        end = time.monotonic() + 10 * PATIENCE
        seen = health('--listen', f'127.0.0.1:{offerd.port}')
        while 'refused' in seen.stderr and time.monotonic() < end:      # still starting
            seen = health('--listen', f'127.0.0.1:{offerd.port}')
        check(seen.returncode == 1 and 'not ready' in seen.stderr and 'rule' in seen.stderr, seen)
    finally:
        offerd.stop()


def test_a_service_that_speaks_tls_is_asked_so():
    openssl, place = shutil.which('openssl') or skip('openssl is not installed'), scratch()
    subprocess.run([openssl, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=offerd',
                    '-keyout', place / 'key.pem', '-out', place / 'cert.pem'], check=True, capture_output=True)
    tls = ['--tls-cert', str(place / 'cert.pem'), '--tls-key', str(place / 'key.pem')]
    offerd = Offerd(flags=tls, start=False)
    offerd.start(ready=False)
    try:
        seen = wait_until(10, 'healthy over TLS', lambda: (one := health('--listen', f'127.0.0.1:{offerd.port}', *tls)).returncode == 0 and one)
        check('"ready"' in seen.stdout, seen)
        seen = health('--listen', f'127.0.0.1:{offerd.port}')
        check(seen.returncode == 1, 'asked without TLS', seen)
    finally:
        offerd.stop()
    with socket.socket() as mute:
        mute.bind(('127.0.0.1', 0))
        mute.listen()
        began = time.monotonic()
        seen = health('--listen', f'127.0.0.1:{mute.getsockname()[1]}', *tls)
        check(seen.returncode == 1 and 1.9 < time.monotonic() - began < 2 + 2 * PATIENCE, seen)


def test_nobody_there_is_told():
    seen = health('--listen', f'127.0.0.1:{free_port()}')
    check(seen.returncode == 1 and 'refused' in seen.stderr, seen)


def test_who_never_answers_is_given_two_seconds():
    with socket.socket() as mute:
        mute.bind(('127.0.0.1', 0))
        mute.listen()
        began = time.monotonic()
        seen = health('--listen', f'127.0.0.1:{mute.getsockname()[1]}')
        check(seen.returncode == 1 and 'in time' in seen.stderr, seen)
        check(1.9 < time.monotonic() - began < 2 + 2 * PATIENCE, time.monotonic() - began)


def test_another_protocol_is_not_health():
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()

        def greet():
            peer, _ = other.accept()
            peer.sendall(b'220 mail.example ESMTP\r\n')
            peer.close()
        thread = threading.Thread(target=greet)
        thread.start()
        seen = health('--listen', f'127.0.0.1:{other.getsockname()[1]}')
        thread.join(10)
        check(seen.returncode == 1, seen)


def test_wrong_usage_is_told():
    for flags in (['--listen', 'here'], ['--listen', 'localhost:80'], ['--nonsense'], ['more']):
        seen = health(*flags)
        check(seen.returncode == 2 and seen.stderr.startswith('offerd health: '), flags, seen)


main()
