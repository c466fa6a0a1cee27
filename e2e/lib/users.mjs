// A server with an event socket, and its clients. A client knows that the server stays silent by an echo, which is answered in
// order; many know it by an echo that somebody broadcasts after everything else.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { atExit } from './atexit.mjs';
import { freePort, Server } from './server.mjs';
import { Socket } from './socket.mjs';

export const localhost = 'http://localhost';
let fences = 0;

// users resolves to a server with that section "websocket" in its configuration file.
export async function users(name, websocket = {}, env = {}) {
  const port = await freePort(), file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'nightwire-users-')), 'config.json');
  atExit(() => fs.rmSync(path.dirname(file), { recursive: true, force: true }));
  fs.writeFileSync(file, published({ port, approvedSocketDomains: ['localhost'], ...websocket }));
  const server = await Server.start(name, { AUTH_DEFAULT_ROLES: 'denied', AUTH_FAIL_DELAY: '1', USERS_CONFIG: file, ...env });
  server.events = `${env.SSL_CERT ? 'wss' : 'ws'}://127.0.0.1:${port}`;
  return server;
}

// published is a configuration file as the published document has it, with a comma too many.
const published = websocket => `{ "port": 8000, "databaseName": "users", "websocket": ${JSON.stringify(websocket).replace(/]/, ',]').replace(/\[,]/, '[]')},\n}\n`;

// connect opens a connection, from localhost unless another origin is given (null: none). With who it is that person's, by the JWT in a header.
export const connect = (server, { who, origin = localhost, headers = {}, query = '', ...options } = {}) =>
  Users.open(`${server.events}/any/path${query}`, { origin, headers: { ...who && { Authorization: `Bearer ${who.jwt}` }, ...headers }, ...options });

export class Users extends Socket {
  // receive takes in one frame; of fences it only notes that they came.
  receive(frame) {
    const [, fence] = String(frame).match(/(?:"message":"|"Could not find user )(fence\d+)"/) ?? [];
    if (fence) (this.fences ??= new Set()).add(fence); else this.frames.push(frame);
  }

  // reached resolves when a fence has come.
  reached(fence) { return this.until(fence, () => this.fences?.has(fence)); }

  // fence is an echo, of which a connection has some dozens at once; with the dialect "meta", where everybody's meta is open, it is
  // a question about nobody's.
  fence() {
    const fence = `fence${++fences}`;
    this.send(this.dialect === 'meta' ? { eventType: 9, username: fence } : { eventType: 10, message: fence });
    return this.reached(fence);
  }
}

// fenceAll resolves when all these connections have heard what a new one broadcasts, and so everything that was told before.
export async function fenceAll(server, sockets, options) {
  const message = `fence${++fences}`, fencer = await connect(server, options);
  fencer.send({ eventType: 10, message, broadcast: true });
  await Promise.all([fencer, ...sockets].filter(socket => !socket.ended).map(socket => socket.reached(message)));
  await fencer.close();
}

// told resolves to what a connection has received up to now, in order; of several, to a list for each.
export async function told(server, ...sockets) {
  await fenceAll(server, sockets);
  const frames = sockets.map(socket => socket.take());
  return frames.length === 1 ? frames[0] : frames;
}
