import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chart } from './chart.mjs';

const docs = new URL('../../../docs/', import.meta.url);
const page = fileURLToPath(new URL('benchmarks.md', docs));
const picture = fileURLToPath(new URL('pictures/benchmarks.svg', docs));
const START = '<!-- results: written by npm run bench -- --save -->';
const END = '<!-- end of results -->';

/** Writes results into the page of the guide, and draws its chart. */
export function save(rows, { machine, versions, table }) {
  const text = readFileSync(page, 'utf8');
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${page} has no place for results: ${START} … ${END}`);
  const results = [START, '', machine, '', versions, '', table, ''].join('\n');
  writeFileSync(page, `${text.slice(0, start)}${results}\n${text.slice(end)}`);
  writeFileSync(picture, chart(rows, machine));
}
