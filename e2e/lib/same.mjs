// assertSame says where two long lists part instead of printing both.
import assert from 'node:assert/strict';

export function assertSame(actual, expected, label) {
  const at = expected.findIndex((value, i) => actual[i] !== value);
  if (at >= 0) assert.deepEqual(actual.slice(at, at + 8), expected.slice(at, at + 8), `${label}: differs at ${at} of ${expected.length}`);
  assert.equal(actual.length, expected.length, `${label}: received`);
}
