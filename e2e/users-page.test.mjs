// The page that tries the Users event socket, in a real browser: it reaches the other port, is told of logins, documents and
// echoes, asks for meta, and explains a refusal so that it can be put right.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { follow, launch, noBrowser as skip, open } from './lib/browser.mjs';
import { freePort, results, Server } from './lib/server.mjs';
import { assertFits, assertSecret, connect, frames, parts as common, phone } from './lib/socketpage.mjs';

const auth = '/api/v2/authorization';
let server, browser, ann;

before(async () => {
  if (skip) return;
  server = await startWith('users-page', '^http://127\\.0\\.0\\.1:\\d+$');
  ann = await server.rest.subject('ann', 'api:todo:create,read,update,delete');
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.stop(); });

async function startWith(name, approved) {
  const port = await freePort();
  const started = await Server.start(name, { COLLECTIONS: 'todo:uuid(title,done)', AUTH_FAIL_DELAY: '50', USERS_PORT: String(port), USERS_APPROVED_DOMAINS: approved });
  return Object.assign(started, { usersPort: port, users: `/users.html?port=${port}` });
}

function parts(page) {
  return {
    ...common(page), port: page.getByLabel('Port'), broadcast: page.getByLabel('to everybody'), username: page.getByLabel('Meta of user'), property: page.getByLabel('Property'),
    value: page.getByLabel('Value'), approve: page.locator('#approve'), titles: page.locator('#events > li.received .system span'), having: text => page.locator('#events > li', { hasText: text }),
  };
}

async function enter(token, options) {
  const page = await open(browser, server, server.users, options);
  const at = parts(page);
  await connect(at, token);
  return [page, at];
}

const latest = async locator => (await frames(locator)).at(-1);
const todo = (title, extra) => server.rest.must(201, 'POST', '/api/v3/todo', { jwt: ann.jwt, body: { title, ...extra } });

