// upgrade asks for a WebSocket over bare TCP and resolves to what came back before anything else: {status_line, headers, body, ended}.
import net from 'node:net';

export function upgrade(port, path, headers = []) {
  const ask = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...headers];
  return new Promise((resolve, reject) => {
    let received = '';
    const answer = ended => {
      clearTimeout(late);
      socket.destroy();
      const [head, body = ''] = received.split('\r\n\r\n');
      const [status_line, ...fields] = head.split('\r\n');
      resolve({ status_line, headers: fields.filter(f => !/^(sec-websocket-accept|date|x-request-id):/i.test(f)).sort(), body, ended });
    };
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${ask.join('\r\n')}\r\n\r\n`));
    const late = setTimeout(() => answer(received ? 'left open' : 'no answer'), 3000);
    socket.on('data', chunk => {
      received += chunk;
      if (/^HTTP\/1.1 101 .*\r\n\r\n/s.test(received)) answer('open');
      else if (whole(received) && !/^Connection: close/im.test(received)) answer('left open');
    });
    socket.on('end', () => answer('closed by server'));
    socket.on('error', reject);
  });
}

// whole tells that all of an answer's body has come.
function whole(received) {
  const [head, body] = received.split('\r\n\r\n'), length = head.match(/^Content-Length: (\d+)/im)?.[1];
  return body !== undefined && length !== undefined && Buffer.byteLength(body) >= length;
}

// credentials are the headers of the recordings' cases.
export const credentials = (name, token) => ({
  'header Bearer good': [`Authorization: Bearer ${token}`],
  'header good': [`Authorization: Bearer ${token}`],
  'header raw token without Bearer': [`Authorization: ${token}`],
  'header bearer lower-case': [`Authorization: bearer ${token}`],
  'header bad': ['Authorization: Bearer nope'],
  'query good + header bad': ['Authorization: Bearer nope'],
})[name] ?? [];
