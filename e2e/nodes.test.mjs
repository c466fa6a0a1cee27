// Two processes on one database: whoever listens to either hears what is written into both, once and in one order, and
// what one of them decides holds on the other.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { Database, missing } from './lib/database.mjs';
import { Listener } from './lib/listener.mjs';
import { Live } from './lib/live.mjs';
import { assertSame } from './lib/same.mjs';
import { Server } from './lib/server.mjs';
import { until, volume } from './lib/until.mjs';

const io = createRequire(import.meta.url)('socket.io-client').io;
const skip = missing;
const websockets = [{ version: '2.2.0', transport: 'websocket' }, { version: '4.8.4', transport: 'websocket' }];
const each = 20; // listeners on each node

// Pair is two processes, a and b, on a database that is stopped with them.
class Pair {
  static async start(name, { collectionsOnly, ...env } = {}) {
    const pair = new Pair();
    pair.database = await Database.start(name, { collectionsOnly });
    const own = { MONGODB_URI: pair.database.uri, ...env };
    pair.a = await Server.start(`${name}-a`, own);
    pair.b = await Server.start(`${name}-b`, own);
    pair.admin = await pair.a.rest.subject('admin', '*');
    await pair.accepted(pair.b, pair.admin.jwt);
    return pair;
  }

  // accepted waits until a node has heard of a subject that another one made.
  accepted(node, jwt) { return until('the other node to know the subject', async () => (await node.rest.send('GET', '/api/v3/entries', { jwt })).status === 200); }

  // listen resolves to so many subscribed listeners on a node.
  async listen(node, count, collections = ['entries']) {
    const message = { accessToken: this.admin.token, collections };
    const listeners = Array.from({ length: count }, (_, i) => new Listener(node.url, websockets[i % 2], message));
    await Promise.all(listeners.map(l => l.acked()));
    for (const l of listeners) assert.ok(l.acks[0].success, JSON.stringify(l.acks[0]));
    return listeners;
  }

  async stop() {
    for (const node of [this.a, this.b]) if (node && node.child.exitCode === null && !node.child.signalCode) await node.stop();
    await this.database?.stop();
  }
}

const entry = (identifier, more) => ({ identifier, type: 'sgv', sgv: 100, device: 'e2e', app: 'tests', date: 1_700_000_000_000, ...more });
const identifierOf = ({ data }) => data.identifier ?? data.doc.identifier;
// line is an event as text: what it is, of which document, and in which state.
const line = e => `${e.event} ${identifierOf(e)} ${e.data.doc ? `${e.data.doc.sgv} ${e.data.doc.srvModified}` : ''}`;

// livesOf is what was heard of each document, in order: identifier -> ["create 100", "update 101", ...].
function livesOf(events) {
  const lives = new Map();
  for (const e of events) {
    const id = identifierOf(e);
    if (!lives.has(id)) lives.set(id, []);
    lives.get(id).push(`${e.event} ${e.data.doc?.sgv ?? ''}`.trim());
  }
  return lives;
}

