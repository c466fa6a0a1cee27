// Clients of the Webinate users server's event socket, with the ws of its days and today's: written to the published document, and
// as its one known consumer reconnects.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import WebSocket1 from 'ws1';
import { Database, missing } from './lib/database.mjs';
import { connect, fenceAll, localhost, told, users } from './lib/users.mjs';
import { until } from './lib/until.mjs';

const versions = { 'ws 1.1.5': WebSocket1, 'ws 8': WebSocket };
const patterns = ['localhost', '^ws://www.webinate.net:123$', '^webinate\\.net:80$', '^example\\.com$', '^.+\\.example\\.com$'];
const approved = ['localhost', 'http://localhost', 'https://localhost:4200', 'ws://www.webinate.net:123', 'webinate.net:80', 'example.com', 'https://a.b.example.com'];
const refused = [null, '', 'badhost', 'null', 'LOCALHOST', 'http://example.com', 'a.example.com.evil', 'webinate.net:8080'];
const auth = '/api/v2/authorization';

let server, root;
before(async () => {
  server = await users('users-clients', { approvedSocketDomains: patterns, openMeta: true });
  root = await server.rest.subject('root', '*');
});
after(() => server?.stop());

for (const [version, Client] of Object.entries(versions)) {
  describe(version, () => {
    // published is the client of the published document: one open, JSON.parse of what comes, numbers compared by ===. It resolves
    // when it is open.
    async function published(origin = 'localhost') { // null: without
      const ws = new Client(server.events, origin === null ? {} : { headers: { origin } });
      Object.assign(ws, { heard: [], texts: [], ends: [], failures: [] });
      ws.on('message', data => {
        const event = JSON.parse(data);
        if (!event.eventType) throw new Error(`an event without a type: ${data}`);
        ws.texts.push(String(data));
        if (event.eventType === 10) ws.heard.push(event.message);
      });
      ws.on('error', error => ws.failures.push(error.message));
      ws.on('close', (code, reason) => ws.ends.push(`${code} "${reason}"`));
      await once(ws, 'open');
      return ws;
    }

    const say = (ws, event) => ws.send(JSON.stringify(event));
    const answer = async ws => { await until('an answer', () => ws.texts.length, 5000); return ws.texts.shift(); };

    test('the published example: approved origins are echoed to, refused ones end without a word', async () => {
      for (const origin of approved) {
        const ws = await published(origin);
        say(ws, { eventType: 10, message: `from ${origin}` });
        await until('the echo', () => ws.heard.length, 5000);
        assert.deepEqual([ws.heard, ws.ends, ws.failures], [[`from ${origin}`], [], []], origin);
        ws.close();
        await until('the close', () => ws.ends.length, 5000);
        assert.deepEqual([ws.ends, ws.failures], [['1000 ""'], []], origin);
      }
      for (const origin of refused) {
        const ws = await published(origin);
        await until('the end', () => ws.ends.length, 5000);
        assert.deepEqual([ws.texts, ws.ends, ws.failures], [[], ['1006 ""'], []], String(origin));
      }
    });

    test('a refused client that writes is ended the same way, however much it writes', async () => {
      const [heard] = [await connect(server)];
      for (const message of ['x', 'x'.repeat(500_000)]) {
        for (let n = 0; n < 5; n++) {
          const ws = new Client(server.events, { origin: 'badhost' }), events = [];
          ws.on('open', () => { events.push('open'); say(ws, { eventType: 10, message, broadcast: true }); });
          ws.on('message', data => events.push(`message ${data}`));
          ws.on('error', error => events.push(`error ${error.message}`));
          ws.on('close', code => events.push(`close ${code}`));
          await until('the end', () => events.at(-1)?.startsWith('close'), 5000);
          assert.deepEqual(events, ['open', 'close 1006'], `${message.length} characters`);
        }
      }
      assert.deepEqual(await told(server, heard), []);
      await heard.close();
    });

    test('a refused client that comes back after a close and after an error makes no storm', async t => {
      const pause = 20, span = 600, cap = 300, ideal = span / pause;
      const attempts = await mantle(Client, server.events, { pause, span, cap });
      t.diagnostic(`${attempts.count} attempts of at most ${ideal}`);
      assert.ok(attempts.count >= 5 && attempts.count <= ideal + 1, `${attempts.count} attempts`);
      assert.deepEqual(attempts.errors, []);
      // A server that refuses with a status shows what a storm looks like.
      const strict = http.createServer((request, response) => response.writeHead(403).end()).listen(0, '127.0.0.1');
      await once(strict, 'listening');
      const storm = await mantle(Client, `ws://127.0.0.1:${strict.address().port}`, { pause, span, cap });
      strict.close();
      strict.closeAllConnections();
      assert.equal(storm.count, cap);
    });

    test('what a success looks like: the keys in their order, and no error', async () => {
      const ws = await published();
      const ask = (event, expected) => { say(ws, event); return answer(ws).then(text => assert.equal(text, expected)); };
      await ask({ eventType: 10, message: 'm', error: 'e', broadcast: false }, '{"eventType":10,"message":"m"}');
      await ask({ message: { z: 1, a: [null, 1.5, '<&>\u2028é😀'] }, eventType: 10 }, '{"eventType":10,"message":{"z":1,"a":[null,1.5,"<&>\u2028é😀"]}}');
      await ask({ eventType: 10 }, '{"eventType":10}');
      await ask({ eventType: 9, username: 'root', property: 'p', val: { z: [], a: '<' } }, '{"eventType":9,"val":{"z":[],"a":"<"}}');
      await ask({ eventType: 9, username: 'root', property: 'p' }, '{"eventType":9,"val":{"z":[],"a":"<"}}');
      await ask({ eventType: 9, username: 'root', property: 'none' }, '{"eventType":9}');
      await ask({ eventType: '9', username: 'root', val: {} }, '{"eventType":"9","val":{}}');
      await ask({ eventType: 9, username: 'nobody' }, '{"error":"Could not find user nobody","eventType":9}');
      await server.rest.must(200, 'GET', `${auth}/request/${root.token}`);
      assert.equal(await answer(ws), '{"username":"root","eventType":1}');
      await server.rest.must(204, 'POST', `${auth}/signout`, { jwt: root.jwt });
      assert.equal(await answer(ws), '{"username":"root","eventType":2}');
      const { body: { identifier } } = await server.rest.must(201, 'POST', '/api/v3/entries', { jwt: root.jwt, body: { date: 1_700_000_000_000, app: 'e2e', type: 'sgv', sgv: 1, identifier: `unheard-${version}` } });
      assert.deepEqual(ws.texts, [], 'what an anonymous client may not read');
      await server.rest.must(200, 'DELETE', `/api/v3/entries/${identifier}`, { jwt: root.jwt });
      ws.close();
    });

    test('the order of keys in what is told about documents', async () => {
      const ws = new Client(`${server.events}/?token=${root.jwt}`, { origin: localhost }), texts = [];
      ws.on('message', data => texts.push(String(data)));
      await once(ws, 'open');
      const { rest } = server, { jwt } = root, body = { date: 1_700_000_000_000, app: 'e2e', type: 'sgv', sgv: 2, identifier: `keys-${version}` }, path = `/api/v3/entries/${encodeURIComponent(body.identifier)}`;
      const shown = async () => JSON.stringify((await rest.must(200, 'GET', path, { jwt })).body.result);
      const state = [];
      await rest.must(201, 'POST', '/api/v3/entries', { jwt, body });
      state.push(await shown());
      await rest.must(200, 'PATCH', path, { jwt, body: { sgv: 3 } });
      state.push(await shown());
      await rest.must(200, 'PUT', path, { jwt, body: { ...body, sgv: 4 } });
      state.push(await shown());
      await rest.must(200, 'DELETE', path, { jwt });
      await until('four events', () => texts.length >= 4, 5000);
      const head = type => `{"username":"root","eventType":${type},"colName":"entries",`;
      assert.deepEqual(texts, [
        ...state.map((doc, i) => `${head(i ? 12 : 11)}"doc":${doc}}`),
        `${head(13)}"identifier":"${body.identifier}"}`,
      ]);
      ws.close();
    });
  });
}

