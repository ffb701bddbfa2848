/** The pages' style sheet: one column, light and dark, no fonts or images from elsewhere. Contrast is 7:1 or more. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f7f6f4; --card: #fff; --ink: #1c1a17; --soft: #524c45; --line: #e2ded8; --edge: #817a71;
  --accent: #8f2f05; --fill: #9a3406; --on-fill: #fff; --fill-hover: #7a2804; --tint: #fff0e6; --focus: #1d4ed8;
  --shadow: 0 1px 2px rgb(28 26 23 / 5%), 0 10px 30px rgb(28 26 23 / 6%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141311; --card: #1e1c19; --ink: #f4f1ec; --soft: #c2bab0; --line: #37332d; --edge: #8d857b;
    --accent: #ffb078; --fill: #ffa05f; --on-fill: #241003; --fill-hover: #ffb98a; --tint: #33241a; --focus: #a5c0ff;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
}
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 6px; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
a { color: var(--accent); text-underline-offset: .15em; }
h1 { margin: 0; font-size: clamp(1.7rem, 1.3rem + 2vw, 2.4rem); line-height: 1.15; letter-spacing: -.025em; text-wrap: balance; }
h2 { margin: 0; font-size: 1.1rem; line-height: 1.4; letter-spacing: -.01em; }
p, ul, ol, dl { margin: 0; }
small, .soft { color: var(--soft); }
small { font-size: .875rem; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
header, main, footer { width: 100%; max-width: 47rem; margin-inline: auto; padding-inline: 1.25rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1rem; padding-block: 1.1rem; }
.brand { display: flex; align-items: center; gap: .6rem; margin-right: auto; color: inherit; font-weight: 650; text-decoration: none; }
.brand svg { width: 1.85rem; height: 1.85rem; flex: none; }
nav { display: flex; gap: .25rem; }
nav a { padding: .45rem .7rem; border-radius: 8px; color: var(--soft); font-size: .95rem; text-decoration: none; }
nav a:hover, nav a[aria-current] { background: var(--tint); color: var(--accent); }
main { flex: 1; padding-block: clamp(.75rem, 4vw, 2.25rem) 3rem; display: grid; gap: 1.25rem; align-content: start; }
footer { display: grid; gap: 1rem; padding-block: 0 1.75rem; }
.intro { display: grid; gap: .8rem; justify-items: start; margin-bottom: .5rem; }
.intro p { max-width: 38rem; font-size: 1.075rem; color: var(--soft); }
.card { display: grid; gap: 1rem; min-width: 0; padding: clamp(1.15rem, 4vw, 1.7rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow); }
.card .intro { margin: 0; }
.row { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin-top: .4rem; }
.button { display: inline-block; padding: .7rem 1.25rem; border: 1px solid var(--fill); border-radius: 11px;
  background: var(--fill); color: var(--on-fill); font: inherit; font-weight: 600; line-height: 1.25;
  text-align: center; text-decoration: none; cursor: pointer; }
.button:hover { background: var(--fill-hover); border-color: var(--fill-hover); }
.button.quiet { background: transparent; border-color: var(--edge); color: var(--ink); }
.button.quiet:hover { background: var(--tint); }
.button.slim { padding: .45rem .9rem; font-size: .95rem; white-space: nowrap; }
form[aria-busy="true"] .button { opacity: .6; cursor: progress; }
.note { padding: .8rem 1.1rem; border-radius: 12px; background: var(--tint); font-size: .95rem; }
.note.row p { flex: 1 1 14rem; }
.steps { display: grid; gap: 1rem; padding: 0; list-style: none; counter-reset: step; }
.steps > li { display: grid; grid-template-columns: 1.9rem minmax(0, 1fr); gap: .6rem .85rem; counter-increment: step; }
.steps > li > * { grid-column: 2; }
.steps > li > p { padding-top: .1rem; }
.steps > li::before { content: counter(step); display: grid; place-content: center; width: 1.9rem; height: 1.9rem;
  border-radius: 50%; background: var(--tint); color: var(--accent); font-weight: 650; font-size: .9rem; }
.copy { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .75rem; padding: .55rem .55rem .55rem .9rem;
  border: 1px solid var(--line); border-radius: 11px; background: var(--page); }
.copy > div { flex: 1 1 15rem; display: grid; min-height: 2.1rem; align-content: center; }
.copy code { user-select: all; }
.list { padding: 0; list-style: none; }
.list li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .1rem 1rem; padding-block: .65rem;
  border-top: 1px solid var(--line); }
.list li:last-child { padding-bottom: 0; }
.fields { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .4rem .75rem; }
.fields label { grid-column: 1 / -1; font-weight: 600; }
input { min-width: 0; padding: .65rem .8rem; border: 1px solid var(--edge); border-radius: 11px; background: var(--page);
  color: inherit; font: inherit; }
.decision { display: grid; gap: .75rem; }
.dot { display: inline-block; width: .6rem; height: .6rem; margin-right: .4rem; border-radius: 50%; background: var(--accent); }
@media (prefers-reduced-motion: no-preference) { .dot { animation: pulse 1.6s ease-in-out infinite; } }
@keyframes pulse { 50% { opacity: .25; } }
.token { display: grid; gap: .5rem; }
.left { font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
progress { width: 100%; height: .5rem; appearance: none; border: 0; border-radius: 1rem; overflow: hidden; background: var(--line); }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--fill); border-radius: 1rem; }
progress::-moz-progress-bar { background: var(--fill); border-radius: 1rem; }
details { border-top: 1px solid var(--line); padding-top: 1rem; }
summary { cursor: pointer; color: var(--soft); font-size: .925rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.25rem; margin-top: .75rem; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; }
@media (max-width: 34rem) {
  .actions .button { width: 100%; }
  .actions, .actions form { width: 100%; }
  nav { order: 1; width: 100%; margin-left: -.7rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd + dt { margin-top: .5rem; }
}
`;
