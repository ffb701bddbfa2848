import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import type { TokenSet } from '../../lib/criteo/token-set';
import { CriteoTransportError, TokenStoreError } from '../../lib/errors';
import type { TokenLock } from '../../lib/tokens/lock';
import { rejection } from '../support/errors';
import { bare, gate, LIFE, MINUTE, opener, until } from './support';

/** A lock that is always free, and counts how often it was taken. */
function countingLock(): { lock: TokenLock; locked(): number } {
  let count = 0;
  const lock: TokenLock = (_key, work) => {
    count += 1;
    return work();
  };
  return { lock, locked: () => count };
}

describe('A connection’s access token', () => {
  const open = opener();

  it('is the stored one, without a request, while it is valid for more than a minute', async () => {
    const { source, consent, pass, asked } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    pass(LIFE - MINUTE - 1);
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    expect(asked()).to.equal(0);
  });

  it('is returned while it is refreshed in the background, once, in its last minute', async () => {
    const { source, consent, pass, asked, store, sandbox } = await open();
    const tokens = await consent();
    const { lock, locked } = countingLock();
    const connections = source({ lock });
    store.set('user-1', tokens);
    pass(LIFE - MINUTE);
    sandbox.fault({ on: 'token', delay: 20 });
    for (let i = 0; i < 5; i += 1) expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    await until(() => store.get('user-1')?.accessToken !== tokens.accessToken);
    expect(await connections.accessToken('user-1')).to.equal(store.get('user-1')?.accessToken);
    await connections.close();
    expect([asked(), locked()]).to.deep.equal([1, 1]);
  });

  it('is waited for in the last five seconds, and stored before it is returned', async () => {
    const { source, consent, pass, asked, store, now } = await open();
    const tokens = await consent();
    const connections = source();
    await connections.save('user-1', tokens);
    pass(LIFE - 5000);
    const fresh = await connections.accessToken('user-1');
    expect(fresh).to.not.equal(tokens.accessToken);
    expect(bare(store.get('user-1'))).to.deep.equal({
      accessToken: fresh,
      tokenType: 'Bearer',
      obtainedAt: now(),
      expiresAt: now() + LIFE,
      refreshToken: tokens.refreshToken,
    });
    expect(await connections.accessToken('user-1')).to.equal(fresh);
    expect(asked()).to.equal(1);
  });

  it('is not returned before the store has it', async () => {
    const { consent, pass, source, store } = await open();
    const events: string[] = [];
    const slow = {
      get: (key: string) => store.get(key),
      async set(key: string, tokens: TokenSet) {
        events.push('writing');
        await new Promise((resolve) => setTimeout(resolve, 20));
        store.set(key, tokens);
        events.push('written');
      },
      delete: (key: string) => store.delete(key),
    };
    store.set('user-1', await consent());
    pass(LIFE);
    await source({ store: slow }).accessToken('user-1');
    events.push('handed out');
    expect(events).to.deep.equal(['writing', 'written', 'handed out']);
  });

  it('has a lifetime that is counted from the request, not from the response', async () => {
    const { source, consent, pass, sandbox, store, now, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    const asking = now();
    sandbox.fault({ on: 'token', delay: 50 });
    const token = connections.accessToken('user-1');
    await until(() => asked() === 1);
    pass(5000);
    await token;
    expect(store.get('user-1')).to.include({ obtainedAt: asking, expiresAt: asking + LIFE });
  });

  it('is requested once, and locked once, however many callers want it', async () => {
    const { source, consent, pass, asked, store, sandbox } = await open();
    const { lock, locked } = countingLock();
    const connections = source({ lock });
    store.set('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 20 });
    const many = () => Array.from({ length: 500 }, () => connections.accessToken('user-1'));
    const early = many();
    await until(() => asked() === 1);
    expect(new Set(await Promise.all([...early, ...many()])).size).to.equal(1);
    expect([asked(), locked()]).to.deep.equal([1, 1]);
  });

  it('does not wait for the one of another connection', async () => {
    const { source, consent, pass, sandbox } = await open();
    const connections = source();
    const slow = await consent();
    await connections.save('slow', slow);
    pass(LIFE);
    await connections.save('quick', await consent());
    sandbox.fault({ on: 'token', hang: true });
    const control = new AbortController();
    const hanging = connections.accessToken('slow', { signal: control.signal });
    await connections.accessToken('quick');
    control.abort();
    await rejection(hanging, CriteoTransportError);
  });

  it('comes with the new refresh token, if Criteo sends one', async () => {
    const { source, consent, pass, sandbox, store } = await open();
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    for (let round = 1; round <= 3; round += 1) {
      const { refreshToken } = store.get('user-1') ?? {};
      sandbox.fault({ on: 'token', rotateRefreshToken: true });
      pass(LIFE);
      await connections.accessToken('user-1');
      expect(store.get('user-1')?.refreshToken).to.be.a('string').and.not.equal(refreshToken);
    }
  });

  for (const [what, fault] of [
    ['leaves it out', { on: 'token', omitRefreshToken: true }],
    [
      'says null',
      {
        on: 'token',
        status: 200,
        body: { access_token: 'new', token_type: 'bearer', expires_in: 900, refresh_token: null },
      },
    ],
  ] as const) {
    it(`comes with the old refresh token if Criteo ${what}`, async () => {
      const { source, consent, pass, sandbox, store } = await open();
      const connections = source();
      const { refreshToken } = await consent().then(async (tokens) => {
        await connections.save('user-1', tokens);
        return tokens;
      });
      sandbox.fault(fault);
      pass(LIFE);
      await connections.accessToken('user-1');
      expect(store.get('user-1')?.refreshToken).to.equal(refreshToken);
    });
  }

  it('is refreshed at half of its lifetime if that is shorter than two minutes', async () => {
    const { source, consent, pass, asked, sandbox, store } = await open();
    const { lock, locked } = countingLock();
    const connections = source({ lock });
    await connections.save('user-1', await consent());
    pass(LIFE);
    const body = { access_token: 'brief', token_type: 'Bearer', expires_in: 30 };
    sandbox.fault({ on: 'token', status: 200, body });
    await connections.accessToken('user-1');
    const before = locked();
    pass(14_999);
    expect(await connections.accessToken('user-1')).to.equal('brief');
    // A refresh in the background would have the lock by now.
    await new Promise(setImmediate);
    expect(locked()).to.equal(before);
    expect(asked()).to.equal(1);
    pass(1);
    await connections.accessToken('user-1');
    await until(() => asked() === 2);
    await until(() => store.get('user-1')?.accessToken !== 'brief');
  });

  it('is refreshed at the time that the option skew sets', async () => {
    const { source, consent, pass, asked } = await open();
    const connections = source({ skew: 0 });
    await connections.save('user-1', await consent());
    pass(LIFE - 1);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(0);
    pass(1);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(1);
  });

  it('is refreshed for the other callers if one caller gives up', async () => {
    const { source, consent, pass, asked, sandbox, store } = await open();
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 30 });
    const control = new AbortController();
    const reason = new Error('changed my mind');
    const impatient = connections.accessToken('user-1', { signal: control.signal });
    const patient = connections.accessToken('user-1', { signal: new AbortController().signal });
    await until(() => asked() === 1);
    control.abort(reason);
    const error = await rejection(impatient, CriteoTransportError);
    expect(error).to.include({ code: 'aborted', cause: reason });
    expect(store.get('user-1')?.accessToken).to.equal(tokens.accessToken);
    expect(await patient).to.equal(store.get('user-1')?.accessToken);
    expect(asked()).to.equal(1);
  });

  it('leaves no listener on a signal', async () => {
    const { source, consent } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 5 }, () => connections.accessToken('user-1', { signal })));
    await until(() => getEventListeners(signal, 'abort').length === 0);
  });

  it('is stored even if every caller has given up', async () => {
    const { source, consent, pass, sandbox, store, asked } = await open();
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 20 });
    const control = new AbortController();
    const impatient = connections.accessToken('user-1', { signal: control.signal });
    await until(() => asked() === 1);
    control.abort();
    await rejection(impatient, CriteoTransportError);
    await until(() => store.get('user-1')?.accessToken !== tokens.accessToken);
  });

  it('is not requested for a caller whose signal had aborted before', async () => {
    const { source, consent, pass, asked, store } = await open();
    let reads = 0;
    const connections = source({
      store: {
        get(key) {
          reads += 1;
          return store.get(key);
        },
        set: store.set.bind(store),
        delete: () => true,
      },
    });
    await connections.save('user-1', await consent());
    pass(LIFE);
    reads = 0;
    const error = await rejection(
      connections.accessToken('user-1', { signal: AbortSignal.abort() }),
      CriteoTransportError,
    );
    expect(error.code).to.equal('aborted');
    expect(reads).to.equal(0);
    expect(asked()).to.equal(0);
  });

  describe('after Criteo refused it', () => {
    it('is replaced if the caller names it, even if it has not expired', async () => {
      const { source, consent, asked } = await open();
      const connections = source();
      const { accessToken } = await consent().then(async (tokens) => {
        await connections.save('user-1', tokens);
        return tokens;
      });
      const fresh = await connections.accessToken('user-1', { force: accessToken });
      expect(fresh).to.not.equal(accessToken);
      expect(asked()).to.equal(1);
    });

    it('is not replaced again if another caller has replaced it', async () => {
      const { source, consent, asked } = await open();
      const connections = source();
      const tokens = await consent();
      await connections.save('user-1', tokens);
      const all = [];
      for (let i = 0; i < 5; i += 1) all.push(await connections.accessToken('user-1', { force: tokens.accessToken }));
      expect(new Set(all).size).to.equal(1);
      expect(asked()).to.equal(1);
    });

    it('is replaced once for all callers that force it at the same time', async () => {
      const { source, consent, asked, pass } = await open();
      const connections = source();
      await connections.save('user-1', await consent());
      pass(1000);
      await Promise.all(Array.from({ length: 50 }, () => connections.accessToken('user-1', { force: true })));
      expect(asked()).to.equal(1);
      pass(MINUTE);
      await connections.accessToken('user-1', { force: true });
      expect(asked()).to.equal(2);
    });

    it('is replaced although the refresh under way returns the same one', async () => {
      const { source, consent, pass, asked } = await open();
      const had = gate();
      const map = new Map();
      const connections = source({
        store: map,
        lock: async (_key, work) => {
          await had.promise;
          return work();
        },
      });
      const stale = await consent();
      map.set('user-1', stale);
      pass(LIFE);
      const content = connections.accessToken('user-1');
      // Meanwhile another process refreshes, and its token is refused.
      const refused = await consent();
      await new Promise((resolve) => setImmediate(resolve));
      map.set('user-1', refused);
      const forced = connections.accessToken('user-1', { force: refused.accessToken });
      const forcedToo = connections.accessToken('user-1', { force: refused.accessToken });
      await new Promise((resolve) => setImmediate(resolve));
      had.open();
      expect(await content).to.equal(refused.accessToken);
      expect(await forced).to.not.equal(refused.accessToken);
      expect(await forcedToo).to.equal(await forced);
      expect(asked()).to.equal(1);
    });
  });
});

