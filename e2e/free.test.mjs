// Free collections over APIv3 and /storage: ids that count across writers, kinds of write, restarts, an export and an import.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Database, missing } from './lib/database.mjs';
import { Listener } from './lib/listener.mjs';
import { binary, Server } from './lib/server.mjs';

const COLLECTIONS = 'test:int(test,status,n),todo,Things:uuid(a)';
const websocket = { version: '4.8.4', transport: 'websocket' };
let server, admin, limited;

before(async () => {
  server = await Server.start('free', { COLLECTIONS });
  admin = await server.rest.subject('admin', '*');
  limited = await server.rest.subject('limited', 'api:todo:read,create');
});
after(() => server?.stop());

const rest = (status, method, where, body) => server.rest.must(status, method, `/api/v3/${where}`, { jwt: admin.jwt, body });

test('a counted collection gives numbers, a UUID collection UUIDs', async () => {
  for (const identifier of ['1', '2', '3']) {
    const { body, headers } = await rest(201, 'POST', 'test', { n: 1 });
    assert.equal(body.identifier, identifier);
    assert.equal(headers.location, `/api/v3/test/${identifier}`);
  }
  const { body: { result } } = await rest(200, 'GET', 'test/2');
  assert.deepEqual(Object.keys(result), ['n', 'identifier', 'srvModified', 'srvCreated', 'subject']);
  assert.match((await rest(201, 'POST', 'todo', { what: 'x', date: 'tomorrow' })).body.identifier, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match((await rest(201, 'POST', 'things', { a: 1 })).body.identifier, /-4/);
});

test('an identifier of the client counts, and is judged', async () => {
  await rest(201, 'POST', 'test', { identifier: '10', n: 10 });
  assert.equal((await rest(201, 'POST', 'test', { n: 1 })).body.identifier, '11');
  assert.equal((await rest(200, 'POST', 'test', { identifier: '10', n: 11 })).body.isDeduplication, true);
  await rest(201, 'PUT', 'test/20', { n: 20 });
  assert.equal((await rest(201, 'POST', 'test', { n: 1 })).body.identifier, '21');
  await rest(200, 'DELETE', 'test/21');
  assert.equal((await rest(201, 'POST', 'test', { n: 1 })).body.identifier, '22');
  for (const identifier of ['0', '-1', '01', '1.5', 'x', '9007199254740992', 7]) {
    assert.equal((await rest(400, 'POST', 'test', { identifier, n: 1 })).body.message, 'Bad or missing identifier field');
  }
  await rest(400, 'PUT', 'test/x', { n: 1 });
  await rest(404, 'PATCH', 'test/x', { n: 1 });
  for (const [method, where] of [['POST', 'test'], ['PUT', 'test/10'], ['PATCH', 'test/10'], ['POST', 'todo']]) {
    assert.equal((await rest(400, method, where, { id: 5 })).body.message, 'Field id cannot be set, documents have an identifier');
  }
});

test('bulk writes count too', async () => {
  const { body: { results } } = await rest(200, 'POST', 'test/bulk', [{ n: 1 }, { identifier: '30' }, { n: 2 }]);
  assert.deepEqual(results.map(r => r.identifier), ['31', '30', '32']);
  const { body: { results: each } } = await rest(200, 'POST', 'test/bulk?atomic=false', [{ n: 1 }, { identifier: 'x' }, { n: 2 }]);
  assert.deepEqual(each.map(r => [r.status, r.identifier]), [[201, '33'], [400, undefined], [201, '34']]);
});

test('documents are listed in the order of their numbers, and found in any case of the collection\'s name', async () => {
  const { body: { result } } = await rest(200, 'GET', 'TEST?limit=1000&fields=identifier');
  const numbers = result.map(doc => Number(doc.identifier));
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  assert.equal((await rest(200, 'GET', 'tHiNgS')).body.result.length, 1);
  const { body: { result: history } } = await rest(200, 'GET', 'test/history/1680000000000');
  assert.ok(history.length > numbers.length && history.every(doc => doc.id === undefined), 'HISTORY shows ids');
});

test('STATUS and lastModified know them, and rights are theirs', async () => {
  const status = async who => (await server.rest.must(200, 'GET', '/api/v3/status', { jwt: who.jwt })).body.result.apiPermissions;
  const six = ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments'];
  assert.deepEqual(Object.keys(await status(admin)), [...six, 'test', 'todo', 'Things']);
  const rights = await status(limited);
  assert.deepEqual([rights.todo, rights.test, rights.entries], ['cr', '', '']);
  const { body: { result: { collections } } } = await server.rest.must(200, 'GET', '/api/v3/lastModified', { jwt: limited.jwt });
  assert.deepEqual(Object.keys(collections), ['todo']);
  await server.rest.must(403, 'GET', '/api/v3/test', { jwt: limited.jwt });
  const { body: permissions } = await server.rest.must(200, 'GET', '/api/v2/authorization/permissions', { headers: server.rest.admin });
  assert.ok(JSON.stringify(permissions).includes('api:Things:update'), 'the permissions of a free collection are unknown');
  await rest(404, 'GET', 'counters');
});

test('/storage tells their changes without the number', async () => {
  const listener = new Listener(server.url, websocket, { accessToken: admin.token, collections: ['test', 'Things', 'counters'] });
  try {
    await listener.acked();
    assert.deepEqual(listener.acks[0].collections, ['test', 'Things']);
    const { body: { identifier } } = await rest(201, 'POST', 'test', { n: 5 });
    await rest(200, 'PATCH', `test/${identifier}`, { n: 6 });
    await rest(200, 'DELETE', `test/${identifier}`);
    await listener.received(3);
    assert.deepEqual(listener.events.map(e => e.event), ['create', 'update', 'delete']);
    for (const { data } of listener.events) assert.equal(data.doc?.id, undefined, JSON.stringify(data));
  } finally {
    listener.close();
  }
});

test('many writers at once share no number, and a killed server gives none twice', async () => {
  const given = [];
  for (let round = 0; round < 2; round++) {
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (let n = 0; n < 10; n++) given.push((await rest(201, 'POST', 'test', { n })).body.identifier);
    }));
    await server.kill();
    await server.again();
  }
  assert.equal(new Set(given).size, 320);
});

