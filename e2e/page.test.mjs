// The pages in a real browser: they show what a REST call caused and ask nobody but their own server.
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, noBrowser as skip, open as openPage } from './lib/browser.mjs';
import { results, Server } from './lib/server.mjs';

let server, browser, admin;

before(async () => {
  if (skip) return;
  server = await Server.start('page');
  admin = await server.rest.subject('admin', '*');
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.stop(); });

const open = (address, { at = server, ...look } = {}) => openPage(browser, at, address, look);

function assertAtHome(page, token, { url: home } = server) {
  assert.deepEqual(page.asked.filter(url => !url.startsWith(home) && !url.startsWith(home.replace('http:', 'ws:'))), [], 'requests to elsewhere');
  assert.deepEqual(page.asked.filter(url => url.includes(token)), [], 'a token in a URL');
  assert.ok(page.asked.some(url => url.startsWith('ws:')), 'the client upgraded to a WebSocket');
  assert.deepEqual(page.complaints, []);
}

async function write(sgv, { rest } = server, { jwt } = admin) {
  const body = { type: 'sgv', sgv, direction: 'Flat', device: 'page', app: 'tests', date: Date.now(), note: '<img src=x onerror=alert(1)>' };
  return (await rest.must(201, 'POST', '/api/v3/entries', { jwt, body })).body.identifier;
}

async function connect(page, token, version = '2.2.0') {
  await page.getByLabel('Access token', { exact: true }).fill(token);
  await page.getByLabel(version).check();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
}

for (const [version, scheme] of [['2.2.0', 'light'], ['4.x', 'dark']]) {
  test(`the live page with client ${version}`, { skip }, async () => {
    const page = await open('/', { colorScheme: scheme });
    await connect(page, admin.token, version);
    await page.getByText('Listening to').waitFor();

    const identifier = await write(104);
    await server.rest.must(200, 'PATCH', `/api/v3/entries/${identifier}`, { jwt: admin.jwt, body: { sgv: 112 } });
    const other = await write(121);
    await server.rest.must(200, 'DELETE', `/api/v3/entries/${other}`, { jwt: admin.jwt });
    await page.locator('#count-delete', { hasText: '1' }).waitFor();

    const rows = page.locator('#events details');
    assert.deepEqual(await rows.locator('.op').allTextContents(), ['delete', 'create', 'update', 'create']);
    assert.deepEqual(await rows.locator('.key').allTextContents(), [other, other, identifier, identifier]);
    await rows.nth(2).locator('summary').click();
    assert.equal(JSON.parse(await rows.nth(2).locator('pre').textContent()).sgv, 112);
    assert.equal(await page.locator('#events img').count(), 0, 'a document must not become markup');
    await page.screenshot({ path: path.join(results, `page-${version}.png`) });
    assertAtHome(page, admin.token);
    await page.context().close();
  });
}

test('the live page says why a token is refused and takes another', { skip }, async () => {
  const page = await open('/');
  await connect(page, 'nobody-0123456789abcdef');
  await page.locator('#status', { hasText: 'Missing or bad accessToken' }).waitFor();
  await connect(page, admin.token);
  await page.getByText('Listening to').waitFor();
  await page.context().close();
});

test('signing out on the live page ends its connection and forgets the token', { skip }, async () => {
  const page = await open('/');
  const button = page.getByRole('button', { name: 'Sign out' });
  const answered = () => page.waitForResponse(answer => answer.url().endsWith('/api/v2/authorization/signout'));
  assert.ok(await button.isDisabled(), 'there is nothing to forget yet');
  await connect(page, admin.token);
  await page.getByText('Listening to').waitFor();
  await page.getByRole('button', { name: 'Show the access token' }).click();
  const [answer] = await Promise.all([answered(), button.click()]);
  assert.equal(answer.status(), 204);
  await page.locator('#status', { hasText: 'Signed out' }).waitFor();
  await page.getByText('Disconnected: io client disconnect').waitFor();
  const token = page.getByLabel('Access token', { exact: true });
  assert.deepEqual([await token.inputValue(), await token.getAttribute('type'), await button.isDisabled()], ['', 'password', true]);
  await page.screenshot({ path: path.join(results, 'page-signed-out.png') });
  assertAtHome(page, admin.token);

  await token.fill('nobody-0123456789abcdef');
  const [refused] = await Promise.all([answered(), button.click()]);
  assert.equal(refused.status(), 401);
  await page.locator('#status', { hasText: 'does not know this token' }).waitFor();
  assert.equal(await token.inputValue(), '');

  await token.fill(admin.token);
  await page.route('**/signout', route => route.abort());
  await button.click();
  await page.locator('#status', { hasText: 'Not signed out' }).waitFor();
  assert.equal(await token.inputValue(), admin.token, 'who is not signed out can try again');
  await connect(page, admin.token);
  await page.getByText('Listening to').waitFor();
  await page.context().close();
});

test('the live page below a base path, on a phone', { skip }, async () => {
  const below = await Server.start('base-path', { BASE_PATH: '/night' });
  try {
    const { token, jwt } = await below.rest.subject('admin', '*');
    const page = await open('/', { at: below });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: path.join(results, 'page-empty.png') });
    await connect(page, token, '4.x');
    await page.getByText('Listening to').waitFor();
    const identifier = await write(88, below, { jwt });
    await page.locator('.key', { hasText: identifier }).waitFor();
    await page.screenshot({ path: path.join(results, 'page-phone.png'), fullPage: true });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('#status', { hasText: 'Signed out' }).waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out of the screen');
    assertAtHome(page, token, below);
    await page.context().close();
  } finally {
    await below.stop();
  }
});

test('the sample with client 2.2.0', { skip }, async () => {
  const page = await open('/sample.html');
  await page.getByLabel('Access token').fill(admin.token);
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByText('subscribed to').waitFor();
  const identifier = await write(99);
  await page.locator('#log', { hasText: identifier }).waitFor();
  await page.screenshot({ path: path.join(results, 'sample.png') });
  assertAtHome(page, admin.token);
  await page.context().close();
});

// Browsers keep answers from a page of another origin unless the server allows it, and client 2.x asks for more than later ones.
test('a page of another origin with client 2.2.0, from its first poll on', { skip }, async () => {
  const address = `${server.url}/socket.io/2.2.0/socket.io.js`;
  const elsewhere = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><link rel="icon" href="data:,"><script src="${address}"></script><pre id="log"></pre><script>
      const log = (...parts) => { document.getElementById('log').append(JSON.stringify(parts)); };
      const socket = io('${server.url}/storage');
      socket.on('connect', () => socket.emit('subscribe', { accessToken: location.hash.slice(1) }, log));
      socket.on('connect_error', error => log(String(error)));
      socket.on('create', log);
    </script>`);
  });
  await new Promise(listening => elsewhere.listen(0, '127.0.0.1', listening));
  const page = await browser.newPage();
  try {
    await page.goto(`http://localhost:${elsewhere.address().port}/#${admin.token}`);
    await page.locator('#log', { hasText: '"success":true' }).waitFor({ timeout: 10_000 });
    const identifier = await write(98);
    await page.locator('#log', { hasText: identifier }).waitFor();
  } finally {
    await page.close();
    elsewhere.closeAllConnections();
    elsewhere.close();
  }
});
