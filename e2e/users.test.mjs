// The recorded frames of the Webinate users server: every record is answered equally, or is listed with a reason in
// realtime/users/DEVIATIONS.md and answered as golden/users-ours.json says.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import WebSocket1 from 'ws1';
import { certificate, missing } from './lib/certificate.mjs';
import { Comparison } from './lib/comparison.mjs';
import { RawSocket } from './lib/rawsocket.mjs';
import { connect, localhost, told, users } from './lib/users.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const { about, ...recorded } = JSON.parse(fs.readFileSync(here('golden/users.json'), 'utf8'));
const section = name => Object.entries(recorded).find(([title]) => title.startsWith(name))[1];
const comparison = new Comparison(here('../realtime/users/DEVIATIONS.md'), here('golden/users-ours.json'));
// Nothing but files and buckets is told of in these, and we have none.
const files = ['REST upload 2 files', 'REST upload 1 file + meta', 'REST delete bucket with a file', 'REST delete one file'];
const text = (message, more) => JSON.stringify({ eventType: 10, message, ...more });

// replay compares the records that play gives an answer to, in the order of the recording. A record whose name repeats is
// called by its number too: "origin 3".
async function replay(tag, records, play) {
  const seen = {};
  for (const record of records) {
    if (files.includes(record.name)) continue;
    const number = seen[record.name] = (seen[record.name] ?? -1) + 1;
    const step = records.filter(({ name }) => name === record.name).length > 1 ? `${record.name} ${number}` : record.name;
    const answer = await play(record);
    const { name, send, origin, approved, client, http, frames_already_there_at_http_response: there, end_ms_small: soon, ...rest } = record;
    comparison.see(tag, step, rest, answer);
  }
}

describe('the event socket', () => {
  let server, people;
  before(async () => {
    server = await users('users-golden', { approvedSocketDomains: about.config.approvedSocketDomains, openMeta: true });
    people = await household(server);
  });
  after(() => server?.stop());

  test('v0.3.2', async () => {
    const a = await meta(server), b = await connect(server);
    await replay('v0.3.2', section('v0.3.2 (last'), record => {
      if (record.name === 'origin') return origin(server, record);
      if (record.to_sender) return exchange(server, record, a, b);
      const act = rest[record.name];
      return act ? act.call(people, server, [a, b]) : single[record.name](server);
    });
    for (const socket of [a, b]) await socket.close();
  });

  test('v0.2.2', async () => {
    people = await household(server);
    const a = await connect(server), b = await connect(server);
    await replay('v0.2.2', section('v0.2.2'), ({ name }) => rest[name].call(people, server, [a, b]));
    for (const socket of [a, b]) await socket.close();
  });

  test('what clients see', () => {
    const classes = { 'ws 1.1.5': WebSocket1, 'ws 8': WebSocket };
    return replay('clients', section('v0.3.2 client views'), ({ name, client, origin }) =>
      name.startsWith('client view') ? view(server, classes[client], origin) : view(server, classes[client], localhost, { eventType: 10, message: 'sent in open handler' }));
  });

  test('while the original looked a session up', () => replay('lookup', section('v0.3.2 slow'), ({ name }) => lookup[name](server)));
});

test('over TLS', { skip: missing }, async () => {
  const { cert, key } = certificate(), ca = fs.readFileSync(cert);
  const server = await users('users-tls', {}, { SSL_CERT: cert, SSL_KEY: key });
  try {
    await replay('ssl', section('v0.3.2 with ssl'), async ({ name }) => {
      if (name.includes('plain GET')) return plain(server.events.replace('wss', 'https'), { ca });
      const socket = await connect(server, { ca });
      socket.send({ eventType: 10, message: 'tls' });
      await socket.until('the echo', () => socket.frames.length);
      const events = socket.take();
      await socket.close();
      return { events };
    });
  } finally {
    await server.stop();
  }
});

test('everything is equal or listed', { skip: missing }, t => comparison.finish(t));

