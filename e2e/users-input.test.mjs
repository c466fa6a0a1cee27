// What goes wrong at the event socket: it says nothing about bad messages and too many of them, and the connection stays; and what
// its listener does at its start and its end.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { RawSocket } from './lib/rawsocket.mjs';
import { binary } from './lib/server.mjs';
import { connect, fenceAll, localhost, told, users } from './lib/users.mjs';
import { until } from './lib/until.mjs';

const auth = '/api/v2/authorization';
let server, people;
const open = new Set();

before(async () => {
  server = await users('users-input', { approvedSocketDomains: ['^http://localhost$', 'dup', '^dup$'], socketApiKey: 'the key' }, { USERS_MAX_MESSAGE: '100000' });
  people = { bob: await server.rest.subject('bob', 'api:entries:read'), admin: await server.rest.subject('admin', '*') };
});
afterEach(() => {
  for (const socket of open) if (socket.ws) socket.ws.terminate(); else socket.close();
  open.clear();
});
after(() => server?.stop());

async function kept(opening) {
  const socket = await opening;
  open.add(socket);
  return socket;
}

const client = options => kept(connect(server, options));
const raw = (headers, options) => kept(RawSocket.ask(server.events, { headers, ...options }));
const log = () => fs.readFileSync(server.log, 'utf8');

const ignored = [
  '', ' ', 'hello', '{', '[]', '{}', 'null', 'true', '5', '"x"', '[{"eventType":10}]', '{"eventType":null}', '{"eventType":0}', '{"eventType":-0}', '{"eventType":-10}', '{"eventType":11}',
  '{"eventType":-1}', '{"eventType":14}', '{"eventType":10.5}', '{"eventType":100}', '{"eventType":true}', '{"eventType":"error"}', '{"eventType":"toString"}', '{"eventType":"__proto__"}',
  '{"eventType":"constructor"}', '{"eventType":{}}', '{"eventType":[]}', '{"eventType":[9,10]}', '{"eventType":"Echo"}', '{"eventType":" 10"}', '{"eventType":"10.0"}', '{"eventType":"010"}', '{"EventType":10}',
  '{"type":"Echo","message":"m"}', '{"type":10,"message":"m"}', '\ufeff{"eventType":10}', '{"eventType":10}x', '{"eventType":10}{"eventType":10}', "{'eventType':10}", '{"eventType":10,}',
  ...[1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13].map(eventType => JSON.stringify({ eventType, username: 'root', colName: 'entries', doc: {}, identifier: 'x', message: 'm', broadcast: true })),
  '{"eventType":10,"message":18446744073709551616}', '{"eventType":10,"message":1e999}', // numbers that documents cannot have either
  '['.repeat(90_000), `{"eventType":10,"message":${'['.repeat(40_000)}${']'.repeat(40_000)}x}`,
];

test('what asks for nothing that is known is not answered, to nobody, and the connection stays', async () => {
  const other = await client();
  for (const binary of [false, true]) {
    let socket = await client();
    for (const [i, text] of ignored.entries()) {
      if (i % 30 === 29) socket = await client(); // echoes, and so fences, are numbered
      socket.send(binary ? Buffer.from(text) : text);
      assert.deepEqual(await socket.settled(), [], text.slice(0, 80));
    }
  }
  assert.deepEqual(await told(server, other), []);
});

test('what is lenient: white space, names of types, truth', async () => {
  const [socket, other] = [await client(), await client()];
  for (const text of [' \n{"eventType":10,"message":"m"}\t\r', '{"eventType":"10","message":"m"}', '{"eventType":[10],"message":"m"}', '{"eventType":[["10"]],"message":"m"}', '{"eventType":1e1,"message":"m"}', '{"eventType":1,"eventType":10,"message":"m"}', '{"\\u0065ventType":10,"message":"m"}']) {
    socket.send(text);
    assert.deepEqual(await socket.settled(), ['{"eventType":10,"message":"m"}'], text);
  }
  for (const [broadcast, all] of [['true', 1], ['1', 1], ['"false"', 1], ['[]', 1], ['{}', 1], ['-1', 1], ['false', 0], ['0', 0], ['-0', 0], ['0.0', 0], ['""', 0], ['null', 0]]) {
    socket.send(`{"eventType":10,"broadcast":${broadcast}}`);
    await socket.fence();
    const echo = '{"eventType":10}';
    assert.deepEqual(await told(server, socket, other), [[echo], all ? [echo] : []], broadcast);
  }
});

