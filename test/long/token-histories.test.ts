import { expect } from 'chai';
import fc from 'fast-check';
import { rotations } from '../support/simulation/criteo';
import { type Action, live, type Setting } from '../support/simulation/history';

// More, or others, on demand: SIMULATIONS=100000 SEED=7 npx mocha … test/long/token-histories.test.ts
const runs = Number(process.env['SIMULATIONS'] ?? 200);
const seed = Number(process.env['SEED'] ?? 2026);

const kinds = ['call', 'call', 'call', 'call', 'refused', 'force', 'consent', 'delete', 'close'] as const;
const violent = ['freeze', 'freeze', 'kill', 'kill', 'revoke'] as const;

function action(kinds: readonly Action['kind'][]): fc.Arbitrary<Action> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    process: fc.nat(2),
    key: fc.nat(1),
    // At once, while something is under way, after it, and when the access token is due or has expired.
    pause: fc.constantFrom(0, 1, 5, 30, 1500, 3000, 850_000, 900_000),
  });
}

const settings: [string, Setting, readonly Action['kind'][]][] = [
  [
    'compare-and-set and a lock, with processes that stop and freeze',
    { isAtomic: true, hasLock: true, processes: 3 },
    [...kinds, ...violent],
  ],
  [
    'compare-and-set alone, with processes that stop and freeze',
    { isAtomic: true, hasLock: false, processes: 3 },
    [...kinds, ...violent],
  ],
  ['a lock alone, as long as it holds', { isAtomic: false, hasLock: true, processes: 3 }, [...kinds, 'revoke']],
  [
    'a plain store in one process',
    { isAtomic: false, hasLock: false, processes: 1 },
    ['call', 'refused', 'force', 'consent', 'delete', 'revoke'],
  ],
];

describe('A simulated app', () => {
  for (const [what, setting, kinds] of settings) {
    it(`loses no tokens with ${what}`, async function () {
      this.timeout(0);
      const history = fc.record({
        setting: fc.constant(setting),
        rotation: fc.constantFrom(...rotations),
        actions: fc.array(action(kinds), { minLength: 1, maxLength: 14 }),
        courses: fc.array(fc.nat(99), { minLength: 1, maxLength: 40 }),
      });
      await fc.assert(
        fc.asyncProperty(history, async (history) => {
          const broken = await live(history);
          expect(broken, broken.join('\n')).to.deep.equal([]);
        }),
        { numRuns: runs, seed },
      );
    });
  }
});
