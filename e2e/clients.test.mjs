// Every published client over every transport: acknowledgements, exact events, and coming back after the server went away.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { combinations, Listener } from './lib/listener.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/until.mjs';

const refused = { success: false, message: 'Missing or bad accessToken' };
const unauthorized = { success: false, message: 'Unauthorized to receive any collection' };
const all = ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments'];

let server, admin, reader, writer;

before(async () => {
  server = await Server.start('clients');
  admin = await server.rest.subject('admin', '*');
  reader = await server.rest.subject('reader', 'api:entries:read', 'api:treatments:read');
  writer = await server.rest.subject('writer', 'api:entries:create,update', 'api:settings:read');
});
after(() => server?.stop());

describe('subscribe', () => {
  const cases = () => [
    ['a good token', { accessToken: admin.token, collections: ['entries', 'settings'] }, { success: true, collections: ['entries', 'settings'] }],
    ['no collections named', { accessToken: admin.token }, { success: true, collections: all }],
    ['partly permitted', { accessToken: reader.token, collections: ['treatments', 'settings', 'nonsense', 'entries'] }, { success: true, collections: ['treatments', 'entries'] }],
    ['partly permitted, none named', { accessToken: reader.token }, { success: true, collections: ['entries', 'treatments'] }],
    ['nothing permitted', { accessToken: writer.token, collections: ['entries', 'settings'] }, unauthorized],
    ['only unknown collections', { accessToken: admin.token, collections: ['foods'] }, unauthorized],
    ['an unknown token', { accessToken: 'admin-0123456789abcdef', collections: ['entries'] }, refused],
    ['a JWT for a token', { accessToken: admin.jwt, collections: ['entries'] }, refused],
    ['no token', { collections: ['entries'] }, refused],
    ['no message', null, refused],
  ];
  for (const [i, combination] of combinations.entries()) {
    test(combination.label, async () => {
      const listener = new Listener(server.url, combination, undefined, `203.0.113.${i}`); // bad tokens are counted by address
      try {
        await listener.connected();
        for (const [what, message, expected] of cases()) assert.deepEqual(await listener.subscribe(message), expected, what);
      } finally {
        listener.close();
      }
    });
  }
});

test('more than 20 bad tokens a minute end the connections of that address only', async () => {
  const [guesser, neighbour] = ['203.0.113.100', '203.0.113.101'].map(address => new Listener(server.url, combinations[1], undefined, address));
  try {
    await guesser.connected(); await neighbour.connected();
    for (let i = 0; i < 20; i++) assert.deepEqual(await guesser.subscribe({ accessToken: `guess-${String(i).padStart(16, '0')}` }), refused);
    guesser.subscribe({ accessToken: 'guess-0123456789abcdef' }).catch(() => {}); // never answered
    await until('the guesser to be cut', () => guesser.ends.length > 0);
    assert.deepEqual(await neighbour.subscribe({ accessToken: 'nobody-0123456789abcdef' }), refused);
  } finally {
    guesser.close(); neighbour.close();
  }
});

test('create, update and delete arrive exactly as written', async () => {
  const listeners = combinations.map(c => new Listener(server.url, c, { accessToken: reader.token, collections: ['entries'] }));
  const deaf = new Listener(server.url, combinations[1], { accessToken: reader.token, collections: ['treatments'] });
  try {
    for (const l of [...listeners, deaf]) { await l.acked(); if (l.label.includes('upgrade')) await l.upgraded(); }
    const expected = await writeAll(admin);
    for (const l of listeners) {
      await l.received(expected.length);
      assert.deepEqual(l.events, expected, l.label);
    }
    assert.deepEqual(deaf.events, [], 'a client that subscribed to another collection');
  } finally {
    for (const l of [...listeners, deaf]) l.close();
  }
});

// writeAll writes one document in every way there is and resolves to the events that this must cause.
async function writeAll({ name: subject, jwt }) {
  const { rest } = server, path = '/api/v3/entries';
  const input = { type: 'sgv', sgv: 104, device: 'e2e', app: 'tests', date: 1_780_000_000_000, note: 'Grüße ☂ 𝒳', nested: { a: [1, null, true] } };
  const dates = { utcOffset: 0, created_at: new Date(input.date).toISOString() };
  const { body: { identifier, lastModified: created } } = await rest.must(201, 'POST', path, { jwt, body: input });
  const doc = { ...input, ...dates, identifier, srvModified: created, srvCreated: created, subject };

  const { body: { lastModified: replaced } } = await rest.must(200, 'PUT', `${path}/${identifier}`, { jwt, body: { ...input, sgv: 105 } });
  const second = { ...doc, sgv: 105, srvModified: replaced };
  await rest.must(200, 'PATCH', `${path}/${identifier}`, { jwt, body: { sgv: 106 } });
  const { body: { result: third } } = await rest.must(200, 'GET', `${path}/${identifier}`, { jwt });
  assert.deepEqual(third, { ...second, sgv: 106, srvModified: third.srvModified, modifiedBy: subject });
  await rest.must(200, 'DELETE', `${path}/${identifier}`, { jwt });
  await rest.must(200, 'DELETE', `${path}/${identifier}?permanent=true`, { jwt });

  const told = (event, doc) => ({ event, data: { colName: 'entries', doc } });
  const gone = { event: 'delete', data: { colName: 'entries', identifier } };
  return [told('create', doc), told('update', second), told('update', third), gone, gone];
}

for (const [how, end] of [['SIGTERM', () => server.stop()], ['kill -9', () => server.kill()]]) {
  test(`everybody comes back after ${how} and subscribes again`, async () => {
    const listeners = combinations.map(c => new Listener(server.url, c, { accessToken: admin.token, collections: ['entries'] }));
    try {
      for (const l of listeners) { await l.acked(); if (l.label.includes('upgrade')) await l.upgraded(); }
      await end();
      for (const l of listeners) {
        await until(`${l.label} to notice`, () => l.ends.length > 0);
        // 'io server disconnect' would be final: stock clients never come back from it.
        assert.match(l.ends[0], /^transport (close|error)$/, l.label);
      }
      await server.again();
      for (const l of listeners) {
        await l.acked(2);
        assert.deepEqual(l.acks[1], { success: true, collections: ['entries'] }, l.label);
      }
      const body = { type: 'sgv', sgv: 1, device: how, app: 'tests', date: 1_780_000_000_000 };
      const { body: { identifier } } = await server.rest.must(201, 'POST', '/api/v3/entries', { jwt: admin.jwt, body });
      for (const l of listeners) {
        await l.received(1);
        assert.deepEqual(l.events.map(e => [e.event, e.data.doc.identifier]), [['create', identifier]], l.label);
      }
    } finally {
      for (const l of listeners) l.close();
    }
  });
}
