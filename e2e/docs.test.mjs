// The page of the API's description in a real browser: it shows every operation, tries one below a base path, and asks
// nobody but its own server.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch, noBrowser as skip } from './lib/browser.mjs';
import { results, Server } from './lib/server.mjs';

let server, browser;

before(async () => {
  if (skip) return;
  server = await Server.start('docs', { BASE_PATH: '/night' });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.stop(); });

test('the description of the API', { skip }, async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const asked = [], complaints = [];
  await page.route(url => url.origin !== new URL(server.url).origin, route => route.abort());
  page.on('request', request => { if (!request.url().startsWith('data:')) asked.push(request.url()); });
  page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', error => complaints.push(String(error)));
  await page.goto(`${server.url}/api3-docs`);
  const operations = page.locator('.opblock');
  await operations.first().waitFor();
  const { body: { paths } } = await server.rest.send('GET', '/openapi.json');
  const described = Object.values(paths).flatMap(item => Object.keys(item).filter(key => key !== 'parameters'));
  assert.equal(await operations.count(), described.length);
  await page.screenshot({ path: path.join(results, 'docs.png') });

  const { jwt } = await server.rest.subject('reader', 'api:*:*');
  await page.getByRole('button', { name: 'Authorize' }).click();
  await page.locator('.auth-container', { hasText: 'jwt' }).first().locator('input').fill(jwt);
  await page.locator('.auth-container', { hasText: 'jwt' }).first().getByRole('button', { name: 'Apply credentials' }).click();
  await page.locator('.btn-done').first().click();
  const search = page.locator('#operations-documents-search');
  await search.locator('.opblock-summary-control').click();
  await search.getByRole('button', { name: 'Try it out' }).click();
  await search.getByPlaceholder('sort', { exact: true }).fill('date');
  await search.getByRole('button', { name: 'Execute' }).click();
  await search.locator('.live-responses-table .response-col_status').first().waitFor();
  await page.screenshot({ path: path.join(results, 'docs-search.png'), fullPage: true });
  const tried = asked.filter(url => url.includes('/api/v3/'));
  assert.equal(tried.length, 1);
  assert.match(tried[0], /\/night\/api\/v3\/entries\?/);
  assert.match(await search.locator('.live-responses-table').first().innerText(), /200/);
  assert.deepEqual(asked.filter(url => !url.startsWith(server.url)), [], 'requests to elsewhere');
  assert.deepEqual(complaints, []);
});
