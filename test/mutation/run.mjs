// npm run mutation [folder of lib …]: changes the library line by line, and lists the changes that no test notices.
// Run it by hand, not in CI: it takes about two hours for all of lib/. `root` means the files directly in lib/.
// Each folder's changes meet the specs of the same folder and those of the strategy; those of the strategy itself meet
// test/login as well. With all specs, it would take days.
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
const specs = readdirSync(join(root, 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .sort();
const mutants = [];
for (const folder of given.length > 0 ? given : known) {
  const mutate = [folder === 'root' ? 'lib/*.ts' : `lib/${folder}/**/*.ts`];
  const near = ['root', folder === 'root' ? 'login' : folder];
  const own = specs.filter((file) => near.includes(folderOf(file)));
  mutants.push(...mutantsOf(mutate, own).map((mutant) => ({ ...mutant, folder })));
}
for (const mutant of mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')) {
  const { status, file, start, end, mutatorName, replacement } = mutant;
  const place = `${file}:${start.line}:${start.column}-${end.line}:${end.column}`;
  console.log(`${status} ${place} ${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ')}`);
}
console.table([...new Set(mutants.map(({ folder }) => folder))].map(rowOf));

function folderOf(file) {
  return dirname(file) === '.' ? 'root' : dirname(file).split('/')[0];
}

function rowOf(folder) {
  const of = (...wanted) => mutants.filter((each) => each.folder === folder && wanted.includes(each.status)).length;
  const killed = of('Killed', 'Timeout');
  const [survived, untested] = [of('Survived'), of('NoCoverage')];
  const score = `${((100 * killed) / Math.max(1, killed + survived + untested)).toFixed(1)} %`;
  return { folder, mutants: killed + survived + untested, killed, survived, untested, score };
}

/** Runs Stryker and returns the mutants that specs can tell from the code. */
function mutantsOf(mutate, specs) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const report = join(work, 'report.json');
  const config = {
    mutate,
    testRunner: 'mocha',
    plugins: [join(here, 'node_modules/@stryker-mutator/mocha-runner/dist/src/index.js')],
    mochaOptions: {
      'no-config': true,
      require: ['tsx/cjs'],
      'async-only': false,
      spec: specs.map((file) => `test/${file}`),
    },
    coverageAnalysis: 'perTest',
    // Mutants of code that runs once, at load, would each need all specs.
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: 3_000,
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
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: relative(root, report) },
  };
  const file = join(work, 'stryker.json');
  writeFileSync(file, JSON.stringify(config));
  execFileSync(process.execPath, [join(here, 'node_modules/.bin/stryker'), 'run', file], {
    cwd: root,
    stdio: 'inherit',
  });
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map(({ location, ...mutant }) => ({ ...mutant, ...location, file })),
  );
}
