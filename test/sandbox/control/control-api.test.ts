import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Ajv2020 from 'ajv/dist/2020';
import { expect } from 'chai';
import type { Sandbox } from '../../../lib/sandbox';
import { operations } from '../../../lib/sandbox/control/operations';
import { connector, consentURL, login, opener, raw, redirectURI, start, token } from '../support';
import { pythonStory } from './python-story';

const run = promisify(execFile);
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

describe('sandbox: HTTP API', () => {
  const open = opener();
  const json = { 'content-type': 'application/json', 'x-criteo-sandbox': '1' };

  /** Calls the API and checks what comes against the published schema of the operation. */
  async function call(sandbox: Sandbox, method: string, route: string, body?: unknown) {
    const url = `${sandbox.url}/sandbox/api${route}`;
    const answer = await raw(url, { method, headers: json }, body === undefined ? undefined : JSON.stringify(body));
    const value: unknown = answer.body === '' ? undefined : JSON.parse(answer.body);
    return { status: answer.status, value: value as never, headers: answer.headers };
  }

  it('is described by a file that is valid OpenAPI 3.1', async () => {
    const sandbox = await open();
    const { Validator } = await import('@seriousme/openapi-schema-validator');
    const { value } = await call(sandbox, 'GET', '/openapi.json');
    const result = await new Validator().validate(structuredClone(value));
    expect(result.errors, JSON.stringify(result.errors)).to.equal(undefined);
    expect(result.valid).to.equal(true);
    expect(Object(value).openapi).to.equal('3.1.0');
  });

  it('describes every operation, and each works as described', async () => {
    const sandbox = await open();
    const { value: openapi } = await call(sandbox, 'GET', '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(Object(openapi), 'api');
    const exercised = new Set<string>();
    const exercise = async (id: string, { params = {}, query = '', body }: Exercise = {}) => {
      const operation = operations.find((one) => one.id === id);
      if (!operation) throw new Error(`There is no operation ${id}`);
      const route = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
      const { status, value } = await call(sandbox, operation.method, route + query, body);
      expect(status, `${id}: ${JSON.stringify(value)}`).to.equal(operation.status ?? (operation.response ? 200 : 204));
      if (operation.response) {
        const pointer = ['paths', operation.path || '/', operation.method.toLowerCase(), 'responses', String(status)];
        const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
        const validate = ajv.compile({ $ref: `api#/${escaped.join('/')}/content/application~1json/schema` });
        expect(validate(value), `${id}: ${JSON.stringify(validate.errors)}`).to.equal(true);
      }
      exercised.add(id);
      return Object(value);
    };

    await exercise('getHealth');
    expect(await exercise('getSandbox')).to.deep.include({ url: sandbox.url, app: sandbox.app });
    const app = await exercise('addApp', { body: { name: 'Worker', service: 'retail-media' } });
    expect(await exercise('listApps')).to.have.length(2);
    const user = await exercise('addUser', { body: { name: 'Ben', advertisers: 2 } });
    expect(await exercise('listUsers')).to.have.length(2);
    const decided = await exercise('decide', {
      body: { consentURL: consentURL(sandbox), decision: 'approve', advertisers: ['13'], user: 'Ben' },
    });
    expect(decided.redirectURL).to.contain(`${redirectURI}?code=`);
    await exercise('decide', { body: { consentURL: consentURL(sandbox), decision: 'deny' } });
    const grant = await exercise('grant', { body: { kind: 'login', app: app.clientID } });
    expect(await exercise('listConsents')).to.have.length(2);
    expect(await exercise('listConsents', { query: `?app=${app.clientID}` })).to.have.length(1);
    await exercise('revoke', { params: { id: grant.id }, query: '?how=role-change' });
    await exercise('revokeAll', { query: `?app=${app.clientID}` });
    expect(sandbox.consents.map(({ revoked }) => revoked)).to.deep.equal(['dashboard', undefined]);
    const link = await exercise('createPortalLink', { body: { redirectURI } });
    expect(await sandbox.deny(link.consentURL)).to.equal(redirectURI);
    expect((await exercise('getClock')).now).to.equal(start);
    expect((await exercise('moveClock', { body: { advance: -1_000 } })).now).to.equal(start - 1_000);
    expect((await exercise('moveClock', { body: { now: start } })).now).to.equal(start);
    expect((await exercise('setVariants', { body: { keyPair: 'app' } })).keyPair).to.equal('app');
    expect((await exercise('listVariants')).find(({ name }: { name: string }) => name === 'keyPair').on).to.equal(
      'app',
    );
    const fault = await exercise('addFault', { body: { on: 'token', status: 503, times: 'always' } });
    expect(fault).to.include({ left: 'always', hits: 0 });
    expect(await exercise('listFaults')).to.have.length(1);
    await exercise('clearFault', { params: { id: fault.id } });
    await exercise('clearFault', { params: { id: fault.id } });
    expect(sandbox.faults).to.deep.equal([]);
    await exercise('clearFaults', { query: `?app=${app.clientID}` });
    await token(sandbox, { grant_type: 'refresh_token', refresh_token: 'x' });
    const filter = '?endpoint=token&status=400&form[grant_type]=refresh_token&limit=5&wait=1000';
    expect(await exercise('listRequests', { query: filter })).to.have.length(1);
    await exercise('clearRequests');
    expect(await exercise('listRequests')).to.deep.equal([]);
    await exercise('removeUser', { params: { id: user.id } });
    await exercise('removeApp', { params: { clientID: app.clientID } });
    await exercise('reset', { body: {} });
    expect(operations.map(({ id }) => id).filter((id) => !exercised.has(id))).to.deep.equal([]);
  });

  it('waits for a request that is still to come, and lists none if none came', async () => {
    const sandbox = await open();
    const waiting = call(sandbox, 'GET', '/requests?endpoint=token&wait=5000');
    await token(sandbox, { grant_type: 'client_credentials' });
    expect((await waiting).value).to.have.length(1);
    expect((await call(sandbox, 'GET', '/requests?endpoint=api&wait=10')).value).to.deep.equal([]);
  });

  describe('refuses', () => {
    it('what another website could make a browser send', async () => {
      const sandbox = await open();
      const reset = (headers: Record<string, string>) =>
        raw(`${sandbox.url}/sandbox/api/reset`, { method: 'POST', headers });
      await login(sandbox);
      expect((await reset({})).status).to.equal(403);
      expect((await reset({ 'content-type': 'application/x-www-form-urlencoded' })).status).to.equal(403);
      expect((await reset({ ...json, origin: 'https://evil.example' })).status).to.equal(403);
      expect((await reset({ ...json, 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
      const rebound = await reset({ ...json, host: 'evil.example' });
      expect([rebound.status, JSON.parse(rebound.body).error.code]).to.deep.equal([421, 'refused']);
      const read = await raw(`${sandbox.url}/sandbox/api`, { headers: { 'sec-fetch-site': 'cross-site' } });
      expect([read.status, read.body.includes(sandbox.app.clientSecret)]).to.deep.equal([403, false]);
      const preflight = { origin: 'https://evil.example', 'access-control-request-headers': 'x-criteo-sandbox' };
      const options = await raw(`${sandbox.url}/sandbox/api/reset`, { method: 'OPTIONS', headers: preflight });
      expect(Object.keys(options.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
      expect(sandbox.requests).to.have.length(3);
    });

    const cases: [string, string, unknown, number, string][] = [
      ['GET', '/nowhere', undefined, 404, 'openapi.json'],
      ['PUT', '/clock', {}, 405, 'Use GET, PATCH'],
      ['POST', '/apps', { pkce: 'on' }, 400, 'field `pkce` must be true or false'],
      ['POST', '/apps', [], 400, '`body` must be an object'],
      ['POST', '/users', {}, 400, 'field `name`'],
      ['POST', '/decisions', { decision: 'approve' }, 400, 'field `consentURL`'],
      [
        'POST',
        '/decisions',
        { decision: 'deny', consentURL: 'https://consent.criteo.com/request' },
        400,
        'one of this',
      ],
      ['POST', '/consents', { user: 'nobody' }, 404, 'there is no user nobody'],
      ['POST', '/portal-links', { redirectURI: 'http://a.example' }, 422, 'The redirectURI is not registered'],
      ['PATCH', '/clock', {}, 400, 'give one of `advance` and `now`'],
      ['PATCH', '/clock', { advance: 1e20 }, 400, 'milliseconds'],
      ['PATCH', '/variants', { keyPair: 'free' }, 400, "field `keyPair` must be 'bound' or 'app'"],
      ['POST', '/faults', { on: 'token', status: 1 }, 400, '`status` must be'],
      ['POST', '/faults', null, 400, '`on` must be'],
      ['GET', '/requests?status=x', undefined, 400, 'parameter `status` must be a whole number'],
      ['GET', '/requests?limit=5000', undefined, 400, 'parameter `limit`'],
      ['GET', '/requests?wait=999999999', undefined, 400, 'parameter `wait`'],
      ['GET', '/requests?x=1', undefined, 400, 'there is no parameter `x`'],
      ['GET', '/requests?__proto__=1', undefined, 400, 'there is no parameter `__proto__`'],
      ['GET', '/clock?app=none', undefined, 404, 'there is no app with the client id none'],
      ['GET', '/variants?app=none', undefined, 404, 'there is no app with the client id none'],
      ['GET', '/requests?app=1&app=2', undefined, 400, '`app` is repeated'],
      ['GET', '/requests?app=%zz', undefined, 400, 'cannot be decoded'],
      ['DELETE', '/apps/%zz', undefined, 400, 'cannot be decoded'],
      ['DELETE', '/apps/none', undefined, 404, 'there is no app'],
      ['DELETE', '/consents/none', undefined, 404, 'there is no consent none'],
      ['GET', '/__proto__', undefined, 404, 'There is no'],
    ];
    for (const [method, route, body, status, message] of cases) {
      it(`${method} ${route}${body === undefined ? '' : ` with ${JSON.stringify(body)}`}, and says why`, async () => {
        const sandbox = await open();
        const answer = await call(sandbox, method, route, body);
        expect(answer.status, JSON.stringify(answer.value)).to.equal(status);
        expect(Object(answer.value).error.message).to.contain(message);
        expect(Object(answer.value).error.code).to.match(/^[a-z_]+$/);
      });
    }

    it('what is nested too deeply to be written again', async () => {
      const sandbox = await open();
      const body = `{"on":"token","status":200,"body":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
      const answer = await raw(`${sandbox.url}/sandbox/api/faults`, { method: 'POST', headers: json }, body);
      expect([answer.status, JSON.parse(answer.body).error.code]).to.deep.equal([400, 'invalid_json']);
      expect(sandbox.faults).to.deep.equal([]);
    });

    it('a decision that leads to an error page, with its reason', async () => {
      const sandbox = await open();
      const body = { consentURL: consentURL(sandbox, { client_id: 'other' }), decision: 'approve' };
      const { status, value } = await call(sandbox, 'POST', '/decisions', body);
      expect([status, Object(value).error.message.includes('Unknown client_id')]).to.deep.equal([422, true]);
    });

    it('bodies that are no JSON, and those of other content types', async () => {
      const sandbox = await open();
      const post = (headers: Record<string, string>, body: string) =>
        raw(`${sandbox.url}/sandbox/api/apps`, { method: 'POST', headers }, body);
      expect((await post(json, '{')).status).to.equal(400);
      expect((await post({ 'x-criteo-sandbox': '1', 'content-type': 'text/plain' }, '{}')).status).to.equal(415);
      expect((await post(json, JSON.stringify({ name: 'x'.repeat(70_000) }))).status).to.equal(413);
    });
  });

  describe('tells one story (sign in, expire, refresh, revoke, consent callback)', () => {
    it("to Python's standard library", async function () {
      if (!has('python3')) this.skip();
      const receiver = await connector();
      const folder = await mkdtemp(path.join(tmpdir(), 'sandbox-story-'));
      try {
        const sandbox = await open({ app: { callbackURL: receiver.url } });
        await writeFile(path.join(folder, 'story.py'), pythonStory);
        const { stdout } = await run('python3', [path.join(folder, 'story.py'), sandbox.url]);
        expect(stdout.trim().split('\n')).to.deep.equal([
          'signed in: 13',
          'expired: 401',
          'refreshed: 200',
          'revoked: 403',
          'consent callback: 1',
          'requests of the story: 3',
        ]);
        expect(JSON.parse(receiver.received[0]?.body ?? '')).to.include({ Type: 'ConsentGranted', State: 'user-42' });
      } finally {
        await receiver.close();
        await rm(folder, { recursive: true });
      }
    });

    it('to curl', async function () {
      if (!has('curl')) this.skip();
      const sandbox = await open();
      const curl = async (route: string, ...options: string[]) => {
        const { stdout } = await run('curl', ['-sS', `${sandbox.url}${route}`, ...options]);
        return stdout === '' ? undefined : JSON.parse(stdout);
      };
      const guard = ['-H', 'X-Criteo-Sandbox: 1', '-H', 'Content-Type: application/json'];
      const body = (value: unknown) => ['-d', JSON.stringify(value)];
      const { app } = await curl('/sandbox/api');
      const client = [
        '--data-urlencode',
        `client_id=${app.clientID}`,
        '--data-urlencode',
        `client_secret=${app.clientSecret}`,
      ];
      const page = consentURL(sandbox);
      const decision = { consentURL: page, decision: 'approve', advertisers: ['13'] };
      const { redirectURL } = await curl('/sandbox/api/decisions', ...guard, ...body(decision));
      const code = new URL(redirectURL).searchParams.get('code') ?? '';
      const grant = [
        '-d',
        'grant_type=authorization_code',
        '-d',
        `code=${code}`,
        '--data-urlencode',
        `redirect_uri=${redirectURI}`,
      ];
      const tokens = await curl('/oauth2/token', ...client, ...grant);
      const ask = (token: string) => curl('/2026-07/advertisers/me', '-H', `Authorization: Bearer ${token}`);
      expect((await ask(tokens.access_token)).data[0].id).to.equal('13');
      await curl('/sandbox/api/clock', '-X', 'PATCH', ...guard, ...body({ advance: 900_000 }));
      expect((await ask(tokens.access_token)).errors[0].code).to.equal('authorization-token-expired');
      const refresh = ['-d', 'grant_type=refresh_token', '-d', `refresh_token=${tokens.refresh_token}`];
      const fresh = await curl('/oauth2/token', ...client, ...refresh);
      expect((await ask(fresh.access_token)).data[0].id).to.equal('13');
      await curl('/sandbox/api/consents', '-X', 'DELETE', ...guard);
      expect((await ask(fresh.access_token)).errors[0].type).to.equal('access_control');
      const requests = await curl('/sandbox/api/requests?endpoint=token');
      expect(requests.map(({ status }: { status: number }) => status)).to.deep.equal([200, 200]);
      await curl('/sandbox/api/reset', '-X', 'POST', ...guard);
      expect(await curl('/sandbox/api/requests')).to.deep.equal([]);
    });
  });
});

interface Exercise {
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
}
