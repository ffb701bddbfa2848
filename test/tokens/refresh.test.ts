import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import { CriteoTransportError, ReauthorizationRequiredError, TokenStoreError } from '../../lib/errors';
import type { ExchangeFault } from '../../lib/sandbox';
import type { TokenStore } from '../../lib/tokens/store';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { rejection } from '../support/errors';
import { bare, DAY, gate, LIFE, opener, start, until } from './support';

/** A store with compare-and-set, as a database has it. */
function atomicStore(rows = new Map<string, StoredTokenSet>()): Required<TokenStore> {
  return {
    get: (key) => rows.get(key),
    set: () => expect.fail('set was called'),
    delete: () => expect.fail('delete was called'),
    compareAndSet(key, expected, tokens) {
      const row = rows.get(key);
      if ((row && (row.version ?? '')) !== expected) return false;
      if (tokens) rows.set(key, tokens);
      else rows.delete(key);
      return true;
    },
  };
}

/** A store whose driver sends each write twice: the second one finds the version of the first. */
function twiceSent(rows: Map<string, StoredTokenSet>): TokenStore {
  const atomic = atomicStore(rows);
  const compareAndSet: typeof atomic.compareAndSet = async (...write) => {
    await atomic.compareAndSet(...write);
    return atomic.compareAndSet(...write);
  };
  return { ...atomic, compareAndSet };
}

/** Holds the responses of the token endpoint back until the gate is opened. */
function hold(client: CriteoClient): () => void {
  const held = gate();
  const refresh = client.refresh.bind(client);
  client.refresh = async (...options) => {
    const [outcome] = await Promise.allSettled([refresh(...options)]);
    await held.promise;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };
  return () => held.open();
}

for (const [kind, shared] of [
  ['a plain store', (rows: Map<string, StoredTokenSet>): TokenStore => rows],
  ['a store with compareAndSet', atomicStore],
] as const) {
  describe(`A refresh, with ${kind}`, () => {
    const open = opener();

    async function refreshing(fault: Omit<ExchangeFault, 'on'> = { rotateRefreshToken: true }) {
      const world = await open();
      const [one, other] = [world.source({ store: shared(world.store) }), world.source({ store: shared(world.store) })];
      await one.save('user-1', await world.consent());
      world.pass(LIFE);
      world.sandbox.fault({ on: 'token', ...fault });
      const release = hold(world.client);
      const token = one.accessToken('user-1');
      token.catch(() => {});
      await until(() => world.asked() === 1);
      return { ...world, other, token, release };
    }

    it('does not overwrite a consent that another process saved meanwhile, and returns its token', async () => {
      const { consent, store, other, token, release } = await refreshing();
      const latest = await consent();
      await other.save('user-1', latest);
      release();
      expect(await token).to.equal(latest.accessToken);
      expect(bare(store.get('user-1'))).to.deep.equal(latest);
    });

    it('does not bring back tokens that another process deleted meanwhile', async () => {
      const { store, other, token, release } = await refreshing();
      await other.delete('user-1');
      release();
      expect(await rejection(token, ReauthorizationRequiredError)).to.include({ code: 'not_connected', key: 'user-1' });
      expect(store.size).to.equal(0);
    });

    it('says that there is no connection if Criteo refused it and another process deleted the tokens meanwhile', async () => {
      const { store, other, token, release } = await refreshing({ status: 400, body: { error: 'invalid_grant' } });
      await other.delete('user-1');
      release();
      expect(await rejection(token, ReauthorizationRequiredError)).to.include({ code: 'not_connected', key: 'user-1' });
      expect(store.size).to.equal(0);
    });

    it('keeps its refresh token if another process saved tokens without one', async () => {
      const { consent, store, other, token, source, pass, release } = await refreshing();
      const { refreshToken: _, ...tokens } = await consent();
      await other.save('user-1', tokens);
      release();
      await token;
      pass(LIFE);
      expect(await source({ store: shared(store) }).accessToken('user-1')).to.be.a('string');
    });
  });
}

