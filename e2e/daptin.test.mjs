// The recorded frames of Daptin's /live, of the published document's era and of the typed one: every step is answered equally, or is
// listed with a reason in realtime/daptin/DEVIATIONS.md and answered as golden/daptin-ours.json says.
import fs from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { Comparison } from './lib/comparison.mjs';
import { connect, Live, live, plain } from './lib/live.mjs';
import { handshake, Names, steps } from './lib/transcript.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const recorded = JSON.parse(fs.readFileSync(here('golden/daptin.json'), 'utf8'));
const comparison = new Comparison(here('../realtime/daptin/DEVIATIONS.md'), here('golden/daptin-ours.json'));
// In the recordings alice is A, and bob is B.
const people = {
  doc: { A: 'fa5c82a5-d60e-4fd9-abe6-eaa7eadaf337', B: '97504d31-394d-4a68-9924-add750e4aa16' },
  typed: { A: '01a1fc82-329b-7746-8e7e-0d815cfac028', B: '01a1fc82-3522-7573-b470-a674888bd8b6' },
};
const topics = ['todo', 'document', 'certificate', 'user_account', 'test', 'room']; // of those recorded, what is here

const idle = []; // The recorded connections were cut after five minutes; ours live, silent, for as long as the other tests take.

before(async () => {
  const server = await live('daptin-idle', { LIVE_PROTOCOL: 'typed' });
  for (const section of ['typed_v0_11_4_idle_json_ping', 'typed_v0_11_4_idle_silent']) {
    idle.push(new Idle(server, idle.length, recorded[section].scenarios[0].log));
    await idle.at(-1).start();
  }
});

for (const [protocol, section] of [['doc', 'doc_v0_9_10'], ['typed', 'typed_v0_11_4']]) {
  test(section, async t => {
    const replay = new Replay(protocol, await live(`daptin-${protocol}`, { LIVE_PROTOCOL: protocol }));
    try {
      const scenarios = recorded[section].scenarios.map(({ name, log }) => ({ name, steps: steps(log) }));
      replay.note(scenarios);
      for (const [number, { name, steps }] of scenarios.entries()) await t.test(name, () => replay.scenario(number, name, steps));
    } finally {
      await replay.server.stop();
    }
  });
}

test('idle connections live on', async () => {
  try {
    for (const replay of idle) await replay.end();
  } finally {
    await idle[0].server.stop();
  }
});

test('everything is equal or listed', t => comparison.finish(t));

// Replay does to one server what was done to the original.
class Replay {
  constructor(protocol, server) {
    Object.assign(this, { protocol, server, sockets: {} });
    const isTopic = name => topics.includes(name), { alice, bob } = server.people;
    this.recorded = new Names(people[protocol], isTopic);
    this.ours = new Names({ A: alice.reference, B: bob.reference }, isTopic);
  }

  // note learns the references of all rows that were recorded.
  note(scenarios) {
    for (const { act, method, path, back } of scenarios.flatMap(({ steps }) => steps)) {
      if (act === 'http' && method === 'POST' && path === '/api/todo') this.recorded.row(JSON.parse(back.http.body).data.id);
    }
  }

  async scenario(number, name, steps) {
    this.name = name;
    for (const [i, step] of steps.entries()) {
      const see = (who, recorded, answer) => comparison.see(this.protocol, `${number}.${i} ${who}`, recorded, answer);
      const http = await this[step.act](step), heard = await this.heard(step.who), { http: told, ...back } = step.back;
      if (http) see('http', told, http);
      for (const who of Object.keys({ ...heard, ...back })) see(who, (back[who] ?? []).map(frame => this.recorded.of(frame)), heard[who] ?? ['not open']);
    }
  }

  // heard is what every open connection has received of what somebody did: once all is done for him, it is told to the others.
  async heard(actor) {
    const heard = {}, first = who => who === actor ? 0 : 1;
    for (const [who, socket] of Object.entries(this.sockets).sort(([a], [b]) => first(a) - first(b))) {
      const frames = socket.upgrade.status === 101 ? await socket.received() : [];
      heard[who] = [...socket.answers.splice(0), ...frames].map(frame => this.ours.of(frame));
      if (socket.ended) delete this.sockets[who];
    }
    return heard;
  }

  person(who) { return this.server.people[who === 'B' ? 'bob' : 'alice']; }

