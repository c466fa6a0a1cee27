'use strict';

// The page is one client of /websocket. It sends what stands in the message field and shows every frame that comes.

const SHOWN = { rows: 300, characters: 2_000_000 }; // a long watch must not fill the browser's memory
const LONGEST = 200_000; // characters of one frame that are shown
const SECRETS = ['api_token', 'access_token', 'refresh_token', 'password'];
const NIGHTSCOUT = ['devicestatus', 'entries', 'food', 'profile', 'settings', 'treatments'];

let socket = null;
let key = 1; // what was last created here; the samples take it
const counts = { sent: 0, received: 0 };

// log puts a line on top; the body, if any, stands below it.
function log(kind, title, body) {
  const row = element('li', kind);
  const line = element('div', 'system');
  line.append(element('span', '', title), clock());
  row.append(line);
  if (body !== undefined) row.append(element('pre', '', shortened(body)));
  $('empty').hidden = true;
  $('events').prepend(row);
  trim();
}

const shortened = text => text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… and ${text.length - LONGEST} more characters` : text;

function trim() {
  const rows = $('events').children;
  let characters = 0, kept = 0;
  while (kept < rows.length && kept < SHOWN.rows && characters < SHOWN.characters) characters += rows[kept++].textContent.length;
  while (rows.length > kept) {
    rows[kept].remove();
    $('cut').hidden = false;
  }
}

function count(direction) { $(`count-${direction}`).textContent = ++counts[direction]; }

// parse is the value of JSON text, or undefined and the reason.
function parse(text) {
  try { return { value: JSON.parse(text) }; } catch (error) { return { reason: error.message }; }
}

// asked is the address with the token and the dialect, whatever else stands in its query.
function asked() {
  const url = new URL($('url').value.trim());
  url.hash = '';
  const token = $('token').value.trim(), place = $('place').value, dialect = $('dialect').value;
  if (token && place !== 'auth') url.searchParams.set(place, token);
  if (dialect) url.searchParams.set('dialect', dialect);
  return url;
}

// shown is an address or a message as it may be read over the shoulder.
function shown(what) {
  if (!(what instanceof URL)) return JSON.stringify(what, (name, value) => SECRETS.includes(name) ? '***' : value, 2);
  const url = new URL(what);
  for (const name of SECRETS) if (url.searchParams.has(name)) url.searchParams.set(name, '***');
  if (url.password) url.password = '***';
  return url.href;
}

function connect() {
  let s;
  try {
    const url = asked();
    log('note', 'Connecting to: ' + shown(url));
    s = new WebSocket(url);
  } catch (error) {
    // The browser's own words may hold the address with the token.
    log('bad', error instanceof TypeError ? 'Connection error: this is not a URL' : 'Connection error: this address cannot be used');
    return status('bad', 'Not a URL for a WebSocket');
  }
  socket = s;
  s.binaryType = 'arraybuffer';
  connecting(true);
  status('busy', 'Connecting');
  s.addEventListener('open', () => opened());
  s.addEventListener('message', event => received(s, event.data));
  s.addEventListener('error', () => log('bad', 'Connection error'));
  s.addEventListener('close', event => closed(s, event));
}

function connecting(yes) {
  $('connect').disabled = yes;
  $('cancel').hidden = !yes;
}

function opened() {
  log('note', 'Connection open');
  status('on', 'Connected');
  connecting(false);
  swap('message', 'text');
  if ($('place').value === 'auth' && $('token').value) send({ type: 'auth', access_token: $('token').value.trim() });
}

function closed(s, { code, reason }) {
  const refused = !$('connection').hidden;
  log('note', `Connection closed (${code}${reason ? ': ' + reason : ''})`);
  if (s !== socket) return;
  socket = null;
  status(refused ? 'bad' : 'off', refused ? 'Refused: is the URL right, and the token?' : 'Not connected');
  connecting(false);
  swap('connection', 'connect');
}

// swap shows one of the two forms, and takes the keyboard along where it stood in the other.
function swap(form, focus) {
  const other = form === 'message' ? 'connection' : 'message';
  const moves = $(other).contains(document.activeElement) || document.activeElement === document.body;
  $(form).hidden = false;
  $(other).hidden = true;
  if (moves) $(focus).focus();
}

function received(s, data) {
  const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
  const { value, reason } = parse(text);
  count('received');
  if (reason !== undefined) return log('bad', 'Received what is not JSON:', text);
  if (value?.type === 'ping') return pong(s);
  remember(value);
  log(value?.type === 'ERROR' || value?.status === 'error' ? 'bad' : 'received', 'Received:', JSON.stringify(value, null, 2));
}

// pong answers the heartbeat of the dialect core; whoever does not is cut.
function pong(s) {
  if (s.readyState !== WebSocket.OPEN) return;
  s.send('{"type":"pong"}');
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

function send(value) {
  if (socket?.readyState !== WebSocket.OPEN) return log('bad', 'Not sent: the connection is not open');
  socket.send(JSON.stringify(value));
  count('sent');
  log('sent', 'Sent:', shown(value));
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
  $('text').value = sample = JSON.stringify(samples($('collection').value.trim())[name], null, 2);
}

// begin puts the first sample in another dialect where nothing else has been written.
function begin() {
  if ($('text').value === sample) fill('get');
}

function clear() {
  for (const direction in counts) $(`count-${direction}`).textContent = counts[direction] = 0;
  $('events').replaceChildren();
  $('cut').hidden = true;
  $('empty').hidden = false;
}

// home is where this page's own server has the socket.
const home = () => new URL('websocket', document.baseURI).href.replace('http', 'ws'); // and so https becomes wss

$('connection').addEventListener('submit', event => { event.preventDefault(); connect(); });
$('message').addEventListener('submit', event => { event.preventDefault(); submit(); });
$('text').addEventListener('keydown', event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(); } });
for (const id of ['close', 'cancel']) $(id).addEventListener('click', () => socket?.close());
$('samples').addEventListener('click', event => { if (event.target.value) fill(event.target.value); });
for (const id of ['dialect', 'place']) $(id).addEventListener('change', begin);
$('clear').addEventListener('click', clear);
$('url').value = home();
begin();
