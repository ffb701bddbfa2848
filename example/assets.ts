/** The page's style sheet: one column, light and dark, no fonts or images from elsewhere. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f5f3; --card: #fff; --ink: #1c1a17; --soft: #5d574f; --line: #e3dfd9;
  --accent: #b93c06; --on-accent: #fff; --accent-deep: #96300a; --tint: #fff1e8; --focus: #1d4ed8;
  --shadow: 0 1px 2px rgb(28 26 23 / 6%), 0 8px 24px rgb(28 26 23 / 6%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151412; --card: #1f1d1a; --ink: #f3f0eb; --soft: #b3aba0; --line: #37332d;
    --accent: #ff9d5c; --on-accent: #2a1204; --accent-deep: #ffb483; --tint: #33231a; --focus: #93b4ff;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
}
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 4px; }
a { color: var(--accent); }
a:hover { color: var(--accent-deep); }
h1 { margin: 0; font-size: clamp(1.6rem, 1.2rem + 2vw, 2.25rem); line-height: 1.2; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 0; font-size: 1.05rem; line-height: 1.4; }
p, ul, ol, dl { margin: 0; }
small, .soft { color: var(--soft); }
small { font-size: .875rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
header, main, footer { width: 100%; max-width: 46rem; margin-inline: auto; padding-inline: 1.25rem; }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; min-height: 4.75rem; }
.brand { display: flex; align-items: center; gap: .6rem; color: inherit; font-weight: 650; text-decoration: none; }
.brand svg { width: 1.75rem; height: 1.75rem; flex: none; }
main { flex: 1; padding-block: clamp(1rem, 4vw, 2.5rem) 3rem; display: grid; gap: 1.25rem; align-content: start; }
footer { padding-block: 0 1.75rem; }
.intro { display: grid; gap: .75rem; justify-items: start; margin-bottom: .5rem; }
.intro p { max-width: 38rem; font-size: 1.075rem; color: var(--soft); }
.card { display: grid; gap: 1rem; padding: clamp(1.1rem, 4vw, 1.6rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.row { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin-top: .5rem; }
.button { display: inline-block; padding: .7rem 1.2rem; border: 1px solid var(--accent); border-radius: 10px;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; line-height: 1.25;
  text-align: center; text-decoration: none; cursor: pointer; }
.button:hover { background: var(--accent-deep); border-color: var(--accent-deep); color: var(--on-accent); }
.button.quiet { background: transparent; border-color: var(--line); color: var(--ink); }
.button.quiet:hover { border-color: var(--soft); }
.button.slim { padding: .45rem .9rem; white-space: nowrap; }
.note { padding: .8rem 1.1rem; border-radius: 12px; background: var(--tint); font-size: .95rem; }
.note.row p { flex: 1 1 14rem; }
.steps { display: grid; gap: .9rem; padding: 0; list-style: none; counter-reset: step; }
.steps li { display: grid; grid-template-columns: 1.9rem 1fr; gap: .8rem; counter-increment: step; }
.steps li::before { content: counter(step); display: grid; place-content: center; width: 1.9rem; height: 1.9rem;
  border-radius: 50%; background: var(--tint); color: var(--accent); font-weight: 650; font-size: .9rem; }
.list { padding: 0; list-style: none; }
.list li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .1rem 1rem; padding-block: .65rem;
  border-top: 1px solid var(--line); }
.list li:last-child { padding-bottom: 0; }
.fields { display: grid; grid-template-columns: 1fr auto; gap: .4rem .75rem; }
.fields label { grid-column: 1 / -1; font-weight: 600; }
input { min-width: 0; padding: .65rem .8rem; border: 1px solid var(--soft); border-radius: 10px; background: var(--page);
  color: inherit; font: inherit; }
.answer { display: grid; gap: .75rem; }
.dot { display: inline-block; width: .6rem; height: .6rem; margin-right: .4rem; border-radius: 50%; background: var(--accent); }
@media (prefers-reduced-motion: no-preference) { .dot { animation: pulse 1.6s ease-in-out infinite; } }
@keyframes pulse { 50% { opacity: .25; } }
.token { display: grid; gap: .5rem; }
.left { font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
progress { width: 100%; height: .5rem; appearance: none; border: 0; border-radius: 1rem; overflow: hidden; background: var(--line); }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--accent); border-radius: 1rem; }
progress::-moz-progress-bar { background: var(--accent); border-radius: 1rem; }
details { border-top: 1px solid var(--line); padding-top: 1rem; }
summary { cursor: pointer; color: var(--soft); font-size: .925rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin-top: .75rem; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; }
@media (max-width: 30rem) {
  .actions .button { width: 100%; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd + dt { margin-top: .5rem; }
}
`;

/**
 * The pages' only script: the person's own time of day, the tokens' lives running down, a link to copy, and an answer
 * that is waited for. Nothing of it is needed.
 */
export const script = `
for (const time of document.querySelectorAll('time')) time.textContent = new Date(time.dateTime).toLocaleTimeString();
for (const button of document.querySelectorAll('[data-copy]')) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Press Ctrl+C';
    }
  });
}
for (const answer of document.querySelectorAll('[data-events]')) {
  document.getElementById('reload').remove();
  const events = new EventSource(answer.dataset.events);
  events.onmessage = ({ data }) => {
    answer.innerHTML = JSON.parse(data);
    events.close();
  };
}
for (const clock of document.querySelectorAll('[data-left]')) {
  const bar = clock.closest('section').querySelector('progress');
  // How much is left comes from the server: the two clocks need not agree.
  const end = Date.now() + Number(clock.dataset.left);
  const show = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    bar.value = seconds;
    clock.textContent = seconds === 0 ? 'Expired' : Math.floor(seconds / 60) + ' min ' + (seconds % 60) + ' s left';
    if (seconds === 0) clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
  show();
}
`;

/** The icon in the browser's tab, and in the page's head. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#d9480f"/>' +
  '<path d="M19.6 11.4a6.5 6.5 0 1 0 0 9.2" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/>' +
  '<circle cx="22.8" cy="16" r="2.1" fill="#fff"/></svg>';
