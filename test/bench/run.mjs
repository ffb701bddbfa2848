// npm run bench [-- --save] [row group …]: measures this package beside its peers and prints a table. With --save, the
// table and a chart of it go into docs/benchmarks.md.
// No test depends on what comes out. `npm run bench fleet` takes some minutes and needs Debian's redis-server and
// postgresql, so it runs only if it is named.
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { prepare, versions } from './support/prepare.mjs';
import { save } from './support/save.mjs';
import { markdown } from './support/table.mjs';

const all = (await readdir(new URL('rows', import.meta.url))).map((file) => file.replace('.mjs', '')).sort();
const byHand = ['fleet'];
const given = process.argv.slice(2);
const wanted = given.filter((name) => name !== '--save');
const wrong = wanted.filter((name) => !all.includes(name));
if (wrong.length > 0) throw new Error(`No such row group: ${wrong.join(', ')}. There are: ${all.join(', ')}`);

prepare();
const rows = [];
for (const name of wanted.length > 0 ? wanted : all.filter((name) => !byHand.includes(name))) {
  console.error(`${name} …`);
  const { measure } = await import(`./rows/${name}.mjs`);
  rows.push(...(await measure()));
}
const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`;
const results = { machine, versions: versions().trim(), table: markdown(rows) };
console.log(Object.values(results).join('\n\n'));
if (given.includes('--save')) save(rows, results);
// Agents of the peers keep connections open.
process.exit();
