// The requests of real clients, recorded from their sources and replayed in their order; what each client needs back is
// asserted (golden/clients-requests.jsonl, docs/spec/clients.md).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from './lib/server.mjs';
import { nameUUID } from './lib/uuid.mjs';

// requests are {client, step, ..., text}: the text is the body as the client writes it, where 100.0 is not 100.
const requests = fs.readFileSync(new URL('golden/clients-requests.jsonl', import.meta.url), 'utf8').trim().split('\n').map(line => {
  const request = JSON.parse(line);
  if (request.body) request.text = line.slice(line.indexOf('"body": ') + '"body": '.length, line.indexOf(', "expect": '));
  return request;
});

const dayAgo = Date.now() - 86_400_000;
let server;
const values = {
  ms: () => String(dayAgo),
  'now-7min': () => String(Date.now() - 7 * 60_000),
  epoch_ms: () => String(Date.now()),
};

before(async () => {
  server = await Server.start('requests');
  const { token, jwt } = await server.rest.subject('client', '*');
  Object.assign(values, { accessToken: () => token, 'sha1(API_SECRET)': () => server.rest.admin['api-secret'] });
  // So that no list is empty, and an expectation of its items means something.
  for (const collection of ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments']) {
    await server.rest.must(201, 'POST', `/api/v3/${collection}`, { jwt, body: { app: 'tests', device: 'seed', date: Date.now(), type: 'sgv', sgv: 99, eventType: 'Note' } });
  }
});
after(() => server?.stop());

const filled = text => text.replace(/{{(.+?)}}/g, (_, name) => (values[name] ?? assert.fail(`no value for {{${name}}}`))());

function send({ method, path, headers = {}, text }) {
  const all = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)]));
  return server.rest.send(method, filled(path), { headers: all, text });
}

const types = {
  string: value => typeof value === 'string',
  int: Number.isSafeInteger,
  bool: value => typeof value === 'boolean',
  array: Array.isArray,
};

// valuesAt are the values at a path: a.b, a.* for every member, [] for every element. None is a failure.
function valuesAt(body, path) {
  let found = [body];
  for (const key of path.split('.')) {
    found = found.flatMap(value => key === '*' || key === '[]' ? Object.values(value ?? {}) : [value?.[key]]);
  }
  assert.ok(found.length > 0, `nothing at ${path}`);
  return found;
}

const weak = /^W\/"(\d+)"$/;
const etags = {
  'absent-or-W/"<digits>"': etag => assert.ok(etag === undefined || weak.test(etag), etag),
  'W/"<max srvModified>" when non-empty, absent when empty': (etag, list) =>
    assert.equal(etag, list.length ? `W/"${Math.max(...list.map(doc => doc.srvModified))}"` : undefined),
};

// expectations are what a line can expect; a word that is not among them fails the test.
const expectations = {
  status: (wanted, answer) => assert.ok([wanted].flat().includes(answer.status), `${answer.status} ${answer.text}`),
  body: (wanted, answer) => { for (const [name, value] of Object.entries(wanted)) assert.deepEqual(answer.body[name], value, name); },
  types: (wanted, answer) => {
    for (const [path, type] of Object.entries(wanted)) for (const value of valuesAt(answer.body, path)) assert.ok(types[type](value), `${path} is ${value}, no ${type}`);
  },
  absentHeaders: (wanted, answer) => { for (const name of wanted) assert.equal(answer.headers[name.toLowerCase()], undefined, name); },
  etag: (wanted, answer) => etags[wanted](answer.headers.etag, answer.body.result),
};

const read = async path => (await server.rest.must(200, 'GET', path, { jwt: values.jwt() })).body.result;
const accounts = async () => (await server.rest.must(200, 'GET', '/api/v2/authorization/subjects', { headers: server.rest.admin })).body;
const readable = async (request, { body }) => {
  const { _id } = [body].flat()[0];
  const listed = (await accounts()).find(subject => subject._id === _id);
  await server.rest.must(200, 'GET', `/api/v2/authorization/request/${listed.accessToken}`);
};

// notes are what the lines say in words, by client and step.
const notes = {
  'aaps: token exchange': (_, { headers }) => assert.equal(headers['cache-control'], 'no-store'),
  'aaps: last profile': (_, { body }) => assert.equal(body.result.length, 1),
  'aaps: entries history': (_, { headers }) => { values.same = () => headers.etag.match(weak)[1]; },
  'aaps: entries history conditional': (request, { status, headers }) => {
    assert.equal(status, 304);
    assert.equal(headers.etag, filled(request.headers['If-None-Match']), 'the 304 repeats the ETag');
  },
  'aaps: patch sgv': async request => assert.equal((await read(request.path)).sgv, 101),
  'aaps: create devicestatus': async (_, { body }) => {
    const { utcOffset, created_at } = await read(`/api/v3/devicestatus/${body.identifier}`);
    assert.deepEqual({ utcOffset, created_at }, { utcOffset: 0, created_at: '2026-01-16T11:35:15.863Z' });
  },
  'aaps: create profile store': async (_, { body }) => assert.equal((await read(`/api/v3/profile/${body.identifier}`)).utcOffset, 0),
  'juggluco: re-create after soft delete': async (request, { body }) => {
    const revived = await read(`/api/v3/treatments/${body.identifier}`);
    assert.notEqual(revived.isValid, false);
    assert.ok(!('_id' in revived), 'the database key is not shown');
  },
  'jugglucong: hard delete': request => server.rest.must(404, 'GET', filled(request.path).split('?')[0], { jwt: values.jwt() }),
  'librelink-up: upload (N in parallel)': async request => {
    const more = Array.from({ length: 9 }, (_, i) => ({ ...request, text: JSON.stringify({ ...request.body, date: request.body.date + (i + 1) * 60_000 }) }));
    for (const answer of await Promise.all(more.map(send))) assert.equal(answer.status, 201, answer.text);
  },
  'mcp-nightscout: read window': (_, { body }) => {
    const dates = body.result.map(doc => doc.date);
    assert.ok(dates.length > 0 && dates.every(date => date >= 1795230000000), 'the filter counts, though its $ is %24');
    assert.deepEqual(dates, dates.toSorted((a, b) => a - b));
  },
  'loopfollow: create subject': readable,
  'nightscout-connect: create subject': readable,
};

// computed is the identifier that a note derives from the fields of a document without one.
const computed = note => note?.match(/uuidv5\(NightscoutRocks!, '(.+)'\)(?: = (\S+))?/);

test('every line is there', () => {
  assert.equal(requests.length, 54);
  const steps = new Set(requests.map(({ client, step }) => `${client}: ${step}`));
  assert.deepEqual(Object.keys(notes).filter(name => !steps.has(name)), [], 'notes for lines that are not there');
});

for (const request of requests) {
  test(`${request.client}: ${request.step}`, async () => {
    const answer = await send(request);
    for (const [word, wanted] of Object.entries(request.expect)) expectations[word](wanted, answer);
    if (request.path.includes('/authorization/request/')) values.jwt = () => answer.body.token;
    const [, name, uuid] = computed(request.note) ?? [];
    if (name) assert.equal(answer.body.identifier, nameUUID(name));
    if (uuid) assert.equal(answer.body.identifier, uuid);
    await notes[`${request.client}: ${request.step}`]?.(request, answer);
  });
}
