import { expect } from 'chai';
import { exampleUsers } from '../../../lib/sandbox';
import { api, consentURL, exchange, failure, hidden, opener, postForm, raw } from '../support';

describe('sandbox: several users', () => {
  const open = opener();

  it('share what they have, and only that', async () => {
    const sandbox = await open({ users: exampleUsers });
    const shared = async (user: string, advertisers?: string[]) => {
      const back = await sandbox.approve(consentURL(sandbox), { user, advertisers });
      const { access_token = '' } = await exchange(sandbox, new URL(back).searchParams.get('code') ?? '');
      return (await api(sandbox, access_token)).data.map(({ id }) => id);
    };
    expect(await shared('ada')).to.deep.equal(['13', '1352', '20417']);
    expect(await shared('ben')).to.deep.equal(['1352', '20417', '48151', '90210']);
    expect(await shared('dmitri')).to.deep.equal([]);
    expect(await shared('emi')).to.have.length(500);
    expect((await failure(shared('ben', ['13']))).message).to.contain('has 13, but on the page are 1352');
    expect((await failure(shared('eve'))).message).to.equal('sandbox.approve: there is no user eve');
  });

  it('may lack the right to consent: then they can only deny', async () => {
    const sandbox = await open({ users: exampleUsers });
    const cookie = 'criteo-sandbox-user=chloe';
    const page = await raw(consentURL(sandbox), { headers: { cookie } });
    expect(page.body).to.contain('may not consent').and.not.to.contain('value="approve"');
    const consent = hidden(page, 'consent');
    const forced = await postForm(`${sandbox.url}/request`, { consent, decision: 'approve', advertiser: '13' });
    expect(forced.status).to.equal(403);
    expect((await failure(sandbox.approve(consentURL(sandbox), { user: 'chloe' }))).message).to.contain(
      'may not consent',
    );
    expect(await sandbox.deny(consentURL(sandbox), { user: 'chloe' })).to.contain('error=access_denied');
  });

  it('are switched on the consent page, which remembers it', async () => {
    const sandbox = await open({ users: [{ name: 'Ada' }, { name: 'Ben', advertisers: 1 }] });
    const page = await raw(consentURL(sandbox));
    expect(page.body).to.contain('<option value="user-1" selected>Ada (5 to share)</option>');
    const form = { consent: hidden(page, 'consent'), decision: 'switch-user', user: 'user-2' };
    const switched = await postForm(`${sandbox.url}/request`, form);
    expect(switched.body).to.contain('<option value="user-2" selected>Ben (1 to share)</option>');
    expect(switched.body.match(/name="advertiser"/g)).to.have.length(1);
    expect(switched.headers['set-cookie']).to.deep.equal([
      'criteo-sandbox-user=user-2; Path=/; HttpOnly; SameSite=Lax',
    ]);
    const next = { consent: hidden(switched, 'consent'), decision: 'switch-user', user: 'nobody' };
    expect((await postForm(`${sandbox.url}/request`, next)).status).to.equal(400);
  });

  it('cannot decide on a page after they were removed', async () => {
    const sandbox = await open({ users: [{ name: 'Ada' }, { id: 'ben', name: 'Ben' }] });
    const page = await raw(consentURL(sandbox), { headers: { cookie: 'criteo-sandbox-user=ben' } });
    sandbox.removeUser('ben');
    const form = { consent: hidden(page, 'consent'), decision: 'approve', advertiser: '13' };
    expect((await postForm(`${sandbox.url}/request`, form)).status).to.equal(409);
    expect(sandbox.consents).to.deep.equal([]);
  });

  it('can be added and removed, with their consents', async () => {
    const sandbox = await open();
    const user = sandbox.addUser({ name: 'Ben', advertisers: [{ id: '7', name: null }], accounts: 0 });
    expect(user).to.include({ id: 'user-2', name: 'Ben', mayConsent: true });
    const { tokens } = sandbox.grant({ user: 'Ben', kind: 'login' });
    expect((await api(sandbox, tokens?.accessToken ?? '')).data.map(({ id }) => id)).to.deep.equal(['7']);
    expect(() => sandbox.addUser({ id: 'user-2', name: 'Ben' })).to.throw(TypeError, 'the user id user-2 is taken');
    expect(() => sandbox.addUser({ name: '' })).to.throw(TypeError, 'sandbox.addUser: option `name`');
    sandbox.removeUser('user-2');
    expect((await api(sandbox, tokens?.accessToken ?? '')).status).to.equal(401);
    expect(() => sandbox.removeUser('user-1')).to.throw(TypeError, 'the last user cannot be removed');
  });
});
