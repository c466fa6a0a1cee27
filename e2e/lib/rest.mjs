// Rest is a REST client of one server: plain requests, and the subjects a test needs.
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import zlib from 'node:zlib';

export class Rest {
  // ca is the certificate to trust where the base is https.
  constructor(base, secret, ca) {
    this.base = base;
    this.http = base.startsWith('https:') ? https : http;
    this.admin = { 'api-secret': crypto.createHash('sha1').update(secret).digest('hex') };
    this.agent = new this.http.Agent({ keepAlive: true, maxSockets: 128, ca });
  }

  // send resolves to {status, headers, text, body}: the body inflated, and parsed when it is JSON. A request's body is
  // given as a value, or as text to be sent as it stands.
  send(method, path, { jwt, headers = {}, body, text = body === undefined ? undefined : JSON.stringify(body) } = {}) {
    const all = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    if (jwt) all.authorization = `Bearer ${jwt}`;
    for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
    return new Promise((resolve, reject) => {
      const request = this.http.request(this.base + path, { method, headers: all, agent: this.agent }, response => {
        const chunks = [];
        response.on('data', chunk => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answered = inflate(response.headers['content-encoding'], Buffer.concat(chunks)).toString();
          resolve({ status: response.statusCode, headers: response.headers, text: answered, body: parse(answered) });
        });
      });
      request.setTimeout(20_000, () => request.destroy(new Error(`no answer to ${method} ${path}`)));
      request.on('error', reject);
      request.end(text);
    });
  }

  // must is send that throws unless the answer has the expected status.
  async must(status, method, path, options) {
    const answer = await this.send(method, path, options);
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}, expected ${status}`);
    return answer;
  }

  // subject makes a subject with the given permissions and resolves to {name, token, jwt}.
  async subject(name, ...permissions) {
    const auth = '/api/v2/authorization', headers = this.admin;
    await this.must(200, 'POST', `${auth}/roles`, { headers, body: { name: `role-${name}`, permissions } });
    await this.must(200, 'POST', `${auth}/subjects`, { headers, body: { name, roles: [`role-${name}`] } });
    const { body: subjects } = await this.must(200, 'GET', `${auth}/subjects`, { headers });
    const token = subjects.find(s => s.name === name).accessToken;
    const { body: { token: jwt } } = await this.must(200, 'GET', `${auth}/request/${token}`);
    return { name, token, jwt };
  }

  // account resolves to one of the roles or subjects, as it is kept.
  async account(kind, name) {
    const { body } = await this.must(200, 'GET', `/api/v2/authorization/${kind}`, { headers: this.admin });
    return body.find(account => account.name === name);
  }

  // change changes fields of a role or subject.
  async change(kind, name, fields) {
    const body = { ...await this.account(kind, name), ...fields };
    await this.must(200, 'PUT', `/api/v2/authorization/${kind}`, { headers: this.admin, body });
  }

  // history yields every document of a collection after a srvModified, deleted ones included, page by page.
  async * history(collection, jwt, since = 946_684_800_001) {
    for (;;) {
      const { body, headers } = await this.must(200, 'GET', `/api/v3/${collection}/history/${since}?limit=1000`, { jwt });
      if (!body.result.length) return;
      yield* body.result;
      since = Number(headers.etag.match(/^W\/"(\d+)"$/)[1]);
    }
  }

  close() { this.agent.destroy(); }
}

const inflate = (encoding, bytes) => encoding === 'gzip' && bytes.length ? zlib.gunzipSync(bytes) : bytes;

function parse(text) {
  try { return JSON.parse(text); } catch { return text; }
}
