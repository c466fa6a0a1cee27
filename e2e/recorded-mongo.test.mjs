// The recorded requests on both engines: the MongoDB engine answers like the embedded one. It runs on the database that
// RECORDED_URI names, which must be empty, else on FerretDB, whose own limits are listed in golden/FERRETDB.md.
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ferret } from './lib/ferret.mjs';
import { replay } from './lib/replay.mjs';

const file = name => fileURLToPath(new URL(name, import.meta.url));

test('recorded answers on MongoDB', { timeout: 600_000 }, async t => {
  const embedded = await replay(t, 'recorded-embedded', { table: file('../api/v3/DEVIATIONS.md') });
  const like = (name, uri, table) => replay(t, name, { env: { MONGODB_URI: uri }, golden: [embedded], table });
  if (process.env.RECORDED_URI) {
    await like('recorded-mongodb', process.env.RECORDED_URI, 'none');
    return;
  }
  const ferret = await Ferret.start();
  try {
    await like('recorded-ferretdb', `${ferret.uri}nightscout`, file('golden/FERRETDB.md'));
  } finally {
    await ferret.stop();
  }
});
