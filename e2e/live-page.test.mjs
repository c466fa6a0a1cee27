// The page that tries /live, in a real browser: one page in each protocol talk over a topic, and hear what REST writes.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { follow, launch, noBrowser as skip, open } from './lib/browser.mjs';
import { results, Server } from './lib/server.mjs';
import { assertFits, assertSecret, connect, frames, parts as common, phone } from './lib/socketpage.mjs';

let server, browser, ann, ben;

before(async () => {
  if (skip) return;
  server = await Server.start('live-page', { COLLECTIONS: 'todo:uuid(title,done)', AUTH_FAIL_DELAY: '50' });
  ann = await server.rest.subject('ann', 'api:todo:create,read,update,delete');
  ben = await server.rest.subject('ben', 'api:todo:read');
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.stop(); });

function parts(page) {
  return {
    ...common(page), protocol: page.getByLabel('Protocol'), topic: page.getByRole('combobox', { name: 'Topic' }), filters: page.getByLabel('Filters'), event: page.getByLabel('Event', { exact: true }),
    permission: page.getByRole('spinbutton', { name: 'Permission' }), chip: name => page.locator('.chip', { hasText: new RegExp(`^${name}( listening)?$`) }),
    having: text => page.locator('#events > li.received', { hasText: text }),
  };
}

// enter opens the page in a protocol and waits for the list that it asks for.
async function enter(who, protocol, options) {
  const page = await open(browser, server, '/live.html', options);
  const at = parts(page);
  await at.protocol.selectOption(protocol);
  await connect(at, who.token);
  await at.chip('todo').waitFor();
  return [page, at];
}

async function press(at, name, topic) {
  if (topic) await at.topic.fill(topic);
  await at.button(name).click();
}

const latest = async locator => (await frames(locator)).at(-1);
const todo = (title, extra) => server.rest.must(201, 'POST', '/api/v3/todo', { jwt: ann.jwt, body: { title, ...extra } });

