// What goes wrong at /live: bad messages, bad frames, bad tokens, clients that do not read. None of it costs a connection more than the
// protocol asks for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, Live, live } from './lib/live.mjs';
import { RawSocket } from './lib/rawsocket.mjs';
import { upgrade } from './lib/upgrade.mjs';

let server, jwt;
const open = new Set();

before(async () => {
  server = await live('daptin-input', { LIVE_MAX_MESSAGE: '100000', LIVE_ORIGINS: 'https://page.example' });
  jwt = server.people.bob.jwt;
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

const malformed = ['', ' ', 'hello', '[]', '"x"', '5', '{"method":"ping"} x', '{"method":"ping"}{"method":"ping"}', '{"method":5}', '{"method":"nope","attributes":"x"}',
  '{"method":"nope","attributes":[]}', '['.repeat(90_000), `{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`];
const vain = ['null', '{}', '{"method":"nope"}', '{"method":null}', '{"attributes":null}', '{"method":"subscribe","attributes":{"topic":{"a":1}}}',
  '{"method":"subscribe","attributes":{"topic":"nosuch"}}', '{"method":"unsubscribe","attributes":{}}', '{"method":"destroy-topic","attributes":{"name":"nosuch"}}',
  '{"method":"destroy-topic","attributes":{"name":["a"]}}', '{"method":"create-topic","attributes":{"name":5}}', '{"method":"create-topic","attributes":{"name":"a,b"}}',
  '{"method":"create-topic","attributes":{"name":"Todo"}}', '{"method":"create-topic","attributes":{"name":"user_account"}}', `{"method":"create-topic","attributes":{"name":"${'x'.repeat(129)}"}}`,
  '{"method":"new-message","attributes":{"topic":"nosuch","message":{}}}', '{"method":"new-message","attributes":{"topic":"certificate","message":{}}}',
  '{"method":"new-message","attributes":{"topic":5,"message":{}}}', '{"method":"subscribe","attributes":{"topic":"user_account"}}', '{"method":"subscribe","attributes":{"topic":"entries"}}'];

test('bad input is ignored in the dialect of the published document, and the connection stays', async () => {
  const socket = await kept(connect(server, 'bob', { dialect: 'doc' }));
  for (const text of [...malformed, ...vain]) {
    socket.send(text);
    assert.deepEqual(await socket.settled(), [], text.slice(0, 80));
  }
  socket.send(Buffer.from('{"method":"list-topic"}'));
  assert.equal(JSON.parse((await socket.settled())[0]).ObjectType, 'topic-list');
});

test('bad input is answered in the typed dialect, with the id as it was given, and the connection stays', async () => {
  const socket = await kept(connect(server, 'bob', { protocol: 'typed' }));
  await socket.settled();
  for (const text of malformed) {
    socket.send(text);
    const answers = (await socket.settled()).map(JSON.parse);
    assert.deepEqual(answers.map(({ type, ok, error }) => [type, ok, typeof error]), [['response', false, 'string']], text.slice(0, 80));
  }
  for (const [id, shown] of [[5, 5], [1.5, 1.5], ['x', 'x'], ['', undefined], [null, undefined], [{}, undefined], [[1], undefined], [true, undefined]]) {
    socket.send({ id, method: 'nope' });
    const [answer, ...more] = (await socket.settled()).map(JSON.parse);
    assert.deepEqual([answer.id, answer.ok, more], [shown, false, []], JSON.stringify(id));
  }
  socket.send('{"id":1234567890123456789,"method":"nope"}'); // beyond what JavaScript can tell apart
  assert.match((await socket.settled())[0], /"id":1234567890123456789,/);
});

test('frames: fragments are put together, wrong ones and long ones end the connection with the right code', async () => {
  const socket = await kept(connect(server, 'bob', { protocol: 'typed' }));
  await socket.settled();
  socket.ws.send('{"method":', { fin: false });
  socket.ws.ping('between');
  socket.ws.send('"ping"}', { fin: true });
  assert.deepEqual([await socket.settled(), socket.pongs], [['{"type":"pong"}'], ['between']]);
  const code = async frame => {
    const raw = await RawSocket.open(`${server.live}?token=${jwt}`);
    frame(raw);
    return raw.closeCode();
  };
  assert.equal(await code(raw => raw.frame(0x81, '', { length: 100_001 })), 1009);
  assert.equal(await code(raw => raw.frame(0x81, Buffer.from([0xff, 0xfe]))), 1007);
  assert.equal(await code(raw => raw.frame(0x81, '{}', { masked: false })), 1002);
  assert.equal(await code(raw => raw.frame(0xc1, '{}')), 1002);
  assert.equal(await code(raw => raw.frame(0x83, '{}')), 1002);
  assert.equal(await code(raw => raw.frame(0x88, Buffer.from([0x0f, 0xa1]))), 4001); // its own code comes back
});

// who resolves to the person that a connection was opened for, null when it was turned away as the dialect does.
async function who({ query = '', protocol = 'typed', headers = {} }) {
  const socket = await kept(Live.open(`${server.live}?protocol=${protocol}${query}`, { headers }));
  await socket.until('a frame', () => socket.frames.length);
  if (!socket.frames[0].includes('unauthorized')) return (await socket.session()).user;
  assert.equal((await socket.over()).close, 1008);
  assert.deepEqual(socket.take(), [{ doc: 'unauthorized', typed: '{"message": "unauthorized"}' }[protocol]]);
  return null;
}

test('tokens: from the header, the query or a cookie, access token or JWT; a bad place is passed over', async () => {
  const { alice, bob } = server.people, own = `http://127.0.0.1:${server.port}`;
  const bearer = token => ({ Authorization: `Bearer ${token}` }), cookie = (token, Origin) => ({ Cookie: `a=b; token=${token}`, ...Origin && { Origin } });
  const cases = [
    [{ query: `&token=${bob.jwt}` }, bob], [{ query: `&token=${bob.token}` }, bob], [{ headers: bearer(bob.jwt) }, bob], [{ headers: bearer(bob.token) }, bob],
    [{ headers: { Authorization: `bEaReR ${bob.jwt}` } }, bob], [{ headers: cookie(bob.jwt) }, bob], [{ headers: cookie(bob.token, own) }, bob],
    [{ headers: cookie(bob.jwt, 'https://page.example') }, bob], [{ headers: cookie(bob.jwt, 'https://evil.example') }, null],
    [{ headers: cookie(bob.jwt, 'null') }, null], [{ headers: cookie(bob.jwt, `${own}.evil.example`) }, null], [{ headers: cookie(bob.jwt, 'http://127.0.0.1:1') }, null],
    [{ query: `&token=${bob.jwt}`, headers: { Origin: 'https://evil.example' } }, bob], [{ query: `&token=${bob.jwt}`, headers: { Origin: 'not a url' } }, bob],
    [{ query: `&token=${bob.jwt}`, headers: bearer(alice.jwt) }, alice], [{ query: `&token=${bob.jwt}`, headers: { Authorization: 'Basic junk' } }, bob],
    [{ query: `&token=${bob.jwt}`, headers: { Authorization: bob.jwt } }, bob], [{ headers: { Authorization: 'Bearer', ...cookie(bob.jwt) } }, bob],
    [{ query: `&token=${bob.jwt}`, headers: cookie(alice.jwt) }, bob], [{}, null], [{ query: '&token=' }, null], [{ query: '&token=garbage' }, null],
    [{ query: `&token=${bob.jwt}x` }, null], [{ headers: { 'api-secret': server.rest.admin['api-secret'] } }, null],
  ];
  for (const [shown, person] of cases) assert.equal(await who(shown), person && person.reference, JSON.stringify(shown));
  assert.equal(await who({ protocol: 'doc' }), null);
});

test('upgrades: one subprotocol is echoed, no extension is, and plain requests are told', async () => {
  const ask = (...headers) => upgrade(server.port, `/live?token=${jwt}`, headers);
  const own = ['Connection: Upgrade', 'Upgrade: websocket'];
  assert.deepEqual((await ask()).headers, own);
  assert.deepEqual((await ask('Sec-WebSocket-Protocol: live', 'Sec-WebSocket-Extensions: permessage-deflate')).headers, [own[0], 'Sec-WebSocket-Protocol: live', own[1]]);
  for (const headers of [['Sec-WebSocket-Protocol: a, b'], ['Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: b']]) {
    const { status_line, body } = await ask(...headers);
    assert.deepEqual([status_line, body], ['HTTP/1.1 400 Bad Request', ''], headers.join());
  }
  const { status, text } = await server.rest.send('GET', '/live');
  assert.deepEqual([status, text], [400, 'not websocket protocol']);
});

test('a client that does not read is cut, and the others hear everything', async () => {
  const [slow, quick] = [await kept(connect(server, 'bob', { dialect: 'doc' })), await kept(connect(server, 'bob', { dialect: 'doc' }))];
  const writer = await kept(connect(server, 'bob', { dialect: 'doc' }));
  writer.send({ method: 'create-topic', attributes: { name: 'flood' } });
  await writer.fence();
  for (const socket of [slow, quick]) socket.send({ method: 'subscribe', attributes: { topic: 'flood' } });
  for (const socket of [slow, quick]) await socket.fence();
  slow.ws.pause();
  const message = { text: 'x'.repeat(90_000) };
  for (let n = 0; n < 200; n++) {
    writer.send({ method: 'new-message', attributes: { topic: 'flood', message: { ...message, n } } });
    if (n % 20 === 19) await writer.fence(); // the writer itself is no flood
  }
  await quick.until('all of it', () => quick.frames.length === 200);
  assert.deepEqual(quick.take().map(frame => JSON.parse(frame).EventData.n), Array.from({ length: 200 }, (_, n) => n));
  slow.ws.resume();
  assert.ok([1006, 1008, 1013].includes((await slow.over()).close), JSON.stringify(slow.ended));
  const got = slow.take().length;
  assert.ok(got < 200, `the slow one received ${got}`);
});

test('protocol pings are answered, and pongs that nobody asked for are nothing', async () => {
  const socket = await kept(connect(server, 'bob', { dialect: 'doc' }));
  for (let n = 0; n < 10; n++) {
    socket.ws.pong('unasked');
    socket.ws.ping(`ping ${n}`);
    await socket.until('the pong', () => socket.pongs.at(-1) === `ping ${n}`);
  }
  assert.deepEqual(await socket.settled(), []);
});

test('too many messages are refused in the typed dialect and dropped in the other, and the connection stays', async () => {
  const limited = await live('daptin-rate', { LIVE_RATE: '20' });
  try {
    const typed = await kept(connect(limited, 'bob', { protocol: 'typed', fenced: false })), doc = await kept(connect(limited, 'bob', { protocol: 'doc', fenced: false }));
    for (let id = 1; id <= 60; id++) {
      typed.send({ id, method: 'ping' });
      doc.send({ method: 'list-topic' });
    }
    await typed.until('all answers', () => typed.frames.length === 61);
    const [, ...answers] = typed.take().map(JSON.parse), refused = answers.filter(({ type }) => type === 'response');
    assert.ok(refused.length >= 10 && refused.length <= 40, `${refused.length} refused`);
    for (const { ok, error } of refused) assert.deepEqual([ok, error], [false, 'too many requests']);
    await doc.until('an answer', () => doc.frames.length >= 20);
    doc.ws.ping('still there');
    await doc.until('a pong', () => doc.pongs.length);
    assert.ok(doc.frames.length <= 50, `${doc.frames.length} answers`);
  } finally {
    await limited.stop();
  }
});
