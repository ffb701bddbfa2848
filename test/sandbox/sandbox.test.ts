import { inspect } from 'node:util';
import { expect } from 'chai';
import { describeRequest, describeResult } from '../../lib/sandbox';
import { api, consentURL, failure, hidden, login, newCode, opener, postForm, raw, start, token } from './support';

describe('sandbox', () => {
  const open = opener();

  it('has credentials of its own each time, or the same ones for the same seed', async () => {
    const [a, b, c, d] = await Promise.all([open(), open(), open({ seed: 'x' }), open({ seed: 'x' })]);
    expect(a.app).not.to.deep.equal(b.app);
    expect(c.app).to.deep.equal(d.app);
    const code = await newCode(c);
    expect(code).to.equal(await newCode(d));
    expect(code).not.to.equal(await newCode(c));
    for (const { app } of [a, b, c]) expect(app.clientSecret).to.match(/^[\w-]+\+[\w-]+\/[\w-]+$/);
    expect((await open({ seed: 0 })).app).not.to.deep.equal((await open({ seed: 1 })).app);
  });

  it('shows no secret when inspected or serialised', async () => {
    const sandbox = await open();
    await login(sandbox);
    const shown = inspect(sandbox, { depth: 9, showHidden: true }) + JSON.stringify(sandbox);
    for (const secret of [sandbox.app.clientSecret, sandbox.app.signingSecret, 'client_secret']) {
      expect(shown).not.to.contain(secret);
    }
    expect(JSON.parse(JSON.stringify(sandbox))).to.deep.equal({ url: sandbox.url });
  });

  it('has endpoints under its address', async () => {
    const { url, endpoints } = await open();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(endpoints).to.deep.equal({
      authorizationURL: `${url}/request`,
      tokenURL: `${url}/oauth2/token`,
      apiURL: url,
    });
  });

  it('logs what it received', async () => {
    const sandbox = await open();
    sandbox.advance(5);
    await token(sandbox, { grant_type: 'client_credentials', client_secret: 'a+b' });
    const [request, ...more] = sandbox.requests;
    expect(more).to.deep.equal([]);
    expect(request).to.include({
      direction: 'in',
      method: 'POST',
      path: '/oauth2/token',
      status: 401,
      time: start + 5,
      connection: 1,
      body: `client_id=${sandbox.app.clientID}&client_secret=a%2Bb&grant_type=client_credentials`,
    });
    expect(request?.form).to.deep.equal({
      client_id: sandbox.app.clientID,
      client_secret: 'a+b',
      grant_type: 'client_credentials',
    });
    expect(request?.headers['content-type']).to.contain('application/x-www-form-urlencoded');
    await raw(consentURL(sandbox));
    expect(sandbox.requests[1]?.query).to.include({ response_type: 'code', state: 'st' });
    await raw(`${sandbox.url}/`);
    expect(sandbox.requests).to.have.length(2);
  });

  it('moves its clock by milliseconds, and back', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    sandbox.advance(900_000);
    expect((await api(sandbox, access)).status).to.equal(401);
    sandbox.advance(-1);
    expect((await api(sandbox, access)).status).to.equal(200);
    sandbox.setTime(new Date('2030-01-01T00:00:00Z'));
    expect(sandbox.now).to.equal(Date.UTC(2030, 0, 1));
    sandbox.setTime(0);
    expect(sandbox.now).to.equal(0);
    for (const wrong of [-1, Number.NaN, Infinity, 1e17]) {
      expect(() => sandbox.advance(wrong)).to.throw(TypeError, 'sandbox.advance takes milliseconds');
      expect(() => sandbox.setTime(wrong)).to.throw(TypeError, 'sandbox.setTime takes a Date');
    }
  });

  it('keeps the clock of an app among the dates that can be shown, however far both clocks were moved', async () => {
    const sandbox = await open();
    const app = sandbox.addApp();
    for (const time of [8_640_000_000_000_000, 0]) {
      sandbox.setTime(start);
      sandbox.setTime(time, { app: app.clientID });
      sandbox.setTime(time);
      sandbox.grant({ app: app.clientID, kind: 'login' });
      expect(sandbox.apps[1]?.now).to.equal(time);
      expect((await raw(`${sandbox.url}/`)).status).to.equal(200);
    }
  });

  it('tells listeners of every exchange and every delivery, until they end it', async () => {
    const sandbox = await open();
    const heard: string[] = [];
    const end = sandbox.onExchange((request) => heard.push(`${describeRequest(request)}: ${describeResult(request)}`));
    await login(sandbox, ['13']);
    await token(sandbox, { grant_type: 'refresh_token', refresh_token: 'x' });
    end();
    await token(sandbox, { grant_type: 'client_credentials' });
    expect(heard).to.deep.equal([
      'Consent page: 200',
      'Approval: 302',
      'Code exchange: 200',
      'Refresh: 400, The refresh token is unknown, or belongs to another key pair',
    ]);
  });

  describe('waits for a request', () => {
    it('of the past or to come, that fits and is finished', async () => {
      const sandbox = await open();
      const early = sandbox.waitForRequest({ form: { grant_type: 'refresh_token' } });
      await token(sandbox, { grant_type: 'client_credentials' });
      await token(sandbox, { grant_type: 'refresh_token', refresh_token: 'x' });
      expect(await early).to.include({ id: 2, status: 400, endpoint: 'token' });
      expect(await sandbox.waitForRequest({ endpoint: 'token' })).to.include({ id: 1, status: 200 });
      const later = sandbox.waitForRequest({ after: 2 });
      await token(sandbox, {});
      expect(await later).to.include({ id: 3 });
    });

    it('in vain, and says so', async () => {
      const sandbox = await open();
      const error = await failure(sandbox.waitForRequest({ status: 418 }, { timeout: 5 }));
      expect(error.message).to.equal('sandbox.waitForRequest: no request fits {"status":418}: none came within 5 ms');
      const waiting = failure(sandbox.waitForRequest());
      await sandbox.close();
      expect((await waiting).message).to.contain('the sandbox was closed');
    });
  });

  describe('gives consent without a browser', () => {
    it('with tokens for a login', async () => {
      const sandbox = await open();
      const { tokens, shared } = sandbox.grant({ kind: 'login', advertisers: ['13'] });
      expect(shared.map(({ id }) => id)).to.deep.equal(['13']);
      expect(tokens).to.include({ tokenType: 'Bearer', obtainedAt: start, expiresAt: start + 900_000 });
      expect((await api(sandbox, tokens?.accessToken ?? '')).data.map(({ id }) => id)).to.deep.equal(['13']);
      const refresh_token = tokens?.refreshToken ?? '';
      expect((await token(sandbox, { grant_type: 'refresh_token', refresh_token })).status).to.equal(200);
    });

    it('to the app itself by default', async () => {
      const sandbox = await open();
      expect(sandbox.grant({ advertisers: ['13', '1352'] })).not.to.have.property('tokens');
      const { access_token } = await token(sandbox, { grant_type: 'client_credentials' });
      expect((await api(sandbox, access_token ?? '')).data).to.have.length(2);
    });

    it('but not to wrong ids, users, apps or kinds', async () => {
      const sandbox = await open();
      expect(() => sandbox.grant({ advertisers: ['7'] })).to.throw(TypeError, 'has no advertiser 7');
      expect(() => sandbox.grant({ user: 'Eve' })).to.throw(TypeError, 'sandbox.grant: there is no user Eve');
      expect(() => sandbox.grant({ app: 'x' })).to.throw(TypeError, 'there is no app with the client id x');
      expect(() => sandbox.grant({ kind: 'signed URL' as 'login' })).to.throw(TypeError, '`kind`');
    });
  });

  describe('goes back to the start', () => {
    it('with consents, tokens, pages, requests, faults, variants, clock, apps and users', async () => {
      const sandbox = await open({ variants: { keyPair: 'app' }, faults: [{ on: 'api', status: 500 }] });
      const { app } = sandbox;
      const { access, refresh } = await login(sandbox);
      const consent = hidden(await raw(consentURL(sandbox)), 'consent');
      sandbox.advance(5_000);
      sandbox.setVariants({ keyPair: 'bound', denialError: 'sentence' });
      sandbox.clearFaults();
      sandbox.addApp({ name: 'Another' });
      sandbox.addUser({ name: 'Ben' });
      sandbox.reset();
      expect(sandbox.app).to.deep.equal(app);
      expect(sandbox.now).to.equal(start);
      expect(sandbox.variants).to.include({ keyPair: 'app', denialError: 'access_denied' });
      expect(sandbox.faults.map(({ fault }) => fault)).to.deep.equal([{ on: 'api', status: 500 }]);
      expect(
        [sandbox.apps, sandbox.users, sandbox.consents, sandbox.requests].map(({ length }) => length),
      ).to.deep.equal([1, 1, 0, 0]);
      sandbox.clearFaults();
      expect((await api(sandbox, access)).status).to.equal(401);
      expect((await token(sandbox, { grant_type: 'refresh_token', refresh_token: refresh })).status).to.equal(400);
      expect((await postForm(`${sandbox.url}/request`, { consent, decision: 'deny' })).status).to.equal(409);
    });

    it('for one app only', async () => {
      const sandbox = await open();
      const other = sandbox.addApp({ name: 'Another' });
      const mine = sandbox.grant({ kind: 'login' });
      const theirs = sandbox.grant({ kind: 'login', app: other.clientID });
      sandbox.fault({ on: 'api', app: other.clientID, status: 500, times: 'always' });
      sandbox.advance(1_000, { app: other.clientID });
      await api(sandbox, theirs.tokens?.accessToken ?? '');
      await api(sandbox, mine.tokens?.accessToken ?? '');
      const link = sandbox.portalLink({ app: other.clientID });
      const page = hidden(await raw(consentURL(sandbox, { client_id: other.clientID })), 'consent');
      sandbox.clearRequests();
      sandbox.setVariants({ keyPair: 'app' }, { app: other.clientID });
      await api(sandbox, mine.tokens?.accessToken ?? '');
      sandbox.reset({ app: other.clientID });
      expect((await raw(link)).status).to.equal(400);
      expect((await postForm(`${sandbox.url}/request`, { consent: page, decision: 'deny' })).status).to.equal(409);
      sandbox.clearRequests();
      await api(sandbox, mine.tokens?.accessToken ?? '');
      expect(sandbox.apps[1]).to.deep.include({ variants: sandbox.variants, now: sandbox.now });
      expect(sandbox.consents.map(({ id }) => id)).to.deep.equal([mine.id]);
      expect(sandbox.requests.map(({ app }) => app)).to.deep.equal([sandbox.app.clientID]);
      expect(sandbox.faults).to.deep.equal([]);
      expect(sandbox.apps).to.have.length(2);
      expect((await api(sandbox, mine.tokens?.accessToken ?? '')).status).to.equal(200);
    });
  });

  it('ends a consent in two ways', async () => {
    const sandbox = await open();
    const [dashboard, role] = [sandbox.grant({ kind: 'login' }), sandbox.grant({ kind: 'login' })];
    await sandbox.revoke(dashboard.id);
    await sandbox.revoke(role.id, { how: 'role-change' });
    const outcome = async ({ tokens }: typeof role) => [
      (await api(sandbox, tokens?.accessToken ?? '')).status,
      (await token(sandbox, { grant_type: 'refresh_token', refresh_token: tokens?.refreshToken ?? '' })).status,
    ];
    expect(await outcome(dashboard)).to.deep.equal([403, 400]);
    expect(await outcome(role)).to.deep.equal([200, 400]);
    expect(sandbox.consents.map(({ revoked }) => revoked)).to.deep.equal(['role-change', 'dashboard']);
  });
});
