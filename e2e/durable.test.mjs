// A server killed at a random moment under 64 writers has every write it acknowledged, and each one once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './lib/server.mjs';
import { volume } from './lib/until.mjs';

let server, admin;

before(async () => {
  server = await Server.start('durable');
  admin = await server.rest.subject('admin', '*');
});
after(() => server?.stop());

const stored = new Map(); // identifier -> what must be there: {acked, tried} revisions

// writeUntilCut creates documents and replaces each of them once, until the server is gone.
async function writeUntilCut(writer, round) {
  const { rest } = server;
  for (let i = 0; ; i++) {
    const identifier = `${round}-${writer}-${i}`, state = { acked: 0, tried: 0 };
    stored.set(identifier, state);
    for (const revision of [1, 2]) {
      state.tried = revision;
      const body = { identifier, revision, type: 'sgv', sgv: 100, device: 'e2e', app: 'tests', date: 1_700_000_000_000 + i };
      let answer;
      try {
        answer = await rest.send('POST', '/api/v3/entries', { jwt: admin.jwt, body });
      } catch {
        return; // cut: whether this one was stored is open
      }
      if (answer.status === 503) return; // it may say that it is going
      assert.equal(answer.status, revision === 1 ? 201 : 200, JSON.stringify(answer.body));
      state.acked = revision;
    }
  }
}

async function assertEverythingThere() {
  const seen = new Set(), times = new Set();
  for await (const doc of server.rest.history('entries', admin.jwt)) {
    assert.ok(!seen.has(doc.identifier), `${doc.identifier} is there twice`);
    assert.ok(!times.has(doc.srvModified), `two documents share srvModified ${doc.srvModified}`);
    seen.add(doc.identifier); times.add(doc.srvModified);
    const { acked, tried } = stored.get(doc.identifier) ?? assert.fail(`${doc.identifier} was never written`);
    assert.ok(doc.revision >= acked && doc.revision <= tried, `${doc.identifier}: revision ${doc.revision} is stored, ${acked} was acknowledged, ${tried} tried`);
  }
  for (const [identifier, { acked }] of stored) assert.ok(acked === 0 || seen.has(identifier), `${identifier} was acknowledged and is gone`);
  return seen.size;
}

test('kill -9 under 64 writers, 20 times', { timeout: 240_000 }, async t => {
  const rounds = volume(20);
  let kept = 0;
  for (let round = 0; round < rounds; round++) {
    const writers = Array.from({ length: 64 }, (_, w) => writeUntilCut(w, round));
    await new Promise(resolve => setTimeout(resolve, 50 + Math.random() * 450)); // the random moment
    await server.kill();
    await Promise.all(writers);
    await server.again();
    kept = await assertEverythingThere();
  }
  t.diagnostic(`${kept} documents stored in ${rounds} rounds, ${[...stored.values()].filter(s => s.acked < s.tried).length} writes under way when killed`);
});
