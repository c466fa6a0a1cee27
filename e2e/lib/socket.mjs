// Socket is npm's ws as a plain client that keeps what it receives: frames are the texts in order of arrival. What it waits
// for is a frame or the end, never a time; a fence (an answered request, an event that was written later) is how it knows that a
// server stays silent.
import WebSocket from 'ws';

let fences = 0;

export class Socket {
  // open resolves when the connection is open. A message's dialect decides how a fence looks: core or anything else.
  static async open(url, { dialect = 'legacy', ...options } = {}) {
    const socket = new this(new WebSocket(url, options), dialect);
    await socket.until('the connection to open', () => socket.ws.readyState === WebSocket.OPEN);
    return socket;
  }

  constructor(ws, dialect) {
    Object.assign(this, { ws, dialect, frames: [], pongs: [], ended: null, failure: null, waiting: new Set() });
    const heard = () => { for (const check of [...this.waiting]) check(); };
    ws.on('open', heard);
    ws.on('message', (data, binary) => { this.receive(binary ? data : data.toString()); heard(); });
    ws.on('pong', data => { this.pongs.push(data.toString()); heard(); });
    ws.on('error', error => { this.failure = error; heard(); });
    ws.on('close', (code, reason) => { this.ended = { close: code, reason: reason.toString() }; heard(); });
  }

  // receive takes in one frame.
  receive(frame) { this.frames.push(frame); }

  // send sends text as it stands, bytes as a binary frame, {binary_utf8} likewise, and anything else as JSON.
  send(message) {
    if (message?.binary_utf8) message = Buffer.from(message.binary_utf8);
    const raw = typeof message === 'string' || Buffer.isBuffer(message);
    if (['auth', 'items', 'ping', 'pong'].includes(message?.type)) this.dialect = 'core'; // the dialect sticks
    this.ws.send(raw ? message : JSON.stringify(message));
  }

  // until resolves to what the condition returns, once that is true.
  until(what, condition, ms = 10_000) {
    return new Promise((resolve, reject) => {
      const leave = () => { clearTimeout(late); this.waiting.delete(check); };
      const fail = why => { leave(); reject(new Error(`${why} while waiting for ${what}; received ${this.frames.slice(-5).join('\n')}`)); };
      const check = () => {
        const found = condition();
        if (found) { leave(); resolve(found); } else if (this.ended) fail(`closed with ${JSON.stringify(this.ended)} ${this.failure ?? ''}`);
      };
      const late = setTimeout(() => fail(`${ms} ms passed`), ms);
      this.waiting.add(check);
      check();
    });
  }

  // take removes and returns the frames that were received.
  take() { return this.frames.splice(0); }

  // next removes and returns the next frame, parsed.
  async next() {
    await this.until('a frame', () => this.frames.length);
    return JSON.parse(this.frames.shift());
  }

  // ask sends a message and resolves to the one frame that comes back, parsed.
  ask(message) { this.send(message); return this.next(); }

  // passed resolves when a frame with this text has come, which it removes.
  async passed(text) {
    const has = frame => frame.includes(text);
    await this.until(text, () => this.frames.some(has));
    this.frames = this.frames.filter(frame => !has(frame));
  }

  // fence resolves when everything that was sent has been answered, if it is answered at all: messages are worked on in order.
  fence() {
    const uid = `fence-${++fences}`;
    this.send(this.dialect === 'core' ? { type: 'ping', uid } : { type: 'get', collection: 'fence', query: { limit: 1, fields: ['id'] }, uid });
    return this.passed(`"uid":"${uid}"`);
  }

  // settled is the frames that came back up to a fence, or up to the end of the connection and then its close.
  async settled() {
    await this.fence().catch(error => { if (!this.ended) throw error; });
    return this.ended ? [...this.take(), this.ended] : this.take();
  }

  // close resolves to the close that came back.
  async close(code = 1000) {
    if (!this.ended) this.ws.close(code);
    return this.over();
  }

  // over resolves when the connection has ended, to {close, reason}.
  over() { return this.until('the end', () => this.ended); }
}

// fenceEvents resolves when all these sockets, which are subscribed to the collection fence, have heard of a new document
// there, and so of everything that was written before.
export async function fenceEvents(write, sockets) {
  const name = `fence-event-${++fences}`;
  await write({ name });
  await Promise.all(sockets.filter(socket => !socket.ended).map(socket => socket.passed(name)));
}
