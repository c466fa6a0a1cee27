// The recorded answers of Nightscout 15.0.7 on the embedded engine: equal, or listed with a reason in api/v3/DEVIATIONS.md.
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { replay } from './lib/replay.mjs';

const table = fileURLToPath(new URL('../api/v3/DEVIATIONS.md', import.meta.url));

test('recorded answers', { timeout: 240_000 }, t => replay(t, 'recorded', { table }));
