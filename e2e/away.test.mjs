// The database goes away and comes back. Meanwhile requests are refused quickly and sockets stay open; afterwards everything
// goes on by itself, and what was written before the servers noticed is told too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Database, missing } from './lib/database.mjs';
import { Listener } from './lib/listener.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/until.mjs';

const skip = missing;
const combinations = [{ version: '2.2.0', transport: 'websocket' }, { version: '4.8.4', transport: 'polling' }];
const absence = 10_000; // ms
let database, nodes, admin, client, number = 0;

before(async () => {
  if (skip) return;
  database = await Database.start('away');
  nodes = [];
  for (const name of ['away-a', 'away-b']) nodes.push(await Server.start(name, { MONGODB_URI: database.uri }));
  admin = await nodes[0].rest.subject('admin', '*');
  client = await database.client();
});
after(async () => {
  await client?.close();
  for (const node of nodes ?? []) await node.stop();
  await database?.stop();
});

const entry = identifier => ({ identifier, type: 'sgv', sgv: 100, device: 'e2e', app: 'tests', date: 1_700_000_000_000 + number++ });

// round creates one document on each node, and one in the database itself; it resolves to their identifiers.
async function round(name) {
  const names = [...nodes.keys()].map(i => `${name}-${i}`);
  const foreign = client.db().collection('entries').insertOne({ type: 'sgv', sgv: 100, date: 1_700_000_000_000 + number++ });
  for (const [i, identifier] of names.entries()) await nodes[i].rest.must(201, 'POST', '/api/v3/entries', { jwt: admin.jwt, body: entry(identifier) });
  return [...names, (await foreign).insertedId.toHexString()];
}

// refused asks a node for everything at once; each answer must be 503, say when to try again, and come within 5 s.
async function refused(node, n) {
  const requests = [
    ['GET', '/api/v3/entries'], ['GET', '/api/v3/entries/before-0'], ['GET', '/api/v3/entries/history/946684800001'], ['GET', '/api/v3/lastModified'],
    ['POST', '/api/v3/entries', entry(`refused-${node.name}-${n}`)], ['PATCH', '/api/v3/entries/before-0', { sgv: 1 }], ['DELETE', '/api/v3/entries/before-1'],
  ];
  await Promise.all([
    ...requests.map(async ([method, path, body]) => {
      const started = Date.now(), { status, headers } = await node.rest.send(method, path, { jwt: admin.jwt, body }), ms = Date.now() - started;
      assert.equal(status, 503, `${method} ${path}`);
      assert.ok(Number(headers['retry-after']) > 0, `${method} ${path}: Retry-After is ${headers['retry-after']}`);
      assert.ok(ms < 5000, `${method} ${path} took ${ms} ms`);
    }),
    node.rest.must(503, 'GET', '/readyz'),
    node.rest.must(200, 'GET', '/healthz'),
  ]);
}

const ready = node => until(`${node.name} to be ready`, async () => (await node.rest.send('GET', '/readyz')).status === 200);

for (const [name, leave, comeBack] of [
  ['frozen', async () => database.freeze(), async () => database.thaw()],
  ['killed', () => database.kill(), () => database.again()],
]) {
  test(`the database is ${name} for ${absence / 1000} s`, { skip, timeout: 90_000 }, async t => {
    const listeners = nodes.flatMap(node => combinations.map(c => new Listener(node.url, c, { accessToken: admin.token, collections: ['entries'] })));
    try {
      for (const l of listeners) await l.acked();
      const told = await round(`${name}-before`);
      for (const l of listeners) await l.received(told.length);
      const left = Date.now();
      await leave();
      for (let n = 0; Date.now() < left + absence; n++) await Promise.all(nodes.map(node => refused(node, `${name}-${n}`)));
      await comeBack();
      const back = Date.now();
      // Another program writes at once, most likely before the servers have noticed.
      const { insertedIds } = await client.db().collection('entries').insertMany(Array.from({ length: 20 }, () => ({ type: 'sgv', sgv: 100, date: 1_700_000_000_000 + number++ })));
      told.push(...Object.values(insertedIds).map(id => id.toHexString()));
      await Promise.all(nodes.map(ready));
      t.diagnostic(`ready ${Date.now() - back} ms after its return`);
      told.push(...await round(`${name}-after`));
      for (const l of listeners) {
        const created = () => l.events.filter(e => e.event === 'create').map(e => e.data.doc.identifier);
        await until(() => `${l.label} to hear of all ${told.length} documents, has ${created().length}`, () => told.every(id => created().includes(id)));
        // A write that was answered 503 may have been done for all that; then it is told, once.
        const rest = created().filter(id => !told.includes(id));
        assert.equal(new Set(created()).size, created().length, `${l.label}: something was told twice`);
        assert.ok(rest.every(id => id.startsWith('refused-')), `${l.label}: ${rest}`);
        assert.deepEqual(l.ends, [], `${l.label} was cut`);
      }
      assert.deepEqual(new Set(listeners.map(l => l.events.map(e => JSON.stringify(e)).sort().join('\n'))).size, 1, 'all heard the same');
      t.diagnostic(`everybody had everything ${Date.now() - back} ms after its return`);
    } finally {
      for (const l of listeners) l.close();
    }
  });
}
