import { expect } from 'chai';
import { ReauthorizationRequiredError, TokenStoreError } from '../../lib/errors';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { rejection } from '../support/errors';
import { gate, LIFE, MINUTE, opener, until } from './support';

describe('Closing a TokenSource', () => {
  const open = opener();

  it('waits for a refresh under way and its write, and refuses calls made afterwards', async () => {
    const { source, consent, pass, sandbox, store, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 30, rotateRefreshToken: true });
    const old = store.get('user-1')?.refreshToken;
    const token = connections.accessToken('user-1');
    await until(() => asked() === 1);
    await connections.close();
    expect(store.get('user-1')?.refreshToken).to.not.equal(old);
    expect(await token).to.equal(store.get('user-1')?.accessToken);
    for (const call of [
      connections.accessToken('user-1'),
      connections.fetch('user-1', '/2026-07/advertisers/me'),
      connections.save('user-1', await consent()),
      connections.delete('user-1'),
      connections.status('user-1'),
    ]) {
      const error = await rejection(call, TokenStoreError);
      expect(error).to.include({ code: 'closed', retryable: false });
      expect(error.message).to.include('closed');
    }
    await connections.close();
  });

  it('starts no refresh that waits for a lock, for an earlier one, or in the queue', async () => {
    const { source, consent, pass, asked, store } = await open();
    for (const name of ['user-1', 'user-2']) store.set(name, await consent());
    pass(LIFE);
    const connections = source({ lock: () => new Promise(() => {}), concurrency: 1 });
    const calls = ['user-1', 'user-2'].map((name) => connections.accessToken(name));
    for (const call of calls) call.catch(() => {});
    await new Promise(setImmediate);
    await connections.close();
    for (const call of calls) expect(await rejection(call, TokenStoreError)).to.include({ code: 'closed' });
    expect(asked()).to.equal(0);
  });

  it('starts no request for a refresh that was about to send one', async () => {
    const { source, consent, pass, asked, store } = await open();
    store.set('user-1', await consent());
    pass(LIFE);
    const held = gate();
    let reads = 0;
    const connections = source({
      store: {
        async get(key) {
          reads += 1;
          if (reads === 2) await held.promise;
          return store.get(key);
        },
        set: () => expect.fail('something was written'),
        delete: () => true,
      },
    });
    const token = connections.accessToken('user-1');
    token.catch(() => {});
    await until(() => reads === 2);
    const closing = connections.close();
    held.open();
    await closing;
    expect(await rejection(token, TokenStoreError)).to.include({ code: 'closed' });
    expect(asked()).to.equal(0);
  });

  it('still saves what the app asked to save before', async () => {
    const { source, consent, store } = await open();
    const held = gate();
    const connections = source({
      lock: async (_key, work) => {
        await held.promise;
        await work();
      },
    });
    const tokens = await consent();
    const saving = connections.save('user-1', tokens);
    const closing = connections.close();
    held.open();
    await closing;
    await saving;
    expect(store.get('user-1')).to.include({ accessToken: tokens.accessToken });
  });

  it('stores the tokens that the store had refused before', async () => {
    const { source, consent, pass, store, sandbox } = await open({ timeout: 150 });
    const flaky = {
      get: (key: string) => store.get(key),
      set: (_key: string, _tokens: StoredTokenSet): unknown => Promise.reject(new Error('the disk is full')),
      delete: (key: string) => store.delete(key),
    };
    store.set('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', rotateRefreshToken: true });
    const connections = source({ store: flaky });
    await rejection(connections.accessToken('user-1'), TokenStoreError);
    const { refreshToken } = store.get('user-1') ?? {};
    flaky.set = (key, tokens) => store.set(key, tokens);
    await connections.close();
    expect(store.get('user-1')?.refreshToken).to.be.a('string').and.not.equal(refreshToken);
  });

  it('stores the tokens that the store had refused for so long that the source had stopped trying', async () => {
    const { timed, consent, pass, store, sandbox } = await open();
    const tokens = await consent();
    let isBroken = true;
    const { connections, time } = timed({
      store: {
        get: (key) => store.get(key),
        set: (key, tokens) => (isBroken ? Promise.reject(new Error('the disk is full')) : store.set(key, tokens)),
        delete: (key) => store.delete(key),
      },
    });
    store.set('user-1', tokens);
    pass(LIFE);
    sandbox.fault({ on: 'token', rotateRefreshToken: true });
    await rejection(connections.current('user-1', false), TokenStoreError);
    await time.run(MINUTE);
    isBroken = false;
    await time.run(2 * MINUTE);
    expect(store.get('user-1')).to.equal(tokens);
    await connections.close();
    expect(store.get('user-1')?.refreshToken).to.be.a('string').and.not.equal(tokens.refreshToken);
  });

  it('takes no longer than its timeouts even if everything hangs', async () => {
    const { source, consent, pass, store, sandbox } = await open({ timeout: 40 });
    store.set('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', hang: true, times: Infinity });
    const connections = source({ lock: (_key, work) => work().then(() => new Promise(() => {})) });
    const token = connections.accessToken('user-1');
    token.catch(() => {});
    await connections.close();
    await rejection(token, Error);
  });

  it('happens at the end of an `await using`', async () => {
    const { source } = await open();
    const connections = source();
    await connections[Symbol.asyncDispose]();
    expect(await rejection(connections.accessToken('user-1'), TokenStoreError)).to.include({ code: 'closed' });
    expect(await rejection(source().accessToken('user-1'), ReauthorizationRequiredError)).to.include({ key: 'user-1' });
  });
});
