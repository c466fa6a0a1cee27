// Clients of Daptin's /live side by side on one server: one written to the published document, one to today's typed dialect as the
// official client speaks it, one to the wiki's samples; a third writes in REST.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { connect, Live, live } from './lib/live.mjs';
import { until } from './lib/until.mjs';

let server, jwt;
const open = new Set();

before(async () => {
  server = await live('daptin-clients');
  jwt = server.people.alice.jwt;
});
after(async () => {
  for (const socket of open) socket.ws.terminate();
  await server?.stop();
});

const rest = (method, path, body) => server.rest.must(method === 'POST' ? 201 : 200, method, `/api/v3/${path}`, { jwt, body });
const create = async row => (await rest('POST', 'todo', row)).body.identifier;

// kept notes a connection that the end closes.
async function kept(opening) {
  const socket = await opening;
  open.add(socket);
  return socket;
}

// published is a client of the published document: no id, no acknowledgements, EventMessages.
const published = who => kept(connect(server, who, { dialect: 'doc' }));

// heard is what a client of the published document received, up to now.
async function heard(client) {
  return (await client.settled()).map(text => {
    const message = JSON.parse(text);
    assert.deepEqual(Object.keys(message), ['MessageSource', 'EventType', 'ObjectType', 'EventData'], text);
    return message;
  });
}

// Official is written as the official client is: an id of its own in every request, five seconds for the answer, no waiting for a
// session, data as base64 or not.
class Official {
  static async open(who, query = '') {
    const client = new Official();
    const ws = client.ws = new WebSocket(`${server.live}?token=${encodeURIComponent(server.people[who].jwt)}${query}`);
    Object.assign(client, { waiting: new Map(), events: [], others: [], rows: [] });
    ws.on('message', data => client.receive(JSON.parse(data)));
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    open.add(client);
    return client;
  }

  receive(frame) {
    const data = frame.data === undefined ? undefined : typeof frame.data === 'string' ? JSON.parse(Buffer.from(frame.data, 'base64')) : frame.data;
    const waiting = frame.type === 'response' && this.waiting.get(frame.id);
    if (waiting) waiting({ ...frame, data });
    else (frame.type === 'event' ? this.events : this.others).push({ ...frame, data });
  }

  send(method, attributes) {
    const id = `live-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer to ${method} within 5 s`)), 5000);
      this.waiting.set(id, frame => { clearTimeout(late); this.waiting.delete(id); resolve(frame); });
      this.ws.send(JSON.stringify({ id, method, attributes }));
    });
  }

  // must resolves to the data of a granted request.
  async must(method, attributes) {
    const { ok, error, data } = await this.send(method, attributes);
    assert.equal(ok, true, `${method}: ${error}`);
    return data;
  }

  // refused resolves to the reason of a refusal.
  async refused(method, attributes) {
    const { ok, error } = await this.send(method, attributes);
    assert.equal(ok, false, method);
    return error;
  }

  // told resolves to the events that have come, once there are that many.
  async told(count) {
    await until(() => `${count} events, have ${JSON.stringify(this.events)}`, () => this.events.length >= count, 10_000);
    return this.events.splice(0);
  }

  close() { this.ws.close(); }
}

