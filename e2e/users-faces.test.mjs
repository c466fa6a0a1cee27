// What happens on the other faces is told on the event socket, to those who may know it: logins and accounts, documents from every
// face; and what is asked there about meta.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Live } from './lib/live.mjs';
import { Socket } from './lib/socket.mjs';
import { connect, told, users } from './lib/users.mjs';

const auth = '/api/v2/authorization', everything = 'create,read,update,delete';
const open = new Set(), faces = { COLLECTIONS: 'todo:uuid(title,count),hidden,counted:int(name)', WEBSOCKET_PUBLIC: 'true' };
let server, people;

before(async () => {
  server = await users('users-faces', { socketApiKey: 'the key' }, faces);
  people = await household(server);
});
after(async () => {
  for (const socket of open) socket.ws.terminate();
  await server?.stop();
});

async function household({ rest }) {
  return {
    admin: await rest.subject('admin', '*'),
    alice: await rest.subject('alice', `api:*:${everything}`),
    bob: await rest.subject('bob', `api:todo:${everything}`),
  };
}

async function kept(opening) {
  const socket = await opening;
  open.add(socket);
  return socket;
}

const client = (options, of = server) => kept(connect(of, options));
const trusted = (of = server) => client({ origin: null, headers: { 'users-api-key': 'the key' } }, of);
const heard = async (...sockets) => { const frames = await told(server, ...sockets); return sockets.length === 1 ? frames.map(JSON.parse) : frames.map(list => list.map(JSON.parse)); };
const must = (status, method, path, body, jwt = people.alice.jwt) => server.rest.must(status, method, `/api/v3/${path}`, { jwt, body });
const exchange = ({ token }, rest = server.rest) => rest.must(200, 'GET', `${auth}/request/${token}`);
const idOf = async (kind, name, rest = server.rest) => (await rest.account(kind, name))._id;
const drop = async (kind, name, rest = server.rest) => rest.must(200, 'DELETE', `${auth}/${kind}/${await idOf(kind, name, rest)}`, { headers: rest.admin });
const account = (type, username) => ({ username, eventType: type });

