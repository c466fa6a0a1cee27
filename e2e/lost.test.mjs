// Nothing is lost, doubled or reordered, whatever the transport, also while it changes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { distance } from './lib/distance.mjs';
import { combinations, Listener, versions } from './lib/listener.mjs';
import { assertSame } from './lib/same.mjs';
import { Server } from './lib/server.mjs';
import { until, volume } from './lib/until.mjs';

let server, admin, subscription;
let number = 0;

before(async () => {
  server = await Server.start('lost');
  admin = await server.rest.subject('admin', '*');
  subscription = { accessToken: admin.token, collections: ['entries'] };
});
after(() => server?.stop());

// write stores a new entry that carries its number, and resolves to the number.
async function write() {
  const n = number++;
  const body = { identifier: `n-${n}`, n, type: 'sgv', sgv: 100, device: 'e2e', app: 'tests', date: 1_700_000_000_000 + n };
  await server.rest.must(201, 'POST', '/api/v3/entries', { jwt: admin.jwt, body });
  return n;
}

const numbers = events => events.map(({ data }) => data.doc.n);

// journal is the order in which the server stored the numbers from the given one on. HISTORY tells it, except among
// documents that share a srvModified because the clock leads by more than a second: there the witness does, whose order
// everybody else must have seen too.
async function journal(from, witness) {
  const history = [];
  for await (const doc of server.rest.history('entries', admin.jwt)) if (doc.n >= from) history.push(doc);
  await witness.received(history.length);
  const docs = witness.events.map(({ data }) => data.doc), sorted = list => list.map(doc => doc.n).sort((a, b) => a - b);
  assertSame(sorted(docs), sorted(history), 'the numbers at the witness');
  assertSame(docs.map(doc => doc.srvModified), history.map(doc => doc.srvModified), 'the order at the witness');
  return docs.map(doc => doc.n);
}

test('bursts of 20 writes reach every client over every transport, once, in journal order', { timeout: 240_000 }, async t => {
  const first = number, total = Math.ceil(volume(5000) / 20) * 20;
  const listeners = combinations.map(c => new Listener(server.url, c, subscription));
  try {
    for (const l of listeners) { await l.acked(); if (l.label.includes('upgrade')) await l.upgraded(); }
    const started = Date.now();
    for (let done = 0; done < total; done += 20) await Promise.all(Array.from({ length: 20 }, write));
    t.diagnostic(`${total} writes in ${Date.now() - started} ms`);
    const order = await journal(first, listeners[1]);
    assert.equal(order.length, total, 'documents in HISTORY');
    for (const l of listeners) {
      await l.received(total, 60_000);
      assertSame(numbers(l.events), order, l.label);
      assert.ok(l.events.every(({ event }) => event === 'create'), l.label);
      assert.deepEqual(l.ends, [], `${l.label} was cut`);
    }
    t.diagnostic(`all 12 had everything after ${Date.now() - started} ms`);
  } finally {
    for (const l of listeners) l.close();
  }
});

test('1,000 transport upgrades in a stream of writes lose and reorder nothing', { timeout: 240_000 }, async t => {
  const first = number, upgrades = volume(1000);
  const witness = new Listener(server.url, { version: '4.8.4', transport: 'websocket' }, subscription);
  await witness.acked();
  const far = await distance(server, { polling: 1, websocket: 8 });
  let writing = true, started = 0;
  const writer = (async () => { while (writing) await Promise.all(Array.from({ length: 4 }, write)); })();
  writer.catch(() => {}); // judged below, after the clients are closed
  const runs = [];
  let order;
  try {
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (writing && started < upgrades) runs.push(await once(far.url, versions[started++ % versions.length]));
    }));
    writing = false;
    await writer;
    order = await journal(first, witness);
  } finally {
    writing = false;
    far.close();
    witness.close();
  }
  const place = new Map(order.map((n, i) => [n, i]));
  for (const { label, due, seen } of runs) {
    const start = place.get(seen[0]);
    assertSame(seen, order.slice(start, start + seen.length), label);
    assert.ok(start <= place.get(due), `${label}: ${due} was written after the acknowledgement and did not arrive`);
  }
  const across = runs.filter(run => run.across).length;
  t.diagnostic(`${runs.length} upgrades during ${order.length} writes, ${across} with events over both transports`);
  assert.ok(across > runs.length / 4, 'most upgrades had no event before and after them: this proves little');
});

// once connects by polling, subscribes, upgrades, and stays for some more events. Due is the first number whose write
// began after the acknowledgement: from then on everything must arrive.
async function once(url, version) {
  const listener = new Listener(url, { version, transport: 'upgrade' }, subscription);
  let due;
  listener.onack = () => { due = number; };
  try {
    await listener.acked();
    await listener.upgraded();
    const enough = listener.events.length + 5;
    await until(`${listener.label} to receive ${due}`, () => listener.events.length >= enough && numbers(listener.events).includes(due));
    assert.deepEqual(listener.ends, [], `${listener.label} was cut`);
    return { label: listener.label, due, seen: numbers(listener.events), across: new Set(listener.carriers).size > 1 };
  } finally {
    listener.close();
  }
}
