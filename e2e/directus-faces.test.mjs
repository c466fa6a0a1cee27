// One document, many faces: what is written on /websocket is heard on /storage and stands in REST, and the other way round; rights
// are judged for every event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, seeded } from './lib/directus.mjs';
import { Listener } from './lib/listener.mjs';
import { fenceEvents, Socket } from './lib/socket.mjs';

const collection = 'test', watched = { type: 'subscribe', collection }, fence = { type: 'subscribe', collection: 'fence' };
let server, admin, jwt;

before(async () => {
  server = await seeded('directus-faces');
  admin = await Socket.open(address(server, server.people.admin));
  jwt = server.people.admin.jwt;
});
after(async () => { await admin?.close(); await server?.stop(); });

const rest = (status, method, path, body) => server.rest.must(status, method, `/api/v3/${path}`, { jwt, body });

// subscriber is a connection with subscriptions that hold.
async function subscriber(who, ...messages) {
  const socket = await Socket.open(address(server, who));
  for (const message of [...messages, fence]) socket.send(message);
  assert.deepEqual(await socket.settled(), []);
  return socket;
}

// heard is what the sockets received of everything that was written so far.
async function heard(...sockets) {
  await fenceEvents(data => admin.ask({ type: 'POST', collection: 'fence', data }), sockets);
  return sockets.map(socket => socket.take().map(JSON.parse));
}

test('writes on /websocket are events on /storage and stand in HISTORY', async () => {
  const listener = new Listener(server.url, { version: '4.8.4', transport: 'websocket' }, { accessToken: server.people.limited.token, collections: [collection] });
  try {
    await listener.acked();
    assert.deepEqual(listener.acks[0], { success: true, collections: [collection] });
    const before = Date.now();
    const { data: row } = await admin.ask({ type: 'POST', collection, data: { test: 'faces', n: 1.5, unknown: 'dropped' } });
    await admin.ask({ type: 'PATCH', collection, id: row.id, data: { status: 'x' } });
    await listener.received(2);
    const [create, update] = listener.events, identifier = String(row.id);

    const { srvCreated, srvModified } = create.data.doc;
    assert.ok(srvCreated >= before && srvCreated === srvModified, `srvCreated ${srvCreated}`);
    const doc = { test: 'faces', n: 1.5, identifier, srvCreated, srvModified, subject: 'admin' };
    assert.deepEqual(create, { event: 'create', data: { colName: collection, doc } });
    const second = { ...doc, status: 'x', srvModified: update.data.doc.srvModified, modifiedBy: 'admin' };
    assert.deepEqual(update, { event: 'update', data: { colName: collection, doc: second } });
    assert.deepEqual((await rest(200, 'GET', `${collection}/${identifier}`)).body.result, second);

    await admin.ask({ type: 'DELETE', collection, id: row.id });
    await listener.received(3);
    assert.deepEqual(listener.events[2], { event: 'delete', data: { colName: collection, identifier } });
    const history = [];
    for await (const past of server.rest.history(collection, jwt, srvModified - 1)) history.push([past.identifier, past.isValid]);
    assert.deepEqual(history, [[identifier, false]]);
    await rest(410, 'GET', `${collection}/${identifier}`);
  } finally {
    listener.close();
  }
});

test('writes in REST are events here: the changed fields only for a bare subscription, the row for others', async () => {
  const bare = await subscriber(server.people.limited, watched);
  const v3 = await subscriber(server.people.limited, { ...watched, uid: 1, query: { fields: ['id', 'n', 'status'] } });
  const core = await Socket.open(address(server, server.people.limited, { dialect: 'core' }), { dialect: 'core' });
  try {
    await core.ask({ ...watched, uid: 'c', query: { fields: ['n'], limit: 0 } });
    await core.ask({ ...fence, uid: 'f', event: 'create' });
    const { body: { identifier } } = await rest(201, 'POST', collection, { test: 'rest', n: 1 });
    const id = Number(identifier), told = (event, data) => ({ type: 'subscription', event, data, uid: 'c' });
    let [a, b, c] = await heard(bare, v3, core);
    assert.deepEqual(a, [{ action: 'create', payload: { test: 'rest', n: 1 }, key: id, collection }]);
    assert.deepEqual(b, [{ type: 'SUBSCRIPTION', key: id, action: 'create', collection, payload: { id, n: 1, status: null }, uid: 1 }]);
    assert.deepEqual(c, [told('create', [{ n: 1 }])]);

    await rest(200, 'PATCH', `${collection}/${id}`, { n: 2 });
    [a, b, c] = await heard(bare, v3, core);
    assert.deepEqual(a, [{ action: 'update', payload: { n: 2 }, keys: [id], collection }]);
    assert.deepEqual(b, [{ type: 'SUBSCRIPTION', keys: [id], action: 'update', collection, payload: [{ id, n: 2, status: null }], uid: 1 }]);
    assert.deepEqual(c, [told('update', [{ n: 2 }])]);

    await rest(200, 'DELETE', `${collection}/${id}`);
    [a, b, c] = await heard(bare, v3, core);
    assert.deepEqual(a, [{ action: 'delete', payload: [id], collection }]);
    assert.deepEqual(b, [{ type: 'SUBSCRIPTION', action: 'delete', collection, payload: [id], uid: 1 }]);
    assert.deepEqual(c, [told('delete', [id])]);
  } finally {
    for (const socket of [bare, v3, core]) await socket.close();
  }
});

