import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../support/prepare.mjs';

const peers = ['passport-google-oauth20', 'openid-client', 'simple-oauth2', 'grant'];

/** Measures what npm installs. Type packages (@types/…) and their own dependencies are listed separately. */
export async function measure() {
  const ours = weigh('passport-criteo');
  const typed = weigh('passport-criteo', { types: true });
  const figure = ({ bytes, packages }) => `${(bytes / 1000).toFixed(0)} KB, ${packages} packages`;
  const rows = peers.map((beside) => ({
    what: 'installed',
    ours: figure(ours),
    beside,
    theirs: figure(weigh(beside)),
  }));
  rows[0] = { ...rows[0], value: ours.bytes, aim: 300_000, aimText: '≤ 300 KB' };
  rows[1] = { ...rows[1], value: ours.packages, aim: 7, aimText: '≤ 7 packages' };
  return [
    ...rows,
    {
      what: 'of it, the package itself',
      ours: figure({ bytes: bytesOf('passport-criteo', installed('passport-criteo').path), packages: 1 }),
    },
    { what: 'with type packages', ours: figure(typed) },
  ];
}

/** Returns a package and its run-time dependencies. */
function weigh(name, { types = false } = {}, from = undefined, seen = new Map()) {
  const { path, dependencies = {} } = installed(name, from);
  if (!seen.has(path)) {
    seen.set(path, bytesOf(name, path));
    for (const needed of Object.keys(dependencies)) {
      if (types || !needed.startsWith('@types/')) weigh(needed, { types }, path, seen);
    }
  }
  return { packages: seen.size, bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

function bytesOf(name, path) {
  if (name !== 'passport-criteo') return filesIn(path);
  // The package is copied here, not installed, so only the files count that npm would publish.
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'], {
    cwd: path,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const parsed = JSON.parse(printed);
  return (parsed[0] ?? parsed[name]).unpackedSize;
}

function filesIn(path) {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const inside = join(path, entry.name);
    bytes += entry.isDirectory() ? filesIn(inside) : lstatSync(inside).size;
  }
  return bytes;
}
