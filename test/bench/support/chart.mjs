const WIDTH = 1000;
const LABELS = 640;
const LINE = 24;
const TOP = 62;
// The scale is logarithmic, so that half and twice are equally far from 1.
const LEAST = 0.02;
const MOST = 4;
const TICKS = [0.03, 0.1, 0.3, 1, 3];

/**
 * Draws the rows that have a ratio as an SVG chart: bars to the left of 1 mean that this package takes less. The lines
 * on the bars are quartiles. Colours follow the reader's light or dark setting.
 */
export function chart(rows, subtitle) {
  const drawn = rows.filter(({ ratio, beside }) => Number.isFinite(ratio) && ratio > 0 && beside);
  const height = TOP + drawn.length * LINE + 34;
  const bottom = TOP + drawn.length * LINE + 4;
  const bars = drawn.map(({ what, beside, ratio, spread }, index) => {
    const y = TOP + index * LINE;
    const [from, to] = [x(Math.min(1, ratio)), x(Math.max(1, ratio))];
    const middle = y + LINE / 2;
    const whisker = spread
      ? `<line class="w" x1="${x(spread[0])}" x2="${x(spread[1])}" y1="${middle}" y2="${middle}"/>`
      : '';
    return [
      `<text x="${LABELS - 12}" y="${middle + 4}" text-anchor="end">${escaped(what)} <tspan class="m">beside ${escaped(beside)}</tspan></text>`,
      `<rect class="${ratio <= 1 ? 'l' : 'g'}" x="${from}" y="${y + 5}" width="${Math.max(1, round(to - from))}" height="${LINE - 10}" rx="2"/>`,
      whisker,
      `<title>${escaped(`${what}: ${ratio.toFixed(2)} of ${beside}`)}</title>`,
    ].join('');
  });
  const ticks = TICKS.map(
    (tick) =>
      `<line class="${tick === 1 ? 'o' : 't'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 2}" y2="${bottom}"/>` +
      `<text class="m" x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Ratios of this package to others; below 1, this package takes less">
<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.h{font-size:15px;font-weight:600}.m{fill:#656d76}
.l{fill:#1a7f5a}.g{fill:#c2570c}.w{stroke:#1f2328;stroke-width:1.5}.t{stroke:#d0d7de}.o{stroke:#656d76;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.l{fill:#3fb68b}.g{fill:#f0883e}.w{stroke:#e6edf3}.t{stroke:#3d444d}.o{stroke:#9198a1}}
</style>
<text class="h" x="16" y="24">What passport-criteo takes, beside others (1 = the same, below 1 = less)</text>
<text class="m" x="16" y="44">${escaped(subtitle)}</text>
${ticks.join('\n')}
${bars.map((bar) => `<g>${bar}</g>`).join('\n')}
</svg>
`;
}

function x(ratio) {
  const share = Math.log(Math.min(MOST, Math.max(LEAST, ratio)) / LEAST) / Math.log(MOST / LEAST);
  return round(LABELS + share * (WIDTH - LABELS - 24));
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
