// Another program writes into the database, as uploads over Nightscout's APIv1 do: documents without identifier and
// srvModified. Clients on /storage hear of it as of any other write, unless CHANGES=own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Database, missing } from './lib/database.mjs';
import { Listener } from './lib/listener.mjs';
import { Server } from './lib/server.mjs';

const skip = missing;
const websocket = { version: '4.8.4', transport: 'websocket' };
let database, server, own, admin, client, entries;

before(async () => {
  if (skip) return;
  database = await Database.start('foreign');
  server = await Server.start('foreign', { MONGODB_URI: database.uri });
  own = await Server.start('foreign-own', { MONGODB_URI: database.uri, CHANGES: 'own' });
  admin = await server.rest.subject('admin', '*');
  client = await database.client();
  entries = client.db().collection('entries');
});
after(async () => {
  await client?.close();
  for (const s of [server, own]) await s?.stop();
  await database?.stop();
});

// The fields of an entry as APIv1 leaves it.
const upload = (sgv, date) => ({ type: 'sgv', sgv, date, dateString: new Date(date).toISOString(), sysTime: new Date(date).toISOString(), device: 'uploader', direction: 'Flat', utcOffset: 0 });

// heard runs a test with a listener on a node.
async function heard(node, run) {
  const listener = new Listener(node.url, websocket, { accessToken: admin.token, collections: ['entries'] });
  try {
    await listener.acked();
    assert.ok(listener.acks[0].success, JSON.stringify(listener.acks[0]));
    await run(listener);
  } finally {
    listener.close();
  }
}

const rest = (status, method, path, body) => server.rest.must(status, method, path, { jwt: admin.jwt, body });

test('what another program inserts, replaces, updates and deletes is told with identifier and srvModified', { skip }, () => heard(server, async listener => {
  const started = Math.floor(Date.now() / 1000) * 1000, date = started - 60_000;
  const { insertedId } = await entries.insertOne(upload(100, date));
  await entries.replaceOne({ sysTime: new Date(date).toISOString(), type: 'sgv' }, upload(101, date), { upsert: true });
  await entries.updateOne({ _id: insertedId }, { $set: { sgv: 102 }, $unset: { direction: '' } });
  await listener.received(3);
  const identifier = insertedId.toHexString();
  const { body: { result: stored } } = await rest(200, 'GET', `/api/v3/entries/${identifier}`);
  assert.equal(stored.sgv, 102);
  assert.equal(stored.identifier, identifier);
  await entries.deleteOne({ _id: insertedId });
  await listener.received(4);
  assert.deepEqual(listener.events.map(e => e.event), ['create', 'update', 'update', 'delete']);
  for (const [i, sgv] of [100, 101, 102].entries()) {
    const { colName, doc } = listener.events[i].data, { srvModified, srvCreated, ...fields } = doc;
    assert.equal(colName, 'entries');
    assert.ok(srvModified >= started && srvModified <= Date.now() + 1000, `srvModified ${srvModified}`);
    assert.equal(srvCreated, srvModified);
    const { direction, ...expected } = upload(sgv, date);
    assert.deepEqual(fields, i < 2 ? { ...expected, direction, identifier } : { ...expected, identifier }, `event ${i}`);
  }
  assert.deepEqual(listener.events[3].data, { colName: 'entries', identifier });
}));

test('an upsert that inserts is a creation', { skip }, () => heard(server, async listener => {
  const date = Date.now() - 120_000, { upsertedId } = await entries.replaceOne({ sysTime: 'none', type: 'sgv' }, upload(110, date), { upsert: true });
  await listener.received(1);
  assert.equal(listener.events[0].event, 'create');
  assert.equal(listener.events[0].data.doc.identifier, upsertedId.toHexString());
}));

test('another program may change and delete what Nightwire stored, and the other way round', { skip }, () => heard(server, async listener => {
  const date = Date.now();
  await rest(201, 'POST', '/api/v3/entries', { identifier: 'shared', ...upload(120, date), app: 'tests' });
  await entries.updateOne({ identifier: 'shared' }, { $set: { sgv: 121 } });
  await rest(200, 'PATCH', '/api/v3/entries/shared', { sgv: 122 });
  await entries.deleteOne({ identifier: 'shared' });
  const { insertedId } = await entries.insertOne(upload(130, date)), identifier = insertedId.toHexString();
  await rest(200, 'PATCH', `/api/v3/entries/${identifier}`, { sgv: 131 });
  await rest(200, 'DELETE', `/api/v3/entries/${identifier}`);
  await listener.received(7);
  assert.deepEqual(listener.events.map(({ event, data }) => [event, data.identifier ?? data.doc.identifier, data.doc?.sgv]), [
    ['create', 'shared', 120], ['update', 'shared', 121], ['update', 'shared', 122], ['delete', 'shared', undefined],
    ['create', identifier, 130], ['update', identifier, 131], ['delete', identifier, undefined],
  ]);
  assert.equal((await entries.findOne({ _id: insertedId })).identifier, undefined, 'the document of another program got an identifier');
}));

test('CHANGES=own tells what Nightwire writes, on whichever node, and nothing else', { skip }, () => heard(own, async listener => {
  const { insertedId } = await entries.insertOne(upload(140, Date.now()));
  await rest(201, 'POST', '/api/v3/entries', { identifier: 'told', ...upload(141, Date.now() + 1), app: 'tests' });
  await entries.updateOne({ identifier: 'told' }, { $set: { sgv: 142 } });
  await entries.deleteOne({ _id: insertedId });
  await rest(200, 'DELETE', '/api/v3/entries/told');
  await listener.received(2);
  assert.deepEqual(listener.events.map(({ event, data }) => [event, data.identifier ?? data.doc.identifier]), [['create', 'told'], ['delete', 'told']]);
}));
