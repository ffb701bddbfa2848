// npm run bench [row group …]: measures this package beside its peers, prints a table for the README.
// No test depends on what comes out.
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { prepare, versions } from './support/prepare.mjs';
import { markdown } from './support/table.mjs';

const all = (await readdir(new URL('rows', import.meta.url))).map((file) => file.replace('.mjs', '')).sort();
const wanted = process.argv.slice(2);
const wrong = wanted.filter((name) => !all.includes(name));
if (wrong.length > 0) throw new Error(`No such row group: ${wrong.join(', ')}. There are: ${all.join(', ')}`);

prepare();
const rows = [];
for (const name of wanted.length > 0 ? wanted : all) {
  console.error(`${name} …`);
  const { measure } = await import(`./rows/${name}.mjs`);
  rows.push(...(await measure()));
}
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
);
console.log(versions());
console.log(markdown(rows));
// Agents of the peers keep connections open.
process.exit();
