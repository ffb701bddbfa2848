import { expect } from 'chai';
import type { App } from '../../../lib/sandbox/world/apps';
import type { Consent } from '../../../lib/sandbox/world/consent';
import { GrantedAccounts } from '../../../lib/sandbox/world/granted-accounts';
import { api, opener } from '../support';

describe('sandbox: granted accounts', () => {
  const open = opener();

  it('count each account once, however many logins have granted it', () => {
    const accounts = new GrantedAccounts();
    const [app, user] = [{} as App, { id: 'ada' } as Consent['user']];
    const consent = (...ids: string[]) =>
      ({ app, user, kind: 'login', shared: ids.map((id) => ({ id, name: null })) }) as unknown as Consent;
    const [first, second] = [consent('1', '2'), consent('2', '3')];
    expect(accounts.count(app, user)).to.equal(0);
    accounts.add(first);
    accounts.add(second);
    expect(accounts.count(app, user)).to.equal(3);
    accounts.remove(first);
    expect(accounts.count(app, user)).to.equal(2);
    accounts.remove({ ...second, revoked: 'role-change' });
    accounts.remove({ ...first, revoked: 'dashboard' });
    expect(accounts.count(app, user)).to.equal(0);
  });

  it('of other apps and users, and of consent links, do not count', async () => {
    const sandbox = await open({ users: [{ name: 'Ada' }, { id: 'ben', name: 'Ben' }], apps: [{}, {}] });
    sandbox.grant({ kind: 'login', user: 'ben' });
    sandbox.grant({ kind: 'login', app: sandbox.apps[1]?.clientID });
    sandbox.grant({ kind: 'portal link' });
    const { tokens } = sandbox.grant({ kind: 'login', advertisers: ['13'] });
    expect((await api(sandbox, tokens?.accessToken ?? '')).headers.get('x-ratelimit-limit')).to.equal('10');
  });

  it('count each of 1,000 advertisers once after thousands of logins of one user', async function () {
    this.timeout(30_000);
    const sandbox = await open({ portfolio: 1000 });
    for (let login = 0; login < 1_999; login += 1) sandbox.grant({ kind: 'login' });
    const { tokens } = sandbox.grant({ kind: 'login' });
    const { headers } = await api(sandbox, tokens?.accessToken ?? '', '/2026-07/marketing-solutions/me');
    expect(headers.get('x-ratelimit-limit')).to.equal('10000');
  });
});
