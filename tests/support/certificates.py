# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests, and what it signs, in one directory. Needs the program openssl.

    authority = Authority(directory)              # directory/ca.pem
    authority.sign('redis', 'DNS:redis.example.net')             # directory/redis.pem, redis.key
    authority.sign('late', 'IP:127.0.0.1', days=-1)              # one that has expired
"""
import shutil
import subprocess


class Authority:
    def __init__(self, directory, name='ca'):
        self.directory, self.name = directory, name
        self.file = directory / f'{name}.pem'
        self._openssl('req', '-x509', *self._new_key(name), '-days', '2', '-subj', f'/CN=test authority {name}', '-out', self.file)

    def sign(self, name, subject_names, days=2):
        """The file of a certificate of @subject_names (as in 'DNS:a.example,IP:127.0.0.1'), its key beside it."""
        place = self.directory
        (place / f'{name}.names').write_text(f'subjectAltName={subject_names}\n')
        self._openssl('req', *self._new_key(name), '-subj', f'/CN={name}', '-out', place / f'{name}.csr')
        self._openssl('x509', '-req', '-in', place / f'{name}.csr', '-CA', self.file, '-CAkey', place / f'{self.name}.key',
                      '-CAcreateserial', '-days', days, '-extfile', place / f'{name}.names', '-out', place / f'{name}.pem')
        return place / f'{name}.pem'

    def _new_key(self, name):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.directory / f'{name}.key')

    def _openssl(self, *words):
        done = subprocess.run([shutil.which('openssl'), *map(str, words)], capture_output=True, text=True, timeout=60,
                              cwd=self.directory, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f'openssl: {done.stderr}')
