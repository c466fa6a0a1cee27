// Directus's own client in its three modes, the last one made for Node 20 and a newer one: connect, subscribe with a query, the
// snapshot and what follows it, items by messages, unsubscribe, and coming back after the server was killed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import * as sdk18 from '@directus/sdk';
import * as sdk26 from 'sdk26';
import { seeded } from './lib/directus.mjs';

const clients = { '18.0.3': sdk18, '26.0.0': sdk26 };

// As in browsers, every message is an event of its own: the client listens anew for each.
class BrowserSocket extends WebSocket {
  constructor(url, protocols) { super(url, protocols, { allowSynchronousEvents: false }); }
}

for (const mode of ['public', 'handshake', 'strict']) {
  describe(mode, () => {
    let server, jwt;

    before(async () => {
      server = await seeded(`directus-sdk-${mode}`);
      jwt = server.people.admin.jwt;
      await server.stop();
      Object.assign(server.env, { WEBSOCKETS_REST_AUTH: mode, WEBSOCKET_DIALECT: 'core' });
      await server.again();
    });
    after(() => server?.stop());

    const create = async body => Number((await server.rest.must(201, 'POST', '/api/v3/test', { jwt, body })).body.identifier);

    // dial makes a client of one of the versions. Public ones show no token.
    const dial = ({ createDirectus, realtime, staticToken }, token = server.people.editor.token) => {
      const client = createDirectus(server.url, { globals: { WebSocket: BrowserSocket } });
      const own = mode === 'public' ? client : client.with(staticToken(token));
      return own.with(realtime({ authMode: mode, connect: false, reconnect: { delay: 1000, retries: 3 } }));
    };

    // answer resolves to the answer to a message.
    const answer = (client, message) => new Promise(resolve => {
      const forget = client.onWebSocket('message', received => { if (received.uid === message.uid) { forget(); resolve(received); } });
      client.sendMessage(message);
    });

    for (const [version, sdk] of Object.entries(clients)) {
      test(`${version} subscribes, hears, and leaves`, async () => {
        const client = dial(sdk);
        await client.connect();
        try {
          const { subscription, unsubscribe } = await client.subscribe('test', { query: { fields: ['id', 'test'], filter: { n: { _gt: 1 } }, sort: ['-n'], limit: 2 }, uid: 's' });
          const init = await next(subscription);
          assert.deepEqual([init.event, init.data[0], init.uid], ['init', { id: 3, test: 'three' }, 's']);

          let event = next(subscription);
          const id = await create({ test: 'new', n: 2 });
          assert.deepEqual(await event, { type: 'subscription', event: 'create', data: [{ id, test: 'new' }], uid: 's' });
          event = next(subscription);
          await server.rest.must(200, 'PATCH', `/api/v3/test/${id}`, { jwt, body: { test: 'newer' } });
          assert.deepEqual(await event, { type: 'subscription', event: 'update', data: [{ id, test: 'newer' }], uid: 's' });
          event = next(subscription);
          await server.rest.must(200, 'DELETE', `/api/v3/test/${id}`, { jwt });
          assert.deepEqual(await event, { type: 'subscription', event: 'delete', data: [id], uid: 's' });

          unsubscribe();
          const late = [];
          client.onWebSocket('message', message => late.push(message));
          await create({ test: 'unheard', n: 2 });
          await answer(client, { type: 'ping', uid: 'end' });
          assert.deepEqual(late, [{ type: 'subscription', event: 'unsubscribe', uid: 's' }, { type: 'pong', uid: 'end' }]);
        } finally {
          client.disconnect();
        }
      });

      test(`${version} sends items`, async () => {
        const client = dial(sdk);
        await client.connect();
        try {
          if (mode === 'public') {
            const refused = await answer(client, { type: 'items', action: 'create', collection: 'test', data: {}, uid: 'r' });
            assert.equal(refused.error.code, 'FORBIDDEN');
            const token = server.people.editor.token;
            assert.deepEqual(await answer(client, { type: 'auth', access_token: token, uid: 'a' }), { type: 'auth', status: 'ok', uid: 'a' });
          }
          const items = (action, more) => answer(client, { type: 'items', action, collection: 'test', uid: action, ...more });
          const { data: { id } } = await items('create', { data: { test: 'i', n: -1 } });
          const row = { id, test: 'i', status: null, n: -1, hidden_note: null };
          assert.deepEqual(await items('read', { id }), { type: 'items', data: row, uid: 'read' });
          const { data, meta } = await items('read', { query: { filter: { n: { _lt: 0 } }, fields: ['id'], meta: ['filter_count'] } });
          assert.deepEqual([data, meta], [[{ id }], { filter_count: 1 }]);
          assert.deepEqual((await items('update', { id, data: { test: 'j' } })).data, { ...row, test: 'j' });
          assert.deepEqual((await items('delete', { query: { filter: { n: { _lt: 0 } } } })).data, [id]);
        } finally {
          client.disconnect();
        }
      });
    }

    test('all come back after the server was killed', async () => {
      const subscribers = [];
      for (const sdk of Object.values(clients)) {
        const client = dial(sdk);
        await client.connect();
        const { subscription } = await client.subscribe('test', { query: { fields: ['id'], filter: { test: { _eq: 'again' } } } });
        assert.deepEqual((await next(subscription)).data, []);
        subscribers.push({ client, subscription });
      }
      try {
        const first = subscribers.map(({ subscription }) => next(subscription));
        await server.kill();
        await server.again();
        const id = await create({ test: 'again' });
        for (const message of await Promise.all(first)) assert.deepEqual([message.event, message.data], ['init', [{ id }]]);
      } finally {
        for (const { client } of subscribers) client.disconnect();
      }
    });

    for (const [version, sdk] of mode === 'public' ? [] : Object.entries(clients)) {
      test(`${version} is told that its token is wrong`, async () => {
        const client = dial(sdk, 'nobody-0123456789abcdef');
        await assert.rejects(async () => { await client.connect(); });
        client.disconnect();
      });
    }
  });
}

const next = async subscription => (await subscription.next()).value;
