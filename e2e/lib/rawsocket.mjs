// RawSocket speaks WebSocket by hand, so that frames can be wrong.
import { once } from 'node:events';
import net from 'node:net';

export class RawSocket {
  // open resolves when the server has upgraded the connection. Frames of early go out with the request.
  static async open(url, options) {
    const raw = await this.ask(url, options), [status] = raw.head.split('\r\n');
    if (!status.includes(' 101 ')) throw new Error(status);
    return raw;
  }

  // ask resolves when the server has answered the request for an upgrade; head is its answer, up to and with the empty line. With
  // halfOpen the end of what the server sends does not end what may be sent to it.
  static async ask(url, { headers = [], version = 13, early = Buffer.alloc(0), halfOpen: allowHalfOpen = false } = {}) {
    const { port, pathname, search } = new URL(url), raw = new RawSocket();
    raw.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen });
    raw.received = Buffer.alloc(0);
    raw.ended = new Promise(resolve => { raw.socket.on('close', resolve); });
    raw.finished = new Promise(resolve => { raw.socket.on('end', () => resolve('FIN')).on('close', () => resolve(raw.failure?.code ?? 'closed')); });
    raw.socket.on('error', error => { raw.failure = error; });
    const answered = new Promise((resolve, reject) => {
      raw.socket.on('data', chunk => {
        raw.received = Buffer.concat([raw.received, chunk]);
        const end = raw.received.indexOf('\r\n\r\n') + 4;
        if (raw.head || end < 4) return;
        raw.head = raw.received.subarray(0, end).toString('latin1');
        raw.received = raw.received.subarray(end);
        resolve();
      });
      raw.socket.on('close', () => reject(new Error(`no answer: ${raw.failure?.code ?? 'closed'}`)));
    });
    await once(raw.socket, 'connect');
    const request = [`GET ${pathname}${search} HTTP/1.1`, 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Version: ${version}`, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...headers];
    raw.socket.write(Buffer.concat([Buffer.from(`${request.join('\r\n')}\r\n\r\n`, 'latin1'), early]));
    await answered;
    return raw;
  }

  // frame writes one frame; first is its first byte: flags and opcode.
  frame(first, payload, options) { this.socket.write(RawSocket.bytes(first, payload, options)); }

  // bytes are those of one frame.
  static bytes(first, payload = '', { masked = true, length } = {}) {
    const bytes = Buffer.from(payload), size = length ?? bytes.length;
    const head = size < 126 ? Buffer.from([size]) : size < 65536 ? Buffer.from([126, size >> 8, size & 255]) : Buffer.concat([Buffer.from([127]), uint64(size)]);
    if (masked) head[0] |= 0x80;
    return Buffer.concat([Buffer.from([first]), head, masked ? Buffer.alloc(4) : Buffer.alloc(0), bytes]); // a mask of zeros
  }

  // closeCode resolves to the code in the close frame that the server sends, and leaves.
  async closeCode() {
    const close = await this.frameOr(({ opcode }) => opcode === 8);
    this.close();
    return close?.payload.readUInt16BE(0);
  }

  // frameOr resolves to the first frame of that kind, undefined when the server's end comes before it.
  async frameOr(wanted) {
    for (;;) {
      const found = this.frames().find(wanted);
      if (found || this.over) return found;
      await Promise.race([this.finished.then(() => { this.over = true; }), new Promise(resolve => { this.socket.once('data', resolve); })]);
    }
  }

  // frames are the server's so far: {flags, opcode, payload}.
  frames() {
    const frames = [];
    for (let at = 0; at + 2 <= this.received.length;) {
      const opcode = this.received[at] & 15, flags = this.received[at] >> 4, short = this.received[at + 1], from = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (from > this.received.length) break;
      const size = short < 126 ? short : short === 126 ? this.received.readUInt16BE(at + 2) : Number(this.received.readBigUInt64BE(at + 2));
      if (from + size > this.received.length) break;
      frames.push({ flags, opcode, payload: this.received.subarray(from, from + size) });
      at = from + size;
    }
    return frames;
  }

  close() { this.socket.destroy(); }
}

function uint64(n) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(n));
  return bytes;
}
