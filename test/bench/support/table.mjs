/**
 * Formats rows as a markdown table. A row's `aim` is the maximum of its `ratio` (or, without one, of its `value`).
 * `aimText` replaces its text.
 */
export function markdown(rows) {
  const lines = rows.map((row) => {
    const { what, ours, beside = '', theirs = '', ratio, spread, value = ratio, aim, aimText = `≤ ${aim}` } = row;
    const shown =
      ratio === undefined
        ? ''
        : `${ratio.toFixed(2)}${spread ? ` (${spread.map((r) => r.toFixed(2)).join('–')})` : ''}`;
    const verdict = aim === undefined ? '' : `${aimText}: ${value <= aim ? 'met' : '**missed**'}`;
    return [what, ours, beside, theirs, shown, verdict];
  });
  const head = ['what', 'passport-criteo', 'beside', '', 'ratio (quartiles)', 'aim'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