// household makes the recording's users anew: root, who may do everything, and george, who may do nothing yet.
async function household({ rest }) {
  for (const { _id } of (await rest.must(200, 'GET', '/api/v2/authorization/subjects', { headers: rest.admin })).body) {
    await rest.must(200, 'DELETE', `/api/v2/authorization/subjects/${_id}`, { headers: rest.admin });
  }
  return { root: await rest.subject('root', '*'), george: await rest.subject('george') };
}

const meta = server => connect(server, { dialect: 'meta' });
const raw = (server, origin, { headers = [], ...options } = {}) => RawSocket.ask(server.events, { headers: [...origin === undefined ? [] : [`Origin: ${origin}`], ...headers], ...options });

// payloads are the texts of the frames that came back, other frames as the recording has them.
const payloads = raw => raw.frames().map(({ opcode, payload }) => opcode === 1 ? payload.toString() : opcode === 8 ? { op: 8, code: payload.length && payload.readUInt16BE(), reason: payload.subarray(2).toString() } : { op: opcode, data: payload.toString() });

// echo resolves to what came back for an echo, or before the end.
async function echo(raw, message = 'x') {
  raw.frame(0x81, text(message));
  await raw.frameOr(() => true);
  return payloads(raw);
}

// closes tells that the server has ended the connection, with a close frame or without; it lives when it still echoes.
async function closes(raw) {
  const from = raw.frames().length;
  if (raw.head.includes(' 101 ')) raw.frame(0x81, text('alive'));
  const found = await raw.frameOr(({ opcode, payload }) => opcode === 8 || raw.frames().length > from && payload.includes('alive'));
  raw.socket.end();
  return found?.opcode === 8 || raw.over === true;
}

async function origin(server, { origin, approved }) {
  const socket = await raw(server, origin), handshake = socket.head;
  if (approved) {
    const answer = { handshake, echo: await echo(socket), fin_without_close_frame: socket.over === true };
    socket.close();
    return answer;
  }
  const end = await Promise.race([socket.finished, late()]);
  return { handshake, frames: payloads(socket), echo: null, fin_without_close_frame: end === 'FIN' };
}

const late = () => new Promise(resolve => { setTimeout(resolve, 3000, 'no end').unref(); });

// What the recorded client had sent before, but is not in the recording.
const unrecorded = {
  'meta get property': { property: 'colour', val: 'red' },
  'meta set property object': { property: 'f', val: false },
};

// exchange sends one message, and gives what its sender and another one received.
async function exchange(server, { name, send }, a, b) {
  if (unrecorded[name]) {
    a.send({ eventType: 9, username: 'root', ...unrecorded[name] });
    await a.settled();
  }
  const [, binary] = send.match(/^\(binary\) (.*)$/) ?? [];
  if (name.startsWith('pong')) a.ws.pong(binary);
  else a.send(name.startsWith('big echo') ? text('z'.repeat(70_000)) : binary ? Buffer.from(binary) : send);
  await a.fence();
  const [to_sender, to_other] = await told(server, a, b);
  const digest = frame => frame.length < 10_000 ? frame : { length: frame.length, sha256: crypto.createHash('sha256').update(frame).digest('hex') };
  return { to_sender: to_sender.map(digest), to_other, still_open: !a.ended };
}

