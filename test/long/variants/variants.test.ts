import { expect } from 'chai';
import { expectOneOutcomeEach } from '../../support/passport';
import { consents } from './consents';
import { endings } from './endings';
import { logins } from './logins';
import { type Row, rows, tellFailures } from './rows';
import { tokens } from './tokens';
import { type Behaviours, World } from './world';

// It is unknown how Criteo behaves in these points, so the library must work with every variant. Each pair of variants is
// in some row, which shows failures that need two variants together. Several rows of a behaviour run at the same time, because
// some of them wait; not all of them, so that on a busy machine no request waits for longer than its timeout.
const atOnce = 12;

describe(`The library works with every variant of what Criteo does not document (${rows.length} worlds):`, () => {
  expectOneOutcomeEach();
  const warnings: string[] = [];
  const listen = ({ message }: Error) => warnings.push(message);
  before(() => process.on('warning', listen));
  after(() => process.off('warning', listen));
  afterEach(() => expect(warnings.splice(0)).to.deep.equal([]));

  const groups: [string, Behaviours][] = [
    ['logins', logins],
    ['tokens', tokens],
    ['consents', consents],
    ['endings', endings],
  ];
  for (const [group, behaviours] of groups) {
    describe(group, () => {
      for (const [promise, keep] of Object.entries(behaviours)) {
        it(promise, async function () {
          this.timeout(60_000);
          const failures = new Map<Row, Error>();
          const left = [...rows];
          const work = async (): Promise<void> => {
            for (let row = left.shift(); row; row = left.shift()) {
              const [failed, world] = [row, await World.open(row)];
              await keep(world)
                .catch((error: Error) => failures.set(failed, error))
                .finally(() => world.close());
            }
          };
          await Promise.all(Array.from({ length: atOnce }, work));
          if (failures.size > 0) throw describeFailures(failures);
        });
      }
    });
  }
});

function describeFailures(failures: ReadonlyMap<Row, Error>): Error {
  const failed = [...failures.keys()];
  const [[row, error] = []] = failures;
  // More than three reasons do not help.
  const reasons = tellFailures(rows, failed).slice(0, 3);
  const where = `${failed.length} of ${rows.length} worlds`;
  const what = failed.length === rows.length ? '' : `, if ${reasons.join(', or ')}`;
  const message = `It fails in ${where}${what}: ${error?.message}. The first of them: ${JSON.stringify(row)}`;
  return new Error(message, { cause: error });
}