test('the published document: topics are listed, created, heard, published on and destroyed', async () => {
  const [a, b] = [await published('alice'), await published('bob')];
  const list = async client => {
    client.send({ method: 'list-topic', attributes: {} });
    const [{ MessageSource, EventType, ObjectType, EventData: { topics } }] = await heard(client);
    assert.deepEqual([MessageSource, EventType, ObjectType], ['system', 'response', 'topic-list']);
    return topics;
  };
  const before = await list(a);
  for (const name of ['todo', 'document', 'certificate', 'entries', 'treatments', 'user_account']) assert.ok(before.includes(name), `${name} in ${before}`);
  for (const name of ['chat', 'topics', 'counters', 'alarms', 'auth_subjects', 'auth_roles']) assert.ok(!before.includes(name), `${name} in ${before}`);

  a.send({ method: 'create-topic', attributes: { name: 'chat' } });
  assert.deepEqual(await heard(a), []);
  assert.deepEqual((await list(b)).filter(name => !before.includes(name)), ['chat']);
  for (const client of [a, b]) client.send({ method: 'subscribe', attributes: { topic: 'chat' } });
  assert.deepEqual([await heard(a), await heard(b)], [[], []]);

  const message = { hello: 'world', html: '<b>&amp;</b>', nested: { z: 1, a: [null, 1.5] } };
  a.send({ method: 'new-message', attributes: { topic: 'chat', message } });
  const event = { MessageSource: server.people.alice.reference, EventType: 'new-message', ObjectType: 'chat', EventData: message };
  assert.deepEqual([await heard(a), await heard(b)], [[event], [event]]);

  b.send({ method: 'unsubscribe', attributes: { topic: 'chat' } });
  assert.deepEqual(await heard(b), []);
  b.send({ method: 'new-message', attributes: { topic: 'chat', message: { from: 'b' } } });
  assert.deepEqual([await heard(b), (await heard(a)).map(e => [e.MessageSource, e.EventData])], [[], [[server.people.bob.reference, { from: 'b' }]]]);

  b.send({ method: 'destroy-topic', attributes: { name: 'chat' } }); // it is not bob's
  assert.deepEqual([await heard(b), (await list(b)).includes('chat')], [[], true]);
  a.send({ method: 'destroy-topic', attributes: { name: 'chat' } });
  assert.deepEqual([await heard(a), (await list(b)).includes('chat')], [[], false]);
  a.send({ method: 'new-message', attributes: { topic: 'chat', message } });
  assert.deepEqual([await heard(a), await heard(b)], [[], []]);
});

test('the published document: rows that another client writes in REST, with and without filters', async () => {
  const clients = {}, filters = {
    all: undefined, creates: { EventType: 'create' }, updates: { EventType: 'update' }, deletes: { EventType: 'delete' }, seven: { count: 7 },
    text: { count: '7' }, title: { title: 'b', done: false }, none: { nothing: null }, list: { title: ['a'] }, both: { EventType: 'update', count: 8 },
  };
  for (const [name, filter] of Object.entries(filters)) {
    clients[name] = await published('bob');
    clients[name].send({ method: 'subscribe', attributes: { topic: 'document,todo', filters: filter } });
    await clients[name].fence();
  }
  const begun = Date.now(), reference_id = await create({ title: 'a', count: 7, done: false, password: 'secret', nested: { apiKey: 'k', shown: 1 } });
  await rest('PATCH', `todo/${reference_id}`, { title: 'b' });
  await rest('PATCH', `todo/${reference_id}`, { count: 8 });
  await rest('DELETE', `todo/${reference_id}`);

  const events = await heard(clients.all), { created_at, ...row } = events[0].EventData;
  assert.deepEqual(Object.keys(events[0].EventData), Object.keys(events[0].EventData).sort());
  assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Date.parse(created_at) >= begun - 1 && Date.parse(created_at) <= Date.now(), created_at);
  assert.deepEqual(row, {
    __type: 'todo', count: 7, done: false, nested: { shown: 1 }, permission: 2097151, reference_id, title: 'a', updated_at: null,
    user_account_id: server.people.alice.reference, version: 1,
  });
  const database = (EventType, EventData) => ({ MessageSource: 'database', EventType, ObjectType: 'todo', EventData });
  const [, { EventData: { updated_at: second } }, { EventData: { updated_at: third } }] = events;
  assert.ok(Date.parse(second) > Date.parse(created_at) && Date.parse(third) > Date.parse(second), `${created_at} ${second} ${third}`);
  const told = [
    database('create', { ...row, created_at }),
    database('update', { ...row, created_at, title: 'b', updated_at: second, version: 2 }),
    database('update', { ...row, created_at, title: 'b', count: 8, updated_at: third, version: 3 }),
    database('delete', { __type: 'todo', reference_id }),
  ];
  assert.deepEqual(events, told);
  const expected = { creates: [0], updates: [1, 2], deletes: [3], seven: [0, 1], text: [], title: [1, 2, 3], none: [0, 1, 2, 3], list: [], both: [2] };
  for (const [name, numbers] of Object.entries(expected)) assert.deepEqual(await heard(clients[name]), numbers.map(n => told[n]), name);
});