// The records of single connections.
const single = {
  'version 8, Sec-WebSocket-Origin only': async server => {
    const socket = await raw(server, undefined, { version: 8, headers: [`Sec-WebSocket-Origin: ${localhost}`] });
    return { handshake: socket.head, closed: await closes(socket) };
  },
  'version 7': async server => {
    const socket = await raw(server, localhost, { version: 7 });
    await Promise.race([socket.finished, late()]);
    return { handshake: socket.head, rest: socket.received.toString(), closed: await closes(socket) };
  },
  'users-api-key header, good origin (ignored in this version)': async server => {
    const socket = await raw(server, localhost, { headers: ['users-api-key: secret'] });
    return { handshake: socket.head, closed: await closes(socket) };
  },
  'users-api-key header, no origin': async server => {
    const socket = await raw(server, undefined, { headers: ['users-api-key: secret'] });
    return { handshake: socket.head, closed: await closes(socket) };
  },
  'permessage-deflate offered': async server => {
    const socket = await raw(server, localhost, { headers: ['Sec-WebSocket-Extensions: permessage-deflate'] });
    await echo(socket, 'deflate me');
    socket.close();
    return { handshake: socket.head, frames: socket.frames().map(({ flags, opcode, payload }) => ({ op: opcode, rsv1: flags >> 2 & 1, data: payload.toString() })) };
  },
  'refused client still writes': async server => {
    const socket = await raw(server, 'badhost', { early: RawSocket.bytes(0x81, text('early', { broadcast: true })), halfOpen: true });
    const end = await Promise.race([socket.finished, late()]);
    for (const message of ['late', 'later']) socket.frame(0x81, text(message, { broadcast: true }));
    const answer = { handshake: socket.head, frames: payloads(socket), closed: end === 'FIN' };
    socket.close();
    return answer;
  },
  'plain GET on the websocket port': server => plain(server.events.replace('ws', 'http')),
  'greeting after connect': async server => {
    const [a, b] = [await meta(server), await meta(server)];
    const answer = { a: await a.settled(), b: await b.settled() };
    for (const socket of [a, b]) await socket.close();
    return answer;
  },
  'socket with a session cookie (no visible difference)': async server => {
    const socket = await raw(server, localhost, { headers: ['Cookie: SID=abcdefghijk'] });
    socket.frame(0x81, JSON.stringify({ eventType: 9, username: 'jane' }));
    await socket.frameOr(() => true);
    socket.close();
    return { handshake: socket.head, frames: payloads(socket) };
  },
  'origin matching TWO approved patterns: every handler runs twice': async server => {
    const [a, b] = [await connect(server, { origin: 'dup', dialect: 'meta' }), await connect(server, { origin: 'dup', dialect: 'meta' })];
    a.send(text('m'));
    const echo = await a.settled();
    a.send(text('m', { broadcast: true }));
    await a.fence();
    const [broadcast_to_self, broadcast_to_other] = await told(server, a, b);
    for (const socket of [a, b]) await socket.close();
    return { echo, broadcast_to_self, broadcast_to_other };
  },
  'client close empty': async server => {
    const socket = await raw(server, localhost);
    socket.frame(0x88);
    const end = await Promise.race([socket.finished, late()]);
    return { frames: payloads(socket), ended: end === 'FIN' };
  },
  'invalid utf8 text': server => bad(server, Buffer.from([0xff, 0xfe])),
  'unmasked client frame': server => bad(server, '{}', { masked: false }),
  'another client leaves: no event': async server => {
    const [stays, leaves] = [await meta(server), await meta(server)];
    await leaves.close();
    const frames = await told(server, stays);
    await stays.close();
    return { frames };
  },
};

// What was done at the original's REST interface, as far as there is something like it here: what all connections were told then.
const auth = '/api/v2/authorization';
const login = (server, { token }) => server.rest.must(200, 'GET', `${auth}/request/${token}`);
const grant = (server, { name }, ...permissions) => server.rest.change('roles', `role-${name}`, { permissions });
const signOut = (status, server, options) => server.rest.must(status, 'POST', `${auth}/signout`, options);
const remove = async (server, name) => server.rest.must(200, 'DELETE', `${auth}/subjects/${(await server.rest.account('subjects', name))._id}`, { headers: server.rest.admin });