describe('A place among the refreshes that the option concurrency allows', () => {
  const open = opener();

  /** Connections with one place, whose refresh tokens are their keys. */
  async function onePlace(lock: TokenLock, respond: (key: string) => Promise<void> = async () => {}) {
    const { timed, client, store, consent, now, pass } = await open();
    const asked: string[] = [];
    client.refresh = async (key) => {
      asked.push(key);
      await respond(key);
      return { accessToken: `of ${key}`, tokenType: 'Bearer', obtainedAt: now(), expiresAt: now() + LIFE };
    };
    const tokens = await consent();
    pass(LIFE);
    const { connections, time } = timed({ lock, concurrency: 1 });
    const refresh = (key: string): Promise<unknown> => {
      store.set(key, { ...tokens, refreshToken: key });
      return connections.current(key, false);
    };
    return { refresh, asked, time };
  }

  it('is lent after a second of waiting for a lock, and comes back before those that have no lock yet', async () => {
    const [lock, response] = [gate(), gate()];
    const { refresh, asked, time } = await onePlace(
      async (key, work) => {
        if (key === 'locked') await lock.promise;
        return work();
      },
      (key) => (key === 'next' ? response.promise : Promise.resolve()),
    );
    const all = ['locked', 'next', 'last'].map(refresh);
    await time.run(999);
    expect(asked).to.deep.equal([]);
    await time.run(1000);
    expect(asked).to.deep.equal(['next']);
    lock.open();
    await time.run(1000);
    expect(asked).to.deep.equal(['next']);
    response.open();
    await Promise.all(all);
    expect(asked).to.deep.equal(['next', 'locked', 'last']);
  });

  it('is free as soon as Criteo has responded, although the lock is still being released', async () => {
    const released = gate();
    const { refresh, asked, time } = await onePlace(async (key, work) => {
      await work();
      if (key === 'first') await released.promise;
    });
    const all = ['first', 'second'].map(refresh);
    await time.run(0);
    expect(asked).to.deep.equal(['first', 'second']);
    released.open();
    await Promise.all(all);
  });

  it('is free as soon as the lock has failed', async () => {
    const { refresh, asked, time } = await onePlace((key, work) =>
      key === 'first' ? Promise.reject(new Error('no Redis')) : work(),
    );
    const first = rejection(refresh('first'), TokenStoreError);
    const second = refresh('second');
    await time.run(0);
    expect(asked).to.deep.equal(['second']);
    expect(await first).to.include({ code: 'lock_failed' });
    await second;
  });
});

