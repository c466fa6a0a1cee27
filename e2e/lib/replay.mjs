// replay sends the recorded requests of Nightscout 15.0.7 to a server of ours and compares the answers, step by step: each must
// be equal, or be listed with a reason in the table.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deviations } from './deviations.mjs';
import { results, Server } from './server.mjs';

const compare = fileURLToPath(new URL('../golden/nightscout/compare.js', import.meta.url));

// replay runs a server with this environment and resolves to a file with its answers, which can be the golden file of
// another replay in place of the original's.
export async function replay(t, name, { env = {}, golden = [], table }) {
  const server = await Server.start(name, { AUTH_DEFAULT_ROLES: 'denied', AUTH_FAIL_DELAY: '50', ...env });
  try {
    const known = path.join(results, `${name}-deviations.json`), answers = path.join(results, `${name}.json`);
    fs.writeFileSync(known, JSON.stringify(deviations(table), null, 2));
    const args = [compare, ...golden, '--deviations', known, '--record', answers];
    const child = spawn(process.execPath, args, { env: { ...process.env, BASE_URL: server.url, API_SECRET: server.secret }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += chunk; });
    const [code] = await once(child, 'close');
    fs.writeFileSync(path.join(results, `${name}.txt`), output);
    t.diagnostic(`${name}: ${output.trim().split('\n').at(-1)}`);
    assert.equal(code, 0, output);
    return answers;
  } finally {
    await server.stop();
  }
}
