// Ferret is a FerretDB in a process of its own: a MongoDB of which nothing needs to be installed. FERRET_BIN names it built;
// else it is built, which takes minutes the first time.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { results } from './server.mjs';

const module = fileURLToPath(new URL('../../storage/mongo/mongotest', import.meta.url));

export class Ferret {
  // start resolves to a server without databases; uri is mongodb://host:port/.
  static async start() {
    const ferret = new Ferret();
    ferret.data = fs.mkdtempSync(path.join(os.tmpdir(), 'ferretdb-'));
    process.on('exit', () => { ferret.child?.kill('SIGKILL'); fs.rmSync(ferret.data, { recursive: true, force: true }); });
    fs.mkdirSync(results, { recursive: true });
    const log = fs.openSync(path.join(results, 'ferretdb.log'), 'w');
    ferret.child = spawn(binary(ferret.data), ['-dir', path.join(ferret.data, 'databases')], { cwd: ferret.data, stdio: ['ignore', 'pipe', log] });
    fs.closeSync(log);
    const [line] = await Promise.race([once(ferret.child.stdout, 'data'), once(ferret.child, 'exit').then(() => { throw new Error('FerretDB ended at once: see results/ferretdb.log'); })]);
    ferret.uri = String(line).trim();
    return ferret;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

function binary(dir) {
  if (process.env.FERRET_BIN) return path.resolve(process.env.FERRET_BIN);
  const built = path.join(dir, 'ferret');
  execFileSync('go', ['build', '-tags', 'ferretdb_no_postgresql', '-o', built, './ferret'], { cwd: module, stdio: 'inherit' });
  return built;
}
