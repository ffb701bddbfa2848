import { expect } from 'chai';
import { api, challenge, exchange, login, newCode, opener, pkce, raw, redirectURI, token, verifier } from '../support';

describe('sandbox: token endpoint', () => {
  const open = opener();

  it('exchanges a code for a token of 15 minutes and a refresh token', async () => {
    const sandbox = await open();
    const answer = await exchange(sandbox, await newCode(sandbox));
    expect(answer).to.have.all.keys('status', 'access_token', 'token_type', 'expires_in', 'refresh_token');
    expect(answer).to.include({ status: 200, token_type: 'Bearer', expires_in: 900 });
    expect(answer.access_token).to.match(/^[\w-]{40,}$/);
    expect(answer.refresh_token).to.match(/^[\w-]{40,}$/);
  });

  it('forbids storing its responses', async () => {
    const sandbox = await open();
    const { headers } = await fetch(sandbox.endpoints.tokenURL, { method: 'POST', body: new URLSearchParams() });
    expect(headers.get('cache-control')).to.equal('no-store');
    expect(headers.get('pragma')).to.equal('no-cache');
  });

  it('accepts a code once, also if several requests come at the same time', async () => {
    const sandbox = await open();
    const code = await newCode(sandbox);
    const answers = await Promise.all([exchange(sandbox, code), exchange(sandbox, code), exchange(sandbox, code)]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 400, 400]);
    expect(await exchange(sandbox, code)).to.include({ status: 400, error: 'invalid_grant' });
  });

  it('accepts a code for 30 seconds', async () => {
    const sandbox = await open();
    const [early, late] = [await newCode(sandbox), await newCode(sandbox)];
    sandbox.advance(29_999);
    expect((await exchange(sandbox, early)).status).to.equal(200);
    sandbox.advance(1);
    expect(await exchange(sandbox, late)).to.include({ status: 400, error: 'invalid_grant' });
  });

  it('accepts a code with the redirect_uri of the request only, and spends it at the first try', async () => {
    const sandbox = await open();
    const code = await newCode(sandbox);
    expect(await exchange(sandbox, code, { redirect_uri: `${redirectURI}/` })).to.include({ error: 'invalid_grant' });
    expect(await exchange(sandbox, code)).to.include({ error: 'invalid_grant' });
  });

  it('does not spend a code for a client that it does not know', async () => {
    const sandbox = await open();
    const code = await newCode(sandbox);
    expect((await exchange(sandbox, code, { client_secret: 'guess' })).status).to.equal(401);
    expect((await exchange(sandbox, code)).status).to.equal(200);
  });

  it('refuses a wrong, missing or half-encoded client secret with 401', async () => {
    const sandbox = await open();
    const { clientSecret } = sandbox.app;
    const grant_type = 'client_credentials';
    const wrong = [
      { client_secret: 'x' },
      { client_secret: undefined },
      { client_secret: '' },
      { client_secret: clientSecret.replace('+', ' ') },
      { client_id: 'x' },
      { client_id: undefined },
    ];
    for (const changes of wrong) {
      expect(await token(sandbox, { grant_type, ...changes })).to.deep.equal({
        status: 401,
        error: 'invalid_client',
        error_description:
          "The client authentication failed, the provided client_id doesn't exist or the client_secret is invalid",
        error_uri: null,
      });
    }
  });

  it('refuses HTTP Basic', async () => {
    const sandbox = await open();
    const { clientID, clientSecret } = sandbox.app;
    const response = await fetch(sandbox.endpoints.tokenURL, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientID}:${clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(response.status).to.equal(401);
    expect(await response.json()).to.include({ error: 'invalid_client' });
  });

  it('names a parameter that is missing', async () => {
    const sandbox = await open();
    const grant_type = 'authorization_code';
    const cases: [Record<string, string>, string][] = [
      [{}, 'grant_type is missing'],
      [{ grant_type, redirect_uri: redirectURI }, 'code is missing'],
      [{ grant_type, code: 'x' }, 'redirect_uri is missing'],
      [{ grant_type: 'refresh_token' }, 'refresh_token is missing'],
    ];
    for (const [fields, description] of cases) {
      const answer = await token(sandbox, fields);
      expect(answer).to.include({ status: 400, error: 'invalid_request' });
      expect(answer.error_description).to.contain(description);
    }
  });

  it('refuses other grants, other methods, other encodings, and parameters in the URL', async () => {
    const sandbox = await open();
    const { tokenURL } = sandbox.endpoints;
    expect(await token(sandbox, { grant_type: 'password' })).to.include({
      status: 400,
      error: 'unsupported_grant_type',
    });
    const get = await raw(tokenURL);
    expect([get.status, get.headers.allow]).to.deep.equal([405, 'POST']);
    const post = (url: string, type: string | undefined, body: string) =>
      raw(url, { method: 'POST', headers: type === undefined ? {} : { 'content-type': type } }, body);
    const form = 'application/x-www-form-urlencoded';
    const refused = await Promise.all([
      post(tokenURL, 'application/json', '{"grant_type":"client_credentials"}'),
      post(tokenURL, undefined, 'grant_type=client_credentials'),
      post(tokenURL, `${form}ed`, 'grant_type=client_credentials'),
      post(tokenURL, form, 'grant_type=%zz'),
      post(tokenURL, form, 'grant_type=a&grant_type=a'),
      post(tokenURL, form, 'x=a&x=b'),
      post(`${tokenURL}?grant_type=client_credentials`, form, ''),
    ]);
    for (const { status, body } of refused) {
      expect([status, JSON.parse(body).error]).to.deep.equal([400, 'invalid_request']);
    }
    const charset = await post(tokenURL, `${form}; charset=utf-8`, 'grant_type=client_credentials&client_id=x');
    expect(charset.status).to.equal(401);
  });

  it('refuses a body that is larger than any request needs', async () => {
    const sandbox = await open();
    expect(await token(sandbox, { x: 'x'.repeat(70_000) })).to.include({ status: 413, error: 'invalid_request' });
  });

  it('gives client credentials a token without a refresh token', async () => {
    const sandbox = await open();
    const answer = await token(sandbox, { grant_type: 'client_credentials' });
    expect(answer).to.include({ status: 200, expires_in: 900, refresh_token: null });
    expect((await api(sandbox, answer.access_token ?? '')).data).to.deep.equal([]);
  });

  describe('with PKCE on', () => {
    const open2 = () => open({ app: { pkce: true } });

    it('needs the verifier, and no secret', async () => {
      const sandbox = await open2();
      const code = () => newCode(sandbox, pkce);
      const without = { client_secret: undefined };
      expect((await exchange(sandbox, await code(), { ...without, code_verifier: verifier })).status).to.equal(200);
      expect((await exchange(sandbox, await code(), { code_verifier: verifier })).status).to.equal(200);
      expect(await exchange(sandbox, await code(), without)).to.include({ status: 400, error: 'invalid_request' });
      expect(await exchange(sandbox, await code(), { code_verifier: challenge })).to.include({
        status: 400,
        error: 'invalid_grant',
      });
      expect(await exchange(sandbox, await code(), { code_verifier: 'short' })).to.include({
        error: 'invalid_request',
      });
    });

    it('refuses a wrong secret, an empty one included', async () => {
      const sandbox = await open2();
      for (const client_secret of ['', 'guess']) {
        const answer = await exchange(sandbox, await newCode(sandbox, pkce), {
          code_verifier: verifier,
          client_secret,
        });
        expect(answer).to.include({ status: 401, error: 'invalid_client' });
      }
    });

    it('refreshes without a secret, but gives no client-credentials token', async () => {
      const sandbox = await open2();
      const { refresh_token } = await exchange(sandbox, await newCode(sandbox, pkce), { code_verifier: verifier });
      const without = { client_secret: undefined };
      expect(
        (await token(sandbox, { grant_type: 'refresh_token', refresh_token: refresh_token ?? '', ...without })).status,
      ).to.equal(200);
      expect((await token(sandbox, { grant_type: 'client_credentials', ...without })).status).to.equal(401);
    });
  });

  it('refuses a verifier when the code had no challenge', async () => {
    const sandbox = await open();
    expect(await exchange(sandbox, await newCode(sandbox), { code_verifier: verifier })).to.include({
      status: 400,
      error: 'invalid_grant',
    });
  });

  describe('refreshing', () => {
    const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token });

    it('responds with a new access token and the same refresh token', async () => {
      const sandbox = await open();
      const { access, refresh } = await login(sandbox, ['1352']);
      const answer = await token(sandbox, refreshing(refresh));
      expect(answer).to.include({ status: 200, refresh_token: refresh, expires_in: 900 });
      expect(answer.access_token).not.to.equal(access);
      const { data } = await api(sandbox, answer.access_token ?? '');
      expect(data.map(({ id }) => id)).to.deep.equal(['1352']);
    });

    it('works for six months', async () => {
      const sandbox = await open();
      const { refresh } = await login(sandbox);
      sandbox.advance(180 * 86_400_000 - 1);
      expect((await token(sandbox, refreshing(refresh))).status).to.equal(200);
      sandbox.advance(1);
      expect(await token(sandbox, refreshing(refresh))).to.include({ status: 400, error: 'invalid_grant' });
    });

    it('ends with the consent, and not with another one', async () => {
      const sandbox = await open();
      const { refresh } = await login(sandbox);
      await sandbox.revoke();
      expect(await token(sandbox, refreshing(refresh))).to.include({ status: 400, error: 'invalid_grant' });
      expect((await token(sandbox, refreshing((await login(sandbox)).refresh))).status).to.equal(200);
    });

    it('knows no made-up token, and no access token', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox);
      for (const wrong of ['made-up', access]) {
        expect(await token(sandbox, refreshing(wrong))).to.include({ status: 400, error: 'invalid_grant' });
      }
    });

    it('leaves the refresh token out when a fault says so', async () => {
      const sandbox = await open();
      const { refresh } = await login(sandbox);
      sandbox.fault({ on: 'token', omitRefreshToken: true });
      expect(await token(sandbox, refreshing(refresh)))
        .to.include({ status: 200 })
        .and.not.have.key('refresh_token');
      expect((await token(sandbox, refreshing(refresh))).refresh_token).to.equal(refresh);
    });

    it('replaces the refresh token when a fault says so', async () => {
      const sandbox = await open();
      const { refresh } = await login(sandbox);
      sandbox.fault({ on: 'token', rotateRefreshToken: true });
      const fresh = (await token(sandbox, refreshing(refresh))).refresh_token ?? '';
      expect(fresh === refresh).to.equal(false);
      expect(await token(sandbox, refreshing(refresh))).to.include({ error: 'invalid_grant' });
      expect((await token(sandbox, refreshing(fresh))).status).to.equal(200);
    });
  });

  it('names a repeated parameter without copying characters that may not stand in a response', async () => {
    const sandbox = await open();
    const name = encodeURIComponent('é"\n');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await raw(sandbox.endpoints.tokenURL, { method: 'POST', headers }, `${name}=1&${name}=2`);
    expect(JSON.parse(answer.body).error_description).to.equal('The parameter ??? is repeated');
  });
});
