// Measures coverage over what the compiler wrote, run by mocha: over sources transformed on the fly, branches would be
// counted that no source has. The library is to be covered whole; the sandbox, a test double itself, nearly so.
const { execFileSync } = require('node:child_process');
const { rmSync, symlinkSync } = require('node:fs');

const run = (name, ...args) => {
  execFileSync(process.execPath, [require.resolve(`../node_modules/.bin/${name}`), ...args], { stdio: 'inherit' });
};
const apart = '{bench,browser,consumers,mutation,servers}';

rmSync('build', { recursive: true, force: true });
run('tsc', '-p', 'test');
// The compiled tests and examples find the package by its name here, too.
symlinkSync('lib', 'build/dist');
const mocha = ['mocha', '--no-config', '--timeout', '60000', '--reporter', 'dot'];
run('c8', '--include', 'build/lib/**', ...mocha, '--ignore', `build/test/${apart}/**`, 'build/test/**/*.test.js');
const check = ['check-coverage', '--include'];
const others = ['--exclude', 'build/lib/sandbox/**', '--exclude', 'build/lib/cli/**'];
// Every line. Of the branches, one that only random input reaches may be missed in a run.
run('c8', ...check, 'build/lib/**', ...others, '--lines', '100', '--branches', '99.9');
run('c8', ...check, 'build/lib/sandbox/**', '--lines', '95', '--branches', '95');
run('c8', ...check, 'build/lib/cli/**', '--lines', '99', '--branches', '91');
