// The server as AndroidAPS meets it (docs/spec/clients.md §1.1 and §1.2): the checklist in the order of the app, and with
// its ways of reading answers, of which one bad value stops all its synchronisation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Listener } from './lib/listener.mjs';
import { Server } from './lib/server.mjs';
import { nameUUID } from './lib/uuid.mjs';

const collections = ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments'];
const minute = 60_000, now = Date.now();

// Fields that the app reads into an Int or a Long, and those it reads into a Double.
const integers = ['date', 'mills', 'timestamp', 'srvModified', 'srvCreated', 'srvDate', 'lastModified', 'iat', 'exp', 'utcOffset', 'duration', 'durationInMilliseconds', 'protein', 'fat',
  'preBolus', 'splitNow', 'splitExt', 'pumpId', 'endId', 'percentage', 'timeshift', 'originalDuration', 'originalEnd', ...collections];
const numbers = ['sgv', 'insulin', 'carbs', 'absolute', 'percent', 'rate', 'targetTop', 'targetBottom'];

// assertReadable looks at the text of an answer, because 1.0 and 1e3 are no integers to the app.
function assertReadable(text) {
  for (const [, name, value] of text.matchAll(/"(\w+)":("(?:[^"\\]|\\.)*"|[-+.\w]+)/g)) {
    if (value === 'null') continue;
    if (integers.includes(name) && !/^"c?r?u?d?"$/.test(value)) assert.match(value, /^-?\d+$/, `${name} is no integer`);
    if (numbers.includes(name)) assert.ok(Number.isFinite(Number(value)) && !value.startsWith('"'), `${name} is ${value}`);
  }
}

// App is the app's REST client: its headers, its way to get a JWT, its cache of histories.
class App {
  constructor(rest, token) { Object.assign(this, { rest, token, jwt: '', exchanges: 0 }); }

  async send(method, path, text) {
    const once = () => this.rest.send(method, `/api/v3/${path}`, {
      text, headers: { Date: String(Date.now()), Authorization: `Bearer ${this.jwt}`, 'Accept-Encoding': 'gzip', 'User-Agent': 'okhttp/5.3.2', ...(text && { 'Content-Type': 'application/json; charset=UTF-8' }), ...this.condition },
    });
    let answer = await once();
    if (answer.status === 401 || answer.status === 403) {
      assert.ok(!answer.text.includes('Date header out of tolerance'));
      await this.exchange();
      answer = await once();
    }
    assertReadable(answer.text);
    return answer;
  }

  async exchange() {
    this.exchanges++;
    const { body, headers, text } = await this.rest.must(200, 'GET', `/api/v2/authorization/request/${this.token}`);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(typeof body.token, 'string');
    assert.ok(Number.isInteger(body.iat) && Number.isInteger(body.exp));
    assertReadable(text);
    this.jwt = body.token;
  }

  async get(path) {
    const answer = await this.send('GET', path);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  }

  // list is a search; its ETag, if there is one, must be readable.
  async list(path) {
    const { body, headers } = await this.get(path);
    if (headers.etag !== undefined) cursorOf(headers.etag);
    return body.result;
  }

  // history pages as the app does and resolves to {documents, cursor}.
  async history(collection, cursor, limit) {
    const documents = [];
    for (;;) {
      const { body: { result }, headers } = await this.get(`${collection}/history/${cursor}?limit=${limit}`);
      if (!result.length) {
        assert.equal(headers.etag, undefined);
        assert.equal(headers['last-modified'], undefined);
        return { documents, cursor };
      }
      assert.ok(headers['last-modified']);
      for (const { srvModified } of result) {
        assert.ok(srvModified > cursor, 'strictly after the cursor, ascending, and no two at one time');
        cursor = srvModified;
      }
      assert.equal(cursorOf(headers.etag), cursor, 'the ETag is the newest of the page');
      documents.push(...result);
    }
  }

  // write resolves to the body of an answer that makes the app go on to the next record.
  async write(collection, document, ...statuses) {
    const { status, body, text } = await this.send('POST', collection, typeof document === 'string' ? document : JSON.stringify(document));
    assert.ok(statuses.includes(status), `${status} ${text}`);
    assert.equal(body.status, status);
    assert.equal(typeof body.identifier, 'string');
    assert.ok(Number.isInteger(body.lastModified));
    if (status === 200) assert.equal(body.isDeduplication, true);
    return body;
  }
}

// cursorOf is substring(3, length - 1).toLong() of the app: anything else than W/"digits" throws there.
function cursorOf(etag) {
  assert.match(etag.slice(3, -1), /^\d+$/, etag);
  assert.match(etag, /^W\/"\d+"$/);
  return Number(etag.slice(3, -1));
}

let server, app, listener;

