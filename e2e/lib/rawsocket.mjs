// RawSocket speaks WebSocket by hand, so that frames can be wrong.
import { once } from 'node:events';
import net from 'node:net';

export class RawSocket {
  // open resolves when the server has upgraded the connection.
  static async open(url) {
    const { port, pathname, search } = new URL(url), raw = new RawSocket();
    raw.socket = net.connect(port, '127.0.0.1');
    raw.received = Buffer.alloc(0);
    raw.ended = new Promise(resolve => { raw.socket.on('close', resolve); });
    raw.socket.on('error', () => {}); // the end says all
    const upgraded = new Promise((resolve, reject) => {
      raw.socket.on('data', chunk => {
        raw.received = Buffer.concat([raw.received, chunk]);
        const head = raw.received.indexOf('\r\n\r\n');
        if (raw.upgraded || head < 0) return;
        raw.upgraded = true;
        const status = raw.received.subarray(0, raw.received.indexOf('\r\n')).toString();
        raw.received = raw.received.subarray(head + 4);
        if (status.includes(' 101 ')) resolve(); else reject(new Error(status));
      });
    });
    await once(raw.socket, 'connect');
    raw.socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    await upgraded;
    return raw;
  }

  // frame writes one frame; first is its first byte: flags and opcode.
  frame(first, payload = '', { masked = true, length } = {}) {
    const bytes = Buffer.from(payload), size = length ?? bytes.length;
    const head = size < 126 ? Buffer.from([size]) : size < 65536 ? Buffer.from([126, size >> 8, size & 255]) : Buffer.concat([Buffer.from([127]), uint64(size)]);
    if (masked) head[0] |= 0x80;
    this.socket.write(Buffer.concat([Buffer.from([first]), head, masked ? Buffer.alloc(4) : Buffer.alloc(0), bytes])); // a mask of zeros
  }

  // closeCode resolves to the code in the close frame that the server sends, and leaves.
  async closeCode() {
    const close = () => this.frames().find(({ opcode }) => opcode === 8);
    const gone = this.ended.then(() => true);
    while (!close() && await Promise.race([gone, once(this.socket, 'data')]) !== true) /* wait for the rest */;
    this.close();
    return close()?.payload.readUInt16BE(0);
  }

  // frames are the server's so far: {opcode, payload}.
  frames() {
    const frames = [];
    for (let at = 0; at + 2 <= this.received.length;) {
      const opcode = this.received[at] & 15, short = this.received[at + 1], from = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      const size = short < 126 ? short : short === 126 ? this.received.readUInt16BE(at + 2) : Number(this.received.readBigUInt64BE(at + 2));
      frames.push({ opcode, payload: this.received.subarray(from, from + size) });
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
