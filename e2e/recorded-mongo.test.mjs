// The recorded answers once more on the MongoDB engine: on the database that RECORDED_URI names, which must be empty, else on
// FerretDB, whose own limits are listed in golden/FERRETDB.md.
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ferret } from './lib/ferret.mjs';
import { replay } from './lib/replay.mjs';

const file = name => fileURLToPath(new URL(name, import.meta.url));
const ours = file('../api/v3/DEVIATIONS.md'), ferretdb = file('golden/FERRETDB.md');

test('recorded answers on MongoDB', { timeout: 600_000 }, async t => {
  if (process.env.RECORDED_URI) return replay(t, 'recorded-mongodb', { MONGODB_URI: process.env.RECORDED_URI }, ours);
  const ferret = await Ferret.start();
  try {
    await replay(t, 'recorded-ferretdb', { MONGODB_URI: `${ferret.uri}nightscout` }, ours, ferretdb);
  } finally {
    await ferret.stop();
  }
});
