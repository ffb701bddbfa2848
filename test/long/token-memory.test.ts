import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import type { TokenSet } from '../../lib/criteo/token-set';
import type { TokenLock } from '../../lib/tokens/lock';
import { TokenSource } from '../../lib/tokens/token-source';
import { collectGarbage } from '../support/garbage';
import { LIFE, MINUTE } from '../tokens/support';

/** A client that gets its tokens from nowhere, so that only the source's own memory counts. */
class InstantClient extends CriteoClient {
  asked = 0;

  override async refresh(): Promise<TokenSet> {
    this.asked += 1;
    return { accessToken: `a${this.asked}`, tokenType: 'Bearer', obtainedAt: 0, expiresAt: LIFE };
  }
}

describe('The memory of a TokenSource', () => {
  for (const [how, count, lock] of [
    ['', 30_000, undefined],
    [' under a lock', 20_000, (_key, work) => work()],
  ] as [string, number, TokenLock | undefined][]) {
    it(`does not grow with ${count} connections that were used once${how}`, async function () {
      this.timeout(30_000);
      const client = new InstantClient({ clientID: 'id', clientSecret: 'secret' });
      // A store that remembers nothing, so that all that is left is the source's.
      const stale = { accessToken: 'a', tokenType: 'Bearer', obtainedAt: 0, expiresAt: 0, refreshToken: 'r' } as const;
      const store = { get: () => stale, set: () => {}, delete: () => {} };
      const source = new TokenSource({ client, store, lock, now: () => MINUTE });
      const use = async (from: number, to: number): Promise<void> => {
        for (let first = from; first < to; first += 1000) {
          await Promise.all(Array.from({ length: 1000 }, (_, i) => source.accessToken(`user-${first + i}`)));
        }
      };
      await use(0, 5000);
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      await use(5000, 5000 + count);
      collectGarbage();
      const left = process.memoryUsage().heapUsed - before;
      expect(client.asked).to.equal(5000 + count);
      // An entry of a Map alone, with its key, is larger than that for each of 20,000.
      expect(left).to.be.below(1_000_000);
    });
  }
});
