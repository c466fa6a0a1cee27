'use strict';

// The page is one client of /websocket. It sends what stands in the message field and shows every frame that comes.

const NIGHTSCOUT = ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments'];

let key = 1; // what was last created here; the samples take it

// parameters are the token and the dialect, where they go into the URL.
function parameters() {
  const place = $('place').value;
  return { dialect: $('dialect').value, ...(place !== 'auth' && { [place]: $('token').value.trim() }) };
}

function authenticate() {
  if ($('place').value === 'auth' && $('token').value) send({ type: 'auth', access_token: $('token').value.trim() });
}

function show(value) {
  if (value?.type === 'ping') return pong();
  remember(value);
  log(value?.type === 'ERROR' || value?.status === 'error' ? 'bad' : 'received', 'Received:', pretty(value));
}

// pong answers the heartbeat of the dialect core; whoever does not is cut.
function pong() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send('{"type":"pong"}');
  count('sent');
  log('note', 'Received a ping, answered with a pong');
}

// remember notes the key of what was created, in any dialect's words.
function remember(value) {
  const row = Array.isArray(value?.data) ? value.data[0] : value?.data;
  const found = value?.key ?? row?.id;
  if (typeof found === 'string' || typeof found === 'number') key = found;
}

function submit() {
  const { value, reason } = parse($('text').value);
  if (reason !== undefined) return log('bad', 'Invalid JSON in message! ' + reason);
  if ($('uid').checked && value !== null && typeof value === 'object' && !Array.isArray(value) && value.uid === undefined) value.uid = uuid();
  send(value);
}

// uuid is a random one of version 4. The browser's own function is missing on pages that came over plain HTTP.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  return Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

// fields are what the samples write: Nightscout's collections ask for some.
function fields(collection, text) {
  return NIGHTSCOUT.includes(collection) ? { date: Date.now(), app: 'nightwire', device: 'websocket.html', notes: text } : { test: text };
}

// samples are the messages of the extension's documents, and what the dialect core has for them.
function samples(collection) {
  const query = { fields: ['*'], limit: 5 };
  const extension = {
    get: { type: 'get', collection, query },
    post: { type: 'post', collection, data: fields(collection, 'test123') },
    patch: { type: 'patch', collection, id: key, data: fields(collection, 'test321') },
    delete: { type: 'delete', collection, id: key },
    subscribe: { type: 'subscribe', collection },
    unsubscribe: { type: 'unsubscribe' },
  };
  const dialect = $('dialect').value || ($('place').value === 'auth' ? 'core' : 'legacy'); // who sends auth speaks core
  if (dialect === 'v3') return { ...extension, subscribe: { ...extension.subscribe, query: { fields: ['*'] }, uid: 'page' }, unsubscribe: { type: 'unsubscribe', uid: 'page' } };
  if (dialect !== 'core') return extension;
  const items = (action, { collection, id, data, query }) => ({ type: 'items', action, collection, id, data, query });
  return {
    get: items('read', extension.get), post: items('create', extension.post),
    patch: items('update', extension.patch), delete: items('delete', extension.delete),
    subscribe: { type: 'subscribe', collection, query, uid: 'page' }, unsubscribe: { type: 'unsubscribe', uid: 'page' },
  };
}

let sample = ''; // what fill has put there

function fill(name) {
  $('text').value = sample = pretty(samples($('collection').value.trim())[name]);
}

// begin puts the first sample in another dialect where nothing else has been written.
function begin() {
  if ($('text').value === sample) fill('get');
}

onControlEnter('text', submit);
$('samples').addEventListener('click', event => { if (event.target.value) fill(event.target.value); });
for (const id of ['dialect', 'place']) $(id).addEventListener('change', begin);
talk({ path: 'websocket', first: 'text', parameters, opened: authenticate, received: show, submit });
begin();
