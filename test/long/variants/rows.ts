import { sandboxVariants, type Variants } from '../../../lib/sandbox';
import { coveringArray } from '../../support/covering-array';

/** One world in which everything that Criteo does not document has turned out in some way, and an app of some kind. */
export interface Row extends Variants {
  readonly pkce: 'off' | 'on';
  readonly service: 'marketing-solutions' | 'retail-media';
  /** What the app does if it has the choice, with PKCE switched on. */
  readonly secret: 'sent' | 'left out';
}

const variants = Object.entries(sandboxVariants).map(([name, { variants }]) => [name, Object.keys(variants)] as const);

/** In these rows, every pair of variants stands in some row, and each of them with every kind of app. */
// Cast because Object.fromEntries forgets which names and variants there are: they come from the table itself.
export const rows = coveringArray({
  ...Object.fromEntries(variants),
  pkce: ['off', 'on'],
  service: ['marketing-solutions', 'retail-media'],
  secret: ['sent', 'left out'],
}) as unknown as readonly Row[];

/** A fact, and the variants of it that the rows have. */
type Found = readonly [name: string, values: readonly string[]];

/**
 * Returns what tells the rows that failed from all others: most likely what the failure is about. That is a fact, or if none
 * does, two of them together; those with the fewest variants first.
 */
export function tellFailures(all: readonly Row[], failed: readonly Row[]): string[] {
  const passed = all.filter((row) => !failed.includes(row));
  const valuesOf = (some: readonly Row[], name: string): string[] => [
    ...new Set(some.map((row) => row[name as keyof Row])),
  ];
  const found: Found[] = Object.keys(all[0] ?? {})
    .map((name): Found => [name, valuesOf(failed, name)])
    .filter(([name, values]) => values.length < valuesOf(all, name).length);
  const has = (row: Row, [name, values]: Found): boolean => values.includes(row[name as keyof Row]);
  const tells = (facts: readonly Found[]): boolean => !passed.some((row) => facts.every((fact) => has(row, fact)));
  const single = found.filter((fact) => tells([fact])).map((fact) => [fact]);
  const pairs = found.flatMap((fact, at) => found.slice(at + 1).map((other) => [fact, other])).filter(tells);
  const size = (facts: readonly Found[]): number => facts.flatMap(([, values]) => values).length;
  return (single.length > 0 ? single : pairs)
    .sort((one, other) => size(one) - size(other))
    .map((facts) => facts.map(([name, values]) => `${name} is ${values.join(' or ')}`).join(' and '));
}
