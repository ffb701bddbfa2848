import { expect } from 'chai';
import { createSandbox, type Sandbox } from '../../../lib/sandbox';
import { mountTwoApps } from '../docs/traps/two-apps';
import { users } from '../docs/users';
import { opener, sessions } from './support';

describe('A Marketing Solutions app and a Retail Media app in one process', () => {
  const open = opener();
  let retail: Sandbox;
  beforeEach(async () => {
    users.saved.length = 0;
    retail = await createSandbox({
      app: { service: 'retail-media' },
      portfolio: [{ id: '18446744073709551616', name: 'R' }],
    });
  });
  afterEach(() => retail.close());

  const running = () =>
    open((app, passport, { clientID, clientSecret = '', callbackURL, ...endpoints }) => {
      app.use(sessions(), passport.session());
      const marketing = { clientID, clientSecret, ...endpoints };
      const { clientID: other, clientSecret: secret } = retail.app;
      mountTwoApps(app, passport, new URL(callbackURL).origin, marketing, {
        clientID: other,
        clientSecret: secret,
        ...retail.endpoints,
      });
    });

  it('sign users in, one after the other, each with its own portfolio', async () => {
    const { origin, sandbox, client, begin, finish } = await running();
    const early = await begin('/criteo-marketing');
    const other = await begin('/criteo-retail');
    expect((await client.get(await retail.approve(other), { from: other })).location).to.equal(`${origin}/dashboard`);
    // This login started before a user was signed in, so it cannot sign in another user now.
    expect((await finish(early)).location).to.equal(`${origin}/login`);
    const one = await begin('/criteo-marketing');
    expect((await finish(one)).location).to.equal(`${origin}/dashboard`);
    expect(users.saved[0]?.id).to.equal('18446744073709551616');
    expect(users.saved[1]?.id).to.be.a('string').and.not.equal('18446744073709551616');
    expect(sandbox.requests.map(({ path }) => path)).to.include('/2026-07/advertisers/me');
    expect(retail.requests.map(({ path }) => path)).to.include('/2026-07/retail-media/accounts');
  });

  it('reject each other’s logins, and keep them pending', async () => {
    const { origin, sandbox, client, begin } = await running();
    const consentPage = await begin('/criteo-marketing');
    const callback = await sandbox.approve(consentPage);
    const astray = callback.replace('criteo-marketing', 'criteo-retail');
    expect((await client.get(astray, { from: consentPage })).location).to.equal(`${origin}/login`);
    expect(retail.requests.filter(({ path }) => path === '/oauth2/token')).to.have.lengthOf(0);
    expect((await client.get(callback, { from: consentPage })).location).to.equal(`${origin}/dashboard`);
  });
});
