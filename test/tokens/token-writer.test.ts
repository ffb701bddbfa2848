import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import { ReauthorizationRequiredError, TokenStoreError } from '../../lib/errors';
import { Connections } from '../../lib/tokens/connections';
import type { Turn } from '../../lib/tokens/lock';
import { readOptions } from '../../lib/tokens/options';
import { CheckedStore } from '../../lib/tokens/store';
import type { StoredTokenSet } from '../../lib/tokens/stored-tokens';
import { TokenWriter } from '../../lib/tokens/token-writer';
import { rejection } from '../support/errors';
import { VirtualTime } from '../support/simulation/virtual-time';
import { gate, LIFE, start } from './support';

const owner = { name: 'app', isKilled: false, hasEnded: false, frozenUntil: 0 };

/** The tokens of refresh number `n`, at a time. */
function tokensOf(n: number, obtainedAt: number, lifetime = LIFE): StoredTokenSet {
  const expiresAt = obtainedAt + lifetime;
  return { accessToken: `a${n}`, tokenType: 'Bearer', obtainedAt, expiresAt, refreshToken: `r${n}` };
}

/** A connection whose access token was refused, in a time that goes on only when the test lets it. */
function setUp({ timeout = 10_000, lifetime = LIFE, isAtomic = false } = {}) {
  const time = new VirtualTime();
  const now = (): number => start + time.now;
  const rows = new Map([['user-1', tokensOf(0, start - 1)]]);
  const world = { time, now, rows, writes: [] as number[], isBroken: true, asked: 0, locked: 0, isHeld: false };
  const write = (key: string, tokens: StoredTokenSet): void => {
    world.writes.push(time.now);
    // Ends in any case, because time would not go on if writes without a pause followed each other.
    if (world.isBroken && world.writes.length < 20) throw new Error('the disk is full');
    rows.set(key, tokens);
  };
  const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret' });
  client.refresh = async () => {
    world.asked += 1;
    return tokensOf(world.asked, now(), lifetime);
  };
  const plain = { get: (key: string) => rows.get(key), set: write, delete: (key: string) => rows.delete(key) };
  const compareAndSet = (key: string, expected: string | undefined, tokens: StoredTokenSet | undefined): boolean => {
    const row = rows.get(key);
    if ((row && (row.version ?? '')) !== expected) return false;
    if (tokens) write(key, tokens);
    else rows.delete(key);
    return true;
  };
  const options = readOptions({
    client,
    now,
    store: isAtomic ? { ...plain, compareAndSet } : plain,
    lock: async (_key, work) => {
      world.locked += 1;
      world.isHeld = true;
      await work().finally(() => {
        world.isHeld = false;
      });
    },
  });
  const connections = new Connections(options, timeout, time.timers(owner));
  return Object.assign(world, { connections });
}

describe('New tokens that the store does not take', () => {
  it('are written again after pauses that grow, within four timeouts, and the lock is held as long', async () => {
    const world = setUp();
    const { connections, time, writes } = world;
    const call = rejection(connections.current('user-1', 'a0'), TokenStoreError);
    await time.run(23_800);
    await call;
    expect(world.isHeld).to.equal(true);
    await time.run(600_000);
    // The first write, and then with three quarters of 250 ms, 500 ms, 1 s, … in between.
    expect(writes).to.deep.equal([0, 187.5, 562.5, 1312.5, 2812.5, 5812.5, 11_812.5, 23_812.5]);
    expect(world.isHeld).to.equal(false);
    expect(world.asked).to.equal(1);
  });

  it('are not written again once the store has taken them', async () => {
    const world = setUp();
    const { connections, time, writes, rows } = world;
    const call = rejection(connections.current('user-1', 'a0'), TokenStoreError);
    await time.run(500);
    await call;
    expect(await connections.status('user-1')).to.include({ accessTokenExpiresAt: start + LIFE });
    world.isBroken = false;
    await time.run(600_000);
    expect(writes).to.deep.equal([0, 187.5, 562.5]);
    expect(rows.get('user-1')).to.include({ accessToken: 'a1', refreshToken: 'r1' });
    // Nothing is left to be written, so no lock is needed, and the status is that of the store.
    world.locked = 0;
    expect(await connections.current('user-1', false)).to.include({ accessToken: 'a1' });
    expect(world.locked).to.equal(0);
    rows.delete('user-1');
    expect(await connections.status('user-1')).to.equal(undefined);
  });

  for (const what of ['deleted', 'saved again']) {
    it(`are forgotten at once if the connection is ${what} while their next write is planned`, async () => {
      const world = setUp({ isAtomic: true });
      const { connections, time, now } = world;
      await rejection(connections.current('user-1', 'a0'), TokenStoreError);
      world.isBroken = false;
      const consent = tokensOf(9, now());
      await (what === 'deleted' ? connections.delete('user-1') : connections.save('user-1', consent));
      world.locked = 0;
      const status = await connections.status('user-1');
      if (what === 'deleted') {
        expect(status).to.equal(undefined);
        const error = await rejection(connections.current('user-1', false), ReauthorizationRequiredError);
        expect(error).to.include({ code: 'not_connected' });
      } else {
        expect(status).to.include({ connectedAt: now() });
        expect(await connections.current('user-1', false)).to.include(consent);
      }
      expect(world.locked).to.equal(0);
      await time.run(600_000);
      expect(world.rows.get('user-1')?.refreshToken).to.equal(what === 'deleted' ? undefined : 'r9');
    });
  }

  // With this timeout no write is planned: its time would be over.
  const timeout = 60;

  it('are written by close, even if no other write of them was planned', async () => {
    const world = setUp({ timeout });
    const { connections, rows, writes } = world;
    await rejection(connections.current('user-1', 'a0'), TokenStoreError);
    world.isBroken = false;
    await connections.close();
    expect(writes).to.have.length(2);
    expect(rows.get('user-1')).to.include({ accessToken: 'a1', refreshToken: 'r1' });
  });

  it('are returned once they are stored, even if they have expired, while Criteo must not be asked again', async () => {
    const world = setUp({ timeout, lifetime: 1 });
    const { connections, time } = world;
    await rejection(connections.current('user-1', 'a0'), TokenStoreError);
    world.isBroken = false;
    await time.run(100);
    expect(await connections.current('user-1', 'a0')).to.include({ accessToken: 'a1' });
    expect(world.asked).to.equal(1);
  });

  it('are kept if a late write of earlier ones ends after they came', async () => {
    const stored = tokensOf(0, start);
    const turn: Turn = { isLost: () => false, keepUntil: () => {} };
    const timers = new VirtualTime().timers(owner);
    const late = gate();
    const full = () => Promise.reject(new Error('the disk is full'));
    const store = { get: () => stored, set: (): Promise<unknown> => full(), delete: () => true };
    const writer = new TokenWriter(new CheckedStore(store, 1000, timers), 1000, undefined, timers);
    await rejection(writer.keep('user-1', stored, tokensOf(1, start), turn), TokenStoreError);
    store.set = () => late.promise;
    const saving = writer.saveUnsaved('user-1', turn);
    await new Promise(setImmediate);
    // Meanwhile the lock has been lost, and the next refresh has brought other tokens.
    store.set = full;
    await rejection(writer.keep('user-1', stored, tokensOf(2, start), turn), TokenStoreError);
    late.open();
    await saving;
    expect(writer.unsaved('user-1')).to.include({ refreshToken: 'r2' });
  });
});
