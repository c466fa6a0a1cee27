// Server is one process of the built binary with a data directory of its own. It can be stopped, killed and started
// again on the same port and data.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit } from './atexit.mjs';
import { Rest } from './rest.mjs';
import { until } from './until.mjs';

const project = fileURLToPath(new URL('../..', import.meta.url));
export const results = path.join(project, 'e2e', 'results');
const secret = 'the secret of the end-to-end tests';

let built;
export function binary() {
  if (process.env.NIGHTWIRE_BIN) return path.resolve(project, process.env.NIGHTWIRE_BIN);
  if (!built) {
    built = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'nightwire-bin-')), 'nightwire');
    execFileSync('go', ['build', '-o', built, '.'], { cwd: project, stdio: 'inherit' });
    atExit(() => fs.rmSync(path.dirname(built), { recursive: true, force: true }));
  }
  return built;
}

// freePort is a port on which nobody listens.
export async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

export class Server {
  // start resolves when the server answers. The name names its log in results/.
  static async start(name, env = {}) {
    const server = new Server();
    server.name = name;
    server.port = await freePort();
    server.url = `${env.SSL_CERT ? 'https' : 'http'}://127.0.0.1:${server.port}${env.BASE_PATH ?? ''}`;
    server.secret = secret;
    server.data = fs.mkdtempSync(path.join(os.tmpdir(), `nightwire-${name}-`));
    server.env = env;
    fs.mkdirSync(results, { recursive: true });
    fs.rmSync(server.log, { force: true });
    atExit(() => { server.child?.kill('SIGKILL'); fs.rmSync(server.data, { recursive: true, force: true }); });
    await server.again();
    return server;
  }

  get log() { return path.join(results, `server-${this.name}.log`); }

  // again starts the process on the same port and data.
  async again() {
    const log = fs.openSync(this.log, 'a');
    const own = { PORT: String(this.port), HOSTNAME: '127.0.0.1', API_SECRET: secret, DATA_DIR: this.data, TZ: 'UTC' };
    const child = spawn(binary(), [], { cwd: this.data, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...own, ...this.env }, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.child = child;
    this.exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.rest = new Rest(this.url, secret, this.env.SSL_CERT && fs.readFileSync(this.env.SSL_CERT));
    await until(`${this.name} to answer`, async () => {
      if (child.exitCode !== null || child.signalCode) throw new Error(`the server ended at once:\n${fs.readFileSync(this.log, 'utf8').slice(-2000)}`);
      return this.rest.send('GET', '/api/v3/version').then(answer => answer.status === 200, () => false);
    });
  }

  // stop asks politely and expects a clean end.
  async stop() {
    this.child.kill('SIGTERM');
    const { code, signal } = await this.exited;
    this.rest.close();
    if (code !== 0) throw new Error(`SIGTERM ended the server with ${signal ?? code}, expected exit code 0; see ${this.log}`);
  }

  // kill is kill -9.
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
    this.rest.close();
  }
}
