#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a running service the questions in the files given, and shows each as a command to paste
with its answer below.

    ask.py http://127.0.0.1:8080 config/demo/requests/*.json

Ends with 1 when an answer is not a decision with at least one offer.
"""
import http.client
import json
import pathlib
import sys
import textwrap
import unicodedata
import urllib.parse

WIDTH = 100
BOLD, GREY, PLAIN = ('\033[1m', '\033[90m', '\033[0m') if sys.stdout.isatty() else ('', '', '')


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def pretty(value, indent=0):
    """JSON, with whatever fits into one line on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or indent + width(flat) < WIDTH:
        return flat
    pad, inner = ' ' * indent, ' ' * (indent + 2)
    if isinstance(value, dict):
        lines = [f'{inner}{json.dumps(k, ensure_ascii=False)}: {pretty(v, indent + 2)}' for k, v in value.items()]
        return '{\n' + ',\n'.join(lines) + f'\n{pad}}}'
    return '[\n' + ',\n'.join(inner + pretty(v, indent + 2) for v in value) + f'\n{pad}]'


def command(url, body):
    """The request as one line for a shell."""
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return f"curl -s --json '{text}' {url}/offers"


def ask(url, body):
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request('POST', '/offers', json.dumps(body).encode(), {'Content-Type': 'application/json'})
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def main():
    url, offers = sys.argv[1].rstrip('/'), []
    for n, name in enumerate(sys.argv[2:], 1):
        body = json.loads(pathlib.Path(name).read_text())
        status, answer = ask(url, body)
        print(f'\n{BOLD}{n}. {pathlib.Path(name).stem.replace("-", " ")}{PLAIN}\n')
        print(command(url, body) + '\n')
        print(f'{GREY}{textwrap.indent(pretty(answer), "  ")}{PLAIN}')
        offers.append(len(answer.get('offers', [])) if status == 200 else 0)
    print(f'\n{len(offers)} requests, {sum(offers)} offers. '
          f'Append "| python3 -m json.tool --no-ensure-ascii" to a command to read its answer at ease.\n')
    sys.exit(0 if offers and all(offers) else 1)


if __name__ == '__main__':
    main()
