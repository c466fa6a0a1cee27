// One document, many faces: what is written in REST and on /websocket is heard on /live with the right row; what is published on a
// topic is heard there and nowhere else; rights are judged for every event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, live } from './lib/live.mjs';
import { Listener } from './lib/listener.mjs';
import { Socket } from './lib/socket.mjs';

const everything = 'create,read,update,delete';
let server, jwt;
const open = new Set();

before(async () => {
  server = await live('daptin-faces', { WEBSOCKET_PUBLIC: 'true', COLLECTIONS: 'todo:uuid(title,count,done),document,counted:int(name),certificate' });
  jwt = server.people.alice.jwt;
});
after(async () => {
  for (const socket of open) socket.ws.terminate();
  await server?.stop();
});

async function kept(opening) {
  const socket = await opening;
  open.add(socket);
  return socket;
}

const must = (status, method, path, body, who = jwt) => server.rest.must(status, method, `/api/v3/${path}`, { jwt: who, body });

// subscriber is a client of the published document whose subscription holds.
async function subscriber(who, topic, filters) {
  const socket = await kept(connect(server, who, { dialect: 'doc' }));
  socket.send({ method: 'subscribe', attributes: { topic, filters } });
  assert.deepEqual(await socket.settled(), []);
  return socket;
}

const heard = async socket => (await socket.settled()).map(JSON.parse);
const iso = ms => new Date(ms).toISOString();

test('a row is what REST shows of the document, in the terms of Daptin', async () => {
  const socket = await subscriber('alice', 'todo,entries,counted');
  const { body: { identifier } } = await must(201, 'POST', 'todo', { title: 'rest', count: 1.5, more: { b: [1], a: '<&>' } }, server.people.bob.jwt);
  await must(200, 'PATCH', `todo/${identifier}`, { done: true });
  const { body: { result: doc } } = await must(200, 'GET', `todo/${identifier}`);
  await must(200, 'PUT', `todo/${identifier}`, { title: 'put' }, server.people.bob.jwt);
  await must(200, 'DELETE', `todo/${identifier}`);
  const [create, first, second, gone] = await heard(socket);
  const row = {
    __type: 'todo', count: 1.5, created_at: iso(doc.srvCreated), done: null, more: { a: '<&>', b: [1] }, permission: 2097151, reference_id: identifier, title: 'rest',
    updated_at: null, user_account_id: server.people.bob.reference, version: 1,
  };
  assert.deepEqual(create, { MessageSource: 'database', EventType: 'create', ObjectType: 'todo', EventData: row });
  assert.deepEqual(first.EventData, { ...row, done: true, updated_at: iso(doc.srvModified), version: 2 });
  const { more: _, ...put } = row;
  assert.deepEqual([second.EventType, { ...second.EventData, updated_at: null }], ['update', { ...put, title: 'put', count: null, version: 3 }]);
  assert.deepEqual(gone, { MessageSource: 'database', EventType: 'delete', ObjectType: 'todo', EventData: { __type: 'todo', reference_id: identifier } });

  const { body: counted } = await must(201, 'POST', 'counted', { name: 'one' });
  const [{ EventData }] = await heard(socket);
  assert.deepEqual([EventData.reference_id, EventData.name, 'id' in EventData, EventData.version], [counted.identifier, 'one', false, 1]);

  const entry = { type: 'sgv', sgv: 104, date: 1_780_000_000_000, app: 'tests', device: 'e2e', utcOffset: 0, created_at: '2026-05-28T20:26:40.000Z' };
  const { body: { identifier: sgv } } = await must(201, 'POST', 'entries', entry);
  const [event] = await heard(socket);
  const { EventData: { reference_id, created_at, sgv: value, srvModified, identifier: hidden } } = event;
  assert.deepEqual([event.ObjectType, reference_id, created_at, value, srvModified, hidden], ['entries', sgv, entry.created_at, 104, undefined, undefined]);
});

test('an upsert of what was deleted, and a permanent deletion, are told', async () => {
  const socket = await subscriber('alice', 'todo'), identifier = (await must(201, 'POST', 'todo', { title: 'again' })).body.identifier;
  await must(200, 'DELETE', `todo/${identifier}?permanent=true`);
  const events = await heard(socket);
  assert.deepEqual(events.map(({ EventType, EventData }) => [EventType, EventData.reference_id]), [['create', identifier], ['delete', identifier]]);
});

