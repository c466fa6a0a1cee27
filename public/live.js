'use strict';

// The page is one client of /live. It writes the requests of both protocols: doc's, which only a list is an answer to, and
// typed's, which bring an id and are all answered.

let typed = false; // how this connection is spoken to; a session frame says that it is typed
let asked = 0; // the last id
let topics = new Map(); // those that are known, and whether they are listened to

function begin() {
  typed = $('protocol').value === 'typed';
  topics = new Map();
  offer();
  ask('list');
}

// offer shows what there is in this protocol, and the known topics.
function offer() {
  $('permissions').hidden = !typed;
  $('silent').hidden = typed;
  const names = [...topics.keys()].sort();
  $('topics-known').replaceChildren(...names.map(name => { const o = element('option'); o.value = name; return o; }));
  $('topics').replaceChildren(...names.map(chip));
}

function chip(name) {
  const listening = topics.get(name);
  const button = element('button', 'chip', name);
  button.type = 'button';
  button.value = name;
  if (listening) button.append(element('small', '', ' listening'));
  return button;
}

// learn notes topics by their names: whether each is listened to, where that is said.
function learn(names, listening) {
  for (const name of names) if (typeof name === 'string') topics.set(name, listening ?? topics.get(name) ?? false);
  offer();
}

function forget(name) {
  topics.delete(name);
  offer();
}

// requests are the method and the attributes of what can be asked, with the key that this protocol has for a topic's name.
function requests(topic) {
  const key = typed ? 'topicName' : 'topic';
  return {
    list: () => [`list-${key}`, {}],
    create: () => [`create-${key}`, { name: topic }],
    destroy: () => [`destroy-${key}`, { name: topic }],
    subscribe: () => ['subscribe', { [key]: topic, ...filters() }],
    unsubscribe: () => ['unsubscribe', { [key]: topic }],
    publish: () => ['new-message', { [key]: topic, message: objectIn('text', 'The message') }],
    get: () => ['get-topic-permission', { [key]: topic }],
    set: () => ['set-topic-permission', { [key]: topic, permission: $('permission').valueAsNumber }],
  };
}

// filters are those of a subscribe, where there are any.
function filters() {
  const chosen = $('filters').value.trim() ? objectIn('filters', 'The filters') : {};
  if ($('event-type').value) chosen.EventType = $('event-type').value;
  return Object.keys(chosen).length ? { filters: chosen } : {};
}

function objectIn(id, what) {
  const { value, reason } = parse($(id).value);
  if (reason !== undefined) throw new Error(`${what}: ${reason}`);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} must be a JSON object`);
  return value;
}

function ask(name) {
  const topic = $('topic').value;
  if (name !== 'list' && !$('topic').reportValidity()) return;
  try {
    const [method, attributes] = requests(topic)[name]();
    send(typed ? { id: `page-${++asked}`, method, attributes } : { method, attributes }, `Sent · ${method}`);
    if (!typed) suppose(name, topic);
  } catch (error) {
    log('bad', 'Not sent: ' + error.message);
  }
}

// suppose takes for done what doc does not answer.
function suppose(name, topic) {
  const names = topic.split(',');
  if (name === 'create') learn([topic]);
  if (name === 'destroy') forget(topic);
  if (name === 'subscribe') learn(names, true);
  if (name === 'unsubscribe') learn(names, false);
}

function show(frame) {
  const data = decoded(frame?.data);
  if (frame?.message === 'unauthorized') refuse();
  if (frame?.type === 'session') session();
  if (frame?.type === 'response' && frame.ok) note(frame.method, data);
  if (frame?.ObjectType === 'topic-list') listed(frame.EventData?.topics);
  log(frame?.ok === false || frame?.message ? 'bad' : 'received', headline(frame), pretty(data === undefined ? frame : { ...frame, data }));
}

// decoded is the value in a frame's data, which is base64 of JSON, or undefined where it is not.
function decoded(data) {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(data), c => c.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

// headline is what happened, in a line.
function headline(frame) {
  if (frame?.EventType) return `${frame.EventType} · ${frame.ObjectType}`;
  if (frame?.type === 'event') return `${frame.event} · ${frame.topic}`;
  if (frame?.type === 'response') return `${frame.ok ? 'ok' : 'refused'} · ${frame.method ?? ''}`;
  return `Received${frame?.type ? ' · ' + frame.type : ':'}`;
}

function session() {
  typed = true;
  offer();
}

// note takes over what an answer of typed says.
function note(method, data) {
  if (method?.startsWith('list-topic')) return listed(data?.topics);
  if (method?.startsWith('create-topic')) return learn([data?.topicName]);
  if (method?.startsWith('destroy-topic')) return forget(data?.topicName);
  if (method === 'subscribe') return learn([data?.topic], true);
  if (method === 'unsubscribe') return learn([data?.topic], false);
  if (Number.isSafeInteger(data?.permission)) $('permission').value = data.permission;
}

// listed takes a list for all that there is.
function listed(names) {
  if (!Array.isArray(names)) return;
  topics = new Map(names.map(name => [String(name), topics.get(name) ?? false]));
  offer();
}

function refuse() { refusal = 'Unauthorized: is the token right?'; }

$('message').addEventListener('click', event => {
  const button = event.target.closest('button[value]');
  if (!button) return;
  if (!button.classList.contains('chip')) return ask(button.value);
  $('topic').value = button.value;
  $('topic').focus();
});
onControlEnter('text', () => ask('publish'));
talk({
  path: 'live', first: 'topic', parameters: () => ({ token: $('token').value.trim(), protocol: $('protocol').value }), opened: begin,
  submit: () => ask('subscribe'), received: show, unreadable: text => { if (text === 'unauthorized') refuse(); },
});
