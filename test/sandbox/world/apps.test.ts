import { expect } from 'chai';
import { api, consentURL, exchange, hidden, opener, postForm, raw, redirectURI, token } from '../support';

describe('sandbox: several apps', () => {
  const open = opener();

  it('have credentials, redirect URIs and services of their own on one consent host', async () => {
    const sandbox = await open({
      app: { name: 'Reports', redirectURIs: [redirectURI] },
      apps: [{ name: 'Shelves', service: 'retail-media' }],
    });
    const [reports, shelves] = sandbox.apps;
    expect(reports?.credentials).to.deep.equal(sandbox.app);
    expect(shelves?.credentials).to.have.all.keys('clientID', 'clientSecret', 'signingKey', 'signingSecret');
    const elsewhere = { redirect_uri: 'https://other.example/cb' };
    expect((await raw(consentURL(sandbox, elsewhere))).status).to.equal(400);
    const page = await raw(consentURL(sandbox, { ...elsewhere, client_id: shelves?.clientID }));
    expect(page.status).to.equal(200);
    expect(page.body).to.contain('<strong>Shelves</strong>').and.to.contain('Share your accounts?');
  });

  it('cannot use the codes, refresh tokens or secrets of another one', async () => {
    const sandbox = await open();
    const { credentials } = sandbox.addApp();
    const other = { client_id: credentials.clientID, client_secret: credentials.clientSecret };
    const { tokens } = sandbox.grant({ kind: 'login' });
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens?.refreshToken ?? '' };
    expect((await token(sandbox, { ...refresh, ...other })).error).to.equal('invalid_grant');
    const back = await sandbox.approve(consentURL(sandbox));
    const code = new URL(back).searchParams.get('code') ?? '';
    expect((await exchange(sandbox, code, other)).error).to.equal('invalid_grant');
    expect((await exchange(sandbox, code)).status).to.equal(200);
    const mixed = { grant_type: 'client_credentials', client_secret: credentials.clientSecret };
    expect((await token(sandbox, mixed)).error).to.equal('invalid_client');
  });

  it('do not disturb each other: each has its own clock, faults, variants and requests', async () => {
    const sandbox = await open();
    const [one, two] = [sandbox.addApp({ name: 'Worker 1' }), sandbox.addApp({ name: 'Worker 2' })];
    const [mine, theirs] = [one, two].map(({ clientID }) => sandbox.grant({ kind: 'login', app: clientID }));
    sandbox.fault({ on: 'api', app: one.clientID, status: 503, times: 'always' });
    sandbox.advance(900_000, { app: two.clientID });
    const call = async (grant: typeof mine) => (await api(sandbox, grant?.tokens?.accessToken ?? '')).status;
    expect([await call(mine), await call(theirs)]).to.deep.equal([503, 401]);
    sandbox.clearFaults({ app: one.clientID });
    expect([await call(mine), await call(theirs)]).to.deep.equal([200, 401]);
    expect(await sandbox.waitForRequest({ app: two.clientID })).to.include({ status: 401 });
    sandbox.clearRequests({ app: two.clientID });
    expect(sandbox.requests.map(({ app }) => app)).to.deep.equal([one.clientID, one.clientID]);
    await sandbox.revoke(undefined, { app: one.clientID });
    expect(await call(mine)).to.equal(403);
  });

  it('get the same credentials and tokens for the same seed, whatever the other ones do', async () => {
    const [a, b] = await Promise.all([open({ seed: 's' }), open({ seed: 's' })]);
    for (let count = 0; count < 5; count++) a.grant({ kind: 'login' });
    const [one, two] = [a.addApp({ name: 'Worker' }), b.addApp({ name: 'Worker' })];
    expect(one).to.deep.equal(two);
    const tokens = [a, b].map((sandbox) => sandbox.grant({ kind: 'login', app: one.clientID }).tokens);
    expect(tokens[0]).to.deep.equal(tokens[1]);
  });

  it('are meant by any of their client ids', async () => {
    const keys = ['a', 'b'].map((clientID) => ({ clientID, clientSecret: 'secret' }));
    const sandbox = await open({ app: { keys }, faults: [{ on: 'token', app: 'b', status: 503 }] });
    const machine = { grant_type: 'client_credentials', client_id: 'b', client_secret: 'secret' };
    expect((await raw(sandbox.endpoints.tokenURL, { method: 'POST' })).status).to.equal(400);
    sandbox.fault({ on: 'token', match: { app: 'b' }, status: 502 });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const ask = async () =>
      (await raw(sandbox.endpoints.tokenURL, { method: 'POST', headers }, new URLSearchParams(machine).toString()))
        .status;
    expect([await ask(), await ask(), await ask()]).to.deep.equal([503, 502, 200]);
    expect(await sandbox.waitForRequest({ app: 'b', status: 200 })).to.include({ app: 'a' });
    expect(() => sandbox.fault({ on: 'token', app: 'c' })).to.throw(TypeError, 'sandbox.fault: there is no app');
  });

  it('can be removed with their tokens, but for the first', async () => {
    const sandbox = await open();
    const { clientID } = sandbox.addApp();
    const { tokens } = sandbox.grant({ kind: 'login', app: clientID });
    const consent = hidden(await raw(consentURL(sandbox, { client_id: clientID })), 'consent');
    sandbox.removeApp(clientID);
    expect((await api(sandbox, tokens?.accessToken ?? '')).status).to.equal(401);
    expect((await raw(consentURL(sandbox, { client_id: clientID }))).status).to.equal(400);
    expect((await postForm(`${sandbox.url}/request`, { consent, decision: 'approve' })).status).to.equal(409);
    expect(() => sandbox.removeApp(clientID)).to.throw(TypeError, 'sandbox.removeApp: there is no app');
    expect(() => sandbox.removeApp(sandbox.app.clientID)).to.throw(TypeError, 'the first app cannot be removed');
  });
});
