// Bad input at /websocket: every message in vain is told so, in its dialect's words, and the connection stays; only frames that
// are no WebSocket's, and those that are too long, end it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { address, directus, seeded } from './lib/directus.mjs';
import { RawSocket } from './lib/rawsocket.mjs';
import { Socket } from './lib/socket.mjs';

const collection = 'test';
let server;

before(async () => { server = await seeded('directus-input', { WEBSOCKET_MAX_MESSAGE: '100000', WEBSOCKET_RATE: '2000' }); });
after(() => server?.stop());

const open = (who, dialect) => Socket.open(address(server, server.people[who], { dialect }), { dialect });
const nested = (depth, inner = { n: 1 }) => depth ? nested(depth - 1, { _and: [inner] }) : inner;
const get = query => ({ type: 'GET', collection, query });

const payload = [400, 'INVALID_PAYLOAD'], badQuery = [400, 'INVALID_QUERY'], forbidden = [403, 'FORBIDDEN'], taken = [400, 'RECORD_NOT_UNIQUE'], unread = [...payload];

// cases are [what, message, expected status and code], for the editor.
const cases = [
  ['no JSON', '{not json', payload],
  ['two objects', '{}{}', payload],
  ['nothing', '', payload],
  ['blanks', '  \n', payload],
  ['a list', '[]', payload],
  ['null', 'null', payload],
  ['a number', '5', payload],
  ['a string', '"str"', payload],
  ['a name twice', '{"type":"GET","type":"GET","collection":"test"}', null],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x7b]), payload],
  ['a lone surrogate', '{"type":"POST","collection":"test","data":{"test":"\\ud800"}}', null],
  ['deep nesting', '['.repeat(20_000), payload],
  ['a deep object', `{"a":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`, payload],
  ['no type', { collection, uid: 'u' }, payload],
  ['an unknown type', { type: 'frobnicate', collection, uid: 'u' }, payload],
  ['a number for the type', { type: 5, collection, uid: 'u' }, payload],
  ['no collection', { type: 'get', uid: 'u' }, payload],
  ['an empty collection', { type: 'get', collection: '', uid: 'u' }, payload],
  ['a number for the collection', { type: 'get', collection: 5, uid: 'u' }, payload],
  ['an unknown collection', { type: 'get', collection: 'nosuch', uid: 'u' }, forbidden],
  ['a collection of the server', { type: 'get', collection: 'counters', uid: 'u' }, forbidden],
  ['the subjects', { type: 'get', collection: 'auth_subjects', uid: 'u' }, forbidden],
  ['the users', { type: 'get', collection: 'directus_users', uid: 'u' }, forbidden],
  ['a forbidden collection', { type: 'get', collection: 'secret', uid: 'u' }, forbidden],
  ['a subscription to an unknown one', { type: 'subscribe', collection: 'nosuch', uid: 'u' }, forbidden],
  ['a subscription to a forbidden one', { type: 'subscribe', collection: 'secret', uid: 'u' }, forbidden],
  ['a subscription with a bad query', { type: 'subscribe', collection, query: { filter: { n: { _bogus: 1 } } }, uid: 'u' }, badQuery],
  ['POST without data', { type: 'POST', collection, uid: 'u' }, payload],
  ['POST of null', { type: 'POST', collection, data: null, uid: 'u' }, payload],
  ['POST of a number', { type: 'POST', collection, data: 5, uid: 'u' }, payload],
  ['POST of a list of numbers', { type: 'POST', collection, data: [{}, 5], uid: 'u' }, payload],
  ['POST to where one may only read', { type: 'POST', collection: 'Mixed', data: {}, uid: 'u' }, forbidden],
  ['POST of an id that is taken', { type: 'POST', collection, data: { id: 1 }, uid: 'u' }, taken],
  ['POST of many, one of them taken', { type: 'POST', collection, data: [{ test: 'not kept' }, { id: 1 }], uid: 'u' }, taken],
  ['POST of an object for the id', { type: 'POST', collection, data: { id: {} }, uid: 'u' }, payload],
  ['POST of an id that is no integer', { type: 'POST', collection, data: { id: 'x' }, uid: 'u' }, payload],
  ['PATCH without id', { type: 'PATCH', collection, data: {}, uid: 'u' }, payload],
  ['PATCH of an unknown id', { type: 'PATCH', collection, id: 999, data: { n: 1 }, uid: 'u' }, forbidden],
  ['PATCH of ids that are no list', { type: 'PATCH', collection, ids: { $gt: 0 }, data: { n: 1 }, uid: 'u' }, payload],
  ['PATCH of an object for an id', { type: 'PATCH', collection, id: { $gt: 0 }, data: { n: 1 }, uid: 'u' }, payload],
  ['PATCH with a list', { type: 'PATCH', collection, id: 1, data: [1], uid: 'u' }, payload],
  ['DELETE without id', { type: 'DELETE', collection, uid: 'u' }, payload],
  ['DELETE of ids that are no list', { type: 'DELETE', collection, ids: 'all', uid: 'u' }, payload],
  ['DELETE of an object for an id', { type: 'DELETE', collection, ids: [{ $gt: 0 }], uid: 'u' }, payload],
  ['an unknown operator', get({ filter: { n: { _bogus: 1 } } }), badQuery],
  ["MongoDB's operator", get({ filter: { n: { $gt: 0 } } }), badQuery],
  ["MongoDB's operator on top", get({ filter: { $where: '1' } }), badQuery],
  ['an object for a value', get({ filter: { n: { _eq: { $gt: 0 } } } }), badQuery],
  ['an object in a list', get({ filter: { n: { _in: [{ $gt: 0 }] } } }), badQuery],
  ['a regular expression', get({ filter: { test: { _regex: '(a+)+$' } } }), badQuery],
  ['a relation', get({ filter: { n: { _some: { a: 1 } } } }), badQuery],
  ['a function', get({ filter: { 'year(test)': { _eq: 1 } } }), badQuery],
  ['a name with NUL', get({ filter: { 'a\u0000b': { _eq: 1 } } }), unread],
  ['a deep filter', get({ filter: nested(11) }), badQuery],
  ['a very deep filter', get({ filter: nested(90) }), unread],
  ['a long list', get({ filter: { n: { _in: Array.from({ length: 1001 }, (_, i) => i) } } }), badQuery],
  ['no object of _and', get({ filter: { _and: {} } }), badQuery],
  ['a negative limit', get({ limit: -2 }), badQuery],
  ['a negative offset', get({ offset: -1 }), badQuery],
  ['an unknown aggregate', get({ aggregate: { median: ['n'] } }), badQuery],
  ['a field of MongoDB', get({ fields: ['$where'] }), badQuery],
  ['a sort of MongoDB', get({ sort: ['$natural'] }), badQuery],
];