describe('A write that is late', () => {
  const open = opener();

  it('fails because of its version if the store has compareAndSet', async () => {
    const { source, consent, pass, store, asked } = await open({ timeout: 400 });
    const held = gate();
    const slow = atomicStore(store);
    const connections = source({ store: slow });
    await connections.save('user-1', await consent());
    pass(LIFE);
    const { compareAndSet } = slow;
    let isLate: boolean | undefined;
    slow.compareAndSet = async (key, expected, tokens) => {
      await held.promise;
      isLate = await compareAndSet(key, expected, tokens);
      return isLate;
    };
    await rejection(connections.accessToken('user-1'), TokenStoreError);
    expect(asked()).to.equal(1);
    slow.compareAndSet = compareAndSet;
    const latest = await consent();
    await connections.save('user-1', latest);
    held.open();
    await until(() => isLate === false);
    expect(bare(store.get('user-1'))).to.deep.equal(latest);
  });

  for (const what of ['save', 'delete'] as const) {
    it(`delays the next ${what} of the same connection if the store has no compareAndSet`, async () => {
      const { source, consent, pass, store } = await open({ timeout: 200 });
      const held = gate();
      const slow = {
        get: (key: string) => store.get(key),
        set: (key: string, tokens: StoredTokenSet): unknown => store.set(key, tokens),
        delete: (key: string) => store.delete(key),
      };
      const connections = source({ store: slow });
      await connections.save('user-1', await consent());
      pass(LIFE);
      const { set } = slow;
      slow.set = async (key, tokens) => {
        slow.set = set;
        await held.promise;
        return set(key, tokens);
      };
      await rejection(connections.accessToken('user-1'), TokenStoreError);
      const latest = await consent();
      const next = what === 'save' ? connections.save('user-1', latest) : connections.delete('user-1');
      await new Promise((resolve) => setTimeout(resolve, 20));
      held.open();
      await next;
      expect(bare(store.get('user-1'))).to.deep.equal(what === 'save' ? latest : undefined);
    });
  }

  it('is repeated while the lock is held, so that no process sends the old refresh token', async () => {
    const { source, consent, pass, store, asked, sandbox } = await open();
    let isHeld = false;
    const flaky = {
      get: (key: string) => store.get(key),
      set: (key: string, tokens: StoredTokenSet): unknown => store.set(key, tokens),
      delete: (key: string) => store.delete(key),
    };
    const connections = source({
      store: flaky,
      lock: async (_key, work) => {
        isHeld = true;
        try {
          await work();
        } finally {
          isHeld = false;
        }
      },
    });
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', rotateRefreshToken: true });
    const old = store.get('user-1')?.refreshToken;
    const { set } = flaky;
    flaky.set = () => Promise.reject(new Error('the disk is full'));
    await rejection(connections.accessToken('user-1'), TokenStoreError);
    expect(isHeld).to.equal(true);
    flaky.set = set;
    await until(() => !isHeld);
    expect(store.get('user-1')?.refreshToken).to.be.a('string').and.not.equal(old);
    expect(asked()).to.equal(1);
  });
});

