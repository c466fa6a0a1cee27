// A transcript is a recorded scenario of Daptin's /live as steps: what somebody did, and what came back to whom until the next.

import { plain } from './live.mjs';

// steps reads a scenario's log. A step is {act, who, ...} with back: what each connection received, {A: [...]}, and what HTTP
// answered, as http. The acts are connect, send, ping, close and http.
export function steps(log) {
  const found = [], connects = {};
  const step = (act, who, entry) => { found.push({ act, who, ...entry, back: {} }); return found.at(-1); };
  const last = who => found.at(-1)?.act === 'connect' && connects[who] || found.at(-1);
  const back = (who, frame) => (last(who).back[who] ??= []).push(frame);
  for (const { dir, who, ...entry } of log) {
    if (dir === 'connect') connects[who] = step('connect', who, entry);
    else if (dir === 'send') step(entry.raw === undefined ? 'close' : 'send', who, entry);
    else if (dir === 'http') step('http', who, entry);
    else if (dir === 'http-res') (found.at(-1) ?? step('http', who, { method: 'GET', path: '/ping' })).back.http = answer(entry);
    else if (dir === 'upgrade') { connects[who].open = true; connects[who].back[who] = [handshake(entry)]; }
    else if (dir === 'http-reject') back(who, handshake(entry));
    else if (dir === 'recv') back(who, entry.raw);
    else if (dir === 'recv-pong') { step('ping', who, entry); back(who, `pong ${entry.data}`); }
    else if (dir === 'client-error') { if (entry.code && connects[who]) connects[who].refused = true; }
    else if (dir === 'close') closed(who, entry);
    else if (dir === 'not-open') back(who, 'not open');
  }
  return found;

  function closed(who, { code, reason }) {
    const from = found.at(-1), connect = connects[who];
    if (connect && !connect.open) return; // an older connection's end
    const told = { close: code, reason };
    const answered = from.who === who && !connect?.refused && from.act === 'send' && from.back[who];
    if (from.who !== who || answered || from.act === 'http' || from.act === 'connect' && !connect?.refused) step('close', who, { close: 1000 });
    back(who, told);
  }
}

// handshake is the answer to a request for an upgrade, as text.
export const handshake = ({ status, headers = {} }) => [status, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`).sort()].join(', ');

// answer is an HTTP answer of the recordings; of a bare one the head is given in full.
function answer({ raw, status, body }) {
  if (raw === undefined) return { status, body };
  const [head, text] = raw.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: text };
}

const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

// Names replaces what differs by nature: times, the numbers of sessions, groups, and references by what they refer to.
export class Names {
  constructor(people, isTopic) {
    this.names = new Map(Object.entries(people).map(([name, reference]) => [reference, `<${name}>`]));
    Object.assign(this, { rows: [], isTopic });
  }

  // row notes the reference of the next row.
  row(reference) {
    this.rows.push(reference);
    this.names.set(reference, `<row ${this.rows.length - 1}>`);
  }

  // of is a frame, or anything else that was received, in these names.
  of(frame) {
    if (typeof frame !== 'string') return frame;
    const clear = plain(frame);
    return this.topics(clear === frame ? frame : `in base64: ${clear}`).replace(uuid, id => this.names.get(id) ?? id).replace(time, '<time>')
      .replace(/"groups":\[[^\]]*\]/, '"groups":[...]').replace(/"sessionId":\d+/, '"sessionId":<n>').replace(/("sessionId":<n>,"user":)"[^"<]*"/, '$1<user>');
  }

  // topics leaves only those that both servers have in a list of topics, in order; there is none in what is sent.
  topics(frame) {
    return frame.replace(/"topics":(\[[^\]]*\])/, (_, list) => `"topics":${JSON.stringify(JSON.parse(list).filter(this.isTopic).sort())}`);
  }
}