for (const collectionsOnly of [false, true]) {
  describe(`two nodes that watch ${collectionsOnly ? 'each collection' : 'the database'}`, { skip }, () => {
    let pair;
    before(async () => { pair = await Pair.start(collectionsOnly ? 'nodes-collections' : 'nodes', { collectionsOnly }); });
    after(() => pair?.stop());

    test(`${each} listeners on each hear every write into both, once and in one order`, { timeout: 120_000 }, async t => {
      const documents = volume(collectionsOnly ? 80 : 240), expected = ['create 100', 'update 101', 'update 102', 'delete'];
      const listeners = [...await pair.listen(pair.a, each), ...await pair.listen(pair.b, each)];
      const { jwt } = pair.admin, started = Date.now();
      let next = 0;
      // live leads one document from its creation to its end, each step on the other node.
      const live = async () => {
        while (next < documents) {
          const id = `life-${next}`, [here, there] = next++ % 2 ? [pair.a, pair.b] : [pair.b, pair.a], path = `/api/v3/entries/${id}`;
          await here.rest.must(201, 'POST', '/api/v3/entries', { jwt, body: entry(id) });
          await there.rest.must(200, 'PUT', path, { jwt, body: entry(id, { sgv: 101 }) });
          await here.rest.must(200, 'PATCH', path, { jwt, body: { sgv: 102 } });
          await there.rest.must(200, 'DELETE', path, { jwt });
        }
      };
      try {
        await Promise.all(Array.from({ length: 8 }, live));
        t.diagnostic(`${documents * 4} writes in ${Date.now() - started} ms`);
        await Promise.all(listeners.map(l => l.received(documents * 4, 60_000)));
        t.diagnostic(`all ${listeners.length} had everything after ${Date.now() - started} ms`);
        const order = listeners[0].events.map(line);
        for (const l of listeners) {
          const lives = livesOf(l.events);
          assert.equal(lives.size, documents, `${l.label}: documents`);
          for (const [id, life] of lives) assert.deepEqual(life, expected, `${l.label}: ${id}`);
          assertSame(l.events.map(line), order, l.label);
          assert.deepEqual(l.ends, [], `${l.label} was cut`);
        }
      } finally {
        for (const l of listeners) l.close();
      }
    });

    test('writers of one document on both nodes lose no update', { timeout: 60_000 }, async () => {
      const [onA] = await pair.listen(pair.a, 1), [onB] = await pair.listen(pair.b, 1);
      const { jwt } = pair.admin, writers = 8, patches = 10;
      try {
        await pair.a.rest.must(201, 'POST', '/api/v3/entries', { jwt, body: entry('contended') });
        await Promise.all(Array.from({ length: writers }, async (_, w) => {
          const { rest } = w % 2 ? pair.a : pair.b;
          for (let n = 1; n <= patches;) {
            const { status, body } = await rest.send('PATCH', '/api/v3/entries/contended', { jwt, body: { [`w${w}`]: n } });
            assert.ok(status === 200 || status === 409, JSON.stringify(body));
            if (status === 200) n++;
          }
        }));
        const { body: { result } } = await pair.b.rest.must(200, 'GET', '/api/v3/entries/contended', { jwt });
        for (let w = 0; w < writers; w++) assert.equal(result[`w${w}`], patches, `what writer ${w} wrote last`);
        for (const l of [onA, onB]) {
          await l.received(1 + writers * patches);
          const times = l.events.map(({ data }) => data.doc.srvModified);
          for (let i = 1; i < times.length; i++) assert.ok(times[i] > times[i - 1], `srvModified ${times[i]} follows ${times[i - 1]}`);
          assert.equal(l.events.length, 1 + writers * patches);
        }
      } finally {
        onA.close();
        onB.close();
      }
    });
  });
}