test('any JSON comes back as JSON.stringify would write it', async () => {
  const socket = await client();
  for (const text of ['1.50', '1e3', '-0', '1e20', '1e21', '1.7976931348623157e308', '"\\u00e9\\/\\u2028<&>"', '"\\ud83d\\ude00"', '"\\ud800"', '{"b":1,"a":{"2":1,"1":2}}', '[[],{},null,true]', '"\\u0000\\b\\u001f\\""', '{"a":1,"a":2}', '{"__proto__":1}']) {
    socket.send(`{"eventType":10,"message":${text}}`);
    assert.deepEqual(await socket.settled(), [`{"eventType":10,"message":${JSON.stringify(JSON.parse(text))}}`], text);
  }
  socket.send('{"eventType":10,"message":9007199254740993}'); // but for these
  assert.deepEqual(await socket.settled(), ['{"eventType":10,"message":9007199254740993}']);
});

test('a message that is too long is ignored and counted, and the connection stays', async () => {
  const [socket, other] = [await client(), await client()];
  const echo = length => JSON.stringify({ eventType: 10, message: 'x'.repeat(length), broadcast: true });
  socket.send(echo(100_000));
  socket.send(Buffer.from(echo(3_000_000)));
  const parts = echo(250_000);
  for (let at = 0; at < parts.length; at += 50_000) socket.ws.send(parts.slice(at, at + 50_000), { fin: at + 50_000 >= parts.length });
  assert.deepEqual(await socket.settled(), []);
  assert.deepEqual(await told(server, other), []);
  socket.send(JSON.stringify({ eventType: 10, message: 'y'.repeat(90_000) }));
  assert.equal((await socket.settled())[0].length, 90_000 + '{"eventType":10,"message":""}'.length);
  await until('the log to say so', () => /messages were dropped.* too_large=\d/.test(log()));
});

test('too many echoes are ignored and counted, others are not held up, and later ones are answered', async () => {
  const [socket, other] = [await client(), await client()], sent = 400;
  for (let n = 0; n < sent; n++) socket.send({ eventType: 10, message: n, broadcast: n % 2 === 0 });
  socket.send({ eventType: 9, username: '' }); // it is no echo
  await socket.until('the answer', () => socket.frames.some(frame => frame.includes('valid username')));
  const [mine, theirs] = await told(server, socket, other), echoes = mine.filter(frame => frame.includes('"eventType":10'));
  assert.ok(echoes.length >= 40 && echoes.length < 100, `${echoes.length} of ${sent}`);
  assert.deepEqual(echoes.slice(0, 20).map(frame => JSON.parse(frame).message).toSorted((a, b) => a - b).slice(0, 10), Array.from({ length: 10 }, (_, n) => n));
  assert.ok(theirs.length >= 20 && theirs.length <= echoes.length, `${theirs.length} to others`);
  await other.fence();
  await until('an echo again', async () => { socket.send({ eventType: 10, message: 'again' }); return socket.frames.some(frame => frame.includes('again')); }, 3000);
});

test('a flood of what is not answered is no trouble', async () => {
  const [socket, other] = [await client(), await client()];
  for (let n = 0; n < 5000; n++) socket.send('{"eventType":11}');
  await socket.fence();
  assert.deepEqual(await told(server, socket, other), [[], []]);
});

test('fragments are put together, pings between them are answered', async () => {
  const socket = await client();
  socket.ws.send('{"eventType":', { fin: false });
  socket.ws.ping('between');
  socket.ws.send('10}', { fin: true });
  assert.deepEqual([await socket.settled(), socket.pongs], [['{"eventType":10}'], ['between']]);
});

test('a client that does not read is cut without a word, the others hear everything, and nobody waits for it', async () => {
  const [slow, quick] = [await client(), await client()];
  let writer;
  slow.ws.pause();
  const total = 300, message = 'x'.repeat(31_000);
  for (let n = 0; n < total; n++) {
    if (n % 20 === 0) writer = await client();
    writer.send({ eventType: 10, message: `${n} ${message}`, broadcast: true });
    if (n % 20 !== 19) continue;
    await writer.fence();
    await writer.close();
  }
  await quick.until('all of it', () => quick.frames.length === total);
  assert.deepEqual(quick.take().map(frame => parseInt(JSON.parse(frame).message)), Array.from({ length: total }, (_, n) => n));
  const begun = Date.now();
  await server.rest.must(200, 'GET', `${auth}/request/${people.bob.token}`);
  assert.ok(Date.now() - begun < 2000, 'a login waits for no socket');
  slow.ws.resume();
  assert.equal((await slow.over()).close, 1006);
  assert.ok(slow.take().length < total);
});

