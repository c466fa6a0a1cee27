// Live is a client of /live that keeps what it receives. On every connection it hears of the topic "fence", and what it publishes
// there comes back to it after everything that was answered or written before: so it knows that a server stays silent.
import WebSocket from 'ws';
import { Server } from './server.mjs';
import { Socket } from './socket.mjs';

const everything = 'create,read,update,delete';
let fences = 0;

// live resolves to a server with this environment whose people are {admin, alice, bob}: {name, token, jwt, reference}. Alice may do
// everything with every collection, bob with some; only admin may see the subjects.
export async function live(name, env = {}) {
  const server = await Server.start(name, { COLLECTIONS: 'todo:uuid(title,count,done),document,certificate', AUTH_DEFAULT_ROLES: 'denied', AUTH_FAIL_DELAY: '1', LIVE_RATE: '0', ...env });
  try {
    const { rest } = server;
    server.live = `ws://127.0.0.1:${server.port}${env.LIVE_PATH ?? '/live'}`;
    server.people = {
      admin: await rest.subject('admin', '*'),
      alice: await rest.subject('alice', `api:*:${everything}`),
      bob: await rest.subject('bob', `api:todo,document:${everything}`, 'api:certificate:read'),
    };
    const admin = await connect(server, 'admin', { protocol: 'doc', fenced: false });
    admin.send({ method: 'create-topic', attributes: { name: 'fence' } });
    await (await admin.fenced()).close();
    for (const who of Object.keys(server.people)) {
      const socket = await connect(server, who, { protocol: 'typed' });
      server.people[who].reference = (await socket.session()).user;
      await socket.close();
    }
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// connect opens a connection as one of the people. Without a protocol it is the client that tells its dialect.
export async function connect(server, who, { protocol, fenced = true, ...options } = {}) {
  const url = new URL(server.live);
  url.searchParams.set('token', server.people[who].jwt);
  if (protocol) url.searchParams.set('protocol', protocol);
  const socket = await Live.open(url.href, { dialect: protocol, ...options });
  return fenced ? socket.fenced() : socket;
}

// plain is a frame with its data in clear: base64 that is not the one way to write its bytes stays as it is.
export function plain(frame) {
  return String(frame).replace(/"data":"([A-Za-z0-9+/=]*)"}$/, (whole, text) => {
    const data = Buffer.from(text, 'base64');
    return data.toString('base64') === text ? `"data":${data}}` : whole;
  });
}

export class Live extends Socket {
  constructor(ws, dialect) {
    super(ws, dialect);
    this.fences = new Set();
    ws.on('upgrade', ({ statusCode: status, headers: { 'sec-websocket-accept': _, ...headers } }) => { this.upgrade = { status, headers }; });
    ws.on('unexpected-response', (request, { statusCode: status }) => { this.upgrade = { status }; request.destroy(); ws.terminate(); });
  }

  // receive takes in one frame; of what is told about the fence it keeps nothing else.
  receive(frame) {
    const [, fence] = plain(frame).match(/"fence":"(fence-\d+)"/) ?? [];
    if (fence) this.fences.add(fence);
    else if (!plain(frame).endsWith('"data":{"topic":"fence"}}')) this.frames.push(frame);
  }

  get key() { return this.dialect === 'typed' ? 'topicName' : 'topic'; }

  // session resolves to what the first frame of a typed connection says, which it removes.
  async session() {
    const { type, status, data } = await this.next();
    if (type !== 'session' || status !== 'open') throw new Error(`no session: ${type} ${status}`);
    return data;
  }

  // fenced resolves to the connection when it hears of the fence.
  async fenced() {
    this.send({ method: 'subscribe', attributes: { [this.key]: 'fence' } });
    await this.fence().catch(error => { if (!this.ended) throw error; });
    return this;
  }

  async fence() {
    const fence = `fence-${++fences}`;
    this.send({ method: 'new-message', attributes: { [this.key]: 'fence', message: { fence } } });
    await this.until(fence, () => this.fences.delete(fence));
  }

  // received is settled with the frames as they came.
  received() { return super.settled(); }

  // settled is the frames that came back up to a fence, in clear, or up to the end of the connection and then its close.
  async settled() { return (await this.received()).map(frame => frame.close ? frame : plain(frame)); }

  // next removes and returns the next frame, parsed.
  async next() {
    await this.until('a frame', () => this.frames.length);
    return JSON.parse(plain(this.frames.shift()));
  }
}

