import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(bench));
export const modules = join(bench, 'node_modules');
const { dependencies } = read(bench);

/** Installs the compared packages on first use, and the current state of this package beside them. */
export function prepare() {
  if (Object.entries(dependencies).some(([name, version]) => installed(name)?.version !== version)) {
    const quiet = ['--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...quiet], { cwd: bench, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const ours = join(modules, 'passport-criteo');
  rmSync(ours, { recursive: true, force: true });
  mkdirSync(ours);
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist']) {
    cpSync(join(root, name), join(ours, name), { recursive: true });
  }
}

/** Returns the names and versions of the compared packages. */
export function versions() {
  const list = Object.keys(dependencies).map((name) => `${name} ${installed(name).version}`);
  return `passport-criteo ${read(root).version} beside ${list.join(', ')}\n`;
}

/** Reads the package.json of a package that `from` requires (type packages: those of the repository). */
export function installed(name, from = bench) {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return { ...read(path), path };
  }
  return undefined;
}

function read(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
