/** Every version that Criteo has documented: four a year until 2025, then two; and the two without a number. */
const versions = new Set([
  '2020-10',
  ...['2021', '2022', '2023', '2024', '2025'].flatMap((year) =>
    ['01', '04', '07', '10'].map((month) => `${year}-${month}`),
  ),
  '2026-01',
  '2026-07',
  '2027-01',
  'preview',
  'experimental',
]);

/**
 * Until when Criteo supports a version: Retail Media docs, "Versioning Policy". Older versions are past their end, and
 * of newer ones no day is published.
 */
const supportedUntil: Readonly<Record<string, string>> = {
  '2025-01': '2026-01-27',
  '2025-04': '2026-04-28',
  '2025-07': '2026-07-28',
  '2025-10': '2026-10-28',
  '2026-01': '2027-01-27',
};

/** The last three months of a version: criteo-apis docs, "API Versioning Policy". */
const deprecationMonths = 3;

/** Returns true for a version that Criteo has documented. */
export function isVersion(version: string): boolean {
  return versions.has(version);
}

/** Returns the headers that announce the end of a version: `Deprecation` and `Sunset` in its last three months. */
export function deprecationHeaders(version: string, now: number): Record<string, string> {
  const day = supportedUntil[version];
  if (day === undefined) return {};
  const end = new Date(`${day}T23:59:59Z`);
  const start = new Date(end);
  start.setUTCMonth(start.getUTCMonth() - deprecationMonths);
  if (now < start.getTime() || now > end.getTime()) return {};
  return { deprecation: 'true', sunset: end.toUTCString() };
}