describe('the legacy dialect says status and code', () => {
  for (const [what, message, expected] of cases) {
    test(what, async () => {
      const socket = await open('editor', 'legacy');
      try {
        const { type, data, uid } = await socket.ask(message);
        if (expected) assert.deepEqual([type, [data.status, data.code], uid], ['ERROR', expected, message.uid]);
        else assert.match(type, /^(ERROR|RESPONSE)$/);
        assert.deepEqual(Object.keys(data).filter(name => !['status', 'code', 'extensions'].includes(name) && type === 'ERROR'), []);
        assert.deepEqual(await socket.settled(), []); // one answer, and the next is answered as ever
      } finally {
        await socket.close();
      }
    });
  }
});

test('v3 says a text', async () => {
  const socket = await open('editor', 'v3');
  try {
    for (const [what, message, expected] of cases) {
      const { type, data, uid } = await socket.ask(message);
      if (expected) assert.deepEqual([type, typeof data, uid], ['ERROR', 'string', message.uid], what);
      if (expected === forbidden) assert.equal(data, "You don't have permission to access this.", what);
      assert.deepEqual(await socket.settled(), [], what);
    }
  } finally {
    await socket.close();
  }
});

test('core says type, code and message', async () => {
  const socket = await open('editor', 'core');
  const actions = { GET: 'read', POST: 'create', PATCH: 'update', DELETE: 'delete' };
  try {
    for (const [what, message, expected] of cases.filter(([, { type }, expected]) => type in actions && expected !== unread)) {
      const { type, status, error, uid } = await socket.ask({ ...message, type: 'items', action: actions[message.type] });
      if (expected) assert.deepEqual([type, status, uid], ['items', 'error', message.uid], what);
      // A collection without a name or that is not there is INVALID_COLLECTION or FORBIDDEN.
      if (expected && expected !== forbidden) assert.equal(error.code, expected[1], `${what}: ${error.message}`);
      assert.deepEqual(await socket.settled(), [], what);
    }
    for (const text of ['{bad', '', '[]', '5', 'null', '"x"', '{}', '{"type":5}']) {
      const { type, error } = await socket.ask(text);
      assert.deepEqual([type, error.code], ['server', 'INVALID_PAYLOAD'], text);
    }
    for (const action of ['update', 'delete']) { // would be all
      for (const query of [{}, { filter: {} }, { filter: { _and: [] } }, { filter: { _or: [{}] } }]) {
        const { status, error } = await socket.ask({ type: 'items', action, collection, query, data: { n: 0 }, uid: 1 });
        assert.equal(status, 'error', `${action} ${JSON.stringify(query)}`);
        assert.match(error.code, /^(FORBIDDEN|INVALID_PAYLOAD|INVALID_QUERY)$/);
      }
    }
    assert.equal((await socket.ask({ type: 'items', action: 'read', collection })).data.length >= 3, true);
  } finally {
    await socket.close();
  }
});