describe('what one node decides holds on the other', { skip }, () => {
  let pair;
  before(async () => { pair = await Pair.start('nodes-decide', { API3_AUTOPRUNE_DEVICESTATUS: '1', AUTH_FAIL_DELAY: '0' }); });
  after(() => pair?.stop());

  test('a JWT is accepted, by REST and by sockets, and one that was forged is not', async () => {
    const { jwt } = pair.admin;
    await pair.b.rest.must(200, 'GET', '/api/v3/entries', { jwt });
    await pair.b.rest.must(401, 'GET', '/api/v3/entries', { jwt: jwt.replace(/.$/, last => last === 'A' ? 'B' : 'A').replace(/\.([^.]+)\./, '.e30.') });
  });

  test('rights that are taken away on one node end the events on the other', async () => {
    const reader = await pair.a.rest.subject('reader', 'api:entries:read');
    await pair.accepted(pair.b, reader.jwt);
    const listener = new Listener(pair.b.url, websockets[1], { accessToken: reader.token, collections: ['entries'] });
    const [witness] = await pair.listen(pair.b, 1);
    const write = id => pair.a.rest.must(201, 'POST', '/api/v3/entries', { jwt: pair.admin.jwt, body: entry(id) });
    try {
      await listener.acked();
      assert.ok(listener.acks[0].success, JSON.stringify(listener.acks[0]));
      await write('before');
      await Promise.all([listener.received(1), witness.received(1)]);
      const { body: roles } = await pair.a.rest.must(200, 'GET', '/api/v2/authorization/roles', { headers: pair.a.rest.admin });
      const role = roles.find(r => r.name === 'role-reader');
      await pair.a.rest.must(200, 'PUT', '/api/v2/authorization/roles', { headers: pair.a.rest.admin, body: { ...role, permissions: ['api:food:read'] } });
      await write('after');
      await witness.received(2);
      await until('the other node to refuse the reader', async () => (await pair.b.rest.send('GET', '/api/v3/entries', { jwt: reader.jwt })).status === 403);
      await write('later');
      await witness.received(3);
      assert.deepEqual(listener.events.map(identifierOf), ['before']);
    } finally {
      listener.close();
      witness.close();
    }
  });

  test('a deletion for good is told once on both, and pruning nowhere', async () => {
    const { jwt } = pair.admin, listeners = [...await pair.listen(pair.a, 2, ['devicestatus']), ...await pair.listen(pair.b, 2, ['devicestatus'])];
    const status = (identifier, date) => ({ identifier, date, device: 'e2e', app: 'tests' });
    // Only the first write into a collection prunes. It is a's, when the old document is there; so another program writes that.
    const client = await pair.database.client();
    try {
      const old = status('old', Date.now() - 3 * 86_400_000);
      await client.db().collection('devicestatus').insertOne({ ...old, srvModified: old.date, srvCreated: old.date });
      await Promise.all(listeners.map(l => l.received(1)));
      await pair.a.rest.must(201, 'POST', '/api/v3/devicestatus', { jwt, body: status('new', Date.now()) });
      await until('the old document to be pruned', async () => (await pair.b.rest.send('GET', '/api/v3/devicestatus/old', { jwt })).status === 404);
      await pair.a.rest.must(200, 'DELETE', '/api/v3/devicestatus/new?permanent=true', { jwt });
      await pair.b.rest.must(201, 'POST', '/api/v3/devicestatus', { jwt, body: status('last', Date.now()) });
      for (const l of listeners) {
        await l.received(4);
        assert.deepEqual(l.events.map(e => `${e.event} ${identifierOf(e)}`), ['create old', 'create new', 'delete new', 'create last'], l.label);
      }
    } finally {
      await client.close();
      for (const l of listeners) l.close();
    }
  });

  test('an alarm that is sent to one node is heard on the other', async () => {
    const socket = io(`${pair.b.url}/alarm`, { transports: ['websocket'], forceNew: true });
    const heard = [];
    for (const event of ['alarm', 'urgent_alarm', 'announcement', 'clear_alarm']) socket.on(event, data => heard.push({ event, data }));
    try {
      await until('the listener to connect', () => socket.connected);
      const ack = await socket.timeout(10_000).emitWithAck('subscribe', { accessToken: pair.admin.token });
      assert.ok(ack.success, JSON.stringify(ack));
      await pair.a.rest.must(201, 'POST', '/api/v3/alarms', { jwt: pair.admin.jwt, body: { level: 2, title: 'High', message: 'from the other node' } });
      await until('the alarm', () => heard.length);
      assert.equal(heard[0].event, 'urgent_alarm');
      assert.equal(heard[0].data.message, 'from the other node');
      assert.equal(heard.length, 1);
    } finally {
      socket.close();
    }
  });

  test('a topic is one on both, and who may hear it changes on both at once', async () => {
    const bob = await pair.a.rest.subject('bob', 'api:food:read');
    await until('the other node to know bob', async () => (await pair.b.rest.send('GET', '/api/v3/food', { jwt: bob.jwt })).status === 200);
    const sockets = [];
    // on resolves to a connection of somebody's to /live of a node.
    const on = async (node, { jwt }, fenced = true) => {
      const socket = await Live.open(`ws://127.0.0.1:${node.port}/live?protocol=typed&token=${jwt}`, { dialect: 'typed' });
      sockets.push(socket);
      await socket.session();
      return fenced ? socket.fenced() : socket;
    };
    const ask = async (socket, method, attributes) => {
      socket.send({ id: 'x', method, attributes });
      const { ok, error } = await socket.next();
      return error ?? ok;
    };
    const room = { topicName: 'room' };
    try {
      const first = await on(pair.a, pair.admin, false);
      assert.equal(await ask(first, 'create-topicName', { name: 'fence' }), true);
      assert.equal(await ask(first, 'set-topic-permission', { topicName: 'fence', permission: 2097151 }), true);
      const [admin, other, guest] = [await on(pair.a, pair.admin), await on(pair.b, pair.admin), await on(pair.b, bob)];
      // heard publishes on one node and resolves to what bob hears on the other.
      const heard = async n => {
        admin.send({ method: 'new-message', attributes: { ...room, message: { n } } });
        assert.deepEqual(await admin.settled(), [], 'whoever did not subscribe hears nothing, and the message was accepted');
        return (await guest.settled()).map(frame => JSON.parse(frame)).map(({ event, topic, data }) => ({ event, topic, data }));
      };
      const message = n => [{ event: 'new-message', topic: 'room', data: { n } }];

      const both = [admin, other].map(socket => ask(socket, 'create-topicName', { name: 'room' }));
      assert.deepEqual((await Promise.all(both)).sort(), ['topic already exists', true], 'of two nodes that create one name at once one does');
      assert.equal(await ask(guest, 'subscribe', room), 'permission denied: room');
      assert.equal(await ask(admin, 'set-topic-permission', { ...room, permission: 2097151 }), true);
      assert.equal(await ask(guest, 'subscribe', room), true);
      assert.deepEqual(await heard(1), message(1));
      assert.equal(await ask(other, 'set-topic-permission', { ...room, permission: 16256 }), true);
      assert.deepEqual(await heard(2), []);
      assert.equal(await ask(other, 'destroy-topicName', { name: 'room' }), true);
      assert.equal(await ask(guest, 'create-topicName', { name: 'room' }), true);
      assert.deepEqual(await heard(3), message(3), 'the topic is bob\'s now, and administrators may publish on it');
    } finally {
      for (const socket of sockets) socket.ws.terminate();
    }
  });
});

