// Comparison holds recorded answers against ours. Each must be equal, or be listed with a reason in a table (deviations.mjs) and
// then be exactly what the file of our own answers has, so that a listed answer cannot change unnoticed either.
// NIGHTWIRE_RECORD=1 writes that file anew, to be read before it is committed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { deviations } from './deviations.mjs';

export class Comparison {
  constructor(table, ours) {
    this.reasons = deviations(table);
    this.file = ours;
    this.ours = fs.existsSync(ours) ? JSON.parse(fs.readFileSync(ours, 'utf8')) : {};
    this.counts = {}; // by generation: {equal, listed}
    this.now = {};
    this.faults = [];
  }

  // see compares one answer. Its name begins with the generation's.
  see(generation, name, recorded, answer, same = (a, b) => JSON.stringify(a) === JSON.stringify(b)) {
    const step = `${generation} ${name}`, listed = step in this.reasons;
    const count = this.counts[generation] ??= { equal: 0, listed: 0, failed: 0 };
    const fault = (what, expected) => { count.failed++; this.faults.push(`${step}: ${what}\n  expected ${JSON.stringify(expected)}\n  received ${JSON.stringify(answer)}`); };
    if (same(recorded, answer)) {
      if (listed) fault('is listed as different, but is equal', recorded); else count.equal++;
      return;
    }
    this.now[step] = answer;
    if (!listed) fault('differs and is not listed', recorded);
    else if (!process.env.NIGHTWIRE_RECORD && JSON.stringify(this.ours[step]) !== JSON.stringify(answer)) fault('is listed, but was answered differently so far', this.ours[step]);
    else count.listed++;
  }

  // finish fails unless everything was equal or listed, and everything listed was seen.
  finish(t) {
    const unseen = Object.keys({ ...this.reasons, ...this.ours }).filter(step => !(step in this.now) && !this.faults.some(fault => fault.startsWith(`${step}:`)));
    for (const [generation, { equal, listed, failed }] of Object.entries(this.counts)) t.diagnostic(`${generation}: ${equal} equal, ${listed} listed, ${failed} wrong`);
    if (process.env.NIGHTWIRE_RECORD) fs.writeFileSync(this.file, `{\n${Object.entries(this.now).map(([step, answer]) => `${JSON.stringify(step)}: ${JSON.stringify(answer)}`).join(',\n')}\n}\n`);
    else if (unseen.length) this.faults.push(`listed, but no longer different or not there: ${unseen.join(', ')}`);
    assert.equal(this.faults.length, 0, `\n${this.faults.join('\n')}`);
  }
}