test('two pages talk over a topic, one in each protocol, and hear a collection', { skip }, async () => {
  const [first, doc] = await enter(ann, 'doc');
  const [second, typed] = await enter(ben, 'typed');
  assert.ok(await doc.permission.isHidden() && await typed.permission.isVisible(), 'permissions are typed alone');
  assert.deepEqual(Object.keys((await frames(typed.received))[0].data), ['groups', 'sessionId', 'user']);

  await press(doc, 'Create', 'room');
  await press(doc, 'Subscribe');
  await press(doc, 'List');
  await doc.having('"room"').first().waitFor();
  assert.match(await doc.chip('room').textContent(), /listening/);
  await press(typed, 'Subscribe', 'room');
  await typed.chip('room').getByText('listening').waitFor();
  await doc.text.fill('{"text": "<b>hello</b> grüezi"}');
  await doc.text.press('Control+Enter');
  for (const at of [doc, typed]) await at.having('grüezi').waitFor();
  const said = await latest(doc.received);
  assert.deepEqual([said.EventType, said.ObjectType, said.EventData], ['new-message', 'room', { text: '<b>hello</b> grüezi' }]);
  assert.deepEqual(await latest(typed.received), { type: 'event', topic: 'room', event: 'new-message', source: said.MessageSource, data: said.EventData });

  await doc.filters.fill('{"title": "wanted"}');
  await press(doc, 'Subscribe', 'todo');
  await doc.filters.fill('');
  await typed.event.selectOption('create');
  await press(typed, 'Subscribe', 'todo');
  await typed.chip('todo').getByText('listening').waitFor();
  await press(doc, 'List');
  await doc.having('topic-list').nth(2).waitFor(); // answered in order: its subscription is there
  await todo('other');
  await todo('wanted', { done: false });
  await doc.having('create · todo').waitFor();
  await typed.having('create · todo').nth(1).waitFor();
  const { EventData: row } = await latest(doc.received);
  assert.deepEqual([row.__type, row.title, row.done, row.version], ['todo', 'wanted', false, 1]);
  assert.equal(await doc.having('create · todo').count(), 1, 'a filter holds');
  await first.screenshot({ path: path.join(results, 'live.png') });

  await press(typed, 'Unsubscribe', 'room');
  await typed.having('ok · unsubscribe').waitFor();
  assert.equal(await typed.chip('room').textContent(), 'room');
  for (const [page, { token }] of [[first, ann], [second, ben]]) {
    await assertSecret(page, token);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('permissions are asked for and changed, on a phone', { skip }, async () => {
  const [first, owner] = await enter(ann, 'typed', { viewport: phone, colorScheme: 'dark' });
  const [second, guest] = await enter(ben, 'typed');
  await press(owner, 'Create', 'mine');
  await owner.chip('mine').waitFor();
  await press(owner, 'Get');
  await owner.having('"type": "user"').waitFor();
  assert.equal(await owner.permission.inputValue(), '16256');
  await press(guest, 'Subscribe', 'mine');
  await guest.refused.filter({ hasText: 'permission denied: mine' }).waitFor();
  await owner.permission.fill('16290');
  await press(owner, 'Set');
  await owner.having('ok · set-topic-permission').waitFor();
  await press(guest, 'Subscribe', 'mine');
  await guest.chip('mine').getByText('listening').waitFor();
  await press(guest, 'Publish');
  await guest.having('new-message · mine').waitFor();
  await first.screenshot({ path: path.join(results, 'live-phone.png'), fullPage: true });
  await second.screenshot({ path: path.join(results, 'live-typed.png') });
  await assertFits(first);
  await press(owner, 'Destroy');
  await owner.having('ok · destroy-topicName').waitFor();
  assert.equal(await owner.chip('mine').count(), 0);
  await owner.close.click();
  await owner.connect.waitFor();
  assert.match(await owner.newest.textContent(), /^Connection closed/);
  for (const page of [first, second]) {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('what cannot be sent is said, and a wrong token too', { skip }, async () => {
  const page = await open(browser, server, '/');
  await follow(page, '/live');
  await follow(page, '/websocket');
  await follow(page, '/live');
  const at = parts(page);
  assert.equal(await at.url.inputValue(), server.url.replace('http', 'ws') + '/live');
  await page.screenshot({ path: path.join(results, 'live-empty.png') });
  for (const protocol of ['doc', 'typed']) {
    await at.protocol.selectOption(protocol);
    await at.token.fill('nobody-0123456789abcdef');
    await at.connect.click();
    await at.status.getByText('Unauthorized').waitFor();
    await at.connect.waitFor();
    assert.ok(await at.text.isHidden());
    await assertSecret(page, 'nobody-0123456789abcdef');
  }
  await at.protocol.selectOption('');
  await connect(at, ann.token);
  await at.chip('todo').click();
  assert.equal(await at.topic.inputValue(), 'todo');
  const sent = await page.locator('#count-sent').textContent();
  for (const [filters, complaint] of [['{"a":}', /^Not sent: The filters: /], ['[1]', /^Not sent: The filters must be a JSON object/]]) {
    await at.filters.fill(filters);
    await at.topic.press('Enter');
    assert.match(await at.newest.textContent(), complaint);
  }
  await at.text.fill('5');
  await press(at, 'Publish');
  assert.match(await at.newest.textContent(), /^Not sent: The message must be a JSON object/);
  await at.topic.fill('');
  await press(at, 'Create');
  assert.equal(await page.locator('#count-sent').textContent(), sent, 'nothing of this is sent');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the page outlives any frame', { skip }, async () => {
  const page = await open(browser, server, '/live.html');
  const at = parts(page);
  let peer;
  await page.routeWebSocket(/live/, socket => { peer = socket; });
  await at.connect.click();
  await at.text.waitFor();
  const odd = ['null', '5', '[]', '"unauthorized"', '{"type":"event","data":"no base64"}', '{"type":"response","ok":true,"method":"subscribe"}', '{"type":"response","ok":true,"method":"list-topic","data":"bnVsbA=="}',
    '{"ObjectType":"topic-list","EventData":{"topics":"x"}}', '{"type":"session","data":7}', '{"ObjectType":"topic-list","EventData":{"topics":["<img src=x onerror=alert(1)>",5]}}'];
  for (const frame of odd) peer.send(frame);
  await page.locator('#count-received', { hasText: String(odd.length) }).waitFor();
  assert.equal(await page.locator('.chip').count(), 2);
  assert.equal(await page.locator('main img').count(), 0, 'a topic must not become markup');
  await at.chip('<img src=x onerror=alert\\(1\\)>').click();
  assert.equal(await at.topic.inputValue(), '<img src=x onerror=alert(1)>');
  for (let i = 0; i < 400; i++) peer.send(`${i}`);
  await page.locator('#count-received', { hasText: String(400 + odd.length) }).waitFor();
  assert.equal(await at.rows.count(), 300);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
