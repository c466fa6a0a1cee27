// The query language (docs/spec/directus-websocket.md §6), row by row of its tables, in the legacy and the core dialect alike.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, directus } from './lib/directus.mjs';
import { Socket } from './lib/socket.mjs';

const collection = 'test';
const rows = [
  { test: 'alpha', status: 'published', n: 1 },
  { test: 'Beta', status: 'draft', n: 2 },
  { test: 'a_b', status: 'published', n: 3 },
  { test: 'aXb', status: 'draft', n: 4 },
  { test: '', status: 'archived', n: 5 },
  { status: 'published', n: null },
  { test: 'alphabet 100%', status: null, n: 2.5, hidden_note: 'needle' },
];
let server, legacy, core;

before(async () => {
  server = await directus('directus-query');
  legacy = await Socket.open(address(server, server.people.admin));
  core = await Socket.open(address(server, server.people.admin, { dialect: 'core' }), { dialect: 'core' });
  const { data } = await legacy.ask({ type: 'POST', collection, data: rows });
  assert.deepEqual(data.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7]);
});
after(async () => { await legacy?.close(); await core?.close(); await server?.stop(); });

// ask is the rows of a query, the same in both dialects.
async function ask(query) {
  const one = await legacy.ask({ type: 'GET', collection, query });
  const other = await core.ask({ type: 'items', action: 'read', collection, query });
  assert.deepEqual(one.data, other.data ?? { status: one.data.status, code: other.error.code }, JSON.stringify(query));
  return one.data;
}

const ids = async query => (await ask({ fields: ['id'], ...query })).map(({ id }) => id);

// tables holds cases [what is asked, expected ids] by what they are about.
const tables = {
  'operators': [
    [{ n: { _eq: 1 } }, [1]], [{ n: 1 }, [1]], [{ n: { _eq: '1' } }, [1]], [{ test: { _eq: 'beta' } }, []], [{ test: { _eq: null } }, [6]],
    [{ n: { _neq: 1 } }, [2, 3, 4, 5, 7]], [{ test: { _neq: null } }, [1, 2, 3, 4, 5, 7]],
    [{ n: { _lt: 2.5 } }, [1, 2]], [{ n: { _lte: 2.5 } }, [1, 2, 7]], [{ n: { _gt: 2.5 } }, [3, 4, 5]], [{ n: { _gte: 2.5 } }, [3, 4, 5, 7]],
    [{ id: { _gt: 5 } }, [6, 7]], [{ id: { _eq: '3' } }, [3]], [{ id: { _in: [2, '4', 99] } }, [2, 4]],
    [{ n: { _in: [1, 2, 'x'] } }, [1, 2]], [{ n: { _in: '1,2' } }, [1, 2]], [{ n: { _in: [] } }, []],
    [{ n: { _nin: [1, 2] } }, [3, 4, 5, 7]], [{ n: { _nin: [] } }, [1, 2, 3, 4, 5, 6, 7]],
    [{ test: { _null: true } }, [6]], [{ test: { _nnull: false } }, [6]], [{ test: { _nnull: true } }, [1, 2, 3, 4, 5, 7]], [{ test: { _null: false } }, [1, 2, 3, 4, 5, 7]],
    [{ test: { _empty: true } }, [5, 6]], [{ test: { _nempty: true } }, [1, 2, 3, 4, 7]], [{ test: { _empty: false } }, [1, 2, 3, 4, 7]],
    [{ test: { _contains: 'a' } }, [1, 2, 3, 4, 7]], [{ test: { _contains: 'b' } }, [3, 4, 7]], [{ test: { _contains: 'a_b' } }, [3]], [{ test: { _contains: '%' } }, [7]], [{ test: { _contains: '.' } }, []],
    [{ test: { _ncontains: 'b' } }, [1, 2, 5]], [{ test: { _icontains: 'B' } }, [2, 3, 4, 7]], [{ test: { _nicontains: 'B' } }, [1, 5]],
    [{ test: { _starts_with: 'al' } }, [1, 7]], [{ test: { _nstarts_with: 'al' } }, [2, 3, 4, 5]], [{ test: { _istarts_with: 'b' } }, [2]], [{ test: { _nistarts_with: 'B' } }, [1, 3, 4, 5, 7]],
    [{ test: { _ends_with: 'a' } }, [1, 2]], [{ test: { _nends_with: 'a' } }, [3, 4, 5, 7]], [{ test: { _iends_with: 'B' } }, [3, 4]], [{ test: { _niends_with: 'B' } }, [1, 2, 5, 7]],
    [{ test: { _ieq: 'BETA' } }, [2]], [{ test: { _nieq: 'BETA' } }, [1, 3, 4, 5, 7]],
    [{ n: { _between: [2, 3] } }, [2, 3, 7]], [{ n: { _between: '2,3' } }, [2, 3, 7]], [{ n: { _between: [2] } }, [1, 2, 3, 4, 5, 6, 7]], [{ n: { _nbetween: [2, 3] } }, [1, 4, 5]],
  ].map(([filter, expected]) => [{ filter }, expected]),
  'combinations': [
    [{}, [1, 2, 3, 4, 5, 6, 7]], [{ filter: null }, [1, 2, 3, 4, 5, 6, 7]], [{ filter: {} }, [1, 2, 3, 4, 5, 6, 7]],
    [{ filter: { status: { _eq: 'draft' }, n: { _gt: 3 } } }, [4]], [{ filter: { n: { _gt: 1, _lt: 3 } } }, [2, 7]],
    [{ filter: { _and: [{ n: { _gt: 1 } }, { status: 'draft' }] } }, [2, 4]], [{ filter: { _or: [{ n: 1 }, { n: 5 }] } }, [1, 5]],
    [{ filter: { _or: [{ n: 1 }, {}] } }, [1, 2, 3, 4, 5, 6, 7]], [{ filter: { _or: [] } }, [1, 2, 3, 4, 5, 6, 7]], [{ filter: { _and: [] } }, [1, 2, 3, 4, 5, 6, 7]],
    [{ filter: { _or: [{ _and: [{ n: { _gte: 3 } }, { status: 'published' }] }, { n: 1 }] } }, [1, 3]],
    [{ filter: '{"n":{"_eq":2}}' }, [2]], [{ filter: { nope: { _eq: 1 } } }, []], [{ filter: { hidden_note: { _eq: 'needle' } } }, [7]],
  ],
  'search': [
    [{ search: 'ALPHA' }, [1, 7]], [{ search: '2' }, [2]], [{ search: '' }, [1, 2, 3, 4, 5, 6, 7]], [{ search: 'draft', filter: { n: { _gt: 2 } } }, [4]], [{ search: '100%' }, [7]], [{ search: 'needle' }, [7]],
  ],
  'order and pages': [
    [{ sort: ['-n'] }, [5, 4, 3, 7, 2, 1, 6]], [{ sort: 'n' }, [6, 1, 2, 7, 3, 4, 5]], [{ sort: 'status,-id' }, [7, 5, 4, 2, 6, 3, 1]], [{ sort: ['test'] }, [6, 5, 2, 4, 3, 1, 7]], [{ sort: '-id' }, [7, 6, 5, 4, 3, 2, 1]],
    [{ limit: 2 }, [1, 2]], [{ limit: -1 }, [1, 2, 3, 4, 5, 6, 7]], [{ limit: 0 }, []], [{ limit: '3' }, [1, 2, 3]], [{ limit: 2.9 }, [1, 2]],
    [{ limit: 2, page: 2 }, [3, 4]], [{ limit: 2, page: 2, offset: 5 }, [3, 4]], [{ limit: 2, page: 0 }, [1, 2]], [{ limit: -1, page: 3 }, [1, 2, 3, 4, 5, 6, 7]], [{ limit: 2, offset: 5 }, [6, 7]], [{ offset: 6 }, [7]],
  ],
};
for (const [what, cases] of Object.entries(tables)) {
  test(what, async t => {
    for (const [query, expected] of cases) await t.test(JSON.stringify(query), async () => assert.deepEqual(await ids(query), expected));
  });
}

