/** The possible values of each factor, by its name. */
export type Factors = Readonly<Record<string, readonly string[]>>;

/**
 * Makes a covering array of strength two: rows with one value for each factor, so that every pair of values of two
 * factors is in some row. This finds faults that need two values together, with far fewer rows than all combinations. The
 * algorithm is greedy: each row takes, factor by factor, the value with the most pairs that are still missing.
 */
export function coveringArray(factors: Factors): Record<string, string>[] {
  const names = Object.keys(factors);
  const missing = new Set<string>();
  for (const [index, one] of names.entries()) {
    for (const other of names.slice(index + 1)) {
      for (const a of factors[one] ?? []) for (const b of factors[other] ?? []) missing.add(pair(one, a, other, b));
    }
  }
  const rows: Record<string, string>[] = [];
  while (missing.size > 0) {
    const [seed = ''] = missing;
    const [one = '', a = '', other = '', b = ''] = seed.split('\n');
    const row: Record<string, string> = { [one]: a, [other]: b };
    for (const name of names) {
      if (name in row) continue;
      const gain = (value: string): number =>
        Object.entries(row).filter(([taken, its]) => missing.has(ordered(names, name, value, taken, its))).length;
      row[name] = (factors[name] ?? []).reduce((best, value) => (gain(value) > gain(best) ? value : best));
    }
    for (const [index, name] of names.entries()) {
      for (const next of names.slice(index + 1)) missing.delete(pair(name, row[name] ?? '', next, row[next] ?? ''));
    }
    rows.push(row);
  }
  return rows;
}

function pair(one: string, a: string, other: string, b: string): string {
  return [one, a, other, b].join('\n');
}

function ordered(names: readonly string[], one: string, a: string, other: string, b: string): string {
  return names.indexOf(one) < names.indexOf(other) ? pair(one, a, other, b) : pair(other, b, one, a);
}