const rest = Object.fromEntries(Object.entries({
  'REST login root rememberMe:true': (server, { root }) => login(server, root),
  'REST login rememberMe omitted (defaults true)': (server, { root }) => login(server, root),
  'REST login wrong password': (server, { root }) => server.rest.must(401, 'GET', `${auth}/request/${root.token}x`),
  'REST login again with the session cookie (implicit logout first)': (server, { root }) => login(server, root),
  'REST GET /authenticated': (server, { root }) => server.rest.must(200, 'GET', '/api/v1/verifyauth', { jwt: root.jwt }),
  'REST approve-activation george': (server, { george }) => grant(server, george, 'api:entries:read'),
  'REST approve-activation george again': (server, { george }) => grant(server, george, 'api:entries:read', 'api:entries:create'),
  'REST create user jane': server => server.rest.must(200, 'POST', `${auth}/subjects`, { headers: server.rest.admin, body: { name: 'jane', roles: [] } }),
  'REST activate-account bad key': (server, { george }) => server.rest.must(401, 'POST', `${auth}/roles`, { jwt: george.jwt, body: { name: 'role-jane', permissions: ['*'] } }),
  'REST activate-account again (no event)': (server, { george }) => grant(server, george, 'api:entries:read'),
  'REST login george': (server, { george }) => login(server, george),
  'REST set meta by REST (no event)': server => server.rest.change('subjects', 'george', { notes: 'n' }),
  'REST logout george again with the dead cookie (event repeats)': async (server, { george }, ...sockets) => {
    await signOut(204, server, { jwt: george.jwt });
    await told(server, ...sockets);
    await signOut(204, server, { jwt: george.jwt });
  },
  'REST logout without cookie': server => signOut(401, server),
  'REST DELETE /sessions/:id by admin': (server, { george }) => signOut(204, server, { headers: { 'api-secret': george.token } }),
  'REST remove user george': server => remove(server, 'george'),
}).map(([name, act]) => [name, async function (server, sockets) {
  await act(server, this, ...sockets);
  const [frames, others] = await told(server, ...sockets);
  assert.deepEqual(others, frames, 'everybody hears the same');
  return { frames };
}]));

async function bad(server, payload, options) {
  const socket = await raw(server, localhost);
  socket.frame(0x81, payload, options);
  if (await closes(socket)) return { frames: payloads(socket), ended: true };
  return { frames: payloads(socket).filter(frame => !String(frame).includes('alive')), ended: false };
}

// plain is the answer to a request that is no upgrade.
async function plain(url, { ca } = {}) {
  const { get } = await import(url.split(':')[0]);
  return new Promise((resolve, reject) => {
    get(url, { ca }, response => {
      let body = '';
      response.on('data', chunk => { body += chunk; });
      const { date, ...headers } = response.headers;
      response.on('end', () => resolve({ status: response.statusCode, headers, body }));
    }).on('error', reject);
  });
}

const lookup = {
  'session lookup slow: frames before it ends are dropped': async server => {
    const socket = await raw(server, localhost, { headers: ['Cookie: SID=abcdefghijk'], early: RawSocket.bytes(0x81, text('early')) });
    socket.frame(0x81, text('late'));
    await socket.frameOr(({ payload }) => payload.includes('late'));
    socket.close();
    const frames = payloads(socket), late = frames.filter(frame => frame.includes('late'));
    return { early: frames.filter(frame => !late.includes(frame)), late };
  },
  'but broadcasts already reach it': async server => {
    const [socket, other] = [await connect(server, { headers: { Cookie: 'SID=abcdefghijk' } }), await connect(server)];
    other.send(text('b', { broadcast: true }));
    await other.settled();
    const frames = await told(server, socket);
    for (const each of [socket, other]) await each.close();
    return { frames };
  },
};

// view is what happens to a client: with a message, which it sends in its open handler, until the answer.
function view(server, Client, origin, message) {
  return new Promise((resolve, reject) => {
    const ws = new Client(server.events, origin ? { origin } : {}), events = [];
    const unanswered = setTimeout(() => reject(new Error(`nothing more after ${events}`)), 5000);
    const end = () => { clearTimeout(unanswered); ws.terminate(); resolve({ events }); };
    ws.on('open', () => { events.push('open'); if (message) ws.send(JSON.stringify(message)); });
    ws.on('message', data => { events.push(`message ${data}`); end(); });
    ws.on('error', error => events.push(`error ${error.message}`));
    ws.on('close', (code, reason) => { events.push(`close ${code} "${reason}"`); end(); });
  });
}