describe('accounts', () => {
  test('a login is an access token that was exchanged; a renewal, a failure, and what is asked with a token are none', async () => {
    const socket = await client();
    await exchange(people.bob);
    assert.deepEqual(await heard(socket), [account(1, 'bob')]);
    await exchange({ token: people.bob.jwt });
    await server.rest.must(401, 'GET', `${auth}/request/bob-0123456789abcdef`);
    await server.rest.must(200, 'GET', '/api/v3/status', { jwt: people.bob.jwt });
    await server.rest.must(200, 'GET', '/api/v3/version');
    await (await kept(Socket.open(`ws://127.0.0.1:${server.port}/websocket?access_token=${people.bob.token}`))).close();
    assert.deepEqual(await heard(socket), []);
  });

  test('whoever signs out is told of, however he shows who he is; nobody and the operator are not', async () => {
    const socket = await client(), { bob } = people, out = (status, options) => server.rest.must(status, 'POST', `${auth}/signout`, options);
    await out(204, { jwt: bob.jwt });
    await out(204, { headers: { 'api-secret': bob.token } });
    await out(204, { headers: server.rest.admin });
    await out(401);
    await out(401, { jwt: 'garbage' });
    assert.deepEqual(await heard(socket), [account(2, 'bob'), account(2, 'bob')]);
    await server.rest.must(200, 'GET', '/api/v3/status', { jwt: bob.jwt }); // no token ends by that
  });

  test('a subject is created without a word, gains its first right, loses its last one, and is removed', async () => {
    const socket = await client(), { rest } = server, headers = rest.admin, did = async (...events) => assert.deepEqual(await heard(socket), events);
    await rest.must(200, 'POST', `${auth}/roles`, { headers, body: { name: 'reader', permissions: ['api:todo:read'] } });
    await rest.must(200, 'POST', `${auth}/subjects`, { headers, body: { name: 'life', roles: [] } });
    await did();
    await rest.change('subjects', 'life', { roles: ['nosuch'] });
    await did();
    await rest.change('subjects', 'life', { roles: ['reader'] });
    await did(account(3, 'life'));
    await rest.change('subjects', 'life', { roles: ['reader', 'admin'] });
    await rest.change('subjects', 'life', { roles: ['admin'], notes: 'n' });
    await did();
    await rest.change('subjects', 'life', { roles: [] });
    await did(account(2, 'life'));
    await rest.change('subjects', 'life', { roles: ['reader'] });
    await did(account(3, 'life'));
    await drop('subjects', 'life');
    await did(account(2, 'life'), account(4, 'life'));
    await rest.must(200, 'POST', `${auth}/subjects`, { headers, body: { name: 'life', roles: ['reader'] } });
    await did(account(3, 'life'));
    await rest.change('subjects', 'life', { name: 'afterlife' });
    await did(account(2, 'life'), account(4, 'life'), account(3, 'afterlife'));
    await rest.must(200, 'DELETE', `${auth}/subjects/${'0'.repeat(24)}`, { headers });
    await did();
  });

  test('a role that gives or takes the last right tells of all who have it, by name', async () => {
    const socket = await client(), { rest } = server, headers = rest.admin, did = async (...events) => assert.deepEqual(await heard(socket), events);
    await rest.must(200, 'POST', `${auth}/roles`, { headers, body: { name: 'shared', permissions: [] } });
    for (const name of ['zoe', 'ann', 'max']) await rest.must(200, 'POST', `${auth}/subjects`, { headers, body: { name, roles: name === 'max' ? ['shared', 'readable'] : ['shared'] } });
    await did(account(3, 'max'));
    await rest.change('roles', 'shared', { permissions: ['api:todo:read'] });
    await did(account(3, 'ann'), account(3, 'zoe'));
    await rest.change('roles', 'shared', { permissions: ['api:todo:create'] });
    await did();
    await rest.change('roles', 'shared', { permissions: [] });
    await did(account(2, 'ann'), account(2, 'zoe'));
    await rest.change('roles', 'shared', { permissions: '*' });
    await did(account(3, 'ann'), account(3, 'zoe'));
    await drop('roles', 'shared');
    await did(account(2, 'ann'), account(2, 'zoe'));
    await rest.must(401, 'POST', `${auth}/roles`, { jwt: people.bob.jwt, body: { name: 'shared', permissions: ['*'] } });
    await did();
  });

  test('names are told as they are written', async () => {
    const socket = await client(), name = 'a "b" <ö>\u2028\\';
    await server.rest.must(200, 'POST', `${auth}/subjects`, { headers: server.rest.admin, body: { name, roles: ['readable'] } });
    await drop('subjects', name);
    assert.deepEqual(await told(server, socket), [3, 2, 4].map(type => JSON.stringify(account(type, name))));
  });

  test('restricted: the trusted hear of everybody, a subject of itself, others of nobody', async () => {
    const own = await users('users-restricted', { socketApiKey: 'the key', userEvents: 'restricted' });
    try {
      const { rest } = own, [admin, bob] = [await rest.subject('admin', '*'), await rest.subject('bob', 'api:entries:read')];
      const sockets = [await trusted(own), await client({ who: bob }, own), await client({ who: admin }, own), await client({}, own)];
      await exchange(bob, rest);
      await rest.must(204, 'POST', `${auth}/signout`, { jwt: bob.jwt });
      await exchange(admin, rest);
      const events = [account(1, 'bob'), account(2, 'bob'), account(1, 'admin')].map(event => JSON.stringify(event));
      assert.deepEqual(await told(own, ...sockets), [events, events.slice(0, 2), events.slice(2), []]);
      await rest.change('roles', 'role-bob', { permissions: [] });
      await drop('subjects', 'bob', rest);
      const [all, , ...others] = await told(own, ...sockets);
      assert.deepEqual([all.map(JSON.parse), others], [[account(2, 'bob'), account(2, 'bob'), account(4, 'bob')], [[], []]]);
    } finally {
      await own.stop();
    }
  });
});

