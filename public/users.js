'use strict';

// The page is one client of the Users event socket: it shows events by their names, and sends the two requests that there
// are. Nothing but them is ever answered, and whatever is malformed is ignored.

const EVENTS = {
  1: 'Login', 2: 'Logout', 3: 'Activated', 4: 'Removed', 5: 'FileUploaded', 6: 'FileRemoved', 7: 'BucketUploaded', 8: 'BucketRemoved',
  9: 'MetaRequest', 10: 'Echo', 11: 'DocumentCreated', 12: 'DocumentUpdated', 13: 'DocumentRemoved',
};
const META = 9, ECHO = 10;
const USUAL = 8063; // the port of config.example.json
const AT_ONCE = 2_000; // milliseconds in which a server cuts whom it has not approved

let openedAt = 0;
let heard = false; // anything on this connection

// socketURL is this host's on the port that the page's own address names.
function socketURL() {
  const asked = Number(new URLSearchParams(location.search).get('port'));
  const url = new URL(location.origin.replace('http', 'ws')); // and so https becomes wss
  url.port = Number.isInteger(asked) && asked > 0 && asked < 65_536 ? asked : USUAL;
  return url;
}

// portOf is the port of an address, or the one that its scheme has when it says none.
const portOf = url => url.port || (url.protocol === 'wss:' ? '443' : '80');

// showPort keeps the field of the port true to the address, and takePort the address to the port.
function showPort() {
  try { $('port').value = portOf(new URL($('url').value.trim())); } catch { /* half an address has no port yet */ }
}

function takePort() {
  try {
    const url = new URL($('url').value.trim());
    url.port = $('port').value;
    $('url').value = url.href;
  } catch { /* the address is said to be none when it is used */ }
}

// approval is a pattern for this page's Origin, and for no other. It has no backslashes, which JSON would have doubled.
const approval = () => `^${location.origin.replace(/[.[\]]/g, '[$&]')}$`;

function echo() {
  const text = $('text').value;
  const { value = text } = parse(text);
  send({ eventType: ECHO, message: value, ...($('broadcast').checked && { broadcast: true }) }, 'Sent · Echo');
}

function meta(verb) {
  const event = { eventType: META, username: $('username').value };
  if ($('property').value) event.property = $('property').value;
  if (verb === 'set') {
    const { value, reason } = parse($('value').value);
    if (reason !== undefined) return log('bad', 'Not sent: The value: ' + reason);
    event.val = value;
  }
  send(event, 'Sent · MetaRequest');
}

function show(frame) {
  heard = true;
  log(frame?.error ? 'bad' : 'received', headline(frame), pretty(frame));
}

// headline is what happened, and to whom or what, in a line.
function headline(frame) {
  const name = EVENTS[frame?.eventType] ?? 'Received';
  const about = [frame?.colName, frame?.username].filter(part => typeof part === 'string');
  return [name, ...about].join(' · ');
}

function begin() {
  openedAt = performance.now();
  heard = false;
}

// explain says what a cut without a word means: the connection was made, and nobody is told why it ends.
function explain({ code }) {
  if (code !== 1006 || heard || performance.now() - openedAt > AT_ONCE) return;
  refusal = 'Cut at once: is this page’s Origin approved?';
  log('bad', `Cut at once: the server does not approve the Origin ${location.origin}, or it has gone`);
}

$('message').addEventListener('click', event => { if (event.target.value === 'get' || event.target.value === 'set') meta(event.target.value); });
onControlEnter('text', echo);
talk({
  path: socketURL(), first: 'text', parameters: () => ({ token: $('token').value.trim() }), opened: begin,
  submit: echo, received: show, closed: explain,
});
$('url').addEventListener('input', showPort);
$('port').addEventListener('input', takePort);
$('approve').textContent = approval();
showPort();