// who resolves to whose meta a connection may read.
async function who(options) {
  const socket = await client(options), may = [];
  for (const username of ['bob', 'admin']) {
    socket.send({ eventType: 9, username });
    if (!(await socket.next()).error) may.push(username);
  }
  await socket.close();
  return may.join();
}

test('credentials: a header or a query, an access token or a JWT; a bad one makes nobody of who is approved', async () => {
  const { bob, admin } = people, bearer = token => ({ headers: { Authorization: `Bearer ${token}` } }), query = text => ({ query: `?${text}` });
  for (const token of [bob.jwt, bob.token]) for (const shown of [bearer(token), query(`token=${token}`), query(`x=1&api_token=${token}`)]) assert.equal(await who(shown), 'bob', JSON.stringify(shown));
  assert.equal(await who(bearer(admin.jwt)), 'bob,admin');
  for (const shown of [{}, bearer('garbage'), query('token=garbage'), query(`token=${bob.jwt}x`), { headers: { Authorization: bob.jwt } }, { headers: { Cookie: `SID=${bob.jwt}` } }, { headers: { 'api-secret': server.rest.admin['api-secret'] } }]) {
    assert.equal(await who(shown), '', JSON.stringify(shown));
  }
});

test('the key admits from anywhere, and only the key; a credential admits nobody', async () => {
  const key = { 'users-api-key': 'the key' };
  assert.equal(await who({ origin: null, headers: key }), 'bob,admin');
  assert.equal(await who({ origin: 'http://evil.example', headers: key }), 'bob,admin');
  for (const bad of ['', 'the ke', 'the key!', 'THE KEY']) assert.equal(await who({ headers: { 'users-api-key': bad } }), '', bad);
  const refused = [{ headers: { 'users-api-key': 'bad' } }, { headers: {}, query: '?users-api-key=the%20key' }, { who: people.admin }, { query: `?token=${people.admin.jwt}` }];
  for (const options of refused) {
    for (const origin of [null, 'http://evil.example', 'http://localhost.evil.example']) {
      const socket = await client({ origin, ...options });
      assert.deepEqual([await socket.over(), socket.failure, socket.frames], [{ close: 1006, reason: '' }, null, []], JSON.stringify(options));
    }
  }
});

test('a connection ends with its token, and with its subject', async () => {
  const leaver = await server.rest.subject('leaver', 'api:entries:read'), socket = await client({ who: leaver });
  await socket.fence();
  const { _id } = await server.rest.account('subjects', 'leaver');
  await server.rest.must(200, 'DELETE', `${auth}/subjects/${_id}`, { headers: server.rest.admin });
  await fenceAll(server, [socket]).catch(() => {});
  const end = await socket.over();
  assert.equal(end.close, 1008, JSON.stringify(end));
});

test('upgrades: the first subprotocol is chosen; versions 13 and 8; who cannot be answered is told as by the original', async () => {
  const head = async (headers, options) => (await raw([`Origin: ${localhost}`, ...headers], options)).head;
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';
  assert.equal(await head([]), `${accepted}\r\n`);
  assert.equal(await head([], { version: 8 }), `${accepted}\r\n`);
  assert.equal(await head(['Sec-WebSocket-Protocol: users, other', 'Sec-WebSocket-Extensions: permessage-deflate']), `${accepted}Sec-WebSocket-Protocol: users\r\n\r\n`);
  for (const version of [7, 14, 0, '']) assert.equal(await head([], { version }), 'HTTP/1.1 400 Bad Request\r\nContent-type: text/html\r\n\r\n', String(version));
});

test('a refusal is logged in the words of the original, in one line, and not at any length', async () => {
  for (const origin of ['http://evil.example', `http://${'e'.repeat(5000)}`, 'http://x "quoted"']) await (await raw([`Origin: ${origin}`])).finished;
  const lines = () => log().split('\n').filter(line => line.includes('A connection was made by '));
  await until('the lines', () => lines().some(line => line.includes('quoted')) && lines().some(line => line.includes('eeee')));
  assert.ok(lines().some(line => line.includes('A connection was made by http://evil.example but it is not on the approved domain list. Make sure the host is on the approvedSocketDomains parameter in the config file.')), lines().join('\n'));
  for (const line of lines()) assert.ok(line.length < 700, line);
  assert.ok(!log().includes('the key'), 'the key stays out of the log');
});