test('a user of e-mail and password is not let in', async () => {
  const socket = await open('editor', 'core');
  try {
    const { type, error } = await socket.ask({ type: 'auth', email: 'a@example.com', password: 'x' });
    assert.deepEqual([type, error.code], ['auth', 'AUTH_FAILED']);
  } finally {
    await socket.close();
  }
});

test('the 129th subscription is refused, the others go on', async () => {
  const socket = await open('editor', 'v3');
  try {
    for (let uid = 1; uid <= 128; uid++) socket.send({ type: 'SUBSCRIBE', collection: 'fence', uid });
    assert.deepEqual(await socket.settled(), []);
    assert.equal((await socket.ask({ type: 'SUBSCRIBE', collection, uid: 129 })).type, 'ERROR');
    socket.send({ type: 'UNSUBSCRIBE', uid: 5 });
    socket.send({ type: 'SUBSCRIBE', collection, uid: 129 });
    assert.deepEqual(await socket.settled(), []);
    await server.rest.must(201, 'POST', '/api/v3/fence', { jwt: server.people.admin.jwt, body: { name: 'many' } });
    await socket.until('127 events', () => socket.frames.length >= 127);
    const uids = socket.take().map(frame => JSON.parse(frame).uid).sort((a, b) => a - b);
    assert.deepEqual(uids, Array.from({ length: 128 }, (_, i) => i + 1).filter(uid => uid !== 5));
  } finally {
    await socket.close();
  }
});