test('two pages hear logins and echoes, and who may read them documents', { skip }, async () => {
  const [first, reader] = await enter(ann.token);
  const [second, stranger] = await enter('');
  await reader.button('Echo').click();
  await reader.having('"hello"').first().waitFor();

  const { body: { identifier } } = await todo('milk', { done: false });
  await reader.having('DocumentCreated · todo · ann').waitFor();
  const { doc, ...told } = await latest(reader.received);
  assert.deepEqual([told, doc.title, doc.identifier], [{ username: 'ann', eventType: 11, colName: 'todo' }, 'milk', identifier]);
  await server.rest.must(200, 'DELETE', `/api/v3/todo/${identifier}`, { jwt: ann.jwt });
  await reader.having('DocumentRemoved').waitFor();
  assert.equal((await latest(reader.received)).identifier, identifier);

  await server.rest.subject('ben', 'api:todo:read');
  for (const at of [reader, stranger]) await at.having('Login · ben').waitFor();
  const { _id } = await server.rest.account('subjects', 'ben');
  await server.rest.must(200, 'DELETE', `${auth}/subjects/${_id}`, { headers: server.rest.admin });
  for (const at of [reader, stranger]) await at.having('Removed · ben').waitFor();

  await reader.text.fill('{"text": "<b>grüezi</b>"}');
  await reader.broadcast.check();
  await reader.text.press('Control+Enter');
  for (const at of [reader, stranger]) {
    await at.received.filter({ hasText: 'grüezi' }).waitFor();
    assert.deepEqual(await latest(at.received), { eventType: 10, message: { text: '<b>grüezi</b>' } });
  }
  assert.deepEqual((await stranger.titles.allTextContents()).reverse(), ['Activated · ben', 'Login · ben', 'Logout · ben', 'Removed · ben', 'Echo'], 'and no documents, nor another’s echo');
  await first.screenshot({ path: path.join(results, 'users.png') });
  await second.screenshot({ path: path.join(results, 'users-anonymous.png') });
  for (const page of [first, second]) {
    await assertSecret(page, ann.token);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('meta is asked for and set, on a phone', { skip }, async () => {
  const [page, at] = await enter(ann.token, { viewport: phone, colorScheme: 'dark' });
  await at.username.fill('ann');
  await at.value.fill('{"theme": "dark", "n": [1]}');
  await at.button('Set').click();
  await at.received.nth(0).waitFor();
  await at.property.fill('theme');
  await at.button('Get').click();
  await at.received.nth(1).waitFor();
  assert.deepEqual(await frames(at.received), [{ eventType: 9, val: { theme: 'dark', n: [1] } }, { eventType: 9, val: 'dark' }]);
  await at.username.fill('root');
  await at.button('Get').click();
  await at.refused.waitFor();
  assert.deepEqual(await frames(at.refused), [{ error: 'You do not have permission to make this request', eventType: 9 }]);
  const sent = await page.locator('#count-sent').textContent();
  await at.value.fill('{');
  await at.button('Set').click();
  assert.match(await at.newest.textContent(), /^Not sent: The value: /);
  assert.equal(await page.locator('#count-sent').textContent(), sent);
  await assertFits(page);
  await page.screenshot({ path: path.join(results, 'users-phone.png'), fullPage: true });
  await at.close.click();
  await at.connect.waitFor();
  await page.screenshot({ path: path.join(results, 'users-phone-empty.png'), fullPage: true });
  await assertFits(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a refusal is explained, and what the page advises helps', { skip }, async () => {
  const strict = await startWith('users-page-strict', '^https://page\\.example$');
  const page = await open(browser, strict, strict.users);
  const at = parts(page);
  await at.connect.click();
  await at.status.getByText('is this page’s Origin approved?').waitFor();
  await at.connect.waitFor();
  assert.match(await at.newest.textContent(), new RegExp(`does not approve the Origin ${strict.url}`));
  await page.screenshot({ path: path.join(results, 'users-refused.png') });
  await strict.stop();
  strict.env.USERS_APPROVED_DOMAINS = await at.approve.textContent();
  await strict.again();
  await at.connect.press('Enter');
  await at.text.waitFor();
  assert.ok(await at.text.evaluate(field => field === document.activeElement), 'the keyboard goes along');
  await at.button('Echo').click();
  await at.having('"hello"').first().waitFor();
  await strict.stop();
  await at.having('Connection closed (1001)').waitFor();
  await at.status.getByText('Not connected').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the address and the port go together', { skip }, async () => {
  const page = await open(browser, server, '/');
  await follow(page, 'Users event socket');
  await follow(page, '/live');
  await follow(page, 'users');
  const at = parts(page);
  assert.equal(await at.url.inputValue(), 'ws://127.0.0.1:8063/');
  assert.equal(await at.port.inputValue(), '8063');
  await page.screenshot({ path: path.join(results, 'users-empty.png') });
  await at.port.fill(String(server.usersPort));
  assert.equal(await at.url.inputValue(), `ws://127.0.0.1:${server.usersPort}/`);
  await at.port.press('Enter');
  await at.text.waitFor();
  await at.close.click();
  await at.connect.waitFor();
  await at.url.fill('wss://elsewhere.example');
  assert.equal(await at.port.inputValue(), '443');
  await at.url.fill('nowhere');
  await at.connect.click();
  await at.status.getByText('Not a URL').waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the page outlives any frame', { skip }, async () => {
  const page = await open(browser, server, '/users.html');
  const at = parts(page);
  let peer;
  await page.routeWebSocket(/8063/, socket => { peer = socket; });
  await at.connect.click();
  await at.text.waitFor();
  const odd = ['null', '5', '[]', '"x"', 'no JSON', '{}', '{"eventType":"9"}', '{"eventType":10,"message":null}', '{"eventType":99,"username":7}', '{"eventType":1,"username":"<img src=x onerror=alert(1)>"}'];
  for (const frame of odd) peer.send(frame);
  await page.locator('#count-received', { hasText: String(odd.length) }).waitFor();
  assert.equal(await page.locator('main img').count(), 0, 'a name must not become markup');
  assert.match(await at.newest.textContent(), /^Login · <img/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a page that came over HTTPS begins with wss', { skip }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await context.route('https://night.example/**', route => route.fetch({ url: route.request().url().replace('https://night.example/below', server.url) }).then(response => route.fulfill({ response })));
  await page.goto('https://night.example/below/users.html?port=9000');
  assert.equal(await parts(page).url.inputValue(), 'wss://night.example:9000/');
  await context.unrouteAll({ behavior: 'ignoreErrors' }); // the browser may still be fetching the icon
  await context.close();
});