describe('documents', () => {
  test('from REST, with the name of who wrote them: created, updated, removed, and there again', async () => {
    const [reader, nobody, operator] = [await client({ who: people.bob }), await client(), await trusted()];
    const path = 'todo/first', states = [], shown = async () => { states.push((await must(200, 'GET', path)).body.result); };
    await must(201, 'POST', 'todo', { identifier: 'first', title: 'a', more: { b: 1, a: ['<&>'] } });
    await shown();
    await must(200, 'PATCH', path, { count: 1.5 }, people.bob.jwt);
    await shown();
    await must(200, 'PUT', path, { title: 'put' });
    await shown();
    await must(200, 'DELETE', path, undefined, people.bob.jwt);
    await must(200, 'POST', 'todo', { identifier: 'first', title: 'again' });
    await shown();
    await must(200, 'DELETE', path);
    await must(200, 'DELETE', `${path}?permanent=true`);
    await must(201, 'POST', 'todo', { identifier: 'first', title: 'anew' });
    await shown();
    await must(200, 'DELETE', `${path}?permanent=true`);
    const event = (username, eventType, more) => ({ username, eventType, colName: 'todo', ...more }), gone = { identifier: 'first' };
    const events = [
      event('alice', 11, { doc: states[0] }), event('bob', 12, { doc: states[1] }), event('alice', 12, { doc: states[2] }), event('bob', 13, gone),
      event('alice', 11, { doc: states[3] }), event('alice', 13, gone), event('alice', 11, { doc: states[4] }), event('alice', 13, gone),
    ];
    assert.deepEqual(await heard(reader, nobody, operator), [events, [], events]);
  });

  test('from /websocket and /live', async () => {
    const socket = await client({ who: people.bob }), { alice } = people;
    const writer = await kept(Socket.open(`ws://127.0.0.1:${server.port}/websocket?access_token=${alice.token}`));
    const { data: { id } } = await writer.ask({ type: 'POST', collection: 'todo', data: { title: 'w', count: 3 } });
    await writer.ask({ type: 'PATCH', collection: 'todo', id, data: { count: 4 } });
    await writer.ask({ type: 'DELETE', collection: 'todo', id });
    const events = await heard(socket);
    assert.deepEqual(events.map(({ username, eventType, colName, doc, identifier }) => [username, eventType, colName, doc?.count, identifier ?? doc.identifier]),
      [['alice', 11, 'todo', 3, id], ['alice', 12, 'todo', 4, id], ['alice', 13, 'todo', undefined, id]]);
    // What is published there is no document, but what changes there is: a topic is none either.
    const live = await kept(Live.open(`ws://127.0.0.1:${server.port}/live?token=${alice.jwt}`, { dialect: 'typed' }));
    for (const [method, attributes] of [['create-topicName', { name: 'room' }], ['subscribe', { topicName: 'room' }], ['new-message', { topicName: 'room', message: { colName: 'todo', eventType: 11 } }]]) live.send({ id: method, method, attributes });
    await live.until('the message', () => live.frames.some(frame => frame.includes('new-message') && frame.includes('"event"')));
    assert.deepEqual(await heard(socket, await trusted()), [[], []]);
  });

  test('many at once, each for itself, in the order of their writing', async () => {
    const socket = await client({ who: people.bob });
    await Promise.all(Array.from({ length: 30 }, (_, n) => must(201, 'POST', 'todo', { identifier: `many-${n}`, count: n })));
    const events = await heard(socket), stamps = events.map(({ doc }) => doc.srvModified);
    assert.equal(new Set(events.map(({ doc }) => doc.identifier)).size, 30);
    assert.deepEqual(stamps, stamps.toSorted((a, b) => a - b));
  });

  test('of a bulk write in its order, and none of one that was refused', async () => {
    const socket = await client({ who: people.bob }), bulk = (status, ...docs) => must(status, 'POST', 'todo/bulk', docs);
    await bulk(200, ...['b1', 'b2', 'b3'].map(identifier => ({ identifier, title: 'bulk' })));
    await bulk(400, { identifier: 'b4' }, { identifier: 'b5', srvModified: 'x', 'a\0': 1 });
    assert.deepEqual((await heard(socket)).map(({ eventType, doc }) => `${eventType} ${doc.identifier}`), ['11 b1', '11 b2', '11 b3']);
  });

  test('only to those who may read the collection: settings are for administrators', async () => {
    const sockets = [await client({ who: people.admin }), await trusted(), await client({ who: people.alice }), await client({ who: people.bob }), await client()];
    await must(201, 'POST', 'settings', { identifier: 'secret', date: 1_700_000_000_000, app: 'e2e' }, people.admin.jwt);
    await must(201, 'POST', 'hidden', { identifier: 'h' });
    await must(200, 'DELETE', 'settings/secret', undefined, people.admin.jwt);
    const what = (await heard(...sockets)).map(list => list.map(({ eventType, colName }) => `${eventType} ${colName}`));
    const all = ['11 settings', '11 hidden', '13 settings'];
    assert.deepEqual(what, [all, all, ['11 hidden'], [], []]);
  });

  test('a revoked right stops them at once, and a granted one starts them', async () => {
    const mine = await server.rest.subject('mine', 'api:todo:read'), [socket, other] = [await client({ who: mine }), await client({ who: people.bob })];
    const count = async () => (await heard(socket, other)).map(list => list.filter(({ eventType }) => eventType > 10).length);
    const write = n => must(200, 'PUT', 'todo/revoked', { count: n });
    await must(201, 'POST', 'todo', { identifier: 'revoked', count: 0 });
    assert.deepEqual(await count(), [1, 1]);
    await server.rest.change('roles', 'role-mine', { permissions: [] });
    await write(1);
    assert.deepEqual(await count(), [0, 1]);
    await server.rest.change('roles', 'role-mine', { permissions: ['api:todo:read'] });
    await write(2);
    assert.deepEqual(await count(), [1, 1]);
    await drop('subjects', 'mine');
    await write(3);
    const [, { length }] = await told(server, socket, other);
    assert.equal(length, 3); // 2, 4, 12
    assert.ok(!socket.take().some(frame => frame.includes('"eventType":12')));
  });

  test('writers without a name: nobody, and the operator', async () => {
    const own = await users('users-nameless', { socketApiKey: 'the key' }, { ...faces, AUTH_DEFAULT_ROLES: 'everybody' });
    try {
      await own.rest.must(200, 'POST', `${auth}/roles`, { headers: own.rest.admin, body: { name: 'everybody', permissions: ['api:todo:*'] } });
      const socket = await client({}, own), jwt = (await own.rest.subject('deleted', 'api:todo:create')).jwt;
      const writer = await kept(Socket.open(`ws://127.0.0.1:${own.port}/websocket`));
      const { data: { id } } = await writer.ask({ type: 'POST', collection: 'todo', data: { title: 'w' } });
      await writer.ask({ type: 'DELETE', collection: 'todo', id });
      await own.rest.must(201, 'POST', '/api/v3/todo', { jwt, body: { identifier: 'named' } });
      const frames = (await told(own, socket)).filter(frame => frame.includes('colName'));
      assert.match(frames[0], /^\{"eventType":11,"colName":"todo","doc":\{/);
      assert.equal(frames[1], `{"eventType":13,"colName":"todo","identifier":"${id}"}`);
      assert.match(frames[2], /^\{"username":"deleted","eventType":11,"colName":"todo","doc":\{/);
      assert.equal(frames.length, 3);
    } finally {
      await own.stop();
    }
  });

  test('where nobody is asked for a token, everybody who is approved hears of all', async () => {
    const own = await users('users-open', {}, { ...faces, API3_SECURITY_ENABLE: 'false' });
    try {
      const socket = await client({}, own);
      await own.rest.must(201, 'POST', '/api/v3/todo', { body: { identifier: 'x' } });
      const [event, ...more] = (await told(own, socket)).map(JSON.parse);
      assert.deepEqual([event.eventType, 'username' in event, event.doc.identifier, more], [11, false, 'x', []]);
    } finally {
      await own.stop();
    }
  });

  test('documentEvents: false tells of none', async () => {
    const own = await users('users-undocumented', { socketApiKey: 'the key', documentEvents: false }, faces);
    try {
      const { jwt, token } = await own.rest.subject('writer', '*'), socket = await trusted(own);
      await own.rest.must(201, 'POST', '/api/v3/todo', { jwt, body: { identifier: 'x' } });
      await exchange({ token }, own.rest);
      assert.deepEqual(await told(own, socket), ['{"username":"writer","eventType":1}']);
    } finally {
      await own.stop();
    }
  });
});

describe('meta', () => {
  const ask = async (socket, request) => { socket.send({ eventType: 9, ...request }); return socket.next(); };
  const forbidden = { error: 'You do not have permission to make this request', eventType: 9 };

  test('is for the subject itself, administrators and the trusted; others are not told who exists', async () => {
    const [nobody, bob, alice, admin, key] = [await client(), await client({ who: people.bob }), await client({ who: people.alice }), await client({ who: people.admin }), await trusted()];
    assert.deepEqual(await ask(bob, { username: 'bob', property: 'colour', val: 'red' }), { eventType: 9, val: 'red' });
    for (const socket of [bob, admin, key]) assert.deepEqual(await ask(socket, { username: ' bob ' }), { eventType: 9, val: { colour: 'red' } });
    for (const socket of [nobody, alice]) {
      for (const username of ['bob', 'nosuch', 'admin']) {
        for (const more of [{}, { property: 'colour' }, { property: 'colour', val: 'blue' }, { val: {} }]) assert.deepEqual(await ask(socket, { username, ...more }), forbidden, username);
      }
    }
    assert.deepEqual(await ask(bob, { username: 'nosuch' }), forbidden);
    assert.deepEqual(await ask(admin, { username: 'nosuch' }), { error: 'Could not find user nosuch', eventType: 9 });
    assert.deepEqual(await ask(key, { username: ' nosuch ' }), { error: 'Could not find user  nosuch ', eventType: 9 });
    assert.deepEqual(await ask(key, { username: '  ' }), { error: 'Error: Please enter a valid username', eventType: 9 });
    assert.deepEqual(await ask(key, { username: 5 }), { error: 'Could not find user 5', eventType: 9 });
    assert.deepEqual(await ask(key, { username: 'bob', val: [1, 'x'] }), { eventType: 9, val: [1, 'x'] });
    assert.deepEqual(await ask(bob, { username: 'bob' }), { eventType: 9, val: [1, 'x'] });
    assert.deepEqual(await heard(nobody, bob), [[], []]); // nobody else hears of it
  });

  test('lives with its subject, and outlives the server', async () => {
    const { rest } = server, key = await trusted();
    const made = await rest.subject('keeper', 'api:todo:read'), keeper = await client({ who: made });
    assert.deepEqual(await ask(keeper, { username: 'keeper', val: { a: { b: 1 } } }), { eventType: 9, val: { a: { b: 1 } } });
    await key.settled();
    await drop('subjects', 'keeper');
    await heard(key);
    assert.deepEqual(await ask(key, { username: 'keeper' }), { error: 'Could not find user keeper', eventType: 9 });
    await rest.must(200, 'POST', `${auth}/subjects`, { headers: rest.admin, body: { name: 'keeper', roles: [] } });
    assert.deepEqual(await ask(key, { username: 'keeper' }), { eventType: 9, val: {} });
    assert.deepEqual(await ask(key, { username: 'keeper', property: 'k.l', val: 2 }), { eventType: 9, val: 2 });
    for (const socket of open) socket.ws.terminate();
    await server.stop();
    await server.again();
    assert.deepEqual(await ask(await trusted(), { username: 'keeper' }), { eventType: 9, val: { k: { l: 2 } } });
  });

  test('is not shown by another face', async () => {
    for (const path of ['user_meta', 'user_meta/keeper', 'nightwire_user_meta', 'user_meta/history/0']) assert.equal((await server.rest.send('GET', `/api/v3/${path}`, { jwt: people.admin.jwt })).status, 404, path);
    const watcher = await kept(Socket.open(`ws://127.0.0.1:${server.port}/websocket?access_token=${people.admin.token}`));
    assert.equal((await watcher.ask({ type: 'get', collection: 'user_meta', uid: 1 })).type, 'ERROR');
  });
});
