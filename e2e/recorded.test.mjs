// The recorded answers of Nightscout 15.0.7, step by step: equal, or listed with a reason in api/v3/DEVIATIONS.md.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deviations } from './lib/deviations.mjs';
import { results, Server } from './lib/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

test('recorded answers', { timeout: 240_000 }, async t => {
  const server = await Server.start('recorded', { AUTH_DEFAULT_ROLES: 'denied', AUTH_FAIL_DELAY: '50' });
  try {
    const known = path.join(results, 'deviations.json');
    fs.writeFileSync(known, JSON.stringify(deviations(path.join(here, '../api/v3/DEVIATIONS.md')), null, 2));
    const args = [path.join(here, 'golden/nightscout/compare.js'), '--deviations', known];
    const compare = spawn(process.execPath, args, { env: { ...process.env, BASE_URL: server.url, API_SECRET: server.secret }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [compare.stdout, compare.stderr]) stream.on('data', chunk => { output += chunk; });
    const [code] = await once(compare, 'close');
    fs.writeFileSync(path.join(results, 'recorded.txt'), output);
    t.diagnostic(output.trim().split('\n').at(-1));
    assert.equal(code, 0, output);
  } finally {
    await server.stop();
  }
});