describe('Saving and deleting', () => {
  const open = opener();

  it('stores a copy, with the fields of tokens only', async () => {
    const { source, consent, store } = await open();
    const tokens = Object.freeze({ ...(await consent()), extra: 'not ours', reauthorizeSince: 1 });
    await source().save('user-1', tokens);
    const { extra: _, reauthorizeSince: __, ...rest } = tokens;
    expect(bare(store.get('user-1'))).to.deep.equal(rest);
    expect(store.get('user-1')).to.have.all.keys(
      ...Object.keys(rest),
      ...['version', 'clientID', 'connectedAt', 'refreshTokenObtainedAt'],
    );
  });

  it('keeps the stored refresh token if the new tokens have none', async () => {
    const { source, consent, store } = await open();
    const connections = source();
    const { refreshToken, ...tokens } = await consent();
    await connections.save('user-1', { ...tokens, refreshToken: 'kept' });
    await connections.save('user-1', tokens);
    expect(store.get('user-1')?.refreshToken).to.equal('kept');
    await connections.save('user-1', { ...tokens, refreshToken: `${refreshToken}` });
    expect(store.get('user-1')?.refreshToken).to.equal(refreshToken);
  });

  it('accepts tokens without a refresh token for a new connection', async () => {
    const { source, consent, store } = await open();
    const { refreshToken: _, ...tokens } = await consent();
    await source().save('user-1', tokens);
    expect(bare(store.get('user-1'))).to.deep.equal(tokens);
  });

  it('is not undone by a refresh that was under way, because the last consent counts', async () => {
    const { source, consent, pass, sandbox, store, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 20 });
    const refreshing = connections.accessToken('user-1');
    await until(() => asked() === 1);
    const latest = await consent();
    await connections.save('user-1', latest);
    await refreshing;
    expect(bare(store.get('user-1'))).to.deep.equal(latest);
  });

  it('leaves nothing in the store, not even of a refresh that was under way', async () => {
    const { source, consent, pass, sandbox, store, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', delay: 20 });
    const refreshing = connections.accessToken('user-1');
    await until(() => asked() === 1);
    await connections.delete('user-1');
    await refreshing;
    expect(store.size).to.equal(0);
  });
});
