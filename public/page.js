'use strict';

// What the pages share: the status in the head, the token's field, and rows of text. What a server says is only ever put
// into textContent, so none of it can become markup.

const $ = id => document.getElementById(id);

function status(state, text) {
  $('status').dataset.state = state;
  $('status-text').textContent = text;
}

function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function clock() {
  const now = new Date();
  const time = element('time', '', now.toLocaleTimeString([], { hour12: false }) + '.' + String(now.getMilliseconds()).padStart(3, '0'));
  time.dateTime = now.toISOString();
  return time;
}

function reveal() {
  const shown = $('token').type === 'password';
  $('token').type = shown ? 'text' : 'password';
  $('reveal').textContent = shown ? 'Hide' : 'Show';
  $('reveal').setAttribute('aria-pressed', String(shown));
}

$('reveal').addEventListener('click', reveal);
