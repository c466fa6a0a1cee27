'use strict';
// A Socket.IO server on Node that does what Nightwire does for one write, without storing it: it takes a document by POST
// and emits it to the room of the collection. Usage: node server.js PORT
const http = require('http');
const { Server } = require('socket.io');

const server = http.createServer((request, response) => {
  if (request.method !== 'POST') { response.end('{}'); return; }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const doc = JSON.parse(Buffer.concat(parts));
    doc.srvModified = Date.now();
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ status: 201, identifier: doc.identifier, lastModified: doc.srvModified }));
    storage.to('entries').emit('create', { colName: 'entries', doc });
  });
});
const io = new Server(server, { serveClient: false, perMessageDeflate: false, allowEIO3: true });
const storage = io.of('/storage');
storage.on('connection', (socket) => socket.on('subscribe', (message, ack) => {
  socket.join('entries');
  ack({ success: true, collections: ['entries'] });
}));
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