test('a start with a bad pattern, file or value fails and names it; every open pattern is warned of', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nightwire-users-bad-')), file = path.join(directory, 'config.json');
  const start = (text, more = {}) => {
    if (text !== undefined) fs.writeFileSync(file, text);
    const env = { PATH: process.env.PATH, PORT: '0', HOSTNAME: '127.0.0.1', API_SECRET: server.secret, DATA_DIR: directory, USERS_CONFIG: file, ...more };
    const { status, stdout, stderr } = spawnSync(binary(), [], { cwd: directory, env, timeout: 5000, encoding: 'utf8' });
    return { status, text: stdout + stderr };
  };
  const config = (...patterns) => JSON.stringify({ websocket: { port: 1, approvedSocketDomains: patterns } });
  try {
    for (const [text, more, ...words] of [
      [config('^ok$', '(?=no)x'), {}, '(?=no)x', 'look-around'], [config('(a)\\1'), {}, '(a)\\\\1'], [config('('), {}, '"("'], ['{', {}, 'config.json'], ['{"websocket":{"port":"x"}}', {}, 'port'],
      ['{"websocket":{"port":70000}}', {}, '70000'], ['{}', { USERS_PORT: '1', USERS_APPROVED_DOMAINS: '["["]' }, '"["'], ['{}', { USERS_PORT: 'x' }, 'USERS_PORT'], ['{}', { USERS_PORT: '1', USERS_USER_EVENTS: 'some' }, 'USERS_USER_EVENTS'],
      ['{}', { USERS_CONFIG: path.join(directory, 'none.json') }, 'none.json'],
    ]) {
      const { status, text: told } = start(text, more);
      assert.ok(status > 0, `${text} ${JSON.stringify(more)}: ${status} ${told}`);
      for (const word of words) assert.ok(told.includes(word), `${word}: ${told}`);
    }
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  const warned = log().split('\n').filter(line => line.includes('approvedSocketDomains[')).map(line => line.match(/approvedSocketDomains\[(\d+)\]/)[1]);
  assert.deepEqual(warned, ['1'], 'of dup, and not of the others');
});

test('the environment wins over the file, and without a port there is no listener', async () => {
  const own = await users('users-environment', { port: 1, approvedSocketDomains: ['never'], openMeta: false }, { USERS_PORT: '0' });
  assert.ok(!fs.readFileSync(own.log, 'utf8').includes('users='));
  await own.stop();
  Object.assign(own.env, { USERS_PORT: new URL(server.events).port, USERS_APPROVED_DOMAINS: '^nowhere$ ^http://localhost$', USERS_OPEN_META: 'true' });
  await server.stop();
  await own.again();
  try {
    server.events = `ws://127.0.0.1:${own.env.USERS_PORT}`;
    const socket = await client({ dialect: 'meta' });
    socket.send({ eventType: 9, username: 'nobody' });
    assert.deepEqual(await socket.next(), { error: 'Could not find user nobody', eventType: 9 });
  } finally {
    await own.stop();
    await server.again();
  }
});

test('refused clients that do not go hold up no login and no echo', async () => {
  for (let n = 0; n < 20; n++) await (await raw(['Origin: bad'], { halfOpen: true })).finished;
  const socket = await client(), begun = Date.now();
  await server.rest.must(200, 'GET', `${auth}/request/${people.bob.token}`);
  assert.deepEqual(await told(server, socket), ['{"username":"bob","eventType":1}']);
  assert.ok(Date.now() - begun < 2000, `${Date.now() - begun} ms`);
});

test('a refused client may write what it likes, until it goes: its connection is not reset', async () => {
  const refused = await raw(['Origin: bad'], { halfOpen: true });
  assert.equal(await refused.finished, 'FIN');
  for (let n = 0; n < 20; n++) await new Promise((resolve, reject) => { refused.socket.write(RawSocket.bytes(0x81, 'x'.repeat(10_000)), error => { if (error) reject(error); else resolve(); }); });
  refused.socket.end();
  await refused.ended;
  assert.equal(refused.failure, undefined);
});

test('a stop tells every client 1001, and one that is refused meanwhile holds nothing up', async () => {
  const sockets = [await client(), await client({ who: people.bob })];
  await (await raw(['Origin: bad'], { halfOpen: true })).finished;
  const begun = Date.now();
  await server.stop();
  for (const socket of sockets) assert.deepEqual(await socket.over(), { close: 1001, reason: '' });
  assert.ok(Date.now() - begun < 3000, `${Date.now() - begun} ms`);
  await server.again();
});
