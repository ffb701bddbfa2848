import { expect } from 'chai';
import { promised } from './promises';
import { type Behaviours, day, listed, queryOf } from './world';

/** Returns what Criteo shows at a consent URL. */
async function shownAt(url: string): Promise<'consent page' | 'error page'> {
  return (await fetch(url)).status === 200 ? 'consent page' : 'error page';
}

/** Signed consent URLs, and the callback that reports the decision. */
export const consents: Behaviours = {
  'a granted consent is reported once, with state and exact ids, and the app’s own token gives access to what was shared':
    async (world) => {
      const ids = world.ids().slice(0, 3);
      world.sandbox.fault({ on: 'delivery', duplicate: true });
      const back = await world.decide('approve', world.consentURL('user-42'), { advertisers: ids });
      expect(Object.keys(queryOf(back as URL))).to.deep.equal(promised(world.row, 'redirectAfterLink'));
      expect(world.events).to.have.length(1);
      const [event] = world.events;
      expect(event).to.include({ type: 'ConsentGranted', state: 'user-42' });
      expect(event?.acceptedScopes).to.have.length.above(0);
      const [full, empty] =
        world.service === 'retail-media'
          ? (['accounts', 'advertisers'] as const)
          : (['advertisers', 'accounts'] as const);
      expect([event?.[full].map(({ id }) => id), event?.[empty]]).to.deep.equal([ids, []]);
      const { clientID, clientSecret } = world.sandbox.app;
      const source = world.source({ client: world.client({ clientID, clientSecret }), grant: 'client_credentials' });
      expect(await listed(await source.fetch(undefined, world.path))).to.have.members(ids);
    },

  'a denied consent is reported, and shares nothing': async (world) => {
    const url = world.consentURL('user-43');
    await world.decide('deny', url);
    const [event, ...more] = world.events;
    expect(event).to.include({ type: 'ConsentDenied', state: 'user-43' });
    expect([event?.acceptedScopes, event?.advertisers, event?.accounts, more]).to.deep.equal([[], [], [], []]);
    expect(await shownAt(url)).to.equal(promised(world.row, 'denialOfLink'));
  },

  'a signed URL works once, until it expires': async (world) => {
    const url = world.consentURL('user-44');
    expect(await shownAt(url)).to.equal('consent page');
    await world.decide('approve', url);
    expect(await shownAt(url)).to.equal('error page');
    const old = world.consentURL('user-45', 31 * day);
    expect(await shownAt(old)).to.equal(promised(world.row, 'signedURLLifetime'));
  },

  'accepted states and redirect URIs are returned unchanged': async (world) => {
    for (const state of ['a-b_c.d~e', '1f0e:2d/3c', 'A!$()*,;=@?[]']) {
      await world.decide('approve', world.consentURL(state));
      expect(world.events.at(-1)?.state).to.equal(state);
    }
  },
};