describe('A store with compareAndSet', () => {
  const open = opener();

  it('is used by save, by the mark and by delete, with the version that was read', async () => {
    const { source, consent, pass, store, sandbox } = await open();
    const connections = source({ store: atomicStore(store) });
    await connections.save('user-1', await consent());
    const versions = [store.get('user-1')?.version];
    await connections.save('user-1', await consent());
    versions.push(store.get('user-1')?.version);
    pass(LIFE);
    await connections.accessToken('user-1');
    versions.push(store.get('user-1')?.version);
    await sandbox.revoke();
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    versions.push(store.get('user-1')?.version);
    expect(new Set(versions).size).to.equal(4);
    expect(versions.every((version) => typeof version === 'string' && version.length >= 16)).to.equal(true);
    await connections.delete('user-1');
    expect(store.size).to.equal(0);
  });

  it('is not called by delete if there is nothing to delete', async () => {
    const { source } = await open();
    const compareAndSet = () => expect.fail('compareAndSet was called');
    await source({ store: { ...atomicStore(), compareAndSet } }).delete('user-1');
  });

  it('is named in the error if it fails', async () => {
    const { source, consent } = await open();
    const compareAndSet = () => Promise.reject(new Error('read-only'));
    const connections = source({ store: { ...atomicStore(), compareAndSet } });
    const error = await rejection(connections.save('user-1', await consent()), TokenStoreError);
    expect(error.message).to.include('failed to compareAndSet');
    expect(String(error.cause)).to.include('read-only');
  });

  it('replaces records of earlier versions, and unusable ones', async () => {
    const { source, consent, store, pass, asked } = await open();
    const connections = source({ store: atomicStore(store) });
    store.set('old', await consent());
    pass(LIFE);
    const token = await connections.accessToken('old');
    expect(store.get('old')).to.include({ accessToken: token }).and.have.property('clientID');
    expect(asked()).to.equal(1);
    store.set('saved', await consent());
    store.set('deleted', await consent());
    const latest = await consent();
    await connections.save('saved', latest);
    expect(bare(store.get('saved'))).to.deep.equal(latest);
    await connections.delete('deleted');
    store.set('rubbish', { version: 'v1' } as never);
    expect(await rejection(connections.accessToken('rubbish'), TokenStoreError)).to.include({
      code: 'store_invalid',
      key: 'rubbish',
    });
    await connections.save('rubbish', await consent());
    store.set('rubbish', {} as never);
    await connections.delete('rubbish');
    expect([...store.keys()]).to.deep.equal(['old', 'saved']);
  });

  it('keeps the refresh token of a later consent if it failed to store a refresh before', async () => {
    const { source, consent, pass, store } = await open();
    const flaky = atomicStore(store);
    const connections = source({ store: flaky });
    await connections.save('user-1', await consent());
    pass(LIFE);
    const { compareAndSet } = flaky;
    flaky.compareAndSet = () => Promise.reject(new Error('read-only'));
    await rejection(connections.accessToken('user-1'), TokenStoreError);
    flaky.compareAndSet = compareAndSet;
    pass(1);
    const { refreshToken, ...tokens } = await consent();
    await source({ store: flaky }).save('user-1', { ...tokens, refreshToken: String(refreshToken) });
    await connections.save('user-1', tokens);
    expect(store.get('user-1')?.refreshToken).to.equal(refreshToken);
  });

  it('is an error if it returns something else than true or false', async () => {
    const { source, consent, store } = await open();
    const connections = source({ store: { ...atomicStore(store), compareAndSet: () => 1 as never } });
    const error = await rejection(connections.save('user-1', await consent()), TokenStoreError);
    expect(error.code).to.equal('store_failed');
    expect(error.message).to.include('failed to compareAndSet');
    expect(String(error.cause)).to.include('true or false');
  });

  it('is an error after some tries if the record has changed each time', async () => {
    const { source, consent, store, pass } = await open();
    store.set('user-1', await consent());
    pass(LIFE);
    const connections = source({ store: { ...atomicStore(store), compareAndSet: () => false } });
    for (const call of [connections.save('user-1', await consent()), connections.accessToken('user-1')]) {
      const error = await rejection(call, TokenStoreError);
      expect(error).to.include({ code: 'store_failed', retryable: true });
      expect(error.message).to.include('Other processes kept changing the tokens of "user-1"').and.include('Try again');
    }
  });

  it('gets new tokens although other processes have changed the record twice meanwhile', async () => {
    const { source, consent, store, pass, asked } = await open();
    const atomic = atomicStore(store);
    store.set('user-1', await consent());
    pass(LIFE);
    let changes = 0;
    const compareAndSet: typeof atomic.compareAndSet = (key, ...write) => {
      const row = store.get(key);
      if (row && changes < 2) {
        changes += 1;
        store.set(key, { ...row, version: `change-${changes}` });
      }
      return atomic.compareAndSet(key, ...write);
    };
    const token = await source({ store: { ...atomic, compareAndSet } }).accessToken('user-1');
    expect(store.get('user-1')?.accessToken).to.equal(token);
    expect([changes, asked()]).to.deep.equal([2, 1]);
  });

  it('may write new tokens and then return false, as after a command that was sent twice: onExpiring is called all the same', async () => {
    const { source, consent, pass, store } = await open();
    const told: string[] = [];
    const connections = source({ store: twiceSent(store), onExpiring: (key) => told.push(key) });
    store.set('user-1', { ...(await consent()), refreshTokenObtainedAt: start });
    pass(170 * DAY);
    expect(await connections.accessToken('user-1')).to.equal(store.get('user-1')?.accessToken);
    expect(told).to.deep.equal(['user-1']);
  });

  it('keeps the order of the calls', async () => {
    const { source, consent, store } = await open();
    const slow = atomicStore(store);
    const { get } = slow;
    let reads = 0;
    slow.get = async (key) => {
      reads += 1;
      if (reads === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      return get(key);
    };
    const connections = source({ store: slow });
    const last = await consent();
    await Promise.all([connections.save('user-1', await consent()), connections.save('user-1', last)]);
    expect(bare(store.get('user-1'))).to.deep.equal(last);
  });

  it('saves and deletes although another process changes the record in between', async () => {
    const { source, consent, store } = await open();
    const { compareAndSet, ...atomic } = atomicStore(store);
    let isOvertaken = false;
    const connections = source({
      store: {
        ...atomic,
        compareAndSet(key, ...write) {
          isOvertaken = !isOvertaken;
          const row = store.get(key);
          if (isOvertaken && row) store.set(key, { ...row, version: 'of another process' });
          return compareAndSet(key, ...write);
        },
      },
    });
    store.set('user-1', await consent());
    const latest = await consent();
    await connections.save('user-1', latest);
    expect(bare(store.get('user-1'))).to.deep.equal(latest);
    await connections.delete('user-1');
    expect(store.size).to.equal(0);
  });

  it('saves without the lock', async () => {
    const { source, consent, store } = await open();
    const connections = source({ store: atomicStore(store), lock: () => new Promise(() => {}) });
    await connections.save('user-1', await consent());
    await connections.delete('user-1');
    expect(store.size).to.equal(0);
  });
});

describe('The client id', () => {
  const open = opener();

  it('is stored with the tokens, and tokens of another one are refused without a request or a mark', async () => {
    const { source, consent, pass, store, asked, sandbox } = await open();
    const app = { ...sandbox.app, ...sandbox.endpoints };
    await source().save('user-1', await consent());
    const before = { ...store.get('user-1') };
    const other = source({ client: new CriteoClient({ ...app, clientID: 'another-app' }) });
    pass(LIFE);
    for (const force of [false, true]) {
      const error = await rejection(other.accessToken('user-1', { force }), TokenStoreError);
      expect(error).to.include({ code: 'client_mismatch', status: 500, retryable: false, key: 'user-1' });
      expect(error.message).to.include('client id').and.include('connect again');
    }
    expect(store.get('user-1')).to.deep.equal(before);
    expect(asked()).to.equal(0);
    expect(await source().accessToken('user-1')).to.be.a('string');
    // A consent for the other app takes the place; its refresh token is not mixed with the old one.
    const { refreshToken: _, ...tokens } = await consent();
    await other.save('user-1', tokens);
    expect(store.get('user-1')).to.include({ clientID: 'another-app' }).and.not.have.property('refreshToken');
  });

  it('is added to records without one at the next write', async () => {
    const { source, consent, pass, store, client } = await open();
    store.set('user-1', await consent());
    pass(LIFE);
    await source().accessToken('user-1');
    expect(store.get('user-1')).to.include({ clientID: client.clientID });
  });
});

describe('The mark of a connection that has ended', () => {
  const open = opener();

  async function dead() {
    const world = await open();
    const told: string[] = [];
    const connections = world.source({ onReauthorizationRequired: (key) => told.push(key) });
    const tokens = await world.consent();
    await connections.save('user-1', tokens);
    world.pass(LIFE);
    world.sandbox.fault({ on: 'token', status: 400, body: { error: 'invalid_grant' } });
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    return { ...world, connections, told };
  }

  it('is believed for a day, then one request tests it and restores a connection that Criteo accepts', async () => {
    const { connections, pass, asked, store, told } = await dead();
    pass(DAY - 1);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(asked()).to.equal(1);
    pass(1);
    expect(await connections.accessToken('user-1')).to.be.a('string');
    expect(asked()).to.equal(2);
    expect(store.get('user-1')).to.not.have.any.keys('reauthorizeSince', 'reauthorizeCheckedAt', 'reauthorizeReason');
    expect(told).to.deep.equal(['user-1']);
  });

  it('is tested after a day even if the access token, which was refused, has not expired', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    const { accessToken, ...tokens } = await consent();
    await connections.save('user-1', { ...tokens, accessToken, expiresAt: tokens.obtainedAt + 3 * DAY });
    sandbox.fault({ on: 'token', status: 400, body: { error: 'invalid_grant' } });
    await rejection(connections.accessToken('user-1', { force: accessToken }), ReauthorizationRequiredError);
    pass(DAY);
    expect(await connections.accessToken('user-1')).to.not.equal(accessToken);
    expect(asked()).to.equal(2);
  });

  it('is not believed if it is from a clock that was far ahead', async () => {
    const { connections, pass, asked } = await dead();
    pass(-365 * DAY);
    expect(await connections.accessToken('user-1')).to.be.a('string');
    expect(asked()).to.equal(2);
  });

  it('stays for another day after a test that failed, and the app is not told twice', async () => {
    const { connections, pass, asked, store, told, sandbox, now } = await dead();
    const since = store.get('user-1')?.reauthorizeSince;
    await sandbox.revoke();
    pass(DAY);
    const calls = [1, 2, 3].map(() => rejection(connections.accessToken('user-1'), ReauthorizationRequiredError));
    await Promise.all(calls);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(asked()).to.equal(2);
    expect(store.get('user-1')).to.include({ reauthorizeSince: since, reauthorizeCheckedAt: now() });
    expect(told).to.deep.equal(['user-1']);
  });

  it('is reported to the app even if the store wrote it and then returned false, as after a command that was sent twice', async () => {
    const { source, consent, pass, store, sandbox } = await open();
    const told: string[] = [];
    const connections = source({ store: twiceSent(store), onReauthorizationRequired: (key) => told.push(key) });
    store.set('user-1', await consent());
    await sandbox.revoke();
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(told).to.deep.equal(['user-1']);
  });

  it('is an error of the store if it cannot be stored, and Criteo is not asked again at once', async () => {
    const { source, consent, pass, store, sandbox, asked } = await open();
    const told: string[] = [];
    let isBroken = true;
    const { compareAndSet, ...atomic } = atomicStore(store);
    const connections = source({
      store: {
        ...atomic,
        compareAndSet: (...write) =>
          isBroken ? Promise.reject(new Error('the disk is full')) : compareAndSet(...write),
      },
      onReauthorizationRequired: (key) => told.push(key),
    });
    store.set('user-1', await consent());
    await sandbox.revoke();
    pass(LIFE);
    for (let call = 1; call <= 2; call += 1) {
      expect(await rejection(connections.accessToken('user-1'), TokenStoreError)).to.include({ code: 'store_failed' });
    }
    expect([asked(), ...told]).to.deep.equal([1]);
    isBroken = false;
    pass(1000);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect([asked(), ...told]).to.deep.equal([2, 'user-1']);
  });

  it('stays if Criteo cannot be reached', async () => {
    const { connections, pass, sandbox, asked } = await dead();
    sandbox.fault({ on: 'token', status: 503, times: 2 });
    pass(DAY);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(asked()).to.equal(3);
  });

  it('has the reason: there was no refresh token, or Criteo refused it', async () => {
    const { connections, source, consent, pass, asked, store } = await dead();
    const refused = await rejection(connections.accessToken('user-1'), ReauthorizationRequiredError);
    expect(refused.message).to.include('expired or revoked');
    expect(refused).to.include({ key: 'user-1', code: 'reauthorization_required' });
    const { refreshToken: _, ...tokens } = await consent();
    await source().save('user-2', tokens);
    pass(LIFE);
    const marks: unknown[] = [];
    for (const time of [0, 2 * DAY]) {
      pass(time);
      const error = await rejection(source().accessToken('user-2'), ReauthorizationRequiredError);
      expect(error.message).to.include('no refresh token').and.not.include('revoked');
      expect(error).to.include({ key: 'user-2', code: 'reauthorization_required' });
      marks.push(store.get('user-2'));
    }
    // Without a refresh token there is nothing to test after a day: the store is not written again.
    expect(marks[1]).to.equal(marks[0]);
    expect(asked()).to.equal(1);
  });
});

