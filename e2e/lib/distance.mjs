// distance puts milliseconds between clients and a server, more of them for WebSockets, so that a client is well
// subscribed by polling when its upgrade begins. It resolves to {url, close}.
import { once } from 'node:events';
import net from 'node:net';

export async function distance(server, { polling, websocket }) {
  const proxy = net.createServer(near => {
    const far = net.connect(server.port, '127.0.0.1');
    let ms = polling;
    near.once('data', head => { if (head.includes('transport=websocket')) ms = websocket; });
    for (const [from, to] of [[near, far], [far, near]]) {
      from.setNoDelay(true);
      // Timers of one length fire in the order in which they were set, so nothing overtakes.
      from.on('data', chunk => setTimeout(() => to.write(chunk), ms));
      from.on('close', () => setTimeout(() => to.destroy(), ms));
      from.on('error', () => from.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${proxy.address().port}`, close: () => proxy.close() };
}
