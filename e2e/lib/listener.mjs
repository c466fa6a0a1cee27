// Listener is one unmodified Socket.IO client on /storage that keeps what it received and subscribes after every
// connect, as real clients do.
import { createRequire } from 'node:module';
import { until } from './until.mjs';

const require = createRequire(import.meta.url);
const io = { '2.2.0': require('sio220'), '2.5.0': require('sio250'), '3.1.3': require('sio313'), '4.8.4': require('socket.io-client').io };

export const versions = Object.keys(io);
export const transports = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };
// combinations are all versions over all transports: {version, transport, label}.
export const combinations = versions.flatMap(version => Object.keys(transports).map(transport => ({ version, transport, label: `${version} over ${transport}` })));

export class Listener {
  // The message is what it subscribes with; without one it only connects. The address is where a proxy would say that
  // the client comes from.
  constructor(url, { version, transport }, message, address) {
    this.events = []; // {event, data} in the order of arrival
    this.carriers = []; // the transport that brought each of them
    this.acks = [];
    this.ends = []; // reasons of disconnects
    this.label = `${version} over ${transport}`;
    this.socket = io[version](`${url}/storage`, { transports: transports[transport], forceNew: true, extraHeaders: address && { 'X-Forwarded-For': address } });
    for (const event of ['create', 'update', 'delete']) this.socket.on(event, data => { this.events.push({ event, data }); this.carriers.push(this.transport); });
    this.socket.on('disconnect', reason => this.ends.push(reason));
    // An acknowledgement that does not come is missed by acked().
    this.socket.on('connect', () => { if (message) this.subscribe(message).then(ack => { this.acks.push(ack); this.onack?.(); }, () => {}); });
  }

  get transport() { return this.socket.io.engine?.transport.name; }

  // subscribe resolves to the acknowledgement.
  subscribe(message) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.label}: no acknowledgement; disconnects: ${this.ends}`)), 10_000).unref();
      this.socket.emit('subscribe', message, ack => { clearTimeout(late); resolve(ack); });
    });
  }

  connected() { return until(`${this.label} to connect`, () => this.socket.connected); }

  acked(count = 1) { return until(`acknowledgement ${count} of ${this.label}`, () => this.acks.length >= count); }

  upgraded() { return until(`${this.label} to upgrade`, () => this.transport === 'websocket'); }

  received(count, ms) { return until(() => `${this.label} to receive ${count} events, has ${this.events.length}`, () => this.events.length >= count, ms); }

  close() { this.socket.close(); }
}