test('what is written on /websocket is heard on /live, as in REST and on /storage', async () => {
  const socket = await subscriber('bob', 'todo', { title: 'w' });
  const listener = new Listener(server.url, { version: '4.8.4', transport: 'websocket' }, { accessToken: server.people.bob.token, collections: ['todo'] });
  const writer = await kept(Socket.open(`ws://127.0.0.1:${server.port}/websocket?access_token=${server.people.bob.token}`));
  try {
    await listener.acked();
    const { data: { id } } = await writer.ask({ type: 'POST', collection: 'todo', data: { title: 'w', count: 3 } });
    await writer.ask({ type: 'PATCH', collection: 'todo', id, data: { title: 'other' } });
    await writer.ask({ type: 'PATCH', collection: 'todo', id, data: { title: 'w', done: true } });
    await writer.ask({ type: 'DELETE', collection: 'todo', id });
    await listener.received(4);
    const events = await heard(socket);
    const docs = listener.events.map(({ data }) => data.doc);
    assert.deepEqual(events.map(({ EventType, EventData: { reference_id, version, updated_at, user_account_id } }) => [EventType, reference_id, version, updated_at, user_account_id]), [
      ['create', id, 1, null, server.people.bob.reference],
      ['update', id, 3, iso(docs[2].srvModified), server.people.bob.reference],
      ['delete', id, undefined, undefined, undefined],
    ]);
  } finally {
    listener.close();
  }
});

test('what is published on a topic arrives nowhere else', async () => {
  const writer = await subscriber('alice', 'todo'), listener = new Listener(server.url, { version: '4.8.4', transport: 'websocket' }, { accessToken: server.people.admin.token });
  const watcher = await kept(Socket.open(`ws://127.0.0.1:${server.port}/websocket?access_token=${server.people.admin.token}`));
  try {
    await listener.acked();
    for (const collection of ['todo', 'entries', 'document']) watcher.send({ type: 'subscribe', collection });
    assert.equal((await watcher.ask({ type: 'get', collection: 'topics', uid: 1 })).type, 'ERROR');
    const { body: { result: { srvDate } } } = await must(200, 'GET', 'status');
    writer.send({ method: 'create-topic', attributes: { name: 'private' } });
    writer.send({ method: 'subscribe', attributes: { topic: 'private' } });
    for (const topic of ['private', 'todo']) writer.send({ method: 'new-message', attributes: { topic, message: { title: 'published', identifier: 'x', collection: 'todo' } } });
    assert.deepEqual((await heard(writer)).map(({ EventType, ObjectType }) => [EventType, ObjectType]), [['new-message', 'private'], ['new-message', 'todo']]);

    const fence = (await must(201, 'POST', 'todo', { title: 'fence' })).body.identifier; // heard after whatever came before
    await listener.received(1);
    assert.deepEqual(listener.events.map(({ data }) => data.doc.identifier), [fence]);
    await watcher.passed(fence);
    assert.deepEqual(watcher.take(), []);
    for (const collection of ['todo', 'entries', 'document']) {
      const history = [];
      for await (const doc of server.rest.history(collection, jwt, srvDate - 1)) if (JSON.stringify(doc).includes('published')) history.push(doc);
      assert.deepEqual(history, [], collection);
    }
    for (const path of ['topics', 'topics/private', 'topics/history/1', 'private']) assert.equal((await server.rest.send('GET', `/api/v3/${path}`, { jwt: server.people.admin.jwt })).status, 404, path);
    const { body: { result } } = await must(200, 'GET', 'lastModified');
    assert.ok(!('topics' in result.collections), JSON.stringify(result.collections));
  } finally {
    listener.close();
  }
});

test('the HTTP twin publishes what the socket would', async () => {
  const { alice, bob } = server.people, owner = await subscriber('alice', 'twin');
  const typed = await kept(connect(server, 'alice', { protocol: 'typed' }));
  typed.send({ id: 'c', method: 'create-topicName', attributes: { name: 'twin' } });
  typed.send({ id: 's', method: 'subscribe', attributes: { topicName: 'twin' } });
  await typed.settled();
  owner.send({ method: 'subscribe', attributes: { topic: 'twin' } }); // before, there was none
  await owner.fence();
  const publish = (attributes, options = { jwt }) => server.rest.send('POST', '/action/world/publish_to_topic', { body: { attributes }, ...options });
  const { status, body } = await publish({ topicName: 'twin', message: { via: 'http', html: '<' } });
  assert.deepEqual([status, body], [200, [
    { ResponseType: 'client.notify', Attributes: { message: 'Message published to twin', title: 'Success', type: 'success' } },
    { ResponseType: 'publish_to_topic', Attributes: { message: 'published', topic: 'twin' } },
  ]]);
  for (const message of ['hello', 5, [1]]) assert.equal((await publish({ topicName: 'twin', message })).status, 200, JSON.stringify(message));
  assert.deepEqual((await heard(typed)).map(({ type, topic, event, source, data }) => [type, topic, event, source, data]),
    [{ via: 'http', html: '<' }, 'hello', 5, [1]].map(data => ['event', 'twin', 'new-message', alice.reference, data]));
  assert.deepEqual((await heard(owner)).map(({ EventData }) => EventData), [{ via: 'http', html: '<' }, null, null, null]);

  const refusals = [
    [{ topicName: 'twin', message: {} }, { jwt: bob.jwt }, 403], [{ topicName: 'twin', message: {} }, {}, 401], [{ topicName: 'twin', message: {} }, { jwt: 'garbage' }, 401],
    [{ topicName: 'nosuch', message: {} }, { jwt }, 404], [{ message: {} }, { jwt }, 400], [{ topicName: 'twin' }, { jwt }, 400], [{ topicName: 'certificate', message: {} }, { jwt: bob.jwt }, 403],
  ];
  for (const [attributes, options, expected] of refusals) {
    const { status, body } = await publish(attributes, options);
    assert.deepEqual([status, body[0].ResponseType], [expected, 'client.notify'], JSON.stringify([attributes, options]));
  }
  for (const path of ['become_an_administrator', 'publish_to_topic/x']) assert.equal((await server.rest.send('POST', `/action/world/${path}`, { jwt, body: {} })).status, 404, path);
  const cookie = await publish({ topicName: 'twin', message: {} }, { headers: { cookie: `token=${jwt}`, origin: 'https://evil.example' } });
  assert.equal(cookie.status, 401);
  assert.deepEqual([await heard(typed), await heard(owner)], [[], []]);
});

