import { expect } from 'chai';
import type { TokenSet } from 'passport-criteo';
import { advertisersOf, connections, ownAdvertisers } from '../../example/tokens/connections';
import { rejection } from '../support/errors';
import { LIFE, opener } from './support';

describe('The examples of token sources', () => {
  const open = opener();

  async function connected() {
    const { sandbox, consent } = await open();
    const store = new Map<string, TokenSet>();
    const asked: string[] = [];
    const app = { ...sandbox.app, apiURL: sandbox.endpoints.apiURL };
    const tokens = connections(app, store, (userId) => asked.push(userId));
    const now = Date.now();
    await tokens.save('user-1', { ...(await consent()), obtainedAt: now, expiresAt: now + LIFE });
    const expire = (): void => {
      const kept = store.get('user-1');
      if (kept) store.set('user-1', { ...kept, obtainedAt: now - LIFE, expiresAt: now });
    };
    return { sandbox, tokens, asked, app, expire };
  }

  it('read the advertisers, even after the access token has expired', async () => {
    const { tokens, expire } = await connected();
    expect(await advertisersOf(tokens, 'user-1'))
      .to.have.property('data')
      .with.length(5);
    expire();
    expect(await advertisersOf(tokens, 'user-1'))
      .to.have.property('data')
      .with.length(5);
  });

  it('ask the user to connect again once consent was revoked', async () => {
    const { sandbox, tokens, asked, expire } = await connected();
    await sandbox.revoke();
    expect(await advertisersOf(tokens, 'user-1')).to.equal(undefined);
    expire();
    expect(await advertisersOf(tokens, 'user-1')).to.equal(undefined);
    expect(asked).to.deep.equal(['user-1']);
  });

  it('throw other errors', async () => {
    const { sandbox, tokens } = await connected();
    sandbox.fault({ on: 'api', status: 500 });
    expect((await rejection(advertisersOf(tokens, 'user-1'), Error)).message).to.include('500');
    sandbox.fault({ on: 'api', reset: true, times: 2 });
    expect(await rejection(advertisersOf(tokens, 'user-1'), Error)).to.include({ retryable: true });
  });

  it("read the app's own advertisers", async () => {
    const { app } = await connected();
    expect(await ownAdvertisers(app)).to.have.property('data');
  });
});
