import { expect } from 'chai';
import { type Sandbox, sandboxVariants, type VariantName, type Variants } from '../../lib/sandbox';
import {
  api,
  connector,
  consentURL,
  exchange,
  failure,
  login,
  newCode,
  opener,
  pkce,
  raw,
  redirectURI,
  signedURL,
  start,
  token,
  verifier,
} from './support';

const names = Object.keys(sandboxVariants) as VariantName[];

describe('sandbox: variants of what Criteo does not document', () => {
  const open = opener();
  /** A sandbox with one variant that is not the default. */
  const playing = (variants: Partial<Variants>, app = {}) => open({ variants, app });
  const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token });
  const denied = async (sandbox: Sandbox, state = 'St') =>
    new URL(await sandbox.deny(consentURL(sandbox, { state }))).searchParams;

  it('each have a question, several answers, a default among them, and a reason', () => {
    expect(names.length).to.be.above(20);
    for (const name of names) {
      const { question, variants, default: usual, why } = sandboxVariants[name];
      expect(question, name).to.match(/\?$/);
      expect(Object.keys(variants).length, name).to.be.above(1);
      expect(Object.keys(variants), name).to.include(usual);
      expect(why, name).to.match(/\.$/);
    }
  });

  it('can be changed while the sandbox runs, for all apps or for one', async () => {
    const sandbox = await open();
    const other = sandbox.addApp();
    sandbox.setVariants({ denialError: 'sentence' });
    sandbox.setVariants({ denialError: 'consent_denied' }, { app: other.clientID });
    expect((await denied(sandbox)).get('error')).to.equal('The user did not give consent');
    const url = consentURL(sandbox, { client_id: other.clientID });
    expect(await sandbox.deny(url)).to.contain('error=consent_denied');
    expect(() => sandbox.setVariants({ denialError: 'no' as 'sentence' })).to.throw(TypeError, '`denialError`');
    expect(() => sandbox.setVariants({}, { app: 'x' })).to.throw(TypeError, 'there is no app');
  });

  it('denialError, denialDescription and stateOnError: what the redirect after a denial carries', async () => {
    expect([...(await denied(await playing({})))]).to.deep.equal([
      ['error', 'access_denied'],
      ['state', 'St'],
    ]);
    expect((await denied(await playing({ denialError: 'consent_denied' }))).get('error')).to.equal('consent_denied');
    const described = await denied(await playing({ denialDescription: 'text' }));
    expect(described.get('error_description')).to.equal('The user said "no", & left.');
    expect((await denied(await playing({ stateOnError: 'left-out' }))).has('state')).to.equal(false);
    expect((await denied(await playing({ stateOnError: 'empty' }))).get('state')).to.equal('');
    expect((await denied(await playing({ stateOnError: 'altered' }))).get('state')).to.equal('st~');
  });

  it('codeReuse: a second exchange may revoke the tokens of the first', async () => {
    for (const [codeReuse, status] of [
      ['refused', 200],
      ['revokes-tokens', 401],
    ] as const) {
      const sandbox = await playing({ codeReuse });
      const code = await newCode(sandbox);
      const { access_token = '', refresh_token } = await exchange(sandbox, code);
      expect(await exchange(sandbox, code)).to.include({ error: 'invalid_grant' });
      expect((await api(sandbox, access_token)).status).to.equal(status);
      const refreshed = await token(sandbox, refreshing(refresh_token ?? ''));
      expect(refreshed.status).to.equal(status === 200 ? 200 : 400);
    }
  });

  it('refreshToken: the same, none, or a new one with or without grace', async () => {
    for (const refreshToken of ['absent', 'null'] as const) {
      const sandbox = await playing({ refreshToken });
      const { refresh } = await login(sandbox);
      const answer = await token(sandbox, refreshing(refresh));
      expect(answer.refresh_token).to.equal(refreshToken === 'null' ? null : undefined);
      expect((await token(sandbox, refreshing(refresh))).status).to.equal(200);
    }
    for (const [refreshToken, grace] of [
      ['rotated', 0],
      ['rotated-with-grace', 60_000],
    ] as const) {
      const sandbox = await playing({ refreshToken });
      const { refresh } = await login(sandbox);
      const fresh = (await token(sandbox, refreshing(refresh))).refresh_token ?? '';
      expect(fresh)
        .to.match(/^[\w-]{40,}$/)
        .and.not.equal(refresh);
      sandbox.advance(Math.max(0, grace - 1));
      expect((await token(sandbox, refreshing(refresh))).status).to.equal(grace > 0 ? 200 : 400);
      sandbox.advance(1);
      expect((await token(sandbox, refreshing(refresh))).status).to.equal(400);
      expect((await token(sandbox, refreshing(fresh))).status).to.equal(200);
    }
  });

  it('keyPair: codes and refresh tokens belong to a key pair, or to the app', async () => {
    const keys = ['a', 'b'].map((clientID) => ({ clientID, clientSecret: `${clientID}+secret` }));
    const other = { client_id: 'b', client_secret: 'b+secret' };
    for (const [keyPair, status] of [
      ['bound', 400],
      ['app', 200],
    ] as const) {
      const sandbox = await playing({ keyPair }, { keys });
      expect((await exchange(sandbox, await newCode(sandbox), other)).status).to.equal(status);
      const { refresh } = await login(sandbox);
      expect((await token(sandbox, { ...refreshing(refresh), ...other })).status).to.equal(status);
      expect((await token(sandbox, refreshing(refresh))).status).to.equal(200);
    }
  });

  it('clientError: the word for wrong credentials', async () => {
    const sandbox = await playing({ clientError: 'credentials_no_longer_supported' });
    const answer = await token(sandbox, { grant_type: 'client_credentials', client_secret: 'x' });
    expect(answer).to.include({ status: 401, error: 'credentials_no_longer_supported' });
  });

  it('pkceSecret: with PKCE a secret may, must or must not be sent', async () => {
    const statuses = { optional: [200, 200], required: [200, 401], refused: [401, 200] };
    for (const [pkceSecret, expected] of Object.entries(statuses) as [Variants['pkceSecret'], number[]][]) {
      const sandbox = await playing({ pkceSecret }, { pkce: true });
      const status = async (changes: Record<string, undefined>) =>
        (await exchange(sandbox, await newCode(sandbox, pkce), { code_verifier: verifier, ...changes })).status;
      expect([await status({}), await status({ client_secret: undefined })], pkceSecret).to.deep.equal(expected);
    }
  });

  it('pkceWithoutSwitch: a challenge is refused, ignored or checked', async () => {
    const refused = await playing({});
    expect((await raw(consentURL(refused, pkce))).status).to.equal(400);
    const ignored = await playing({ pkceWithoutSwitch: 'ignored' });
    const wrong = { code_verifier: 'w'.repeat(43) };
    expect((await exchange(ignored, await newCode(ignored, pkce), wrong)).status).to.equal(200);
    expect((await exchange(ignored, await newCode(ignored, pkce))).status).to.equal(200);
    const checked = await playing({ pkceWithoutSwitch: 'checked' });
    expect((await exchange(checked, await newCode(checked, pkce), wrong)).status).to.equal(400);
    expect((await exchange(checked, await newCode(checked, pkce))).status).to.equal(400);
    expect((await exchange(checked, await newCode(checked, pkce), { code_verifier: verifier })).status).to.equal(200);
    expect((await exchange(checked, await newCode(checked))).status).to.equal(200);
  });

  describe('consentAgain and consentAgainByColleague:', () => {
    const users = [{ name: 'Ada' }, { name: 'Ben', advertisers: [{ id: '13', name: 'Northwind' }] }];
    const again = async (variants: Partial<Variants>, user: string) => {
      const sandbox = await open({ users, variants });
      await login(sandbox, ['13', '1352']);
      return { sandbox, approve: () => sandbox.approve(consentURL(sandbox), { user }) };
    };
    const shared = async (sandbox: Sandbox, back: string) => {
      const code = new URL(back).searchParams.get('code') ?? '';
      const { access_token = '' } = await exchange(sandbox, code);
      return (await api(sandbox, access_token)).data.map(({ id }) => id);
    };

    it('a second consent works', async () => {
      const { sandbox, approve } = await again({}, 'Ada');
      expect(await shared(sandbox, await approve())).to.have.length(5);
    });

    it('a second consent meets an error page, until the first is revoked', async () => {
      const { sandbox, approve } = await again({ consentAgain: 'error-page' }, 'Ada');
      expect((await raw(consentURL(sandbox))).body).to.contain('Access was granted already, by you.');
      expect((await failure(approve())).message).to.contain('Access was granted already');
      expect(await sandbox.deny(consentURL(sandbox))).to.contain('error=access_denied');
      await sandbox.revoke();
      expect(await approve()).to.contain('code=');
    });

    it('a second consent shares only what is new', async () => {
      const { sandbox, approve } = await again({ consentAgain: 'only-new' }, 'Ada');
      expect(await shared(sandbox, await approve())).to.deep.equal(['20417', '48151', '90210']);
    });

    it('a colleague is another matter', async () => {
      const free = await again({ consentAgain: 'error-page' }, 'Ben');
      expect(await free.approve()).to.contain('code=');
      const { sandbox, approve } = await again({ consentAgainByColleague: 'error-page' }, 'Ben');
      expect((await failure(approve())).message).to.contain('Access was granted already');
      sandbox.setVariants({ consentAgainByColleague: 'only-new' });
      expect(await shared(sandbox, await approve())).to.deep.equal([]);
    });
  });

  it('portfolioAfterConsent: the list may be empty for a minute', async () => {
    const sandbox = await playing({ portfolioAfterConsent: 'empty-for-a-minute' });
    const { access } = await login(sandbox);
    expect((await api(sandbox, access)).data).to.deep.equal([]);
    sandbox.advance(60_000);
    expect((await api(sandbox, access)).data).to.have.length(5);
  });

  it('refreshAfterRevocation: a refresh may work after a revocation on the dashboard, but never after a role change', async () => {
    const sandbox = await playing({ refreshAfterRevocation: 'works' });
    const { refresh } = await login(sandbox);
    await sandbox.revoke();
    const { status, access_token = '' } = await token(sandbox, refreshing(refresh));
    expect([status, (await api(sandbox, access_token)).status]).to.deep.equal([200, 403]);
    const other = await login(sandbox);
    await sandbox.revoke(undefined, { how: 'role-change' });
    expect((await token(sandbox, refreshing(other.refresh))).status).to.equal(400);
  });

  it('tooManyRequestsBody: a list of errors, a message, a page or nothing', async () => {
    const bodies = { message: /^\{"message"/, html: /^<html>/, empty: /^$/ } as const;
    for (const [tooManyRequestsBody, body] of Object.entries(bodies) as [keyof typeof bodies, RegExp][]) {
      const sandbox = await playing({ tooManyRequestsBody });
      sandbox.fault({ on: 'api', rateLimit: true });
      const answer = await raw(`${sandbox.url}/2026-07/advertisers/me`);
      expect(answer.status).to.equal(429);
      expect(answer.body).to.match(body);
      expect(answer.headers['x-ratelimit-reset']).to.equal(String(start / 1000 + 60));
    }
  });

  it('contentType: of tokens and of the API', async () => {
    for (const contentType of ['text/json', 'text/plain'] as const) {
      const sandbox = await playing({ contentType });
      const code = await newCode(sandbox);
      const { clientID, clientSecret } = sandbox.app;
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectURI };
      const body = new URLSearchParams({ ...form, client_id: clientID, client_secret: clientSecret });
      const response = await fetch(sandbox.endpoints.tokenURL, { method: 'POST', body });
      expect(response.headers.get('content-type')).to.equal(contentType);
      const { access_token } = Object(await response.json());
      expect((await api(sandbox, access_token)).headers.get('content-type')).to.equal(contentType);
      expect((await api(sandbox, 'made-up')).headers.get('content-type')).to.equal(contentType);
    }
  });

  it('largePages: accepted, capped or refused', async () => {
    const path = '/2026-07/retail-media/accounts?pageSize=200';
    const sandbox = await open({ app: { service: 'retail-media' }, portfolio: 30 });
    const { access } = await login(sandbox);
    expect((await api(sandbox, access, path)).data).to.have.length(30);
    sandbox.setVariants({ largePages: 'refused-above-100' });
    expect((await api(sandbox, access, path)).status).to.equal(400);
    sandbox.setVariants({ largePages: 'capped-at-10' });
    const { data, metadata } = await api(sandbox, access, path);
    expect(data).to.have.length(10);
    expect(metadata).to.include({ currentPageSize: 10, totalPages: 3 });
  });

  it('signedURLCheck: over the raw or the decoded values', async () => {
    const sandbox = await playing({ signedURLCheck: 'decoded' });
    expect(await sandbox.approve(signedURL(sandbox))).to.equal(redirectURI);
    const url = signedURL(sandbox, { state: 'a b' }).replace('state=a b', 'state=a%20b');
    expect((await raw(url)).body).to.contain('<code>a b</code>');
    const encoded = signedURL(sandbox, { state: 'a%20b' });
    expect((await raw(encoded)).body).to.contain('the variant signedURLCheck is &quot;decoded&quot;');
  });

  it('signedURLLifetime: limited or not', async () => {
    const timestamp = String(start / 1000 - 40 * 86_400);
    const limited = await playing({});
    expect((await raw(signedURL(limited, { timestamp }))).status).to.equal(400);
    const unlimited = await playing({ signedURLLifetime: 'unlimited' });
    expect((await raw(signedURL(unlimited, { timestamp }))).status).to.equal(200);
  });

  it('denialOfLink: a denial may use up a link', async () => {
    const sandbox = await playing({ denialOfLink: 'uses-up-link' });
    const url = signedURL(sandbox);
    await sandbox.deny(url);
    expect((await raw(url)).status).to.equal(409);
  });

  it('redirectAfterLink: the redirect may carry the state', async () => {
    const sandbox = await playing({ redirectAfterLink: 'state' });
    expect(await sandbox.approve(signedURL(sandbox))).to.equal(`${redirectURI}?state=user-42`);
  });

  it('callbackStateName and callbackIds: the body of the consent callback', async () => {
    const receiver = await connector();
    try {
      const sandbox = await open({
        app: { callbackURL: receiver.url, service: 'retail-media' },
        portfolio: [{ id: '18446744073709551616', name: 'Shelf' }],
      });
      const bodies: string[] = [];
      for (const callbackIds of ['numbers', 'objects', 'lower-case-objects'] as const) {
        sandbox.setVariants({ callbackIds, callbackStateName: 'STATE' });
        await sandbox.approve(signedURL(sandbox, { state: callbackIds }));
        bodies.push(receiver.received.at(-1)?.body ?? '');
      }
      expect(bodies[0]).to.contain('"Accounts":[18446744073709551616],"STATE":"numbers"}');
      expect(JSON.parse(bodies[1] ?? '').Accounts).to.deep.equal([{ Id: '18446744073709551616', Name: 'Shelf' }]);
      expect(JSON.parse(bodies[2] ?? '').Accounts).to.deep.equal([{ id: '18446744073709551616', name: 'Shelf' }]);
    } finally {
      await receiver.close();
    }
  });
});
