// The page that tries /websocket, in a real browser: it does what the original's example page does, shows no token, and
// outlives whatever a server sends.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { follow, launch, noBrowser as skip, open } from './lib/browser.mjs';
import { results, Server } from './lib/server.mjs';
import { assertFits, assertSecret, connect, frames, parts as common, phone } from './lib/socketpage.mjs';

let server, browser, admin;

before(async () => {
  if (skip) return;
  server = await Server.start('websocket-page', { COLLECTIONS: 'test:int(test,status,n)' });
  admin = await server.rest.subject('admin', '*');
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.stop(); });

function parts(page) {
  return { ...common(page), place: page.getByLabel('Token goes'), dialect: page.getByLabel('Dialect'), send: page.getByRole('button', { name: 'Send', exact: true }) };
}

test('the page connects, writes, hears, closes and connects again', { skip }, async () => {
  const page = await open(browser, server, '/');
  await follow(page, '/websocket');
  const at = parts(page);
  assert.equal(await at.url.inputValue(), server.url.replace('http', 'ws') + '/websocket');
  assert.ok(await at.text.isHidden() && await at.close.isHidden(), 'the message comes after the connection');
  await at.url.fill(await at.url.inputValue() + '?from=here&api_token=typed-0123456789abcdef');
  await connect(at, admin.token);
  assert.ok(await at.connect.isHidden() && await at.url.isHidden());
  assert.deepEqual(await page.locator('.system span').allTextContents(), ['Connection open', `Connecting to: ${server.url.replace('http', 'ws')}/websocket?from=here&api_token=***`]);
  assert.deepEqual(page.asked.at(-1), `${server.url.replace('http', 'ws')}/websocket?from=here&api_token=${admin.token}`);

  assert.deepEqual(JSON.parse(await at.text.inputValue()), { type: 'get', collection: 'test', query: { fields: ['*'], limit: 5 } });
  await at.send.click();
  await at.received.first().waitFor();
  await at.button('Subscribe').click();
  await at.send.click();
  await at.button('Post').click();
  await at.send.click();
  await at.received.nth(2).waitFor();
  assert.deepEqual(await frames(at.received), [
    { type: 'RESPONSE', data: [] },
    { action: 'create', payload: { test: 'test123' }, key: 1, collection: 'test' },
    { type: 'RESPONSE', data: { id: 1, test: 'test123', status: null, n: null } },
  ]);
  await page.getByLabel('Add a uid').check();
  await at.button('Patch').click();
  await page.keyboard.press('Tab'); // from the button
  await at.text.press('Control+Enter');
  await at.received.nth(4).waitFor();
  const [event, answer] = (await frames(at.received)).slice(3);
  assert.deepEqual(event, { action: 'update', payload: { test: 'test321' }, keys: [1], collection: 'test' });
  assert.match(answer.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

  await at.text.fill('{"type": "get",}');
  await at.send.click();
  assert.match(await at.newest.textContent(), /^Invalid JSON in message!/);
  await at.text.fill('{"type": "get", "collection": "nowhere", "uid": "mine"}');
  await at.send.click();
  await page.locator('li.bad pre').waitFor();
  assert.deepEqual(JSON.parse(await page.locator('li.bad pre').textContent()), { type: 'ERROR', data: { status: 403, code: 'FORBIDDEN' }, uid: 'mine' });
  assert.equal(await page.locator('#count-sent').textContent(), '5');
  await page.screenshot({ path: path.join(results, 'websocket.png') });

  await at.close.click();
  await at.connect.waitFor();
  assert.ok(await at.text.isHidden());
  assert.match(await at.newest.textContent(), /^Connection closed/);
  assert.deepEqual(page.complaints, []);
  await at.token.fill('nobody-0123456789abcdef');
  await at.connect.click();
  await at.status.getByText('Refused').waitFor();
  assert.ok(await page.getByText('Connection error', { exact: true }).isVisible());
  await connect(at, admin.token);
  await at.button('Delete').click();
  await at.send.click();
  await page.locator('li.received', { hasText: '"data": 1' }).waitFor();
  await assertSecret(page, admin.token);
  await page.context().close();
});

test('the page speaks the dialect core below a base path, on a phone, and answers pings', { skip }, async () => {
  const env = { BASE_PATH: '/night', WEBSOCKETS_REST_AUTH: 'handshake', WEBSOCKETS_HEARTBEAT_PERIOD: '1', COLLECTIONS: 'test:int(test,status,n)' };
  const below = await Server.start('websocket-core', env);
  try {
    const { token } = await below.rest.subject('admin', '*');
    const page = await open(browser, below, '/websocket.html', { viewport: phone, colorScheme: 'dark' });
    const at = parts(page);
    assert.equal(await at.url.inputValue(), below.url.replace('http', 'ws') + '/websocket');
    await at.place.selectOption('auth');
    await page.screenshot({ path: path.join(results, 'websocket-phone-empty.png') });
    await connect(at, token);
    await at.received.filter({ hasText: '"status": "ok"' }).waitFor();
    await at.button('Subscribe').click();
    await at.send.click();
    await at.received.filter({ hasText: 'init' }).waitFor();
    await at.button('Post').click();
    await at.send.click();
    await at.received.filter({ hasText: '"create"' }).waitFor();
    await page.locator('#events > li', { hasText: 'answered with a pong' }).nth(2).waitFor();
    await at.button('Unsubscribe').click();
    await at.send.click();
    await at.received.filter({ hasText: '"unsubscribe"' }).waitFor();
    await page.screenshot({ path: path.join(results, 'websocket-phone.png'), fullPage: true });
    await assertFits(page);
    assert.deepEqual(page.asked.filter(url => url.includes(token)), [], 'a token in a URL');
    await assertSecret(page, token);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  } finally {
    await below.stop();
  }
});

test('the page outlives what is not JSON, what is long and what does not end', { skip }, async () => {
  const page = await open(browser, server, '/websocket.html');
  const at = parts(page);
  let peer;
  await page.routeWebSocket(/websocket/, socket => { peer = socket; });
  await at.connect.click();
  await at.text.waitFor();
  peer.send('no { JSON');
  peer.send(Buffer.from('[1]'));
  peer.send('null');
  peer.send('<img src=x onerror=alert(1)>');
  await at.rows.nth(5).waitFor();
  assert.deepEqual((await page.locator('#events pre').allTextContents()).reverse(), ['no { JSON', '[\n  1\n]', 'null', '<img src=x onerror=alert(1)>']);
  assert.equal(await page.locator('#events img').count(), 0, 'a frame must not become markup');
  peer.send(JSON.stringify('x'.repeat(1_000_000)));
  await page.getByText('more characters').waitFor();
  for (let i = 0; i < 400; i++) peer.send(`${i}`);
  await page.locator('#count-received', { hasText: '405' }).waitFor();
  assert.equal(await at.rows.count(), 300);
  assert.equal(await page.locator('#events pre').first().textContent(), '399', 'the newest is on top');
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.equal(await at.rows.count(), 0);
  await at.url.evaluate(field => { field.value = 'here'; });
  await peer.close({ code: 4000, reason: 'enough' });
  await at.connect.click();
  assert.match(await at.newest.textContent(), /this is not a URL/);
  assert.ok(await page.getByText('Connection closed (4000: enough)').isVisible());
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a page that came over HTTPS begins with wss', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await context.route('https://night.example/**', route => route.fetch({ url: route.request().url().replace('https://night.example/below', server.url) }).then(response => route.fulfill({ response })));
  await page.goto('https://night.example/below/websocket.html');
  assert.equal(await parts(page).url.inputValue(), 'wss://night.example/below/websocket');
  await context.close();
});
