import { writeFileSync } from 'node:fs';
import { probeSteps } from '../../lib/cli/probe/probe-command';
import { sandboxVariants, type UnknownFact, type VariantName } from '../../lib/sandbox';
import { changes } from '../long/variants/promises';
import { read } from './support';

export const page = 'docs/fidelity.md';
const mark = /(<!-- Written by npm run docs:fidelity.* -->\n).*?(<!-- end -->)/s;

/** Returns the page as it should be: with the table of unknown facts that the code has. */
export function upToDate(text: string): string {
  return text.replace(mark, (_all, start: string, end: string) => `${start}\n${table()}\n${end}`);
}

function table(): string {
  const rows = Object.entries(sandboxVariants).map(([name, fact]) => row(name as VariantName, fact));
  return [
    '| switch | question | how it may turn out | why this default | what your app sees differently | settled by |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(name: VariantName, { question, variants, default: usual, why }: UnknownFact): string {
  const ways = Object.entries(variants).map(
    ([variant, text]) => `${variant === usual ? `**\`${variant}\`**` : `\`${variant}\``} ${text}`,
  );
  const steps = probeSteps.filter(({ rows }) => rows.includes(name)).map(({ id }) => `\`${id}\``);
  const settled = steps.length > 0 ? steps.join(', ') : 'a callback that reaches your app: `event.body`';
  return `| \`${name}\` | ${question} | ${ways.join('<br>')} | ${why} | ${changes[name]?.of ?? 'nothing'} | ${settled} |`;
}

if (process.argv.includes('--write')) writeFileSync(page, upToDate(read(page)));
