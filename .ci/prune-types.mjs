// Part of `npm run build`: removes the declaration files that the two public ones do not need.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const dist = resolve('dist');
const needed = new Set();

function add(file) {
  if (needed.has(file)) return;
  needed.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import|import\()\s*['"](\.[^'"]*)['"]/g)) {
    const module = resolve(dirname(file), path);
    const found = [`${module}.d.ts`, `${module}/index.d.ts`].find((each) => existsSync(each));
    if (!found) throw new Error(`${file} imports ${path}, which has no declarations`);
    add(found);
  }
}

add(resolve(dist, 'index.d.ts'));
add(resolve(dist, 'sandbox/index.d.ts'));
for (const name of readdirSync(dist, { recursive: true })) {
  const file = resolve(dist, name);
  if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
}
