// The recorded frames of Directus's websockets: every exchange is answered equally, or is listed with a reason in
// realtime/directus/DEVIATIONS.md and answered as golden/directus-ours.json says.
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Comparison } from './lib/comparison.mjs';
import { connect, directus, seed, seeded } from './lib/directus.mjs';
import { fenceEvents } from './lib/socket.mjs';
import { credentials, upgrade } from './lib/upgrade.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const recorded = JSON.parse(fs.readFileSync(here('golden/directus.json'), 'utf8'));
// The two published documents, and the extension's last release; what was in between speaks no other dialect.
const replayed = ['G1', 'G2b', 'G3d'];
const generations = Object.entries(recorded.generations).map(([name, generation]) => [name.split(' ')[0], generation]).filter(([tag]) => replayed.includes(tag));
const comparison = new Comparison(here('../realtime/directus/DEVIATIONS.md'), here('golden/directus-ours.json'));
const dialect = tag => tag.startsWith('G3') ? 'v3' : 'legacy';

describe('the extension', () => {
  let closed;
  before(async () => { closed = await directus('directus-private'); });
  after(() => closed?.stop());

  for (const [tag, generation] of generations) {
    test(tag, async () => {
      const server = await seeded(`directus-${tag}`, { WEBSOCKET_PUBLIC: 'true', WEBSOCKET_DIALECT: dialect(tag) });
      try {
        comparison.see(tag, 'plain GET', generation.plain_http_get, await plain(server), (a, b) => a.status === b.status && a.body === b.body);
        await upgrades(server, tag, 'open', generation.upgrade_public_true);
        await upgrades(closed, tag, 'private', generation.upgrade_public_false ?? []);
        await messages(server, tag, generation.messages);
        await script(server, tag, generation.subscription_script);
      } finally {
        await server.stop();
      }
    });
  }

  for (const [tag, steps] of Object.entries(recorded.ordering)) {
    test(`the order of ${tag}`, async () => {
      const server = await seeded(`directus-order-${tag}`, { WEBSOCKET_DIALECT: dialect(tag) });
      try {
        await ordering(server, tag, steps);
      } finally {
        await server.stop();
      }
    });
  }
});

describe('the core', () => {
  for (const [mode, { upgrade: probes, transcript: steps }] of Object.entries(recorded.core_10_13_4)) {
    test(mode, async () => {
      // Rows are seeded before the mode governs who is let in.
      const server = await directus(`directus-core-${mode}`);
      try {
        await seed(server);
        await server.stop();
        Object.assign(server.env, { WEBSOCKETS_REST_AUTH: mode, WEBSOCKETS_REST_AUTH_TIMEOUT: '1', WEBSOCKET_DIALECT: 'core' });
        await server.again();
        await upgrades(server, `core-${mode}`, 'open', probes);
        await transcript(server, `core-${mode}`, steps);
      } finally {
        await server.stop();
      }
    });
  }
});

test('everything is equal or listed', t => comparison.finish(t));

async function plain(server) {
  const { status, text: body } = await server.rest.send('GET', '/websocket');
  return { status, body };
}

// upgrades compares the answers to requests for an upgrade.
async function upgrades(server, tag, kind, probes) {
  const { token } = server.people.editor;
  for (const probe of probes) {
    const answer = await upgrade(server.port, probe.path.replaceAll('<EDITOR_TOKEN>', token), credentials(probe.case, token));
    const asRecorded = ({ status_line, headers, body, ended }) => JSON.stringify({ status_line, headers: probe.headers && headers, body: probe.body === undefined ? undefined : body, ended });
    const { status_line, headers = answer.headers, body, ended } = { ...probe, headers: probe.headers?.toSorted() };
    comparison.see(tag, `upgrade ${kind}: ${probe.case}`, { status_line, headers, body, ended }, answer, (a, b) => asRecorded(a) === asRecorded(b));
  }
}

const withTokens = (send, { admin, editor }) => JSON.parse(JSON.stringify(send).replaceAll('<ADMIN_TOKEN>', admin.token).replaceAll('<EDITOR_TOKEN>', editor.token));

// messages replays single requests on one connection for each role.
async function messages(server, tag, exchanges) {
  const sockets = {};
  for (const role of ['admin', 'editor', 'limited', 'public']) sockets[role] = await connect(server, role);
  for (const [i, { role, send, recv, text_is_engine_specific: loose }] of exchanges.entries()) {
    sockets[role].send(withTokens(send, server.people));
    comparison.see(tag, `message ${i}`, recv, await sockets[role].settled(), loose ? sameKind : undefined);
  }
  for (const socket of Object.values(sockets)) await socket.close();
}

// sameKind ignores the texts of another engine: both are one error with the same kind of data.
function sameKind(recorded, answer) {
  const kind = frames => JSON.stringify(frames.map(JSON.parse).map(({ type, data, uid }) => [type, typeof data, uid]));
  return kind(recorded) === kind(answer);
}

