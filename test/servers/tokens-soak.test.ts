import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import type { TokenSet } from '../../lib/criteo/token-set';
import { CriteoTokenError, CriteoTransportError, TokenStoreError } from '../../lib/errors';
import { createSandbox, type Fault, type FaultHandle } from '../../lib/sandbox';
import { TokenSource } from '../../lib/tokens/token-source';
import { login } from '../sandbox/support';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const REFRESHES = 10_000;
const KEYS = 100;

const faults: Omit<Extract<Fault, { on: 'token' | 'api' | 'consent' }>, 'on'>[] = [
  { status: 503 },
  { status: 429, headers: { 'retry-after': '0' } },
  { status: 400, body: { error: 'temporarily_unavailable' } },
  { status: 200, body: '<html>a proxy' },
  { status: 401 },
  { reset: true },
  { reset: true, after: true },
  { truncate: true },
  { delay: 5 },
  { omitRefreshToken: true },
  { rotateRefreshToken: true },
];

describe('A hundred connections', () => {
  it(`lose no tokens in ${REFRESHES} refreshes with faults of Criteo, the network and the store`, async function () {
    this.timeout(300_000);
    const random = numbers(2026);
    let ahead = 0;
    const now = () => Date.now() + ahead;
    const sandbox = await createSandbox({ now });
    try {
      // No timeout of ours: the answer to a refresh that spent its refresh token must not be among those that are lost.
      const client = new CriteoClient({ ...sandbox.app, ...sandbox.endpoints, timeout: 120_000 });
      const map = new Map<string, TokenSet>();
      const flaky = <T>(rate: number, work: () => T) => {
        if (random() < rate) throw new Error('the store has a bad moment');
        return work();
      };
      const store = {
        get: async (key: string) => flaky(0.01, () => map.get(key)),
        set: async (key: string, tokens: TokenSet) => flaky(0.03, () => map.set(key, tokens)),
        delete: (key: string) => map.delete(key),
      };
      const dead: string[] = [];
      const tokens = new TokenSource({ client, store, now, onReauthorizationRequired: (key) => dead.push(key) });
      for (let i = 0; i < KEYS; i += 1) {
        const { access, refresh } = await login(sandbox);
        const obtainedAt = Date.now();
        const expiresAt = obtainedAt + 900_000;
        map.set(`key-${i}`, { accessToken: access, tokenType: 'Bearer', obtainedAt, expiresAt, refreshToken: refresh });
      }

      const pending: FaultHandle[] = [];
      const failures = new Map<string, number>();
      let refreshes = 0;
      let over = false;
      await Promise.all(
        [...map.keys()].map(async (key) => {
          for (let done = 0; done < REFRESHES / KEYS && !over; ) {
            const fault = faults[Math.floor(random() * faults.length * 5)];
            if (fault) pending.push(sandbox.fault({ on: 'token', ...fault }));
            // Requests for one connection that follow each other too closely are held back.
            ahead += 61_000;
            const seen = map.get(key)?.accessToken ?? '';
            try {
              // Several at a time, as in an app.
              const all = await Promise.all([1, 2, 3].map(() => tokens.accessToken(key, { force: seen })));
              expect(new Set(all).size).to.equal(1);
              expect(all[0]).to.not.equal(seen);
              done += 1;
              refreshes += 1;
            } catch (error) {
              const known = [CriteoTransportError, CriteoTokenError, TokenStoreError].some(
                (type) => error instanceof type,
              );
              over ||= !known;
              if (!known) throw error;
              const { code } = error as CriteoTokenError;
              failures.set(code, (failures.get(code) ?? 0) + 1);
            }
          }
        }),
      );
      expect(refreshes).to.equal(REFRESHES);
      // The faults were there.
      expect([...failures.keys()]).to.include.members(['store_failed', 'invalid_client', 'invalid_response']);
      expect(dead).to.deep.equal([]);

      for (const fault of pending) fault.clear();
      const working = await Promise.all([...map.values()].map(({ refreshToken = '' }) => client.refresh(refreshToken)));
      expect(working).to.have.length(KEYS);
    } finally {
      await sandbox.close();
    }
  });
});
