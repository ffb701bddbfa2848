// npm run mutation [folder of lib …]: changes the library line by line, and lists the changes that no test notices.
// Run it by hand, not in CI: it takes about 15 minutes for a thousand mutants. `root` means the files directly in lib/.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const work = join(root, 'build', 'mutation');
// The sandbox and the commands are left out.
const apart = ['sandbox', 'cli'];
const folders = readdirSync(join(root, 'lib'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !apart.includes(entry.name))
  .map((entry) => entry.name);
const known = ['root', ...folders];
const given = process.argv.slice(2);
const wrong = given.filter((name) => !known.includes(name));
if (wrong.length > 0) throw new Error(`No such folder: ${wrong.join(', ')}. There are: ${known.join(', ')}`);

if (!existsSync(join(here, 'node_modules'))) {
  // Stryker's runner requires an older mocha than it works with.
  const quiet = ['--legacy-peer-deps', '--no-package-lock', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...quiet], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
}

// The specs are listed one by one, because a spec that a glob misses would only show as surviving mutants.
const quick = new Set(['.', 'integration', ...folders]);
const spec = readdirSync(join(root, 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.ts') && quick.has(dirname(file).split('/')[0]))
  .map((file) => `test/${file}`)
  .sort();

const rows = [];
for (const folder of given.length > 0 ? given : known) rows.push({ folder, ...mutate(folder) });
console.table(rows);

function mutate(folder) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const report = join(work, 'report.json');
  const config = {
    mutate: [folder === 'root' ? 'lib/*.ts' : `lib/${folder}/**/*.ts`],
    testRunner: 'mocha',
    plugins: [join(here, 'node_modules/@stryker-mutator/mocha-runner/dist/src/index.js')],
    mochaOptions: { 'no-config': true, require: ['tsx/cjs'], 'async-only': false, spec },
    coverageAnalysis: 'perTest',
    // Mutants of code that runs once, at load, would each need the whole suite.
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: 10_000,
    tempDirName: relative(root, join(work, 'sandbox')),
    ignorePatterns: [
      'dist',
      'coverage',
      'test/bench',
      'test/browser',
      'test/consumers',
      'test/mutation',
      'test/servers',
    ],
    // This file does not exist, because Stryker cannot call the TypeScript compiler that is in use.
    tsconfigFile: 'none.json',
    disableTypeChecks: true,
    allowEmpty: true,
    reporters: ['json', 'clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: false, skipFull: true },
    jsonReporter: { fileName: relative(root, report) },
  };
  const file = join(work, 'stryker.json');
  writeFileSync(file, JSON.stringify(config));
  execFileSync(process.execPath, [join(here, 'node_modules/.bin/stryker'), 'run', file], {
    cwd: root,
    stdio: 'inherit',
  });
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const of = (...wanted) => statuses.filter((status) => wanted.includes(status)).length;
  const killed = of('Killed', 'Timeout');
  const survived = of('Survived');
  const untested = of('NoCoverage');
  const score = `${((100 * killed) / Math.max(1, killed + survived + untested)).toFixed(1)} %`;
  return { mutants: killed + survived + untested, killed, survived, untested, score };
}
