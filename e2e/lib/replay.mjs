// replay sends the recorded requests of Nightscout 15.0.7 to a server and compares the answers, step by step: each must be
// equal, or be listed with a reason in one of the tables.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deviations } from './deviations.mjs';
import { results, Server } from './server.mjs';

const compare = fileURLToPath(new URL('../golden/nightscout/compare.js', import.meta.url));

// replay runs a server with this environment. What one table lists, a later one may take back with a reason that begins with
// "equal".
export async function replay(t, name, env, ...tables) {
  const server = await Server.start(name, { AUTH_DEFAULT_ROLES: 'denied', AUTH_FAIL_DELAY: '50', ...env });
  try {
    const known = Object.assign({}, ...tables.map(deviations));
    for (const [step, reason] of Object.entries(known)) if (reason.startsWith('equal')) delete known[step];
    const file = path.join(results, `${name}-deviations.json`);
    fs.writeFileSync(file, JSON.stringify(known, null, 2));
    const child = spawn(process.execPath, [compare, '--deviations', file], { env: { ...process.env, BASE_URL: server.url, API_SECRET: server.secret }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += chunk; });
    const [code] = await once(child, 'close');
    fs.writeFileSync(path.join(results, `${name}.txt`), output);
    t.diagnostic(output.trim().split('\n').at(-1));
    assert.equal(code, 0, output);
  } finally {
    await server.stop();
  }
}