  // connect opens a connection; what was offered is told by the scenario's name.
  async connect({ who, url, headers, origin }) {
    this.sockets[who]?.ws.terminate();
    const { jwt } = this.person(who), { port } = this.server;
    const address = url.replace('<JWT>', jwt).replace('JWT-with-bad-signature', jwt.slice(0, -10) + jwt.slice(-9) + 'A');
    const shown = { Authorization: this.name.includes('malformed') ? 'Basic junk' : `Bearer ${jwt}`, Cookie: `token=${jwt}` };
    const protocols = this.name.includes('two subprotocols') ? ['foo', 'bar'] : this.name.includes('one subprotocol') ? ['foo'] : [];
    const ws = new WebSocket(`ws://127.0.0.1:${port}${address}`, protocols, {
      perMessageDeflate: this.name.includes('permessage-deflate'),
      headers: { ...headers && { [headers]: shown[headers] }, ...origin && { Origin: origin.replace('HOST:PORT', `127.0.0.1:${port}`) } },
    });
    const socket = this.sockets[who] = new Live(ws, this.protocol);
    await socket.until('an answer', () => socket.upgrade && (socket.ended || ws.readyState === WebSocket.OPEN));
    socket.answers = [handshake(socket.upgrade)];
    if (!socket.ended) await socket.fenced();
  }

  async send({ who, raw, opcode }) {
    const ws = this.sockets[who]?.ws, [, first, second] = raw.match(/^(.*) \+ (.*) as two fragments$/) ?? [];
    if (raw === '33MiB of spaces') ws._socket.write(announced(33 << 20));
    else if (first) { ws.send(first, { fin: false }); ws.send(second, { fin: true }); }
    else ws?.send(raw, { binary: opcode === 'binary' });
  }

  async ping({ who, data }) {
    const socket = this.sockets[who];
    socket.ws.ping(data);
    socket.answers.push(await socket.until('a pong', () => socket.pongs.length && `pong ${socket.pongs.shift()}`));
  }

  async close({ who, close, reason }) {
    this.sockets[who].ws.close(close, reason);
    await this.sockets[who].over();
  }

  // http asks what was asked over HTTP. The rows of todo are written in APIv3, whose answers are others; Daptin's database kept true
  // and false as 1 and 0, and so they are written here.
  async http({ who, method, path, body }) {
    const { rest } = this.server, { jwt } = this.person(who), [, recorded] = path.match(/^\/api\/todo\/?(.*)$/) ?? [];
    if (recorded === undefined) return this.action(method, path, { jwt, text: body ?? undefined });
    const { done, ...row } = JSON.parse(body)?.data.attributes ?? {}, id = this.ours.rows[this.recorded.rows.indexOf(recorded)];
    if (done !== undefined) row.done = Number(done);
    if (method === 'POST') this.ours.row((await rest.must(201, 'POST', '/api/v3/todo', { jwt, body: row })).body.identifier);
    else await rest.must(200, method, `/api/v3/todo/${id}`, { jwt, body: body ? row : undefined });
  }

  async action(method, path, options) {
    const { rest } = this.server, { status, text: body } = await rest.send(method, path, options);
    if (path.endsWith('/become_an_administrator')) await rest.change('roles', 'role-alice', { permissions: ['*'] });
    return { status, body };
  }
}

// announced is the head of a frame of text of so many bytes: whoever writes them too may miss what is said to it.
function announced(bytes) {
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

// Idle is connections that say nothing, or nothing but pings or pongs, and how they are found in the end.
class Idle {
  constructor(server, number, log) {
    Object.assign(this, { server, log, sockets: {}, names: new Names({}, () => true) });
    this.see = (at, recorded, answer) => comparison.see('idle', `${number}.${at}`, recorded, answer);
  }

  async start() {
    for (const { dir, who, ...entry } of this.log) {
      if (dir === 'connect') this.sockets[who] = await connect(this.server, 'alice', { dialect: 'typed', fenced: false });
      else if (dir === 'upgrade') this.see(`upgrade ${who}`, handshake(entry), handshake(this.sockets[who].upgrade));
    }
  }

  async end() {
    for (const [who, socket] of Object.entries(this.sockets)) {
      const of = what => this.log.filter(entry => entry.who === who && entry.dir === what), received = of('recv');
      for (const { raw } of of('send')) socket.send(raw);
      socket.ws.pong(); // nobody asked for it
      socket.ws.ping('still there');
      await socket.until('what was recorded, and a pong', () => socket.ended || socket.frames.length >= received.length && socket.pongs.length);
      this.see(`frames ${who}`, received.map(({ raw }) => this.names.of(raw)), socket.take().map(frame => this.names.of(frame)));
      this.see(`end ${who}`, of('end')[0].state, socket.ws.readyState);
      if (!socket.ended) await socket.close();
    }
  }
}
