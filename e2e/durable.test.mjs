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

const collections = ['devicestatus', 'entries', 'food', 'treatments'];
const longest = 500; // ms, of one round
const kills = []; // when each round ended
const stored = new Map(); // identifier -> what must be there: {acked, tried} revisions

// writeUntilCut creates documents and replaces each of them once, until the server is gone.
async function writeUntilCut(writer, round) {
  const { rest } = server, path = `/api/v3/${collections[writer % collections.length]}`;
  for (let i = 0; ; i++) {
    const identifier = `${round}-${writer}-${i}`, state = { acked: 0, tried: 0 };
    stored.set(identifier, state);
    for (const revision of [1, 2]) {
      state.tried = revision;
      const body = { identifier, revision, device: 'e2e', app: 'tests', date: 1_700_000_000_000 + i };
      let answer;
      try {
        answer = await rest.send('POST', path, { jwt: admin.jwt, body });
      } catch {
        return; // cut: whether this one was stored is open
      }
      if (answer.status === 503) return; // it may say that it is going
      assert.equal(answer.status, revision === 1 ? 201 : 200, JSON.stringify(answer.body));
      state.acked = revision;
    }
  }
}

// ahead tells whether a document may share its srvModified with another one: only while the clock, one millisecond for
// each document, leads by more than a second, that is at least a second less the round's length when the round ended.
const ahead = ({ identifier, srvModified }) => srvModified >= kills[Number(identifier.split('-')[0])] + 1000 - longest;

// assertEverythingThere resolves to the number of documents.
async function assertEverythingThere() {
  const seen = new Set();
  for (const collection of collections) {
    let last = 0;
    for await (const doc of server.rest.history(collection, admin.jwt)) {
      const { identifier, revision, srvModified } = doc;
      assert.ok(!seen.has(identifier), `${identifier} is there twice`);
      assert.ok(srvModified > last || (srvModified === last && ahead(doc)), `${collection}: srvModified ${srvModified} follows ${last}`);
      const { acked, tried } = stored.get(identifier) ?? assert.fail(`${identifier} was never written`);
      assert.ok(revision >= acked && revision <= tried, `${identifier}: revision ${revision} is stored, ${acked} was acknowledged, ${tried} tried`);
      seen.add(identifier);
      last = srvModified;
    }
  }
  for (const [identifier, { acked }] of stored) assert.ok(acked === 0 || seen.has(identifier), `${identifier} was acknowledged and is gone`);
  return seen.size;
}

test('kill -9 under 64 writers, 20 times', { timeout: 240_000 }, async t => {
  const rounds = volume(20);
  let kept = 0;
  for (let round = 0; round < rounds; round++) {
    const writers = Array.from({ length: 64 }, (_, w) => writeUntilCut(w, round));
    await new Promise(resolve => setTimeout(resolve, longest * (0.1 + 0.8 * Math.random()))); // the random moment
    await server.kill();
    kills.push(Date.now());
    await Promise.all(writers);
    await server.again();
    kept = await assertEverythingThere();
  }
  t.diagnostic(`${kept} documents stored in ${rounds} rounds, ${[...stored.values()].filter(s => s.acked < s.tried).length} writes under way when killed`);
});