test('revoked rights stop events, granted ones bring them back', async () => {
  server.people.mine = await server.rest.subject('mine', `api:todo:${everything}`);
  const [mine, other] = [await subscriber('mine', 'todo'), await subscriber('bob', 'todo')];
  const { body: { identifier } } = await must(201, 'POST', 'todo', { count: 0 });
  const told = async () => [(await heard(mine)).length, (await heard(other)).length];
  assert.deepEqual(await told(), [1, 1]);
  await server.rest.change('roles', 'role-mine', { permissions: [] });
  await must(200, 'PATCH', `todo/${identifier}`, { count: 1 });
  assert.deepEqual(await told(), [0, 1]);
  mine.send({ method: 'new-message', attributes: { topic: 'todo', message: { spoof: 1 } } });
  assert.deepEqual(await told(), [0, 0]);
  await server.rest.change('roles', 'role-mine', { permissions: ['api:todo:read'] });
  for (const method of ['unsubscribe', 'subscribe']) mine.send({ method, attributes: { topic: 'todo' } });
  await mine.fence();
  await must(200, 'PATCH', `todo/${identifier}`, { count: 2 });
  assert.deepEqual(await told(), [1, 1]);
});

test('a connection ends with its subject', async () => {
  server.people.leaver = await server.rest.subject('leaver', 'api:todo:read');
  const socket = await subscriber('leaver', 'todo'), { _id } = await server.rest.account('subjects', 'leaver');
  await server.rest.must(200, 'DELETE', `/api/v2/authorization/subjects/${_id}`, { headers: server.rest.admin });
  await must(201, 'POST', 'todo', { title: 'unheard' });
  assert.equal((await socket.over()).close, 1008);
  assert.deepEqual(socket.take(), []);
});

test('the subjects are a table for who may see them, and show no token', async () => {
  const [admin, alice] = [await subscriber('admin', 'user_account'), await subscriber('alice', 'user_account')];
  const { name, token } = await server.rest.subject('shown');
  const { _id } = await server.rest.account('subjects', 'shown');
  await server.rest.change('subjects', 'shown', { notes: 'n' });
  await server.rest.must(200, 'DELETE', `/api/v2/authorization/subjects/${_id}`, { headers: server.rest.admin });
  const events = await heard(admin), text = JSON.stringify(events);
  assert.deepEqual(events.map(({ EventType, ObjectType }) => [EventType, ObjectType]), ['create', 'update', 'delete'].map(type => [type, 'user_account']));
  assert.equal(events[0].EventData.name, name);
  assert.equal(new Set(events.map(({ EventData }) => EventData.reference_id)).size, 1);
  assert.ok(!text.includes(token) && !text.includes(token.split('-').at(-1)), text);
  assert.deepEqual(await heard(alice), []);
});

test('an acknowledgement comes before the events of its subscription, and what is written after it is heard, once and in order', async () => {
  const total = 150, sockets = [], written = [], title = 'stream';
  const writing = (async () => {
    for (let count = 0; count < total; count++) written.push((await must(201, 'POST', 'todo', { title, count })).body.identifier);
  })();
  while (written.length < total) { // subscribe all the while
    const socket = await kept(connect(server, 'bob', { protocol: 'typed' })), id = `s${sockets.length}`;
    await socket.settled();
    socket.send({ id, method: 'subscribe', attributes: { topicName: 'todo', filters: { EventType: 'create', title } } });
    await socket.until('the acknowledgement', () => socket.frames.length);
    assert.deepEqual(await socket.next(), { type: 'response', id, method: 'subscribe', ok: true, data: { topic: 'todo' } });
    sockets.push({ socket, after: written.length + 1 }); // the next may have been on its way
  }
  await writing;
  assert.ok(sockets.length > 5, `${sockets.length} sockets`);
  for (const { socket, after } of sockets) {
    const counts = (await heard(socket)).map(({ data }) => data.count), [first = total] = counts;
    assert.ok(first <= after, `the first is ${first}, not ${after} or before`);
    assert.deepEqual(counts, Array.from({ length: total - first }, (_, i) => first + i));
    await socket.close();
  }
});