describe('when one node is killed', { skip }, () => {
  let pair;
  before(async () => { pair = await Pair.start('nodes-kill'); });
  after(() => pair?.stop());

  test('its clients resume on the other, by what they saw last, and miss no document', { timeout: 120_000 }, async t => {
    const { jwt } = pair.admin, listeners = await pair.listen(pair.a, each), stored = new Map(); // identifier -> newest sgv acknowledged
    let writing = true, killed, n = 0;
    // write creates and patches documents on a node until it is gone or the test is over.
    const write = async node => {
      while (writing) {
        const id = `kept-${n++}`;
        try {
          for (const [status, ...request] of [[201, 'POST', '/api/v3/entries', { jwt, body: entry(id) }], [200, 'PATCH', `/api/v3/entries/${id}`, { jwt, body: { sgv: 101 } }]]) {
            const answer = await node.rest.send(...request);
            if (answer.status === 503) return;
            assert.equal(answer.status, status, JSON.stringify(answer.body));
            stored.set(id, status === 201 ? 100 : 101);
          }
        } catch (error) {
          if (node === killed) return; // cut
          throw error;
        }
      }
    };
    const writers = [pair.a, pair.a, pair.b, pair.b].map(write);
    await Promise.all(listeners.map(l => l.received(volume(200))));
    killed = pair.a;
    await killed.kill();
    await Promise.all(listeners.map(l => until(`${l.label} to notice`, () => l.ends.length)));
    const resumed = await Promise.all(listeners.map(l => resume(l)));
    await until('some writes more', () => n > volume(200) * 1.5);
    writing = false;
    await Promise.all(writers);
    // missed are the documents that a client has not seen in the state that was acknowledged last.
    const missed = ({ before, history, listener }) => {
      const seen = newest([...docsOf(before), ...history, ...docsOf(listener.events)]);
      return [...stored].filter(([id, sgv]) => !(seen.get(id) >= sgv));
    };
    try {
      for (const client of resumed) await until(() => `${client.listener.label} to see ${missed(client).length} documents more: ${missed(client).slice(0, 5)}`, () => !missed(client).length);
      t.diagnostic(`${stored.size} documents, ${resumed[0].history.length} of them from HISTORY`);
    } finally {
      for (const { listener } of resumed) listener.close();
    }

    // resume is what a client does that was cut: it connects to the other node, subscribes, and asks for what came since, and a
    // little before: of two writes on two nodes the one with the older time may be the later one, and it may not have seen that.
    async function resume(l) {
      l.close();
      const before = l.events, since = before.at(-1).data.doc.srvModified - 1000;
      const [listener] = await pair.listen(pair.b, 1), live = Date.now(), history = [];
      for await (const document of pair.b.rest.history('entries', jwt, since)) {
        history.push(document);
        if (document.srvModified > live) break; // from here on it hears of everything
      }
      return { listener, before, history };
    }
  });
});

const docsOf = events => events.map(({ data }) => data.doc);

// newest is the newest state among documents: identifier -> sgv.
function newest(documents) {
  const found = new Map();
  for (const { identifier, sgv } of documents) found.set(identifier, Math.max(sgv, found.get(identifier) ?? 0));
  return found;
}
