# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is true: every operation in it is called, and every answer (status, type, body) is
held against what it declares. What is answered but not declared fails, what is declared and never
seen fails too, except what cannot be provoked from outside.
"""
import datetime
import http.client
import json
import re
import socket

from harness import Answer, ROOT, Offerd, check, demo_data, main, request, run, scratch, tell

# ── a validator for the part of JSON Schema that the document uses; any other keyword is a failure ──

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool, 'null': type(None)}
SAID_ONLY = {'description', 'default', 'examples', 'title'}


def is_type(value, name):
    if name == 'integer':
        return isinstance(value, int) and not isinstance(value, bool)
    if name == 'number':
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def is_format(text, name):
    if name == 'date-time':
        return bool(datetime.datetime.fromisoformat(text).tzinfo)
    if name == 'uuid':
        return bool(re.fullmatch('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', text))
    raise AssertionError(f'format {name} is not known to this validator')


class Schemas:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while '$ref' in node:
            check(len(node) == 1, '$ref with siblings is not understood here:', node)
            at = self.document
            for step in node['$ref'].removeprefix('#/').split('/'):
                at = at[step]
            node = at
        return node

    def faults(self, value, schema, at=''):
        """What is wrong with the value, as texts."""
        schema = self.resolve(schema)
        for keyword, wanted in schema.items():
            if keyword in SAID_ONLY:
                continue
            yield from getattr(self, 'check_' + keyword)(value, wanted, schema, at)

    def valid(self, value, schema):
        return not list(self.faults(value, schema))

    def check_type(self, value, wanted, schema, at):
        wanted = [wanted] if isinstance(wanted, str) else wanted
        if not any(is_type(value, name) for name in wanted):
            yield f'{at}: {json.dumps(value)[:80]} is not {" or ".join(wanted)}'

    def check_properties(self, value, wanted, schema, at):
        for name in value if isinstance(value, dict) else ():
            if name in wanted:
                yield from self.faults(value[name], wanted[name], f'{at}/{name}')

    def check_additionalProperties(self, value, wanted, schema, at):
        for name in value if isinstance(value, dict) else ():
            if name not in schema.get('properties', {}):
                if wanted is False:
                    yield f'{at}/{name}: is not declared'
                elif wanted is not True:
                    yield from self.faults(value[name], wanted, f'{at}/{name}')

    def check_required(self, value, wanted, schema, at):
        for name in wanted if isinstance(value, dict) else ():
            if name not in value:
                yield f'{at}/{name}: is missing'

    def check_items(self, value, wanted, schema, at):
        for i, item in enumerate(value if isinstance(value, list) else ()):
            yield from self.faults(item, wanted, f'{at}/{i}')

    def check_enum(self, value, wanted, schema, at):
        if value not in wanted:
            yield f'{at}: {value!r} is none of {wanted}'

    def check_const(self, value, wanted, schema, at):
        if value != wanted:
            yield f'{at}: {value!r} is not {wanted!r}'

    def check_oneOf(self, value, wanted, schema, at):
        fitting = [each for each in wanted if self.valid(value, each)]
        if len(fitting) != 1:
            yield f'{at}: {len(fitting)} of the alternatives fit: {[list(self.faults(value, each, at)) for each in wanted]}'

    def check_anyOf(self, value, wanted, schema, at):
        if not any(self.valid(value, each) for each in wanted):
            yield f'{at}: no alternative fits'

    def check_allOf(self, value, wanted, schema, at):
        for each in wanted:
            yield from self.faults(value, each, at)

    def bound(self, fits, value, wanted, at, what):
        if not fits:
            yield f'{at}: {json.dumps(value)[:80]}: {what} {wanted}'

    def check_minimum(self, value, wanted, schema, at):
        yield from self.bound(not is_type(value, 'number') or value >= wanted, value, wanted, at, 'is under')

    def check_maximum(self, value, wanted, schema, at):
        yield from self.bound(not is_type(value, 'number') or value <= wanted, value, wanted, at, 'is over')

    def check_minLength(self, value, wanted, schema, at):
        yield from self.bound(not isinstance(value, str) or len(value) >= wanted, value, wanted, at, 'shorter than')

    def check_maxLength(self, value, wanted, schema, at):
        yield from self.bound(not isinstance(value, str) or len(value) <= wanted, value, wanted, at, 'longer than')

    def check_maxItems(self, value, wanted, schema, at):
        yield from self.bound(not isinstance(value, list) or len(value) <= wanted, value, wanted, at, 'more than')

    def check_pattern(self, value, wanted, schema, at):
        yield from self.bound(not isinstance(value, str) or re.search(wanted, value), value, wanted, at, 'does not match')

    def check_format(self, value, wanted, schema, at):
        yield from self.bound(not isinstance(value, str) or is_format(value, wanted), value, wanted, at, 'is no')


# ── the calls ──

OFFER = json.loads((ROOT / 'config/demo/requests/camera-in-cart-ja.json').read_text())
REQUESTS = [json.loads(path.read_text()) for path in sorted((ROOT / 'config/demo/requests').glob('*.json'))]
VIEW = {'event_id': 'view-1', 'type': 'product_viewed', 'customer_id': 'C1', 'sku': 'CAM-A7'}
ORDER = {'event_id': 'order-1', 'type': 'order_placed', 'customer_id': 'C1', 'at': '2026-01-05T10:00:00+09:00',
         'order': {'id': 'A-1', 'currency': 'JPY', 'items': [{'sku': 'CAM-A7', 'quantity': 1, 'unit_price': 198000}]}}
CONSENT = {'event_id': 'consent-1', 'type': 'customer_updated', 'customer_id': 'C1',
           'customer': {'first_name': '花子', 'consent': {'personalization': True}, 'attributes': {'tier': 'gold'}}}
CLOUD = {'specversion': '1.0', 'id': 'cloud-1', 'source': '/shop', 'type': 'offerd.product_viewed', 'subject': 'C1',
         'time': '2026-01-05T10:00:00Z', 'data': {'sku': 'CAM-A7'}}
TEXT = {'Content-Type': 'text/plain'}
# Statuses that are declared and that nobody can bring about from outside.
BEYOND_REACH = {'500', '503', '409'}  # 409: an offer stands a minute at least; unit test http/server


class Caller:
    """Calls operations and holds each answer against the document."""

    def __init__(self, offerd, document):
        self.offerd, self.document, self.schemas = offerd, document, Schemas(document)
        self.operations = {operation['operationId']: (path, method, operation)
                           for path, methods in document['paths'].items() for method, operation in methods.items()}
        self.seen = {name: set() for name in self.operations}
        self.calls = 0

    def call(self, name, status, body=None, headers=None, query='', **segments):
        path, method, operation = self.operations[name]
        return self.hold(name, status, self.send(method, path.format(**segments) + query, body, headers))

    def send(self, method, path, body, headers):
        self.calls += 1
        return request(self.offerd.port, method.upper(), path, body, headers)

    def hold(self, name, status, answer):
        """Status, type and body of the answer are as the document says."""
        _, _, operation = self.operations[name]
        check(answer.status == status, f'{name}: {status} was expected:', answer)
        check(str(status) in operation['responses'], f'{name}: {status} is not declared:', answer)
        self.seen[name].add(str(status))
        declared = self.schemas.resolve(operation['responses'][str(status)])
        for header in declared.get('headers', {}):
            check(header.lower() in answer.headers, f'{name}: {status} without {header}')
        if 'content' not in declared:
            check(answer.body == b'', f'{name}: {status} has a body:', answer)
            return answer
        kind = answer.headers['content-type'].split(';')[0]
        check(kind in declared['content'], f'{name}: {status} is {kind}')
        value = answer.json if kind.endswith('json') else answer.text
        faults = list(self.schemas.faults(value, declared['content'][kind]['schema']))
        check(not faults, f'{name}: {status} is not as declared:', *faults[:5], answer)
        return answer

    def accepts(self, name, body):
        """The document says that this body may be sent."""
        content = self.operations[name][2]['requestBody']['content']['application/json']
        return self.schemas.valid(body, content['schema'])

    def wrong_method(self, name, **segments):
        path, method, _ = self.operations[name]
        self.hold(name, 405, self.send('PUT', path.format(**segments), None, None))


def call_offers(caller, name):
    offers = 0
    for body in [*REQUESTS, {**OFFER, 'explain': True, 'locale': 'en-GB'}, {**OFFER, 'customer_id': 'C1', 'budget_ms': 1000},
                 {'placement': 'nowhere', 'trigger': 'login', 'cart': {}}]:
        check(caller.accepts(name, body), 'the document refuses what is taken:', body)
        offers += len(caller.call(name, 200, body).json['offers'])
    check(offers > 0, 'not one offer was looked at')
    caller.call(name, 400, '{')
    check(not caller.accepts(name, {**OFFER, 'limit': 0}))
    caller.call(name, 422, {**OFFER, 'trigger': 'no_such'})
    caller.call(name, 413, ' ' * 300_000)
    caller.call(name, 415, '{}', headers=TEXT)
    without_a_body(caller, name)
    caller.wrong_method(name)


def without_a_body(caller, name):
    """http.client always sends a length with a POST, so this one is written by hand."""
    path = caller.operations[name][0]
    with socket.create_connection(('127.0.0.1', caller.offerd.port), timeout=10) as wire:
        wire.sendall(f'POST {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        reply = http.client.HTTPResponse(wire)
        reply.begin()
        caller.hold(name, 411, Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()))


def call_events(caller, name):
    for body in (VIEW, VIEW, ORDER, CONSENT, CLOUD, [VIEW, CLOUD, {**VIEW, 'event_id': 'view-2'}], []):
        check(caller.accepts(name, body), 'the document refuses what is taken:', body)
        caller.call(name, 202, body)
    mixed = caller.call(name, 202, [{**VIEW, 'event_id': 'view-3'}, {'event_id': 'x', 'type': 'no_such'}])
    check(mixed.json['results'][1]['problem']['pointer'] == '/1/type', mixed)
    caller.call(name, 202, json.dumps(CLOUD), headers={'Content-Type': 'application/cloudevents+json; charset=utf-8'})
    caller.call(name, 202, json.dumps([CLOUD]), headers={'Content-Type': 'application/cloudevents-batch+json'})
    caller.call(name, 400, '[1,')
    caller.call(name, 413, ' ' * 1_100_000)
    caller.call(name, 415, '{}', headers=TEXT)
    refused = caller.call(name, 422, {**VIEW, 'type': 'no_such'})
    check(refused.json['pointer'] == '/type' and not caller.accepts(name, {**VIEW, 'type': 'no_such'}), refused)
    caller.call(name, 422, [1, 2])
    without_a_body(caller, name)
    caller.wrong_method(name)


def call_outcome(caller, name):
    decision = caller.call('offers', 200, {**OFFER, 'customer_id': f'{name}-1', 'session_id': 's-1'}).json
    offer = decision['offers'][0]
    ids = {'decision_id': decision['decision_id'], 'offer_id': offer['offer_id']}
    first = caller.call(name, 200, {'reason': '色が好みでない', 'locale': 'ja'}, **ids)
    check(caller.call(name, 200, None, **ids).status == 200, 'said twice')
    if name == 'accept':
        check(first.json['apply'] == offer['apply'], first, offer['apply'])
    guest = caller.call('offers', 200, {k: v for k, v in OFFER.items() if k != 'customer_id'}).json
    caller.call(name, 200, {}, decision_id=guest['decision_id'], offer_id=guest['offers'][0]['offer_id'])
    caller.call(name, 400, '{', **ids)
    for wrong in ({'customer_id': 'somebody-else'}, {'customer_id': 'a\nb'}, {'session_id': 'a\nb'},
                  {'session_id': 'a\nb', 'reason': 'no'}):
        refused = caller.call(name, 422, wrong, **ids)
        check(refused.json.get('pointer') == '/' + list(wrong)[0], wrong, refused)
    caller.call(name, 413, ' ' * 20_000, **ids)
    caller.call(name, 415, '{}', headers=TEXT, **ids)
    caller.call(name, 404, {}, decision_id='0193', offer_id=offer['offer_id'])
    caller.call(name, 404, {}, decision_id=decision['decision_id'], offer_id=offer['offer_id'][:-1])
    caller.wrong_method(name, **ids)


def call_rules(caller, name):
    rules = caller.call(name, 200)
    caller.call(name, 304, headers={'If-None-Match': rules.headers['etag']})
    caller.call(name, 200, headers={'If-None-Match': '"another"'})
    caller.wrong_method(name)


def call_reload(caller, name):
    caller.call(name, 200)
    caller.call(name, 200, query='?force=true', headers={'Accept-Language': 'ja'})
    bad = caller.rules / 'broken.yaml'
    bad.write_text('rules:\n  - id: broken\n    kind: no_such_kind\n')
    caller.call(name, 422)
    caller.call(name, 422, headers={'Accept-Language': 'ja'})
    bad.unlink()
    caller.call(name, 200)
    caller.wrong_method(name)


def call_get(caller, name):
    answer = caller.call(name, 200)
    path = caller.operations[name][0]
    head = caller.send('HEAD', path, None, None)
    check(head.status == 200 and head.body == b'' and head.headers['content-type'] == answer.headers['content-type'])
    caller.wrong_method(name)


CALLS = {'offers': call_offers, 'offersV1': call_offers, 'events': call_events, 'eventsV1': call_events,
         'accept': call_outcome, 'decline': call_outcome, 'rules': call_rules, 'reload': call_reload,
         'healthz': call_get, 'readyz': call_get, 'metrics': call_get, 'openapi': call_get}


def api_key(name, scope, *more):
    """A key, and its line for the keys file."""
    return run('key', name, '--scope', scope, *more).stdout.split('\n')[:2]


def call_guarded(caller):
    """What names a scope asks for a key with that scope; what names none is open."""
    guarded = {name: each['security'][1]['bearer'][0] for name, (_, _, each) in caller.operations.items() if 'security' in each}
    keys = {scope: api_key(scope, scope) for scope in {*guarded.values(), 'events'}}
    slow = {name: api_key(name, 'admin', '--rate', 1) for name in guarded}
    file = scratch() / 'keys'
    file.write_text(''.join(f'{line}\n' for _, line in [*keys.values(), *slow.values()]))

    def ask(name, key):
        path, method, _ = caller.operations[name]
        return caller.send(method, re.sub(r'\{\w+\}', 'x', path), None if method == 'get' else '{}',
                           {'Authorization': f'Bearer {key}'} if key else {})

    with Offerd(data=demo_data(orders=False), flags=['--api-keys-file', file]) as caller.offerd:
        for name in caller.operations.keys() - guarded.keys():
            check(ask(name, None).status == 200, name)
        for name, scope in guarded.items():
            caller.hold(name, 401, ask(name, None))
            caller.hold(name, 401, ask(name, 'no-such-key'))
            caller.hold(name, 403, ask(name, keys['metrics' if scope == 'events' else 'events'][0]))
            check(ask(name, keys[scope][0]).status not in (401, 403, 429), name)
            answers = [ask(name, slow[name][0]) for _ in range(4)]
            caller.hold(name, 429, next((each for each in answers if each.status == 429), answers[-1]))


def test_every_operation_answers_as_the_document_says():
    rules = scratch()
    for path in (ROOT / 'config/rules').glob('*.yaml'):
        (rules / path.name).write_bytes(path.read_bytes())
    with Offerd(data=demo_data(), rules=rules) as offerd:
        caller = Caller(offerd, offerd.get('/openapi.json').json)
        caller.rules = rules
        check(set(caller.operations) == set(CALLS), 'operations and calls differ:', set(caller.operations) ^ set(CALLS))
        for name, call in CALLS.items():
            call(caller, name)
    call_guarded(caller)
    for name, (_, _, operation) in caller.operations.items():
        unseen = set(operation['responses']) - caller.seen[name] - BEYOND_REACH
        check(not unseen, f'{name}: declared, but never seen: {sorted(unseen)}')
        check(any(status < '400' for status in caller.seen[name]) and any(status >= '400' for status in caller.seen[name]))
    tell(f'{caller.calls} calls of {len(CALLS)} operations, '
         f'{sum(len(seen) for seen in caller.seen.values())} answers of different status')


def test_the_document_holds_together():
    with Offerd() as offerd:
        document = offerd.get('/openapi.json').json
    schemas = Schemas(document)
    check(document['openapi'].startswith('3.1.'), document['openapi'])
    version = run('--version')
    check(document['info']['version'] in version.stdout, document['info'], version.stdout)
    names, refs = [], []

    def walk(node):
        if isinstance(node, dict):
            if '$ref' in node:
                refs.append(node['$ref'])
                schemas.resolve(node)
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)
    walk(document)
    for path, methods in document['paths'].items():
        for operation in methods.values():
            names.append(operation['operationId'])
            wanted = set(re.findall(r'\{(\w+)\}', path))
            declared = {p['name'] for p in operation.get('parameters', []) if p['in'] == 'path' and p['required']}
            check(wanted == declared, path, declared)
            check(operation['summary'] and '503' in operation['responses'], f'{path}: while it stops anything may be answered 503')
    check(len(set(names)) == len(names), names)
    schemes = set(document['components'].pop('securitySchemes'))
    for methods in document['paths'].values():
        for operation in methods.values():
            check({'401', '403', '429'} & operation['responses'].keys() == ({'401', '403', '429'} if 'security' in operation else set()))
            named = {scheme for each in operation.get('security', []) for scheme in each}
            check(named == (schemes if 'security' in operation else set()), operation)
    unused = {f'#/components/{kind}/{name}' for kind, each in document['components'].items() for name in each} - set(refs)
    check(not unused, 'declared, but used nowhere:', sorted(unused))


main()
