// Database is one process of the MongoDB double in mongo-java/, with a file of its own. It can be frozen, killed and started
// again on the same port and file.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { atExit } from './atexit.mjs';
import { freePort, results } from './server.mjs';
import { until } from './until.mjs';

const jar = fileURLToPath(new URL('../mongo-java/target/mongo-java.jar', import.meta.url));

// missing says why there can be no Database here; false when there can.
export const missing = fs.existsSync(jar) && !spawnSync('java', ['-version']).error ? false : 'needs Java 17, and "mvn package" in e2e/mongo-java';
if (missing && process.env.CI === 'true') throw new Error(missing);

export class Database {
  // start resolves when the database answers. With collectionsOnly there is no watching it as a whole.
  static async start(name, { collectionsOnly = false } = {}) {
    const database = new Database();
    database.port = await freePort();
    database.uri = `mongodb://127.0.0.1:${database.port}/nightscout`;
    database.directory = fs.mkdtempSync(path.join(os.tmpdir(), `nightwire-${name}-`));
    database.arguments = ['-jar', jar, String(database.port), path.join(database.directory, 'db'), ...collectionsOnly ? ['--collections'] : []];
    database.log = path.join(results, `database-${name}.log`);
    fs.mkdirSync(results, { recursive: true });
    fs.rmSync(database.log, { force: true });
    atExit(() => { database.child?.kill('SIGKILL'); fs.rmSync(database.directory, { recursive: true, force: true }); });
    await database.again();
    return database;
  }

  // again starts the process on the same port and file.
  async again() {
    const log = fs.openSync(this.log, 'a');
    const child = spawn('java', ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...this.arguments], { stdio: ['ignore', 'pipe', log] });
    fs.closeSync(log);
    this.child = child;
    this.exited = once(child, 'exit');
    let greeting = '';
    child.stdout.on('data', chunk => { greeting += chunk; });
    await until('the database to answer', () => {
      if (child.exitCode !== null) throw new Error(`the database ended at once: see ${this.log}`);
      return greeting.includes('mongodb://');
    });
  }

  // freeze stops the process as it stands: connections stay, nothing is answered.
  freeze() { this.child.kill('SIGSTOP'); }

  thaw() { this.child.kill('SIGCONT'); }

  // kill is kill -9.
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  // client is another program's connection; its collections are those of the database in use.
  async client() {
    const client = new MongoClient(this.uri, { serverSelectionTimeoutMS: 5000 });
    await client.connect();
    return client;
  }

  async stop() {
    await this.kill();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
