// Alarms: unmodified clients on /alarm, alone and beside /storage on one connection, hear what is sent over REST, and
// silence it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { transports } from './lib/listener.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/until.mjs';

const require = createRequire(import.meta.url);
const clients = { '2.2.0': require('sio220'), '4.8.4': require('socket.io-client').io };
const combinations = Object.keys(clients).flatMap(version => Object.keys(transports).map(transport => ({ version, transport, label: `${version} over ${transport}` })));
const subscribed = { success: true, message: 'Subscribed for alarms' };
const refused = { success: false, message: 'Missing or bad accessToken' };

let server, sender, follower, guest;

before(async () => {
  server = await Server.start('alarm');
  sender = await server.rest.subject('sender', 'notifications:*:send', 'api:entries:create');
  follower = await server.rest.subject('follower', 'api:*:read', 'notifications:*:ack');
  guest = await server.rest.subject('guest', 'api:food:read');
});
after(() => server?.stop());

const connection = (url, { version, transport }) => new clients[version].Manager(url, { transports: transports[transport] });

// Listener is one client that keeps what it hears, on a connection of its own unless it is given one.
class Listener {
  constructor(url, { version, transport }, { namespace = '/alarm', manager = connection(url, { version, transport }) } = {}) {
    this.events = [];
    this.ends = [];
    this.label = `${version} over ${transport}`;
    this.socket = manager.socket(namespace);
    for (const event of ['alarm', 'urgent_alarm', 'announcement', 'clear_alarm', 'notification', 'create']) this.socket.on(event, data => this.events.push({ event, data }));
    this.socket.on('disconnect', reason => this.ends.push(reason));
  }

  subscribe(message) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.label}: no acknowledgement`)), 10_000).unref();
      this.socket.emit('subscribe', message, ack => { clearTimeout(late); resolve(ack); });
    });
  }

  connected() { return until(`${this.label} to connect`, () => this.socket.connected); }

  received(count) { return until(() => `${this.label} to hear ${count} events, has ${JSON.stringify(this.events)}`, () => this.events.length >= count); }

  close() { this.socket.close(); }
}

const send = (body, expected = { status: 201 }) => server.rest.must(201, 'POST', '/api/v3/alarms', { jwt: sender.jwt, body })
  .then(answer => assert.deepEqual(answer.body, expected));

describe('subscribe', () => {
  for (const combination of combinations) {
    test(combination.label, async () => {
      const listener = new Listener(server.url, combination);
      try {
        await listener.connected();
        const secret = server.rest.admin['api-secret'];
        for (const [message, expected] of [
          [{ accessToken: guest.token }, subscribed],
          [{ accessToken: 'nobody-0123456789abcdef' }, refused],
          [{ jwtToken: follower.jwt }, { ...subscribed, read: true, ack: true }],
          [{ jwtToken: guest.jwt }, { ...subscribed, read: false, ack: false }],
          [{ secret }, { ...subscribed, read: true, ack: true }],
          [{}, { ...subscribed, read: false, ack: false }],
        ]) assert.deepEqual(await listener.subscribe(message), expected, JSON.stringify(message));
      } finally {
        listener.close();
      }
    });
  }
});

test('what is sent is heard by those who may, and an acknowledgement clears and silences', async () => {
  const listeners = combinations.map(c => new Listener(server.url, c));
  const [deaf, unauthorized] = [0, 3].map(i => new Listener(server.url, combinations[i]));
  try {
    for (const l of [...listeners, deaf, unauthorized]) await l.connected();
    for (const l of listeners) assert.deepEqual(await l.subscribe({ accessToken: follower.token }), subscribed);
    await unauthorized.subscribe({});

    const sent = [
      ['notification', { level: 0, group: 'default', title: 'Info', message: '', timestamp: 1 }],
      ['alarm', { level: 1, group: 'default', title: 'High', message: 'BG Now: 14 mmol/L ☂ 𝒳', eventName: 'high', timestamp: 2 }],
      ['urgent_alarm', { level: 2, group: 'default', title: 'Low', message: 'm', eventName: 'low', plugin: { name: 'x' }, timestamp: 3 }],
      ['announcement', { level: 2, group: 'default', title: 'Hello', message: 'all', isAnnouncement: true, timestamp: 4 }],
      ['clear_alarm', { level: 2, group: 'default', title: 'All Clear', message: 'over', clear: true, timestamp: 5 }],
    ];
    for (const [, notification] of sent) await send(notification);
    const expected = sent.map(([event, data]) => ({ event, data }));
    for (const l of listeners) { await l.received(expected.length); assert.deepEqual(l.events, expected, l.label); }

    for (const [i, l] of listeners.entries()) {
      l.socket.emit('ack', 2, `group ${i}`, 60_000);
      for (const other of listeners) {
        await other.received(expected.length + i + 1);
        const { event, data } = other.events.at(-1);
        assert.deepEqual([event, data.clear, data.level, data.group], ['clear_alarm', true, 2, `group ${i}`], other.label);
      }
      for (const level of [1, 2]) await send({ level, title: 'again', group: `group ${i}` }, { status: 201, silenced: true });
    }
    await send({ level: 2, title: 'Last', group: 'default' });
    for (const l of listeners) { await l.received(expected.length + listeners.length + 1); assert.equal(l.events.at(-1).data.title, 'Last', l.label); }
    assert.deepEqual([deaf.events, unauthorized.events], [[], []]);
  } finally {
    for (const l of [...listeners, deaf, unauthorized]) l.close();
  }
});

describe('both namespaces on one connection', () => {
  for (const combination of combinations) {
    test(combination.label, async () => {
      const manager = connection(server.url, combination);
      const alarms = new Listener(server.url, combination, { manager });
      const documents = new Listener(server.url, combination, { namespace: '/storage', manager });
      try {
        await alarms.connected(); await documents.connected();
        await alarms.subscribe({ accessToken: follower.token });
        assert.equal((await documents.subscribe({ accessToken: follower.token, collections: ['entries', 'alarms'] })).collections.join(), 'entries');
        const identifier = `both-${combination.label}`;
        await server.rest.must(201, 'POST', '/api/v3/entries', { jwt: sender.jwt, body: { identifier, app: 'tests', type: 'sgv', sgv: 100, date: 1_780_000_000_000 } });
        await send({ isAnnouncement: true, title: identifier });
        await documents.received(1); await alarms.received(1);
        assert.deepEqual([documents.events[0].data.doc.identifier, alarms.events[0].data.title], [identifier, identifier]);
        documents.close();
        await send({ isAnnouncement: true, title: 'still here' });
        await alarms.received(2);
        assert.deepEqual([documents.events.length, alarms.events.length], [1, 2]);
      } finally {
        alarms.close(); documents.close();
      }
    });
  }
});

test('silence outlasts a restart, and clients come back by themselves', async () => {
  const listener = new Listener(server.url, combinations[1]);
  try {
    await listener.connected();
    listener.socket.on('connect', () => listener.subscribe({ accessToken: follower.token }).then(() => { listener.back = true; }));
    await listener.subscribe({ accessToken: follower.token });
    listener.socket.emit('ack', 1, 'night', 600_000);
    await listener.received(1);
    await server.stop();
    await server.again();
    await until('the listener to be back', () => listener.back);
    await send({ level: 1, title: 'High', group: 'night' }, { status: 201, silenced: true });
    await send({ level: 2, title: 'Low', group: 'night' });
    await listener.received(2);
    assert.deepEqual(listener.events.map(e => e.event), ['clear_alarm', 'urgent_alarm']);
  } finally {
    listener.close();
  }
});