describe('frames', () => {
  const text = 0x81, binary = 0x82;
  const dial = () => RawSocket.open(address(server, server.people.editor));

  const broken = {
    'a reserved opcode': [1002, raw => raw.frame(0x83, 'x')],
    'a reserved bit': [1002, raw => raw.frame(0xc1, 'x')],
    'no mask': [1002, raw => raw.frame(text, '{}', { masked: false })],
    'a long ping': [1002, raw => raw.frame(0x89, 'x'.repeat(126))],
    'a fragmented ping': [1002, raw => raw.frame(0x09, 'x')],
    'a continuation of nothing': [1002, raw => raw.frame(0x80, 'x')],
    'text within text': [1002, raw => { raw.frame(0x01, '{'); raw.frame(text, '}'); }],
    'text that is no UTF-8': [1007, raw => raw.frame(text, Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    'a message that is too long': [1009, raw => raw.frame(text, 'x'.repeat(100_001))],
    'a message that says to be too long': [1009, raw => raw.frame(text, '', { length: 2 ** 40 })],
    'fragments that are too long': [1009, raw => { raw.frame(0x01, 'x'.repeat(60_000)); raw.frame(0x80, 'x'.repeat(60_000)); }],
  };
  for (const [what, [code, write]] of Object.entries(broken)) {
    test(`${what} ends the connection with ${code}`, async () => {
      const raw = await dial();
      write(raw);
      assert.equal(await raw.closeCode(), code);
    });
  }

  test('fragments and binary frames are messages like others', async () => {
    const socket = await open('editor');
    try {
      assert.equal(socket.ws.extensions, '', 'no extension is agreed on');
      assert.equal(socket.ws.protocol, '');
      const message = JSON.stringify({ type: 'get', collection, query: { limit: 1, fields: ['id'], filter: { test: { _neq: 'é😀'.repeat(1000) } } }, uid: 'f' });
      const bytes = Buffer.from(message), expected = { type: 'RESPONSE', data: [{ id: 1 }], uid: 'f' };
      for (let at = 0; at < bytes.length; at += 997) {
        const last = at + 997 >= bytes.length;
        socket.ws.send(bytes.subarray(at, at + 997), { binary: false, fin: last, compress: false });
        if (!last && at % 2) socket.ws.ping('between');
      }
      assert.deepEqual(await socket.next(), expected);
      assert.deepEqual(await socket.ask(bytes), expected);
      socket.ws.ping('hello');
      await socket.until('a pong', () => socket.pongs.includes('hello'));
    } finally {
      await socket.close();
    }
  });

  test('a message as long as allowed is worked on', async () => {
    const socket = await open('editor');
    try {
      const message = JSON.stringify({ type: 'POST', collection, data: { test: '' }, query: { fields: ['n'] } });
      const { type } = await socket.ask(message.replace('""', `"${'x'.repeat(100_000 - message.length)}"`));
      assert.equal(type, 'RESPONSE');
    } finally {
      await socket.close();
    }
  });

  test('after all that a server is well', async () => {
    const raw = await dial();
    raw.frame(binary, JSON.stringify({ type: 'get', collection, query: { limit: 0 } }));
    raw.frame(0x88, Buffer.from([0x0f, 0xa0]));
    assert.equal(await raw.closeCode(), 4000, 'the close code comes back');
    assert.equal(raw.frames()[0].payload.toString(), '{"type":"RESPONSE","data":[]}');
  });
});

test('upgrades without credentials are refused, whatever they ask for', async () => {
  const refused = async (url, options) => assert.rejects(Socket.open(url, options), /401/);
  await refused(server.sockets);
  await refused(`${server.sockets}?access_token=`);
  await refused(`${server.sockets}?access_token=nobody-0123456789abcdef`);
  await refused(`${server.sockets}?access_token=${server.people.editor.jwt}x`);
  await refused(server.sockets, { headers: { authorization: 'Basic eDp5' } });
  await refused(address(server, {}, { dialect: 'core' }));
});

test('the strict mode looks at access_token alone', async () => {
  const strict = await directus('directus-strict', { WEBSOCKETS_REST_AUTH: 'strict' });
  try {
    const { token } = strict.people.editor;
    await assert.rejects(Socket.open(strict.sockets), /401/);
    await assert.rejects(Socket.open(`${strict.sockets}?api_token=${token}`), /401/);
    await assert.rejects(Socket.open(strict.sockets, { headers: { authorization: `Bearer ${token}` } }), /401/);
    await assert.rejects(Socket.open(`${strict.sockets}?access_token=${token}x`), /401/);
    for (const credential of [token, strict.people.editor.jwt]) {
      const socket = await Socket.open(`${strict.sockets}?access_token=${credential}`);
      assert.deepEqual((await socket.ask(get({}))).data, []);
      await socket.close();
    }
  } finally {
    await strict.stop();
  }
});

describe('limits', () => {
  let limited;
  before(async () => { limited = await seeded('directus-limits', { WEBSOCKET_RATE: '5', WEBSOCKETS_REST_CONN_LIMIT: '2', WEBSOCKET_MAX_SUBSCRIPTIONS: '1', WEBSOCKET_MAX_FILTER_DEPTH: '2', WEBSOCKET_MAX_LIST: '3' }); });
  after(() => limited?.stop());

  test('messages by second, subscriptions, filters, lists and connections', async () => {
    const one = await Socket.open(address(limited, limited.people.editor)), two = await Socket.open(address(limited, limited.people.editor));
    try {
      await assert.rejects(Socket.open(address(limited, limited.people.editor)), /403/);
      assert.equal((await two.ask(get({ filter: nested(2) }))).type, 'RESPONSE');
      assert.equal((await two.ask(get({ filter: nested(3) }))).data.code, 'INVALID_QUERY');
      assert.equal((await two.ask({ type: 'POST', collection, data: [{}, {}, {}, {}] })).type, 'ERROR');
      two.send({ type: 'SUBSCRIBE', collection });
      assert.equal((await two.ask({ type: 'SUBSCRIBE', collection })).type, 'ERROR');

      for (let uid = 1; uid <= 50; uid++) one.send({ type: 'get', collection, query: { limit: 1, fields: ['id'] }, uid });
      await one.until('50 answers', () => one.frames.length === 50);
      const answers = one.take().map(JSON.parse);
      const good = answers.filter(({ type }) => type === 'RESPONSE').length;
      assert.ok(good >= 5 && good < 25, `${good} of 50 were answered`);
      for (const { data } of answers.slice(-1)) assert.deepEqual([data.status, data.code], [429, 'REQUESTS_EXCEEDED']);
      assert.equal(one.ended, null);
    } finally {
      await one.close(); await two.close();
    }
  });
});

describe('the heartbeat of the core', () => {
  let beating;
  before(async () => { beating = await seeded('directus-heartbeat', { WEBSOCKETS_HEARTBEAT_PERIOD: '1' }); });
  after(() => beating?.stop());

  test('whoever is silent is closed, whoever answers stays, and the extension is left alone', async () => {
    const dial = dialect => Socket.open(address(beating, beating.people.editor, { dialect }), { dialect });
    const [silent, alive, legacy] = [await dial('core'), await dial('core'), await dial('legacy')];
    alive.ws.on('message', data => { if (String(data) === '{"type":"ping"}') alive.send({ type: 'pong' }); });
    try {
      assert.deepEqual(await silent.over(), { close: 1005, reason: '' });
      await alive.until('another ping', () => alive.frames.length >= 2);
      assert.deepEqual([...new Set([...silent.frames, ...alive.frames])], ['{"type":"ping"}']);
      assert.deepEqual([alive.ended, legacy.ended, legacy.frames], [null, null, []]);
    } finally {
      await alive.close(); await legacy.close();
    }
  });
});