test('an export takes them and their counters along', async () => {
  const { body: { identifier: last } } = await rest(201, 'POST', 'test', { n: 1 });
  await server.stop();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightwire-free-'));
  const run = (data, ...args) => execFileSync(binary(), args, { env: { DATA_DIR: data, COLLECTIONS }, stdio: 'pipe' });
  run(server.data, 'export', path.join(dir, 'all'));
  run(path.join(dir, 'data'), 'import', path.join(dir, 'all'));
  run(path.join(dir, 'data'), 'check');
  fs.rmSync(server.data, { recursive: true });
  fs.renameSync(path.join(dir, 'data'), server.data);
  fs.rmSync(dir, { recursive: true });
  await server.again();
  const { body: { token: jwt } } = await server.rest.must(200, 'GET', `/api/v2/authorization/request/${admin.token}`);
  const { body } = await server.rest.must(201, 'POST', '/api/v3/test', { jwt, body: { n: 1 } });
  assert.equal(body.identifier, String(Number(last) + 1));
  assert.equal((await server.rest.must(200, 'GET', '/api/v3/Things', { jwt })).body.result.length, 1);
});

test('two servers on one database share no number', { skip: missing }, async () => {
  const database = await Database.start('free');
  const nodes = [];
  try {
    for (const n of [1, 2]) nodes.push(await Server.start(`free-node-${n}`, { MONGODB_URI: database.uri, COLLECTIONS }));
    const { jwt } = await nodes[0].rest.subject('admin', '*');
    const given = [];
    await Promise.all(nodes.flatMap(node => Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 10; n++) given.push((await node.rest.must(201, 'POST', '/api/v3/test', { jwt, body: { n } })).body.identifier);
    })));
    assert.equal(new Set(given).size, 80);
    const { body: { result } } = await nodes[1].rest.must(200, 'GET', '/api/v3/test?limit=1000', { jwt });
    assert.deepEqual(result.map(doc => doc.identifier), given.toSorted((a, b) => a - b));
    const client = await database.client();
    const { insertedId } = await client.db().collection('test').insertOne({ identifier: String(given.length + 30), other: true });
    assert.ok(insertedId);
    const after = [];
    for (let n = 0; n < 40; n++) after.push((await nodes[n % 2].rest.must(201, 'POST', '/api/v3/test', { jwt, body: { n } })).body.identifier);
    assert.equal(new Set([...after, ...given, String(given.length + 30)]).size, 121, 'a number of another program was given out');
    await client.close();
  } finally {
    for (const node of nodes) await node.stop();
    await database.stop();
  }
});
