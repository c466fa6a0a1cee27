// A server with the data set of Directus's recordings, and its people as subjects: their rights hold for collections, where
// Directus's roles also knew fields and rows.
import { Socket } from './socket.mjs';
import { Server } from './server.mjs';

const columns = 'test,status,n,hidden_note';
const collections = `test:int(${columns}),secret:int(${columns}),Mixed:int(${columns}),fence:int(name)`;
const rows = {
  test: [['one', 'published', 1, 'h1'], ['two', 'draft', 2, 'h2'], ['three', 'published', 3, 'h3']].map(([test, status, n, hidden_note]) => ({ test, status, n, hidden_note })),
  secret: [{ test: 's1' }],
  Mixed: [{ test: 'mixed-one' }],
};

// directus resolves to a server with this environment, whose people are {admin, editor, limited}: {name, token, jwt}. Without a
// token one has the rights of the role visitor.
export async function directus(name, env = {}) {
  const server = await Server.start(name, { COLLECTIONS: collections, AUTH_DEFAULT_ROLES: 'visitor', AUTH_FAIL_DELAY: '1', WEBSOCKET_RATE: '0', ...env });
  return orStop(server, async () => {
    server.sockets = `ws://127.0.0.1:${server.port}${env.WEBSOCKET_PATH ?? '/websocket'}`;
    const { rest } = server;
    await rest.must(200, 'POST', '/api/v2/authorization/roles', { headers: rest.admin, body: { name: 'visitor', permissions: ['api:test:read', 'api:fence:read'] } });
    server.people = {
      admin: await rest.subject('admin', '*'),
      editor: await rest.subject('editor', 'api:test:create,read,update,delete', 'api:Mixed:read', 'api:fence:read'),
      limited: await rest.subject('limited', 'api:test:read', 'api:fence:read'),
      public: {},
    };
  });
}

// orStop resolves to the server that work made ready; it stops one that could not be made so.
async function orStop(server, work) {
  try {
    await work();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// address is where somebody connects.
export function address(server, { token } = {}, query = {}) {
  const url = new URL(server.sockets);
  if (token) url.searchParams.set('access_token', token);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url.href;
}

// connect opens a connection as one of the people.
export const connect = (server, who, { query, ...options } = {}) => Socket.open(address(server, server.people[who], query), options);

// seed writes the recordings' rows, which get the ids 1, 2, 3.
export async function seed(server) {
  const admin = await connect(server, 'admin', { query: { dialect: 'legacy' } });
  try {
    for (const [collection, data] of Object.entries(rows)) {
      const answer = await admin.ask({ type: 'POST', collection, data, uid: collection });
      if (answer.type !== 'RESPONSE' || answer.data.some((row, i) => row.id !== i + 1)) throw new Error(`seeding ${collection}: ${JSON.stringify(answer)}`);
    }
  } finally {
    await admin.close();
  }
}

// seeded is directus with the rows.
export async function seeded(name, env) {
  const server = await directus(name, env);
  return orStop(server, () => seed(server));
}
