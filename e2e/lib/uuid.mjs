// nameUUID is the identifier that a document without one gets (docs/spec/nightscout-v3.md §2): UUIDv5 in the namespace
// whose bytes read NightscoutRocks!
import crypto from 'node:crypto';

export function nameUUID(name) {
  const bytes = crypto.createHash('sha1').update('NightscoutRocks!').update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
