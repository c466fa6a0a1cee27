// Pages in a real browser, whose complaints and whose every address are kept.
import fs from 'node:fs';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// noBrowser says why a test must be skipped, or is false.
export const noBrowser = fs.existsSync(executablePath) ? false : `no browser at ${executablePath}`;
if (noBrowser && process.env.CI === 'true') throw new Error(noBrowser);

export const launch = () => chromium.launch({ executablePath, args });

// open opens a page of a server; requests to anywhere else fail.
export async function open(browser, server, address, { colorScheme = 'light', viewport = { width: 1280, height: 800 } } = {}) {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  page.asked = []; page.complaints = [];
  await context.route(url => url.origin !== new URL(server.url).origin, route => route.abort());
  page.on('request', request => page.asked.push(request.url()));
  page.on('websocket', socket => page.asked.push(socket.url()));
  page.on('console', message => { if (message.type() === 'error') page.complaints.push(message.text()); });
  page.on('pageerror', error => page.complaints.push(String(error)));
  await page.goto(server.url + address);
  return page;
}

// follow goes where a link leads, and waits until that page's scripts have run.
export async function follow(page, name) {
  const before = page.url();
  await page.getByRole('link', { name }).click();
  await page.waitForURL(url => url.href !== before);
}
