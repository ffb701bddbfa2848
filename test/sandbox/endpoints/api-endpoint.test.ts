import { expect } from 'chai';
import { api, consentURL, login, opener, raw, start, token } from '../support';

const years = [2021, 2022, 2023, 2024, 2025].flatMap((year) =>
  ['01', '04', '07', '10'].map((month) => `${year}-${month}`),
);
const documented = ['2020-10', ...years, '2026-01', '2026-07', '2027-01', 'preview', 'experimental'];

describe('sandbox: API endpoint', () => {
  const open = opener();

  it('lists the advertisers that were shared, in every documented version', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox, ['1352', '13']);
    for (const version of documented) {
      const answer = await api(sandbox, access, `/${version}/advertisers/me`);
      expect(answer.status, version).to.equal(200);
      expect(answer.data).to.deep.equal([
        { type: 'advertiser', id: '13', attributes: { advertiserName: 'Northwind Outdoor' } },
        { type: 'advertiser', id: '1352', attributes: { advertiserName: 'Lumen & Oak' } },
      ]);
      expect(answer.errors).to.deep.equal([]);
    }
  });

  it('announces the end of a version in its last three months, on the day that Criteo publishes', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const { headers } = await api(sandbox, access, '/2026-01/advertisers/me');
    expect(headers.get('deprecation')).to.equal('true');
    expect(headers.get('sunset')).to.equal('Wed, 27 Jan 2027 23:59:59 GMT');
    expect((await api(sandbox, access)).headers.has('deprecation')).to.equal(false);
    sandbox.setTime(Date.UTC(2026, 9, 27, 23, 59, 58));
    const early = sandbox.grant({ kind: 'login' }).tokens?.accessToken ?? '';
    expect((await api(sandbox, early, '/2026-01/advertisers/me')).headers.has('deprecation')).to.equal(false);
    expect((await api(sandbox, early, '/2025-10/advertisers/me')).headers.get('sunset')).to.contain('28 Oct 2026');
  });

  it('knows no other version and no other resource', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    for (const path of ['/2026-02/advertisers/me', '/2026-07/advertisers', '/2026-07/advertisers/me/', '/nowhere']) {
      const answer = await api(sandbox, access, path);
      expect([answer.status, answer.errors[0]?.code]).to.deep.equal([404, 'not-found']);
    }
  });

  it('responds 410 for versions that were decommissioned', async () => {
    const sandbox = await open({ decommissioned: ['2026-07'] });
    const { access } = await login(sandbox);
    const answer = await api(sandbox, access);
    expect([answer.status, answer.errors[0]?.code]).to.deep.equal([410, 'version-decommissioned']);
    expect((await api(sandbox, access, '/2027-01/advertisers/me')).status).to.equal(200);
  });

  it('tells an expired token from an invalid one, in the documented envelope', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    sandbox.advance(899_999);
    expect((await api(sandbox, access)).status).to.equal(200);
    sandbox.advance(1);
    const expired = await api(sandbox, access);
    expect(expired.status).to.equal(401);
    expect(expired.errors).to.have.length(1);
    expect(expired.errors[0]).to.include({
      type: 'authorization',
      code: 'authorization-token-expired',
      instance: '/2026-07/advertisers/me',
    });
    expect(expired.errors[0]?.traceId).to.match(/^[0-9a-f]{32}$/);
    const invalid = await api(sandbox, 'made-up');
    expect([invalid.status, invalid.errors[0]?.code]).to.deep.equal([401, 'authorization-token-invalid']);
    const missing = await raw(`${sandbox.url}/2026-07/advertisers/me`);
    expect([missing.status, JSON.parse(missing.body).errors[0].code]).to.deep.equal([
      401,
      'authorization-token-missing',
    ]);
  });

  it('accepts the token in the Authorization header only', async () => {
    const sandbox = await open();
    const { access, refresh } = await login(sandbox);
    const url = `${sandbox.url}/2026-07/advertisers/me`;
    const get = async (query: string, authorization?: string) =>
      (await raw(url + query, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await get('', `bearer ${access}`)).to.equal(200);
    expect(await get('')).to.equal(401);
    expect(await get('', access)).to.equal(401);
    expect(await get('', `Basic ${access}`)).to.equal(401);
    expect(await get('', `Bearer ${refresh}`)).to.equal(401);
    expect(await get(`?access_token=${access}`)).to.equal(400);
    expect(await get(`?access_token=${access}`, `Bearer ${access}`)).to.equal(400);
    expect(await get('?%zz', `Bearer ${access}`)).to.equal(400);
  });

  it('is only read', async () => {
    const sandbox = await open();
    const answer = await raw(`${sandbox.url}/2026-07/advertisers/me`, { method: 'DELETE' });
    expect([answer.status, answer.headers.allow]).to.deep.equal([405, 'GET']);
  });

  it('responds 403 after the consent was revoked: one, or all', async () => {
    const sandbox = await open();
    const [one, two] = [await login(sandbox), await login(sandbox)];
    await sandbox.revoke(sandbox.consents[0]?.id);
    const refused = await api(sandbox, two.access);
    expect(refused.status).to.equal(403);
    // The schema of this endpoint spells the type with an underscore.
    expect(refused.errors[0]).to.include({ type: 'access_control', code: 'insufficient-advertisers-permissions' });
    expect((await api(sandbox, one.access)).status).to.equal(200);
    await sandbox.revoke();
    expect((await api(sandbox, one.access)).status).to.equal(403);
  });

  it('says so if there is no such consent to revoke', async () => {
    const sandbox = await open();
    await sandbox.revoke();
    const message = await sandbox.revoke('none').catch((error: Error) => error.message);
    expect(message).to.equal('sandbox.revoke: there is no consent none');
  });

  it('names the app and its organisation', async () => {
    for (const service of ['marketing-solutions', 'retail-media'] as const) {
      const sandbox = await open({ app: { service, name: 'Reports' } });
      const { access } = await login(sandbox);
      const answer = await api(sandbox, access, `/2026-07/${service}/me`);
      expect(answer.status).to.equal(200);
      expect(Object(answer.data).attributes).to.include({ applicationId: 1001, organizationId: 5001, name: 'Reports' });
      const other = service === 'retail-media' ? 'marketing-solutions' : 'retail-media';
      const refused = await api(sandbox, access, `/2026-07/${other}/me`);
      expect([refused.status, refused.errors[0]?.type]).to.deep.equal([403, 'access-control']);
    }
  });

  it('has only error types that are in a schema of Criteo', async () => {
    const sandbox = await open({ decommissioned: ['2020-10'] });
    const { access } = await login(sandbox);
    const known = [
      'access_control',
      'access-control',
      'authorization',
      'availability',
      'deprecation',
      'quota',
      'validation',
    ];
    sandbox.fault({ on: 'api', status: 503 });
    sandbox.fault({ on: 'api', rateLimit: true });
    const types: string[] = [];
    const me = '/2026-07/advertisers/me';
    for (const path of [me, me, '/nowhere', '/2020-10/advertisers/me', `${me}?%zz`, '/2026-07/retail-media/accounts']) {
      types.push((await api(sandbox, access, path)).errors[0]?.type ?? '');
    }
    types.push((await api(sandbox, 'made-up')).errors[0]?.type ?? '');
    expect(types).to.deep.equal([
      'availability',
      'quota',
      'validation',
      'deprecation',
      'validation',
      'access-control',
      'authorization',
    ]);
    expect(known).to.include.members(types);
  });

  it('shows no Retail Media to a Marketing Solutions app', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    expect((await api(sandbox, access, '/2026-07/retail-media/accounts')).status).to.equal(403);
  });

  describe('for a Retail Media app', () => {
    const retail = (portfolio: number) => open({ app: { service: 'retail-media' }, portfolio });

    it('has accounts whose ids exceed 2^53, within 64 bits and beyond, and no advertisers', async () => {
      const sandbox = await retail(2);
      const { body } = await raw(consentURL(sandbox));
      expect(body).to.contain('Share your accounts').and.to.contain('18446744073709551616');
      const { access } = await login(sandbox, ['576460752303423489']);
      expect((await api(sandbox, access)).data).to.deep.equal([]);
      const { data, metadata } = await api(sandbox, access, '/2026-07/retail-media/accounts');
      expect(data).to.have.length(1);
      expect(data[0]).to.include({ type: 'RetailMediaAccount', id: '576460752303423489' });
      expect(data[0]?.attributes).to.include({ name: 'Lumen & Oak', type: 'demand', currency: 'USD' });
      expect(metadata).to.deep.equal({
        totalItemsAcrossAllPages: 1,
        currentPageSize: 25,
        currentPageIndex: 0,
        totalPages: 1,
        nextPage: null,
        previousPage: null,
      });
    });

    it('pages them', async () => {
      const sandbox = await retail(60);
      const { access } = await login(sandbox);
      const path = '/2026-07/retail-media/accounts';
      const ids: string[] = [];
      for (const [index, size] of [25, 25, 10, 0].entries()) {
        const { data, metadata } = await api(sandbox, access, `${path}?pageIndex=${index}`);
        expect(data).to.have.length(size);
        expect(metadata).to.include({ totalItemsAcrossAllPages: 60, totalPages: 3, currentPageIndex: index });
        ids.push(...data.map(({ id }) => id));
      }
      expect(new Set(ids).size).to.equal(60);
      const { metadata } = await api(sandbox, access, `${path}?pageIndex=1&pageSize=20`);
      expect(metadata).to.include({
        nextPage: `${sandbox.url}${path}?pageIndex=2&pageSize=20`,
        previousPage: `${sandbox.url}${path}?pageIndex=0&pageSize=20`,
      });
    });

    it('has no accounts in the versions preview and experimental', async () => {
      const sandbox = await retail(1);
      const { access } = await login(sandbox);
      for (const version of ['preview', 'experimental']) {
        const answer = await api(sandbox, access, `/${version}/retail-media/accounts`);
        expect([answer.status, answer.errors[0]?.code], version).to.deep.equal([404, 'not-found']);
      }
    });

    it('limits them to ids', async () => {
      const sandbox = await retail(5);
      const { access } = await login(sandbox);
      const [first, second, third] = (await api(sandbox, access, '/2026-07/retail-media/accounts')).data;
      const query = `limitToId=${third?.id}&limitToId=${first?.id}&limitToId=7`;
      const { data, metadata } = await api(sandbox, access, `/2026-07/retail-media/accounts?${query}`);
      expect(data.map(({ id }) => id))
        .to.deep.equal([first?.id, third?.id])
        .and.not.include(second?.id);
      expect(metadata).to.include({ totalItemsAcrossAllPages: 2 });
    });

    it('refuses paging that makes no sense', async () => {
      const sandbox = await retail(1);
      const { access } = await login(sandbox);
      for (const query of ['pageIndex=-1', 'pageIndex=x', 'pageSize=0', 'pageSize=1001', 'pageIndex=0&pageIndex=1']) {
        const answer = await api(sandbox, access, `/2026-07/retail-media/accounts?${query}`);
        expect([answer.status, answer.errors[0]?.type], query).to.deep.equal([400, 'validation']);
      }
    });
  });

  it('accepts a portfolio of names that are null', async () => {
    const sandbox = await open({ portfolio: [{ id: '7', name: null }] });
    const { access } = await login(sandbox);
    expect((await api(sandbox, access)).data[0]?.attributes).to.deep.equal({ advertiserName: null });
    expect((await raw(consentURL(sandbox))).body).to.contain('(no name)');
    expect((await raw(`${sandbox.url}/`)).body).to.contain('<strong>7</strong>');
  });

  describe('counts calls a minute', () => {
    it('10 for each account that the user granted, and refuses none unless told to', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox, ['13']);
      for (let left = 9; left >= -3; left--) {
        const { status, headers } = await api(sandbox, access);
        expect(status).to.equal(200);
        expect(headers.get('x-ratelimit-limit')).to.equal('10');
        expect(headers.get('x-ratelimit-remaining')).to.equal(String(Math.max(0, left)));
        expect(headers.get('x-ratelimit-reset')).to.equal(String(start / 1000 + 60));
      }
      const more = await login(sandbox, ['13', '1352']);
      const { headers } = await api(sandbox, more.access);
      expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).to.deep.equal(['20', '6']);
    });

    it('for each user, whatever the other ones do', async () => {
      const sandbox = await open({ users: [{ name: 'Ada' }, { name: 'Ben' }] });
      const { tokens: ada } = sandbox.grant({ kind: 'login', user: 'Ada', advertisers: ['13'] });
      const { tokens: ben } = sandbox.grant({ kind: 'login', user: 'Ben' });
      expect((await api(sandbox, ada?.accessToken ?? '')).headers.get('x-ratelimit-remaining')).to.equal('9');
      expect((await api(sandbox, ben?.accessToken ?? '')).headers.get('x-ratelimit-remaining')).to.equal('49');
    });

    it('anew after a reset, of the sandbox or of the app', async () => {
      const sandbox = await open();
      const left = async () => {
        const { tokens } = sandbox.grant({ kind: 'login', advertisers: ['13'] });
        return (await api(sandbox, tokens?.accessToken ?? '')).headers.get('x-ratelimit-remaining');
      };
      expect([await left(), await left()]).to.deep.equal(['9', '8']);
      sandbox.reset({ app: sandbox.app.clientID });
      expect([await left(), await left()]).to.deep.equal(['9', '8']);
      sandbox.reset();
      expect(await left()).to.equal('9');
    });

    it('10 for each consent in the variant of old', async () => {
      const sandbox = await open({ variants: { loginRateLimit: 'flat' } });
      const [one, two] = [await login(sandbox), await login(sandbox)];
      for (const { access } of [one, two]) {
        const { headers } = await api(sandbox, access);
        expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).to.deep.equal(['10', '9']);
      }
    });

    it('and refuses those beyond the limit if told to, until the next minute', async () => {
      const sandbox = await open({ rateLimit: true });
      const { access } = await login(sandbox, ['13']);
      const calls = await Promise.all(Array.from({ length: 12 }, () => api(sandbox, access)));
      expect(calls.filter(({ status }) => status === 200)).to.have.length(10);
      const refused = calls.find(({ status }) => status === 429);
      expect(refused?.errors[0]).to.include({ type: 'quota', code: 'rate-limit-exceeded' });
      expect(refused?.headers.get('x-ratelimit-remaining')).to.equal('0');
      sandbox.advance(60_000);
      expect((await api(sandbox, access)).status).to.equal(200);
    });

    it('with more room for client credentials', async () => {
      const sandbox = await open();
      const { access_token } = await token(sandbox, { grant_type: 'client_credentials' });
      expect((await api(sandbox, access_token ?? '')).headers.get('x-ratelimit-limit')).to.equal('250');
    });
  });

  it('keeps what each login shared apart', async () => {
    const sandbox = await open();
    const one = await login(sandbox, ['13']);
    const two = await login(sandbox, ['1352', '90210']);
    const ids = async (access: string) => (await api(sandbox, access)).data.map(({ id }) => id);
    expect([await ids(one.access), await ids(two.access)]).to.deep.equal([['13'], ['1352', '90210']]);
  });
});