test('the official client: every request is answered, and finds its answer by id', async () => {
  const a = await Official.open('alice'), b = await Official.open('bob');
  assert.deepEqual(await a.must('subscribe', { topicName: 'todo' }), { topic: 'todo' });
  const { groups, sessionId, user } = a.others[0].data;
  assert.deepEqual([a.others.length, a.others[0].type, a.others[0].status, user, Number.isInteger(sessionId)], [1, 'session', 'open', server.people.alice.reference, true]);
  assert.equal(groups.length, 1); // the one role
  assert.match(groups[0], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual(await a.must('subscribe', { topicName: 'todo' }), { topic: 'todo' }); // the original was silent
  assert.deepEqual(await a.must('unsubscribe', { topicName: 'todo' }), { topic: 'todo' });
  assert.deepEqual(await a.must('unsubscribe', { topicName: 'todo' }), { topic: 'todo' });
  assert.equal(await a.refused('subscribe', {}), 'missing or invalid topicName');
  assert.equal(await a.refused('create-topicName', {}), 'missing or invalid name');
  assert.equal(await a.refused('nonsense', {}), 'no such method');

  assert.deepEqual(await a.must('create-topicName', { name: 'room' }), { created: true, topicName: 'room' });
  const { reference: owner } = server.people.alice;
  assert.deepEqual(await a.must('get-topic-permission', { topicName: 'room' }), { owner, permission: 16256, topicName: 'room', type: 'user' });
  assert.equal(await b.refused('subscribe', { topicName: 'room' }), 'permission denied: room');
  assert.equal(await b.refused('set-topic-permission', { topicName: 'room', permission: 2097151 }), 'only owner or admin can change permissions');
  assert.deepEqual(await a.must('set-topic-permission', { topicName: 'room', permission: 16256 | 2 | 32 }), { permission: 16290, topicName: 'room' });
  for (const client of [a, b]) await client.must('subscribe', { topicName: 'room', filters: { n: 1 } });
  b.ws.send(JSON.stringify({ method: 'new-message', attributes: { topicName: 'room', message: { n: 2 } } }));
  b.ws.send(JSON.stringify({ method: 'new-message', attributes: { topicName: 'room', message: { n: 1 } } }));
  const event = { type: 'event', topic: 'room', event: 'new-message', source: server.people.bob.reference, data: { n: 1 } };
  assert.deepEqual([await a.told(1), await b.told(1)], [[event], [event]]);

  await a.must('set-topic-permission', { topicName: 'room', permission: 16256 }); // and bob hears no more
  for (const n of [1, 2]) a.ws.send(JSON.stringify({ method: 'new-message', attributes: { topicName: 'room', message: { n: 1, again: n } } }));
  await a.told(2);
  assert.equal(await b.refused('new-message', { topicName: 'room', message: {} }), 'permission denied: room');
  assert.deepEqual(b.events, []);
  assert.deepEqual(await a.must('destroy-topicName', { name: 'room' }), { destroyed: true, topicName: 'room' });
});

test("the wiki's samples: wait for the session, then atob(data)", async () => {
  const client = await Official.open('bob', '&protocol=typed'), frames = [];
  client.receive = frame => frames.push(frame);
  await until('the session', () => client.others.length || frames.length);
  const session = client.others[0]?.data ?? JSON.parse(atob(frames.shift().data));
  assert.equal(session.user, server.people.bob.reference);
  client.ws.send(JSON.stringify({ id: '1', method: 'subscribe', attributes: { topicName: 'todo', filters: { EventType: 'create' } } }));
  await until('the answer', () => frames.length);
  assert.deepEqual(JSON.parse(atob(frames.shift().data)), { topic: 'todo' });
  const reference_id = await create({ title: 'é' });
  await until('the event', () => frames.length);
  const { data, ...event } = frames.shift();
  assert.deepEqual(event, { type: 'event', topic: 'todo', event: 'create', source: 'database' });
  const { title, version, count, done, ...row } = JSON.parse(Buffer.from(data, 'base64'));
  assert.deepEqual([row.reference_id, title, version, count, done], [reference_id, 'é', 1, null, null]);
  client.ws.send(JSON.stringify({ method: 'ping' }));
  await until('the pong', () => frames.length);
  assert.deepEqual(frames, [{ type: 'pong' }]);
});

test('both dialects side by side: one topic, one row, each in its own frames', async () => {
  const doc = await published('alice'), typed = await Official.open('bob');
  doc.send({ method: 'create-topic', attributes: { name: 'both' } });
  doc.send({ method: 'subscribe', attributes: { topic: 'both,todo' } });
  assert.deepEqual(await heard(doc), []);
  for (const topicName of ['both', 'todo']) await typed.must('subscribe', { topicName });
  const { alice, bob } = server.people;

  doc.send({ method: 'new-message', attributes: { topic: 'both', message: { from: 'doc' } } });
  assert.deepEqual((await typed.told(1)).map(({ source, data }) => [source, data]), [[alice.reference, { from: 'doc' }]]);
  typed.ws.send(JSON.stringify({ method: 'new-message', attributes: { topicName: 'both', message: { from: 'typed' } } }));
  await typed.told(1);
  assert.deepEqual((await heard(doc)).map(({ MessageSource, EventData }) => [MessageSource, EventData]), [[alice.reference, { from: 'doc' }], [bob.reference, { from: 'typed' }]]);

  const id = await create({ title: 'shared', count: 1 });
  await rest('PATCH', `todo/${id}`, { count: 2 });
  await rest('DELETE', `todo/${id}`);
  const ofTyped = (await typed.told(3)).map(({ event, source, topic, data }) => ({ MessageSource: source, EventType: event, ObjectType: topic, EventData: data }));
  assert.deepEqual(await heard(doc), ofTyped);
});

test('a client shows its dialect with its first request, and keeps it', async () => {
  const first = async (...messages) => {
    const socket = await kept(connect(server, 'bob', { fenced: false }));
    for (const message of messages) socket.send(message);
    return socket;
  };
  const typed = [
    { id: 'x', method: 'list-topic' }, { method: 'ping' }, { method: 'subscribe', attributes: { topicName: 'todo' } },
    { method: 'get-topic-permission', attributes: {} }, { id: 'x', method: 'nope' },
  ];
  for (const message of typed) {
    const socket = await first(message, { method: 'list-topic' });
    assert.equal((await socket.next()).type, 'session', JSON.stringify(message));
    const answer = await socket.next();
    assert.match(answer.type, /^(response|pong)$/, JSON.stringify(message));
  }
  const socket = await first({ method: 'list-topic' }, { id: 'x', method: 'list-topic' }, { method: 'ping' }, { method: 'list-topic' });
  for (let i = 0; i < 3; i++) assert.equal((await socket.next()).ObjectType, 'topic-list');
  for (const [query, type] of [['protocol=typed', 'session'], ['v=2', 'session']]) {
    const asked = await kept(Live.open(`${server.live}?token=${jwt}&${query}`));
    assert.equal((await asked.next()).type, type, query);
  }
  for (const query of ['protocol=doc', 'v=1']) {
    const asked = await kept(Live.open(`${server.live}?token=${jwt}&${query}`, { dialect: 'doc' }));
    asked.send({ id: 'x', method: 'ping' });
    assert.deepEqual(await (await asked.fenced()).settled(), [], query);
  }
});

test('a server that stops says goodbye, and clients that come back hear again', async () => {
  const doc = await published('alice'), typed = await kept(connect(server, 'bob', { protocol: 'typed' }));
  doc.send({ method: 'create-topic', attributes: { name: 'lasting' } });
  await doc.fence();
  await typed.settled();
  const [first, second] = await Promise.all([doc.over(), typed.over(), server.stop()]);
  assert.deepEqual([first.close, second.close], [1001, 1001]);
  await server.again();
  const [back, other] = [await published('alice'), await kept(connect(server, 'bob', { protocol: 'typed' }))];
  back.send({ method: 'subscribe', attributes: { topic: 'lasting,todo' } });
  other.send({ id: 's', method: 'subscribe', attributes: { topicName: 'lasting,todo' } });
  assert.deepEqual((await other.settled()).slice(1).map(text => JSON.parse(text).data), [{ topic: 'lasting' }, { topic: 'todo' }]);
  await back.fence();
  const id = await create({ title: 'back' });
  back.send({ method: 'new-message', attributes: { topic: 'lasting', message: { still: 'here' } } });
  assert.deepEqual((await heard(back)).map(({ ObjectType, EventData }) => [ObjectType, EventData.reference_id ?? EventData]), [['todo', id], ['lasting', { still: 'here' }]]);
  assert.deepEqual((await other.settled()).map(text => JSON.parse(text).topic), ['todo', 'lasting']);

  await server.kill();
  assert.equal((await back.over()).close, 1006);
  await server.again();
  const again = await published('alice');
  again.send({ method: 'subscribe', attributes: { topic: 'lasting' } });
  again.send({ method: 'new-message', attributes: { topic: 'lasting', message: { still: 'there' } } });
  assert.deepEqual((await heard(again)).map(({ EventData }) => EventData), [{ still: 'there' }]);
});