describe('A lock that is lost', () => {
  const open = opener();

  for (const [when, count, code] of [
    ['before the request, stops it', 0, 'lock_failed'],
    ['during the request, stops its repetition', 1, 'invalid_response'],
  ] as const) {
    it(when, async () => {
      const { source, consent, pass, sandbox, asked, store, client } = await open();
      const control = new AbortController();
      store.set('user-1', await consent());
      if (count === 0) control.abort();
      const connections = source({ lock: (_key, work) => work(control.signal) });
      sandbox.fault({ on: 'token', status: 503 });
      const release = hold(client);
      pass(LIFE);
      const token = connections.accessToken('user-1');
      token.catch(() => {});
      if (count === 1) await until(() => asked() === 1);
      control.abort();
      release();
      expect(await rejection(token, Error)).to.include({ code, retryable: true });
      expect(asked()).to.equal(count);
    });
  }

  it('does not lose the tokens that Criteo returned', async () => {
    const { source, consent, pass, sandbox, asked, store, client } = await open();
    const control = new AbortController();
    store.set('user-1', await consent());
    const connections = source({ lock: (_key, work) => work(control.signal) });
    sandbox.fault({ on: 'token', rotateRefreshToken: true });
    const release = hold(client);
    pass(LIFE);
    const token = connections.accessToken('user-1');
    await until(() => asked() === 1);
    control.abort();
    release();
    expect(await token).to.equal(store.get('user-1')?.accessToken);
  });

  it('does not mark a connection as ended, because another process may have refreshed it', async () => {
    const { source, consent, pass, sandbox, asked, store, client } = await open();
    const control = new AbortController();
    store.set('user-1', await consent());
    const connections = source({ lock: (_key, work) => work(control.signal) });
    sandbox.fault({ on: 'token', status: 400, body: { error: 'invalid_grant' } });
    const release = hold(client);
    pass(LIFE);
    const token = connections.accessToken('user-1');
    token.catch(() => {});
    await until(() => asked() === 1);
    control.abort();
    release();
    const error = await rejection(token, TokenStoreError);
    expect(error).to.include({ code: 'lock_failed', retryable: true });
    expect(error.message).to.include('lock of the token source was lost').and.include('Try again');
    expect(store.get('user-1')).to.not.have.property('reauthorizeSince');
  });
});

describe('An error of the transport', () => {
  const open = opener();

  it('returns a valid token in its last seconds, even if the lock fails too', async () => {
    const { source, consent, pass, store } = await open();
    const tokens = await consent();
    store.set('user-1', tokens);
    pass(LIFE - 1);
    const connections = source({
      lock: () => Promise.reject(new CriteoTransportError('x', { code: 'timeout', status: 504 })),
    });
    expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
  });
});
