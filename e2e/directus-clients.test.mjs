// Clients as they were written to the two published documents of the extension: plain sockets with a token in the address, the
// first without uid on subscriptions, the second with uid, query and UNSUBSCRIBE.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { address, seeded } from './lib/directus.mjs';
import { fenceEvents, Socket } from './lib/socket.mjs';

let server, client;
const collection = 'test';

before(async () => { server = await seeded('directus-clients'); });
after(() => server?.stop());
beforeEach(async () => { await client?.close(); client = await Socket.open(`${server.sockets}?api_token=${server.people.admin.token}`); });
after(() => client?.close());

test('the first document: GET, POST, PATCH and DELETE', async () => {
  const query = { fields: '*', limit: 5, sort: '-id', filter: { status: { _eq: 'published' } } };
  const { type, data } = await client.ask({ type: 'GET', collection, query });
  assert.equal(type, 'RESPONSE');
  assert.deepEqual(data.map(row => row.id), [3, 1]);

  const one = await client.ask({ type: 'POST', collection, data: { test: 'a' } });
  const { id } = one.data;
  assert.deepEqual(one, { type: 'RESPONSE', data: { id, test: 'a', status: null, n: null, hidden_note: null } });
  const many = await client.ask({ type: 'POST', collection, data: [{ test: 'b' }, { test: 'c' }], query: { fields: ['id', 'test'] } });
  assert.deepEqual(many, { type: 'RESPONSE', data: [{ id: id + 1, test: 'b' }, { id: id + 2, test: 'c' }] });

  const patched = await client.ask({ type: 'PATCH', collection, id, data: { test: 'test321' } });
  assert.deepEqual(patched, { type: 'RESPONSE', data: { ...one.data, test: 'test321' } });
  const all = await client.ask({ type: 'PATCH', collection, ids: [id, id + 2], data: { n: 1 }, query: { fields: ['id', 'n'] } });
  assert.deepEqual(all, { type: 'RESPONSE', data: [{ id, n: 1 }, { id: id + 2, n: 1 }] });

  assert.deepEqual(await client.ask({ type: 'DELETE', collection, id }), { type: 'RESPONSE', data: id });
  // The document's second sample of DELETE says PATCH; that changes nothing, and deletes nothing.
  assert.deepEqual(await client.ask({ type: 'PATCH', collection, ids: [id + 1] }), { type: 'RESPONSE', data: [{ ...one.data, id: id + 1, test: 'b' }] });
  assert.deepEqual(await client.ask({ type: 'DELETE', collection, ids: [id + 1, id + 2] }), { type: 'RESPONSE', data: [id + 1, id + 2] });
  assert.deepEqual((await client.ask({ type: 'GET', collection, query: { filter: { id: { _gte: id } } } })).data, []);
});

test('the first document: SUBSCRIBE says nothing, then every change in a bare frame before its RESPONSE', async () => {
  client.send({ type: 'SUBSCRIBE', collection });
  assert.deepEqual(await client.settled(), []);
  const heard = async message => { client.send(message); return [await client.next(), await client.next()]; };

  const data = { test: 'x', n: 7 };
  const [create, created] = await heard({ type: 'POST', collection, data });
  const { id } = created.data;
  assert.deepEqual(create, { action: 'create', payload: data, key: id, collection });
  const [update] = await heard({ type: 'PATCH', collection, ids: [id, 1], data: { n: 8 } });
  assert.deepEqual(update, { action: 'update', payload: { n: 8 }, keys: [id, 1], collection });
  const [gone] = await heard({ type: 'DELETE', collection, ids: [id] });
  assert.deepEqual(gone, { action: 'delete', payload: [id], collection });
});

test('the second document: a subscription has uid and query, and ends with UNSUBSCRIBE', async () => {
  const writer = await Socket.open(address(server, server.people.editor));
  try {
    const told = () => fenceEvents(data => server.rest.must(201, 'POST', '/api/v3/fence', { jwt: server.people.admin.jwt, body: data }), [client]);
    const query = { fields: ['id', 'test'], filter: { n: { _gt: 100 } } };
    client.send({ type: 'SUBSCRIBE', collection, uid: 'mine', query });
    client.send({ type: 'SUBSCRIBE', collection: 'fence' });
    assert.deepEqual(await client.settled(), []);

    const { data: [first, second] } = await writer.ask({ type: 'POST', collection, data: [{ test: 'in', n: 101 }, { test: 'out', n: 1 }], uid: 1 });
    const row = { id: first.id, test: 'in' };
    assert.deepEqual(await client.next(), { type: 'SUBSCRIPTION', key: first.id, action: 'create', collection, payload: row, uid: 'mine' });
    await writer.ask({ type: 'PATCH', collection, ids: [first.id, second.id], data: { test: 'new' }, uid: 2 });
    assert.deepEqual(await client.next(), { type: 'SUBSCRIPTION', keys: [first.id, second.id], action: 'update', collection, payload: [{ ...row, test: 'new' }], uid: 'mine' });
    await writer.ask({ type: 'PATCH', collection, id: first.id, data: { n: 2 }, uid: 3 }); // leaves the filter: silence
    await told();
    assert.deepEqual(client.take(), []);

    client.send({ type: 'UNSUBSCRIBE', uid: 'mine' });
    assert.deepEqual(await client.settled(), []);
    await writer.ask({ type: 'PATCH', collection, id: first.id, data: { n: 200 }, uid: 4 });
    await told();
    assert.deepEqual(client.take(), []);
  } finally {
    await writer.close();
  }
});

test('a client comes back after the server was killed, and subscribes again', async () => {
  await server.kill();
  assert.deepEqual((await client.over()).close, 1006);
  await server.again();
  client = await Socket.open(address(server, server.people.editor));
  client.send({ type: 'SUBSCRIBE', collection, uid: 7 });
  await client.settled();
  const { body: { identifier } } = await server.rest.must(201, 'POST', '/api/v3/test', { jwt: server.people.admin.jwt, body: { test: 'back' } });
  const { key, payload, uid } = await client.next();
  assert.deepEqual([String(key), payload.test, uid], [identifier, 'back', 7]);
});

test('a server that stops says goodbye', async () => {
  client = await Socket.open(address(server, server.people.editor));
  const [{ close }] = await Promise.all([client.over(), server.stop()]);
  assert.equal(close, 1001);
  await server.again();
});