test('a deletion is judged on the document as it was', async () => {
  const query = { fields: ['id'], filter: { status: { _eq: 'published' } } };
  const socket = await subscriber(server.people.limited, { ...watched, uid: 'p', query });
  try {
    const { data: [seen, unseen] } = await admin.ask({ type: 'POST', collection, data: [{ status: 'published' }, { status: 'draft' }] });
    const [[{ key }]] = await heard(socket);
    assert.equal(key, seen.id);
    await rest(200, 'DELETE', `${collection}/${unseen.id}`);
    await rest(200, 'DELETE', `${collection}/${seen.id}`);
    const [deletions] = await heard(socket);
    assert.deepEqual(deletions.map(({ payload }) => payload), [[seen.id]]);
  } finally {
    await socket.close();
  }
});

test('a snapshot and what follows it miss nothing, and tell nothing twice', async () => {
  const total = 300, name = 'joined', writer = await Socket.open(address(server, server.people.admin));
  const socket = await Socket.open(address(server, server.people.admin, { dialect: 'core' }), { dialect: 'core' });
  try {
    const query = { fields: ['id'], filter: { test: { _eq: name } }, limit: -1 }, seen = new Map();
    for (let i = 0; i < total; i++) writer.send({ type: 'POST', collection, data: { test: name }, query: { fields: ['id'] } });
    for (let uid = 0; writer.frames.length < total; uid++) { // subscribe all the while
      socket.send({ ...watched, query, uid });
      await writer.until('more answers', () => writer.frames.length >= Math.min(total, (uid + 1) * 15));
    }
    await fenceEvents(data => admin.ask({ type: 'POST', collection: 'fence', data }), [await fenced(socket)]);
    for (const { event, data, uid } of socket.take().map(JSON.parse)) {
      assert.equal(event, seen.has(uid) ? 'create' : 'init');
      seen.set(uid, [...seen.get(uid) ?? [], ...data.map(({ id }) => id)]);
    }
    const written = writer.take().map(frame => JSON.parse(frame).data.id);
    assert.equal(new Set(written).size, total);
    assert.ok(seen.size > 5, `${seen.size} subscriptions`);
    for (const [uid, ids] of seen) assert.deepEqual(ids, written, `subscription ${uid}`);
  } finally {
    await socket.close(); await writer.close();
  }
});

// fenced is a core connection that hears of the collection fence.
async function fenced(socket) {
  socket.send({ ...fence, uid: 'fence', event: 'create' });
  await socket.passed('"uid":"fence"');
  return socket;
}

test("Nightscout's collections keep their rules here", async () => {
  const entry = { type: 'sgv', sgv: 104, date: 1_780_000_000_000, app: 'tests', device: 'e2e', utcOffset: 0 };
  const listener = await subscriber(server.people.admin, { type: 'subscribe', collection: 'entries' });
  try {
    const { type, data } = await admin.ask({ type: 'POST', collection: 'entries', data: { ...entry, date: undefined } });
    assert.deepEqual([type, data.status], ['ERROR', 400]);
    const created = await admin.ask({ type: 'POST', collection: 'entries', data: entry });
    assert.equal(created.type, 'RESPONSE');
    const { body: { result } } = await rest(200, 'GET', `entries/${created.data.id}`);
    assert.deepEqual([result.sgv, result.identifier, result.subject], [104, created.data.id, 'admin']);
    const [[event]] = await heard(listener);
    assert.deepEqual([event.action, event.key, event.payload.sgv], ['create', created.data.id, 104]);
  } finally {
    await listener.close();
  }
});

test('revoked rights stop events and requests, granted ones bring them back', async () => {
  const collection = 'Mixed', watched = { type: 'subscribe', collection }; // nobody may read it by default
  const mine = await server.rest.subject('mine', 'api:Mixed:read');
  const [revoked, neighbour] = [await subscriber(mine, watched), await subscriber(server.people.editor, watched)];
  const write = n => rest(200, 'PATCH', `${collection}/1`, { n });
  const count = async () => (await heard(revoked, neighbour)).map(frames => frames.length);
  try {
    await write(11);
    assert.deepEqual(await count(), [1, 1]);
    await server.rest.change('roles', 'role-mine', { permissions: [] });
    await write(12);
    assert.deepEqual(await count(), [0, 1]);
    const refused = await revoked.ask({ type: 'get', collection, uid: 1 });
    assert.deepEqual(refused, { type: 'ERROR', data: { status: 403, code: 'FORBIDDEN' }, uid: 1 });
    await server.rest.change('roles', 'role-mine', { permissions: ['api:Mixed:read'] });
    revoked.send({ ...watched, uid: 'again' });
    assert.deepEqual(await revoked.settled(), []);
    await write(13);
    const [frames] = await heard(revoked);
    assert.ok(frames.some(({ uid }) => uid === 'again'), JSON.stringify(frames));
  } finally {
    await revoked.close(); await neighbour.close();
  }
});

test('a connection ends with its subject', async () => {
  const leaver = await server.rest.subject('leaver', 'api:test:read', 'api:fence:read');
  const socket = await subscriber(leaver, watched);
  const { _id } = await server.rest.account('subjects', 'leaver');
  await server.rest.must(200, 'DELETE', `/api/v2/authorization/subjects/${_id}`, { headers: server.rest.admin });
  await rest(200, 'PATCH', `${collection}/1`, { n: 14 });
  assert.equal((await socket.over()).close, 1008);
});
