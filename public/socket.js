'use strict';

// What the pages share that try a plain WebSocket: the connection, the two forms before and after it, and the log. A page
// says with talk() what is its own.

const SHOWN = { rows: 300, characters: 2_000_000 }; // a long watch must not fill the browser's memory
const LONGEST = 200_000; // characters of one frame that are shown
const SECRETS = ['api_token', 'access_token', 'refresh_token', 'token', 'password'];

let socket = null;
let refusal = ''; // what a frame has said of why it closes
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
const pretty = value => JSON.stringify(value, null, 2);

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

function clear() {
  for (const direction in counts) $(`count-${direction}`).textContent = counts[direction] = 0;
  $('events').replaceChildren();
  $('cut').hidden = true;
  $('empty').hidden = false;
}

// parse is the value of JSON text, or undefined and the reason.
function parse(text) {
  try { return { value: JSON.parse(text) }; } catch (error) { return { reason: error.message }; }
}

// address is the one that was typed with these parameters where they are not empty, whatever else stands in its query.
function address(parameters) {
  const url = new URL($('url').value.trim());
  url.hash = '';
  for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value);
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

function connect(page) {
  let s;
  try {
    const url = address(page.parameters());
    log('note', 'Connecting to: ' + shown(url));
    s = new WebSocket(url);
  } catch (error) {
    // The browser's own words may hold the address with the token.
    log('bad', error instanceof TypeError ? 'Connection error: this is not a URL' : 'Connection error: this address cannot be used');
    return status('bad', 'Not a URL for a WebSocket');
  }
  socket = s;
  refusal = '';
  s.binaryType = 'arraybuffer';
  connecting(true);
  status('busy', 'Connecting');
  s.addEventListener('open', () => opened(page));
  s.addEventListener('message', event => received(page, event.data));
  s.addEventListener('error', () => log('bad', 'Connection error'));
  s.addEventListener('close', event => closed(page, s, event));
}

function connecting(yes) {
  $('connect').disabled = yes;
  $('cancel').hidden = !yes;
}

function opened(page) {
  log('note', 'Connection open');
  status('on', 'Connected');
  connecting(false);
  swap('message', page.first);
  page.opened();
}

function received(page, data) {
  const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
  const { value, reason } = parse(text);
  count('received');
  if (reason === undefined) return page.received(value);
  page.unreadable?.(text);
  log('bad', 'Received what is not JSON:', text);
}

function closed(page, s, event) {
  const { code, reason } = event;
  const unopened = !$('connection').hidden;
  if (unopened) refusal = 'Refused: is the URL right, and the token?';
  log('note', `Connection closed (${code}${reason ? ': ' + reason : ''})`);
  if (s !== socket) return;
  if (!unopened) page.closed?.(event);
  socket = null;
  status(refusal ? 'bad' : 'off', refusal || 'Not connected');
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

function send(value, title = 'Sent:') {
  if (socket?.readyState !== WebSocket.OPEN) return log('bad', 'Not sent: the connection is not open');
  socket.send(JSON.stringify(value));
  count('sent');
  log('sent', title, shown(value));
}

// onControlEnter lets a field of several lines be sent from the keyboard.
function onControlEnter(id, act) {
  $(id).addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    act();
  });
}

// talk brings the page to life. It says where its socket is (path, or a whole address) and what goes into the query
// (parameters), which field is the first when it is connected, and what it does then (opened), when its form is sent
// (submit), with a message of JSON (received) and, if it cares, with any other (unreadable) and at the end (closed).
function talk(page) {
  $('connection').addEventListener('submit', event => { event.preventDefault(); connect(page); });
  $('message').addEventListener('submit', event => { event.preventDefault(); page.submit(); });
  for (const id of ['close', 'cancel']) $(id).addEventListener('click', () => socket?.close());
  $('clear').addEventListener('click', clear);
  $('url').value = new URL(page.path, document.baseURI).href.replace(/^http/, 'ws'); // and so https becomes wss
}