// script replays what five subscribers heard of each write.
async function script(server, tag, [{ send: [plain, query, a, b] }, ...steps]) {
  const watchers = { editor_plain: ['editor', plain], limited: ['limited', plain], editor_uid_query: ['editor', query], editor_twice: ['editor', a, b], public: ['public', plain] };
  const actor = await connect(server, 'admin'), sockets = {}, fence = { type: 'subscribe', collection: 'fence' };
  for (const [name, [who, ...subscriptions]] of Object.entries(watchers)) {
    sockets[name] = await connect(server, who);
    for (const subscription of [...subscriptions, fence]) sockets[name].send(subscription);
    comparison.see(tag, `script 0 ${name}`, [], await sockets[name].settled());
  }
  for (const [i, step] of steps.entries()) {
    const see = async (name, socket) => comparison.see(tag, `script ${i + 1} ${name}`, step[name] ?? step.actor_recv, await socket.settled());
    if (step.send.method) await rest(server, step.send);
    else if (step.step.startsWith('editor_twice')) await changed(sockets.editor_twice, step.send.uid ? [step.send] : [step.send, fence]);
    else actor.send(step.send);
    await see('actor', actor);
    await fenceEvents(data => actor.ask({ type: 'post', collection: 'fence', data }), Object.values(sockets));
    for (const [name, socket] of Object.entries(sockets)) await see(name, socket);
  }
  for (const socket of [actor, ...Object.values(sockets)]) await socket.close();
}

// changed sends messages about subscriptions, which are not answered, and waits until they hold.
async function changed(socket, messages) {
  for (const message of messages) socket.send(message);
  await socket.fence();
}

// rest does over APIv3 what was done at /items: each document by itself.
async function rest(server, { method, path, body }) {
  const send = (id, body) => server.rest.send(method, `/api/v3/test${id ? `/${id}` : ''}`, { jwt: server.people.admin.jwt, body });
  const ids = path.match(/\d+$/) ?? (Array.isArray(body) ? body : body.keys) ?? [''];
  for (const id of ids) {
    const { status, text } = await send(id, method === 'DELETE' ? undefined : body.data ?? body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  }
}

// ordering replays what one connection, subscribed to what it writes, received in which order. The recording tells the steps by name.
async function ordering(server, tag, steps) {
  const socket = await connect(server, 'admin'), collection = 'test', uid = 'r';
  const get = uid => ({ type: 'get', collection, query: { limit: 1, fields: ['id'] }, uid });
  const sends = {
    'self-subscribe then post one (event vs response order)': [{ type: 'subscribe', collection }, { type: 'post', collection, data: { test: 'o1' }, uid }],
    'self patch': [{ type: 'patch', collection, id: 1, data: { test: 'o2' }, uid }],
    'self patch many': [{ type: 'patch', collection, ids: [1, 2], data: { test: 'o2' }, uid }],
    'self delete': [{ type: 'delete', collection, id: 2, uid }],
    'pipelined 6 gets, then write, then get': [...[0, 1, 2, 3, 4, 5].map(i => get(`g${i}`)), { type: 'post', collection, data: { test: 'o3' }, uid: 'w' }, get('g9')],
    'error inside batch does not close': ['{bad', get('after')],
    'unicode + nested + number precision': [{ type: 'post', collection, data: { test: 'é\u2028<&>😀', n: 1e3 }, uid: 'é\u2028<&>' }],
  };
  const fence = await connect(server, 'admin');
  socket.send({ type: 'subscribe', collection: 'fence' });
  for (const { step, recv } of steps) {
    let answer;
    if (step === 'protocol ping') {
      socket.ws.ping('hi');
      answer = await socket.until('a pong', () => socket.pongs.length && socket.pongs.map(pong => `PONG ${pong}`));
    } else if (step === 'client close 4000') {
      answer = [`CLOSE ${(await socket.close(4000)).close}`];
    } else {
      for (const message of sends[step]) socket.send(message);
      await socket.fence();
      await fenceEvents(data => fence.ask({ type: 'post', collection: 'fence', data }), [socket]);
      answer = socket.take();
      // Between the answer to a write and its event there is room for other answers.
      if (dialect(tag) === 'v3') answer.sort((a, b) => a.includes('SUBSCRIPTION') - b.includes('SUBSCRIPTION'));
    }
    comparison.see(tag, `order: ${step}`, recv, answer);
  }
  await fence.close();
}

// transcript replays the core's messages. Who it was tells the connection: "admin", or "public role (no auth sent)", is the
// subscriber too; the actor has one of its own, and the others have one until it ends. The server's own pings are not part of an answer.
async function transcript(server, tag, steps) {
  const writer = await connect(server, 'admin', { dialect: 'core' }), sockets = {}, setups = ['main', 'actor'];
  for (const [i, { who, send, recv }] of steps.entries()) {
    const name = /^(admin$|public role \(no|subscriber)/.test(who) ? 'main' : who.startsWith('actor') ? 'actor' : who === 'setup' ? setups.shift() : 'other';
    if (name === 'other' && (sockets.other?.ended || /^(email|idle)/.test(who))) delete sockets.other;
    const socket = sockets[name] ??= await connect(server, 'public', { dialect: 'core' });
    if (send !== null) socket.send(withTokens(send, server.people));
    else if (name === 'main') await heard(socket, writer);
    else if (recv.length) await socket.over();
    comparison.see(tag, `${i}`, withoutPings(recv), withoutPings(await socket.settled()));
  }
  for (const socket of [writer, ...Object.values(sockets)]) await socket.close();
}

// heard resolves when a subscriber has heard of everything that was written before.
async function heard(socket, writer) {
  const uid = 'fence';
  socket.send({ type: 'subscribe', collection: 'fence', event: 'create', uid });
  await socket.passed(`"uid":"${uid}"`);
  await fenceEvents(data => writer.ask({ type: 'items', action: 'create', collection: 'fence', data }), [socket]);
}

const withoutPings = frames => frames.filter(frame => frame !== '{"type":"ping"}');