// mantle counts the attempts of a client that reconnects after a close and after an error, as mantle's EventManager does, only faster.
function mantle(Client, url, { pause, span, cap }) {
  const attempts = { count: 0, errors: [] }, pending = new Set(), sockets = new Set();
  return new Promise(resolve => {
    const end = () => { for (const timer of pending) clearTimeout(timer); for (const ws of sockets) ws.terminate?.(); pending.clear(); attempts.over = true; resolve(attempts); };
    const soon = (what, ms) => { const timer = setTimeout(() => { pending.delete(timer); what(); }, ms); pending.add(timer); };
    const attempt = () => {
      if (attempts.over || attempts.count === cap) return;
      if (++attempts.count === cap) { soon(end, 0); return; }
      const ws = new Client(url, { headers: { origin: 'badhost' } });
      sockets.add(ws);
      ws.on('error', error => { if (!attempts.over) { attempts.errors.push(error.message); soon(attempt, pause); } });
      ws.on('close', () => { sockets.delete(ws); if (!attempts.over) soon(attempt, pause); });
    };
    soon(end, span * 5); // the storm of an old client on a slow machine takes its time
    attempt();
    if (url === server.events) soon(end, span);
  });
}

test('an echo that is broadcast reaches everybody, its sender once', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => connect(server))), [sender] = all;
  sender.send({ eventType: 10, message: 'to all', broadcast: true });
  sender.send({ eventType: 10, message: 'to me', broadcast: false });
  await sender.fence();
  const heard = await told(server, ...all);
  const toAll = '{"eventType":10,"message":"to all"}', toMe = '{"eventType":10,"message":"to me"}';
  assert.deepEqual(heard[0].toSorted(), [toAll, toMe]);
  for (const frames of heard.slice(1)) assert.deepEqual(frames, [toAll]);
  for (const socket of all) await socket.close();
});