const shapes = [
  [{ limit: 1 }, [{ id: 1, test: 'alpha', status: 'published', n: 1, hidden_note: null }]],
  [{ limit: 1, fields: [] }, [{ id: 1, test: 'alpha', status: 'published', n: 1, hidden_note: null }]],
  [{ limit: 1, fields: 'test, n' }, [{ test: 'alpha', n: 1 }]],
  [{ limit: 1, fields: ['nope'] }, [{}]],
  [{ limit: 1, fields: ['*'] }, [{ id: 1, test: 'alpha', status: 'published', n: 1, hidden_note: null }]],
  [{ limit: 1, fields: ['identifier', 'srvModified', '_id'] }, [{}]],
  [{ aggregate: { count: ['*'] } }, [{ count: 7 }]],
  [{ aggregate: { count: '*' } }, [{ count: 7 }]],
  [{ aggregate: { count: ['n', 'id'] } }, [{ count: { n: 6, id: 7 } }]],
  [{ aggregate: { sum: ['n'], avg: ['n'], min: ['n'], max: ['n'] }, filter: { n: { _lte: 2 } } }, [{ sum: { n: 3 }, avg: { n: 1.5 }, min: { n: 1 }, max: { n: 2 } }]],
  [{ aggregate: { countDistinct: ['status'] } }, [{ countDistinct: { status: 3 } }]],
  [{ aggregate: { count: ['*'] }, group: ['status'] }, [{ status: null, count: 1 }, { status: 'archived', count: 1 }, { status: 'draft', count: 2 }, { status: 'published', count: 3 }]],
  [{ aggregate: { count: ['*'] }, groupBy: 'status', sort: '-status', limit: 1 }, [{ status: 'published', count: 3 }]],
];
test('shapes', async t => {
  for (const [query, expected] of shapes) await t.test(JSON.stringify(query), async () => assert.deepEqual(await ask(query), expected));
});

test('counts', async () => {
  const { data, meta } = await core.ask({ type: 'items', action: 'read', collection, query: { filter: { n: { _gt: 2 } }, limit: 1, fields: ['id'], meta: ['total_count', 'filter_count'] } });
  assert.deepEqual([data, meta], [[{ id: 3 }], { total_count: 7, filter_count: 4 }]);
  const all = await core.ask({ type: 'items', action: 'read', collection, query: { limit: 0, meta: '*' } });
  assert.deepEqual([all.data, all.meta], [[], { total_count: 7, filter_count: 7 }]);
});
