# SPDX-License-Identifier: Apache-2.0
"""Loopback ports for tests."""
import socket

_kept = []


def free_port():
    """A port that nobody else is given until this process ends: bound, but never listened on, so that whoever names it
    may listen on it (with SO_REUSEADDR, as servers do) as often as he likes, and until then is refused there."""
    kept = socket.socket()
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        kept.setsockopt(socket.SOL_SOCKET, option, 1)
    kept.bind(('127.0.0.1', 0))
    _kept.append(kept)
    return kept.getsockname()[1]
