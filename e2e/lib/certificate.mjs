// certificate makes a certificate for 127.0.0.1 and its key, in files: {cert, key}. It needs openssl.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { atExit } from './atexit.mjs';

// missing says why there can be none; false when there can.
export const missing = spawnSync('openssl', ['version']).error ? 'needs openssl' : false;
if (missing && process.env.CI === 'true') throw new Error(missing);

export function certificate() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nightwire-tls-'));
  atExit(() => fs.rmSync(directory, { recursive: true, force: true }));
  const cert = path.join(directory, 'cert.pem'), key = path.join(directory, 'key.pem');
  const ask = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...ask, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}