before(async () => {
  server = await Server.start('androidaps');
  const { token, jwt } = await server.rest.subject('aaps', 'api:*:*');
  app = new App(server.rest, token);
  app.seed = (collection, body) => server.rest.must(201, 'POST', `/api/v3/${collection}`, { jwt, body });
});
after(async () => { listener?.close(); await server?.stop(); });

test('an empty bearer is 401, the exchange needs no credential, and the request is repeated once (1-3)', async () => {
  const { status } = await server.rest.send('GET', '/api/v3/status', { headers: { Authorization: 'Bearer ' } });
  assert.equal(status, 401);
  assert.equal((await server.rest.send('GET', '/api/v2/authorization/request/nobody-0123456789abcdef')).status, 401);
  await app.get('status');
  assert.equal(app.exchanges, 1);
});

test('status has all six keys, for any rights, and no Last-Modified (5, 7)', async () => {
  const reader = new App(server.rest, (await server.rest.subject('reader', 'api:entries:read')).token);
  const none = Object.fromEntries(collections.map(name => [name, '']));
  const all = Object.fromEntries(collections.map(name => [name, 'crud']));
  for (const [one, rights] of [[app, all], [reader, { ...none, entries: 'r' }]]) {
    const { body: { result }, headers } = await one.get('status');
    for (const value of [result.version, result.apiVersion, result.storage.storage, result.storage.version]) assert.equal(typeof value, 'string');
    assert.ok(Math.abs(result.srvDate - Date.now()) < minute);
    assert.deepEqual(result.apiPermissions, rights);
    assert.equal(headers['last-modified'], undefined);
    assert.equal(headers.etag, undefined);
  }
});

test('lastModified has integers only, and no Last-Modified (6, 7)', async () => {
  for (const collection of collections) await app.seed(collection, { app: 'tests', device: 'seed', date: now - 10 * minute + 0.0386, type: 'sgv', eventType: 'Note' });
  const { body: { result }, headers } = await app.get('lastModified');
  assert.deepEqual(Object.keys(result.collections).sort(), collections);
  for (const value of Object.values(result.collections)) assert.ok(Number.isInteger(value) && value > now - 10 * minute);
  assert.equal(headers['last-modified'], undefined);
  assert.equal(headers.etag, undefined);
});

test('the first load: $ as it stands, limits 500 and 1000, deleted documents hidden, no ETag that cannot be read (8, 9, 13)', async () => {
  for (let i = 0; i < 20; i++) await app.seed('entries', { app: 'xDrip', device: 'x', date: now - (30 - i) * minute, type: 'sgv', sgv: 100 + i });
  const { identifier } = await app.write('entries', { app: 'AAPS', device: 'x', date: now - 31 * minute, type: 'sgv', sgv: 99 }, 201);
  assert.equal((await app.send('DELETE', `entries/${identifier}`)).status, 200);
  const since = now - 60 * minute;
  const entries = await app.list(`entries?sort=date&date$gt=${since}&limit=500`);
  assert.equal(entries.length, 21);
  assert.ok(entries.every(({ date, isValid, identifier: id }, i) => date > since && isValid !== false && id !== identifier && (i === 0 || date >= entries[i - 1].date)));
  assert.equal((await app.list(`entries?sort=date&date$gt=${now - 15 * minute}&limit=1000`)).length, 5);
  assert.equal((await app.list(`treatments?sort=created_at&created_at$gt=${new Date(since).toISOString()}&limit=500`)).length, 1);
  assert.equal((await app.list('food?limit=1000')).length, 1);
  assert.equal((await app.list('profile?sort$desc=date&limit=1')).length, 1);
  assert.equal((await app.get('profile?sort$desc=date&limit=1')).headers.etag, undefined);
  assert.ok((await app.get(`devicestatus/history/${now - 7 * minute}`)).body.result.length > 0, 'without a limit');
});

test('history pages by ETag, tells of deleted documents, and is 304 with the same ETag when nothing is new (9-13)', async () => {
  const { documents, cursor } = await app.history('entries', now - minute, 5);
  assert.equal(new Set(documents.map(doc => doc.identifier)).size, documents.length);
  assert.equal(documents.filter(doc => doc.isValid === false).length, 1);
  assert.equal(documents.length, 22);
  const path = `entries/history/${now - minute}?limit=500`;
  const { headers: { etag } } = await app.get(path);
  assert.equal(cursorOf(etag), cursor);
  app.condition = { 'If-None-Match': etag };
  const again = await app.send('GET', path);
  assert.deepEqual({ status: again.status, etag: again.headers.etag, text: again.text }, { status: 304, etag, text: '' });
  await app.seed('entries', { app: 'xDrip', device: 'x', date: now, type: 'sgv', sgv: 120 });
  assert.equal((await app.send('GET', path)).status, 200);
  app.condition = undefined;
  for (const ancient of [0, 1]) assert.equal((await app.send('GET', `entries/history/${ancient}`)).status, 400);
});

