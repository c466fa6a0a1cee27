'use strict';

const form = document.getElementById('form');
const log = (...parts) => { document.getElementById('log').append(parts.map(p => typeof p === 'string' ? p : JSON.stringify(p)).join(' ') + '\n'); };

form.addEventListener('submit', event => {
  event.preventDefault();
  form.querySelector('button').disabled = true;

  // The Socket.IO engine lies beside this page, also when the server has a base path.
  const socket = io(location.origin + '/storage', { path: new URL('socket.io', document.baseURI).pathname });

  // 'connect' comes again after every reconnect, and the server starts with no subscriptions each time.
  socket.on('connect', () => {
    const message = { accessToken: document.getElementById('token').value.trim(), collections: ['entries', 'treatments'] };
    socket.emit('subscribe', message, answer => {
      if (answer.success) log('subscribed to', answer.collections);
      else log('refused:', answer.message);
    });
  });
  socket.on('create', data => log('created in', data.colName, data.doc));
  socket.on('update', data => log('updated in', data.colName, data.doc));
  socket.on('delete', data => log('deleted in', data.colName, data.identifier));
  socket.on('disconnect', reason => log('disconnected:', reason));
});
