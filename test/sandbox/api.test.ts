import { expect } from 'chai';
import { api, consentURL, login, opener, raw, start, token } from './support';

const years = [2021, 2022, 2023, 2024, 2025].flatMap((year) =>
  ['01', '04', '07', '10'].map((month) => `${year}-${month}`),
);
const documented = ['2020-10', ...years, '2026-01', '2026-07', '2027-01', 'preview', 'experimental'];

describe('sandbox: API', () => {
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

  it('announces the end of the deprecated version only', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    const { headers } = await api(sandbox, access, '/2026-01/advertisers/me');
    expect(headers.get('deprecation')).to.equal('true');
    expect(new Date(headers.get('sunset') ?? '').getUTCFullYear()).to.equal(2027);
    expect((await api(sandbox, access)).headers.has('deprecation')).to.equal(false);
  });

  it('knows no other version and no other resource', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    for (const path of ['/2026-02/advertisers/me', '/2026-07/advertisers', '/2026-07/advertisers/me/', '/nowhere']) {
      const answer = await api(sandbox, access, path);
      expect([answer.status, answer.errors[0]?.code]).to.deep.equal([404, 'not-found']);
    }
  });

  it('answers 410 for versions that were decommissioned', async () => {
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
  });

  it('takes the token from the Authorization header only', async () => {
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

  it('answers 403 once the consent is revoked: one, or all', async () => {
    const sandbox = await open();
    const [one, two] = [await login(sandbox), await login(sandbox)];
    const page = (await raw(`${sandbox.url}/`)).body;
    const [newest = ''] = [...page.matchAll(/name="consent" value="([^"]+)"/g)].map(([, id = '']) => id);
    await sandbox.revoke(newest);
    const refused = await api(sandbox, two.access);
    expect([refused.status, refused.errors[0]?.code]).to.deep.equal([403, 'insufficient-advertisers-permissions']);
    expect((await api(sandbox, one.access)).status).to.equal(200);
    await sandbox.revoke();
    expect((await api(sandbox, one.access)).status).to.equal(403);
  });

  it('says so when there is no such consent to revoke', async () => {
    const sandbox = await open();
    await sandbox.revoke();
    const message = await sandbox.revoke('none').catch((error: Error) => error.message);
    expect(message).to.equal('sandbox.revoke: there is no consent none');
  });

  it('shows no Retail Media to a Marketing Solutions app', async () => {
    const sandbox = await open();
    const { access } = await login(sandbox);
    expect((await api(sandbox, access, '/2026-07/retail-media/accounts')).status).to.equal(403);
  });

  describe('for a Retail Media app', () => {
    const retail = (portfolio: number) => open({ app: { service: 'retail-media' }, portfolio });

    it('has accounts whose ids exceed 2^53, and no advertisers', async () => {
      const sandbox = await retail(2);
      expect((await raw(consentURL(sandbox))).body).to.contain('Share your accounts');
      const { access } = await login(sandbox, ['18446744073709551617']);
      expect((await api(sandbox, access)).data).to.deep.equal([]);
      const { data, metadata } = await api(sandbox, access, '/2026-07/retail-media/accounts');
      expect(data).to.have.length(1);
      expect(data[0]).to.include({ type: 'RetailMediaAccount', id: '18446744073709551617' });
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

    it('refuses paging that makes no sense', async () => {
      const sandbox = await retail(1);
      const { access } = await login(sandbox);
      for (const query of ['pageIndex=-1', 'pageIndex=x', 'pageSize=0', 'pageSize=1001', 'pageIndex=0&pageIndex=1']) {
        const answer = await api(sandbox, access, `/2026-07/retail-media/accounts?${query}`);
        expect([answer.status, answer.errors[0]?.type], query).to.deep.equal([400, 'validation']);
      }
    });
  });

  it('takes a portfolio of names that are null', async () => {
    const sandbox = await open({ portfolio: [{ id: '7', name: null }] });
    const { access } = await login(sandbox);
    expect((await api(sandbox, access)).data[0]?.attributes).to.deep.equal({ advertiserName: null });
    expect((await raw(consentURL(sandbox))).body).to.contain('(no name)');
    expect((await raw(`${sandbox.url}/`)).body).to.contain('<td>7</td>');
  });

  describe('counts calls a minute', () => {
    it('for each consent, and refuses none unless told to', async () => {
      const sandbox = await open();
      const { access } = await login(sandbox);
      for (let left = 9; left >= -3; left--) {
        const { status, headers } = await api(sandbox, access);
        expect(status).to.equal(200);
        expect(headers.get('x-ratelimit-limit')).to.equal('10');
        expect(headers.get('x-ratelimit-remaining')).to.equal(String(Math.max(0, left)));
        expect(headers.get('x-ratelimit-reset')).to.equal(String(start / 1000 + 60));
      }
      const other = await login(sandbox);
      expect((await api(sandbox, other.access)).headers.get('x-ratelimit-remaining')).to.equal('9');
    });

    it('and refuses those beyond the limit where told to, until the next minute', async () => {
      const sandbox = await open({ rateLimit: true });
      const { access } = await login(sandbox);
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