test('clients come back after a stop, which is told, and after a kill', async () => {
  const own = await users('users-restart');
  const codes = [], heard = [];
  let over = false, current;
  const again = () => {
    if (over) return;
    current = new WebSocket(own.events, { origin: localhost });
    current.on('message', data => heard.push(String(data)));
    current.on('error', () => {});
    current.on('close', code => { codes.push(code); setTimeout(again, 20); });
  };
  again();
  const open = () => until('the client to be back', () => current.readyState === WebSocket.OPEN);
  await open();
  await own.stop();
  await until('the close', () => codes.length);
  assert.equal(codes[0], 1001);
  await own.again();
  await open();
  await own.kill();
  await until('a close without a word', () => codes.includes(1006));
  await own.again();
  await open();
  const { token } = await own.rest.subject('back', 'api:entries:read');
  await own.rest.must(200, 'GET', `${auth}/request/${token}`);
  await until('the logins', () => heard.filter(text => text === '{"username":"back","eventType":1}').length === 2);
  assert.equal(heard[0], '{"username":"back","eventType":3}');
  over = true;
  current.terminate();
  await own.stop();
});

test('two servers on one database tell the same, in the same order', { skip: missing }, async () => {
  const database = await Database.start('users-nodes'), nodes = [];
  try {
    for (const name of ['users-node-a', 'users-node-b']) nodes.push(await users(name, { userEvents: 'all' }, { MONGODB_URI: database.uri }));
    const [a, b] = nodes, writer = await a.rest.subject('writer', 'api:entries:create,read,update,delete');
    await until('the other server to know the subject', async () => (await b.rest.send('GET', '/api/v3/entries', { jwt: writer.jwt })).status === 200);
    const sockets = [await connect(a, { who: writer }), await connect(a, { who: writer }), await connect(b, { who: writer }), await connect(b, { who: writer })];
    await fenceAll(a, sockets);
    await fenceAll(b, sockets);
    for (const socket of sockets) socket.take();
    sockets[0].send({ eventType: 10, message: 'from a', broadcast: true });
    await sockets[1].until('it', () => sockets[1].frames.length);
    sockets[2].send({ eventType: 10, message: 'from b', broadcast: true });
    await sockets[0].until('both', () => sockets[0].frames.length === 2);
    await b.rest.must(200, 'GET', `${auth}/request/${writer.token}`);
    const body = { date: 1_700_000_000_000, app: 'e2e', type: 'sgv', sgv: 5, identifier: 'both' };
    await b.rest.must(201, 'POST', '/api/v3/entries', { jwt: writer.jwt, body });
    await a.rest.must(200, 'PATCH', '/api/v3/entries/both', { jwt: writer.jwt, body: { sgv: 6 } });
    await b.rest.must(200, 'DELETE', '/api/v3/entries/both', { jwt: writer.jwt });
    await fenceAll(a, sockets); // who may hear of it is judged when it is told, elsewhere a little later
    const role = await a.rest.account('roles', 'role-writer');
    await a.rest.must(200, 'PUT', `${auth}/roles`, { headers: a.rest.admin, body: { ...role, permissions: [] } });
    const heard = await told(b, ...sockets);
    for (const frames of heard) assert.deepEqual(frames, heard[0]);
    const what = heard[0].map(JSON.parse).map(({ eventType, message, username, doc, identifier }) => [eventType, message ?? username, doc?.sgv ?? identifier].filter(x => x !== undefined));
    assert.deepEqual(what, [[10, 'from a'], [10, 'from b'], [1, 'writer'], [11, 'writer', 5], [12, 'writer', 6], [13, 'writer', 'both'], [2, 'writer']]);
  } finally {
    for (const node of nodes) await node.stop();
    await database.stop();
  }
});
