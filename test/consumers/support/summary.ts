import type { Suite, Test } from 'mocha';

// The table at the end: one line for each consumer, that is for each outermost `describe`.
before(function () {
  const { parent } = this.test ?? {};
  // After mocha's own report, so that it is the last thing there.
  process.once('exit', () => console.log(table(parent?.suites ?? [])));
});

function table(consumers: readonly Suite[]): string {
  const rows = consumers.map((consumer) => {
    const tests = testsOf(consumer);
    const count = (state: string): number => tests.filter((test) => outcome(test) === state).length;
    const seconds = tests.reduce((sum, { duration = 0 }) => sum + duration, 0) / 1000;
    const wrong = ['failed', 'not run'].filter((state) => count(state) > 0);
    const result = wrong.length > 0 ? wrong.map((state) => `${count(state)} ${state}`).join(', ') : 'works';
    return [consumer.title, `${count('passed')} of ${tests.length}`, `${seconds.toFixed(1)} s`, result];
  });
  const all = [['consumer', 'tests', 'time', 'result'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`).join('\n');
}

function testsOf({ tests, suites }: Suite): Test[] {
  return [...tests, ...suites.flatMap(testsOf)];
}

function outcome(test: Test): string {
  return test.pending ? 'skipped' : (test.state ?? 'not run');
}
