import { expectOneOutcomeEach } from '../../support/passport';
import { consents } from './consents';
import { endings } from './endings';
import { logins } from './logins';
import { commonToFailures, type Row, rows } from './rows';
import { tokens } from './tokens';
import { type Behaviours, World } from './world';

// It is unknown which variant is true of Criteo: the library has to work with every one. Troubles that need two variants
// together show, because every pair of them stands in some row. The rows of a behaviour run side by side: some wait.
describe(`The library keeps its promises, however the unknown facts turn out (${rows.length} worlds):`, () => {
  expectOneOutcomeEach();
  const groups: [string, Behaviours][] = [
    ['logins', logins],
    ['tokens', tokens],
    ['consents', consents],
    ['endings', endings],
  ];
  for (const [group, behaviours] of groups) {
    describe(group, () => {
      for (const [promise, keep] of Object.entries(behaviours)) {
        it(promise, async () => {
          const failures = new Map<Row, Error>();
          await Promise.all(
            rows.map(async (row) => {
              const world = await World.open(row);
              await keep(world)
                .catch((error: Error) => failures.set(row, error))
                .finally(() => world.close());
            }),
          );
          if (failures.size > 0) throw describeFailures(failures);
        });
      }
    });
  }
});

function describeFailures(failures: ReadonlyMap<Row, Error>): Error {
  const failed = [...failures.keys()];
  const [[row, error] = []] = failures;
  const common = commonToFailures(rows, failed);
  const cause = common.length > 0 ? `if ${common.join(', or ')}` : `in the world ${JSON.stringify(row)}`;
  return new Error(`It fails in ${failed.length} of ${rows.length} worlds, ${cause}: ${error?.message}`, {
    cause: error,
  });
}
