// What the pages that try a plain WebSocket have in common, as their user sees it.
import assert from 'node:assert/strict';

export const phone = { width: 390, height: 844 };

export function parts(page) {
  return {
    url: page.getByLabel('Server URL'), token: page.getByRole('textbox', { name: 'Access token' }), text: page.getByRole('textbox', { name: 'Message' }),
    connect: page.getByRole('button', { name: 'Connect', exact: true }), close: page.getByRole('button', { name: 'Close', exact: true }),
    button: name => page.getByRole('button', { name, exact: true }), newest: page.locator('#events > li').first(), rows: page.locator('#events > li'),
    received: page.locator('#events > li.received pre'), sent: page.locator('#events > li.sent pre'), refused: page.locator('#events > li.bad pre'), status: page.locator('#status'),
  };
}

// frames are what is shown as received or sent, oldest first.
export const frames = async locator => (await locator.allTextContents()).reverse().map(text => JSON.parse(text));

export async function connect(at, token) {
  await at.token.fill(token);
  await at.connect.click();
  await at.text.waitFor();
}

// assertSecret looks for the token in what can be read, and in addresses of anything but the socket.
export async function assertSecret(page, token) {
  const written = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('input:not([type=password]), textarea')].map(field => field.value).join());
  assert.ok(!written.includes(token), 'the token is shown');
  assert.deepEqual(page.asked.filter(url => url.includes(token) && !url.startsWith('ws:')), [], 'a token in a URL');
}

export async function assertFits(page) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out of the screen');
}
