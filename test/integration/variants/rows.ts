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
export const rows = coveringArray({
  ...Object.fromEntries(variants),
  pkce: ['off', 'on'],
  service: ['marketing-solutions', 'retail-media'],
  secret: ['sent', 'left out'],
}) as unknown as readonly Row[];

/**
 * Returns what every row that failed has and no other row has: most likely what the failure is about. If no single variant
 * tells them apart, a pair may.
 */
export function commonToFailures(all: readonly Row[], failed: readonly Row[]): string[] {
  const passed = all.filter((row) => !failed.includes(row));
  const facts = Object.entries(failed[0] ?? {}).filter(([name, value]) =>
    failed.every((row) => row[name as keyof Row] === value),
  );
  const tells = (some: readonly (readonly [string, string])[]): boolean =>
    !passed.some((row) => some.every(([name, value]) => row[name as keyof Row] === value));
  const shown = (some: readonly (readonly [string, string])[]): string =>
    some.map(([name, value]) => `${name} is ${value}`).join(' and ');
  const single = facts.filter((fact) => tells([fact]));
  if (single.length > 0) return single.map((fact) => shown([fact]));
  const pairs = facts.flatMap((fact, at) => facts.slice(at + 1).map((other) => [fact, other] as const));
  return pairs.filter(tells).map(shown);
}
