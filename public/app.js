'use strict';

// The page is one Socket.IO client. Its whole protocol is in open(): subscribe after every connect, then listen.

const SHOWN = 500; // rows kept in the page; a long watch must not fill the browser's memory
const CLIENTS = { '2.2.0': 'socket.io/2.2.0/socket.io.js', '4.x': 'socket.io/socket.io.js' };
const OPERATIONS = ['create', 'update', 'delete'];

let socket = null;
const loaded = new Map();
const counts = { create: 0, update: 0, delete: 0 };

// Both versions call themselves io, so each is taken off the global object as soon as it has loaded.
function client(version) {
  if (!loaded.has(version)) {
    const started = new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = CLIENTS[version];
      script.onload = () => { resolve(window.io); delete window.io; };
      script.onerror = () => { loaded.delete(version); reject(new Error('The Socket.IO client could not be loaded')); };
      document.head.append(script);
    });
    loaded.set(version, started);
  }
  return loaded.get(version);
}

function row(content) {
  const item = element('li');
  item.append(content);
  $('empty').hidden = true;
  $('events').prepend(item);
  while ($('events').children.length > SHOWN) {
    $('events').lastElementChild.remove();
    $('cut').hidden = false;
  }
}

// What happened to the connection stands between the events, where a gap in them would be.
function note(text) {
  const line = element('div', 'system', text);
  line.append(clock());
  row(line);
}

function show(operation, data) {
  $('count-' + operation).textContent = ++counts[operation];
  const summary = element('summary');
  const key = operation === 'delete' ? data.identifier : data.doc.identifier;
  summary.append(element('span', 'op ' + operation, operation), element('span', 'collection', data.colName), element('span', 'key', key), clock());
  const details = element('details');
  details.append(summary, element('pre', '', JSON.stringify(operation === 'delete' ? data : data.doc, null, 2)));
  row(details);
}

function collections() {
  return [...$('collections').querySelectorAll('input:checked')].map(box => box.value);
}

function open(io) {
  const s = io(location.origin + '/storage', { path: new URL('socket.io', document.baseURI).pathname, forceNew: true });
  s.on('connect', () => s.emit('subscribe', { accessToken: $('token').value.trim(), collections: collections() }, answer => {
    if (!answer.success) return close('bad', answer.message);
    const granted = answer.collections.join(', ');
    status('on', 'Listening to ' + (answer.collections.length === 6 ? 'all collections' : granted));
    note('Subscribed to ' + granted);
  }));
  for (const operation of OPERATIONS) s.on(operation, data => show(operation, data));
  s.on('connect_error', error => status('busy', 'Cannot connect (' + error.message + '); trying again'));
  s.on('disconnect', reason => {
    note('Disconnected: ' + reason);
    if (reason === 'io client disconnect') return; // close() has said the rest
    // A namespace disconnect by the server is final: the client does not come back by itself.
    if (reason === 'io server disconnect') close('bad', 'Ended by the server');
    else status('busy', 'Connection lost; reconnecting');
  });
  return s;
}

function close(state, text) {
  if (socket) socket.close();
  socket = null;
  status(state, text);
  editable(true);
}

function editable(yes) {
  $('connect').disabled = !yes;
  $('disconnect').disabled = yes;
  for (const field of $('form').querySelectorAll('input')) field.disabled = !yes;
}

async function connect() {
  if (!collections().length) return status('bad', 'Choose at least one collection');
  const version = document.querySelector('input[name="client"]:checked').value;
  editable(false);
  status('busy', 'Connecting with client ' + version);
  try {
    const io = await client(version);
    if ($('connect').disabled) socket = open(io); // else: Disconnect was pressed while the client was loading
  } catch (error) {
    close('bad', error.message);
  }
}

// Nothing is kept but what stands in the field. The token goes in a header, because addresses are logged.
async function signOut() {
  close('busy', 'Signing out');
  $('signout').disabled = true;
  try {
    const answer = await fetch('api/v2/authorization/signout', { method: 'POST', headers: { 'api-secret': $('token').value.trim() } });
    if (answer.ok) forget('off', 'Signed out');
    else if (answer.status === 401) forget('bad', 'The server does not know this token; it is forgotten here');
    else throw new Error('the server answered ' + answer.status);
  } catch (error) {
    close('bad', 'Not signed out: ' + error.message);
  }
  offerSignOut();
}

function forget(state, text) {
  close(state, text);
  $('token').value = '';
  if ($('token').type === 'text') reveal();
}

function offerSignOut() { $('signout').disabled = !$('token').value.trim(); }

function clear() {
  for (const operation of OPERATIONS) $('count-' + operation).textContent = counts[operation] = 0;
  $('events').replaceChildren();
  $('cut').hidden = true;
  $('empty').hidden = false;
}

$('form').addEventListener('submit', event => { event.preventDefault(); connect(); });
$('disconnect').addEventListener('click', () => close('off', 'Not connected'));
$('clear').addEventListener('click', clear);
$('signout').addEventListener('click', signOut);
$('token').addEventListener('input', offerSignOut);
offerSignOut(); // browsers put back what stood in a field before a reload
$('hint').textContent = `API=${new URL('api', document.baseURI)} TOKEN=your-access-token
JWT=$(curl -s $API/v2/authorization/request/$TOKEN | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
curl $API/v3/entries \\
  -H "Authorization: Bearer $JWT" -H "Content-Type: application/json" \\
  -d '{"type":"sgv","sgv":104,"device":"demo","app":"curl","date":'$(date +%s000)'}'`;