// The records as the app's serialiser writes them: doubles with .0, no identifier, no created_at.
const records = [
  ['entries', 'Libre3', '"type":"sgv","sgv":100.0,"device":"Libre3","utcOffset":120'],
  ['treatments', undefined, '"eventType":"Correction Bolus","insulin":0.2,"type":"SMB","utcOffset":60,"pumpId":3410806440035'],
  ['treatments', undefined, '"eventType":"Temp Basal","duration":120,"durationInMilliseconds":7200000,"percent":-100.0,"rate":0.0,"utcOffset":60'],
  ['devicestatus', 'openaps://phone', '"device":"openaps://phone","uploaderBattery":77,"pump":{"reservoir":100.5}'],
  ['profile', undefined, '"defaultProfile":"P","store":{"P":{"dia":5}}'],
  ['food', undefined, '"name":"bread","category":"a","carbs":12.0,"protein":3,"fat":1'],
];

for (const [collection, device, fields] of records) {
  const eventType = fields.match(/"eventType":"([^"]+)"/)?.[1];
  test(`a record for ${collection}${eventType ? ` (${eventType})` : ''}: created, known again, patched, deleted twice, revived (15-20)`, async () => {
    const date = now - 3600 * 1000 - fields.length, text = `{"app":"AAPS","date":${date},"isValid":true,"isReadOnly":false,${fields}}`;
    const { identifier } = await app.write(collection, text, 201);
    assert.equal(identifier, nameUUID(`${device}_${date}${eventType ? `_${eventType}` : ''}`));
    const stored = (await app.get(`${collection}/${identifier}`)).body.result;
    assert.equal(stored.utcOffset, Number(fields.match(/"utcOffset":(\d+)/)?.[1] ?? 0));
    assert.equal(stored.created_at, new Date(date).toISOString());
    assert.ok(!('_id' in stored));
    assert.equal((await app.write(collection, text, 200)).identifier, identifier);
    const patch = { identifier, ...(eventType && { eventType }), isValid: true, isReadOnly: false, notes: 'changed' };
    const patched = await app.send('PATCH', `${collection}/${identifier}`, JSON.stringify(patch));
    assert.equal(patched.status, 200, patched.text);
    for (const _ of ['deleted', 'deleted again']) assert.equal((await app.send('DELETE', `${collection}/${identifier}`)).status, 200);
    assert.equal((await app.send('GET', `${collection}/${identifier}`)).status, 410);
    assert.equal((await app.send('PATCH', `${collection}/${identifier}`, JSON.stringify(patch))).status, 410, 'as upstream');
    assert.equal((await app.write(collection, text, 200)).identifier, identifier);
    assert.notEqual((await app.get(`${collection}/${identifier}`)).body.result.isValid, false);
  });
}

test('the texts of refusals that the app looks for (18), and what it takes for done (20)', async () => {
  const record = { app: 'AAPS', date: now - 2 * 3600 * 1000, type: 'sgv', sgv: 90, device: 'Libre3', utcOffset: 0 };
  const offset = await app.send('POST', 'entries', JSON.stringify({ ...record, utcOffset: 'x' }));
  assert.equal(offset.status, 400);
  assert.ok(offset.body.message.includes('Bad or missing utcOffset field'));
  const { identifier } = await app.write('entries', record, 201);
  const changed = await app.send('PATCH', `entries/${identifier}`, JSON.stringify({ device: 'other' }));
  assert.equal(changed.status, 400);
  assert.ok(changed.body.message.includes('cannot be modified by the client'));
  assert.equal((await app.send('PATCH', 'entries/nothing-there', '{"sgv":1}')).status, 404);
  assert.equal((await app.send('DELETE', 'treatments/nothing-there')).status, 404);
});

test('the socket: the writer hears of its own writes, with integers and identifiers as over REST (§1.2)', async () => {
  listener = new Listener(server.url, { version: '4.8.4', transport: 'upgrade' }, { accessToken: app.token, collections: ['devicestatus', 'entries', 'profile', 'treatments', 'foods', 'settings'] });
  await listener.acked();
  const granted = listener.acks[0];
  assert.equal(granted.success, true);
  assert.deepEqual(granted.collections, ['devicestatus', 'entries', 'profile', 'treatments', 'settings'], 'foods is passed over in silence');
  const { identifier, lastModified } = await app.write('treatments', { app: 'AAPS', date: now + 1, eventType: 'Note', isValid: true }, 201);
  await app.send('DELETE', `treatments/${identifier}`);
  await listener.received(2);
  const [created, deleted] = listener.events;
  assert.equal(created.event, 'create');
  assert.equal(created.data.colName, 'treatments');
  assert.deepEqual([created.data.doc.identifier, created.data.doc.srvModified, '_id' in created.data.doc], [identifier, lastModified, false]);
  assert.ok(Number.isInteger(created.data.doc.srvModified));
  assert.deepEqual(deleted, { event: 'delete', data: { colName: 'treatments', identifier } });
});
