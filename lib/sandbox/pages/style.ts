/** The style of all pages: light and dark, from 320 pixels up. */
export const style = `
:root { color-scheme: light dark; --page: #f4f5f8; --card: #fff; --text: #1c2230; --soft: #566072; --line: #d9dde6;
  --accent: #b93d0a; --on-accent: #fff; --wash: #fff3ea; --bad: #b42318; --good: #1a7f4b; --focus: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --page: #11141b; --card: #1a1f29; --text: #e9ecf2; --soft: #a9b3c3;
  --line: #333b4a; --accent: #fb923c; --on-accent: #1c1208; --wash: #2b2119; --bad: #fda29b; --good: #75e0a7;
  --focus: #93b4ff; } }
* { box-sizing: border-box; } [hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
.notice { padding: .5rem 1rem; text-align: center; font-size: .875rem; background: var(--wash);
  border-bottom: 1px solid var(--line); }
.notice p { margin: 0; } .notice nav { margin-top: .15rem; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem;
  justify-content: center; } .notice nav a { padding: .2rem 0; } .notice [aria-current] { font-weight: 700;
  color: inherit; text-decoration: none; }
main { max-width: 34rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) 1rem; }
main.wide { max-width: 66rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; margin: 0 0 1.1rem;
  padding: clamp(1rem, 3.5vw, 1.6rem); box-shadow: 0 1px 2px #0001, 0 8px 24px #0000000d; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .6rem; } h2 { font-size: 1.1rem; margin: 0 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
p { margin: 0 0 .9rem; overflow-wrap: anywhere; } .soft { color: var(--soft); } a { color: var(--accent); }
.small { font-size: .875rem; }
fieldset { border: 1px solid var(--line); border-radius: .6rem; margin: 1.1rem 0; padding: .3rem 0 0; min-width: 0; }
legend { margin-left: .8rem; padding: 0 .4rem; font-weight: 600; }
.choices { max-height: 24rem; overflow-y: auto; } .choices:focus-visible { outline-offset: -3px; }
.choices label { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: center; padding: .6rem 1.2rem;
  cursor: pointer; } .choices label { border-top: 1px solid var(--line); } .choices label:first-child { border-top: 0; }
.choices label:hover { background: var(--wash); }
.choices span { flex: 1 1 8rem; min-width: 0; overflow-wrap: anywhere; }
.choices small { flex: none; max-width: 100%; margin-left: auto; color: var(--soft); overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .5rem 1.2rem .7rem;
  border-bottom: 1px solid var(--line); } .tools label { display: flex; gap: .6rem; align-items: center; }
.tools .search { flex: 1 1 12rem; } .tools input[type=search] { width: 100%; }
input[type=checkbox] { width: 1.15rem; height: 1.15rem; flex: none; accent-color: var(--accent); }
input[type=text], input[type=search], input[type=number], select { font: inherit; color: inherit; min-width: 0;
  background: var(--page); border: 1px solid var(--soft); border-radius: .5rem; padding: .4rem .6rem; max-width: 100%; }
select { text-overflow: ellipsis; }
.buttons { display: flex; flex-wrap: wrap; gap: .7rem; align-items: center; margin: 0 0 .6rem; }
.buttons label { display: flex; flex-wrap: wrap; gap: .2rem .5rem; align-items: center; min-width: 0; max-width: 100%; }
.user { border-top: 1px solid var(--line); margin-top: 1.1rem; padding-top: .9rem; font-size: .9rem; }
.card > :last-child, .card > form > :last-child { margin-bottom: 0; }
button { font: inherit; font-weight: 600; padding: .55rem 1.2rem; border-radius: .55rem; cursor: pointer;
  border: 1px solid var(--soft); background: transparent; color: inherit; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.small { padding: .25rem .7rem; font-size: .875rem; } button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.alert { border-left: 4px solid var(--bad); padding: .5rem .9rem; margin: 0 0 1rem; background: var(--wash); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.2rem; margin: .6rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--page); border: 1px solid var(--line); border-radius: .5rem;
  padding: .6rem .8rem; margin: 0 0 .8rem; word-break: break-all; }
summary { cursor: pointer; } details.more { margin-top: .9rem; } details.more > summary { color: var(--soft); }
.checks { list-style: none; margin: 0 0 1rem; padding: 0; } .checks li { padding-left: 1.6rem; text-indent: -1.6rem; }
.checks li::before { display: inline-block; width: 1.6rem; text-indent: 0; font-weight: 700; content: '✓' / ''; color: var(--good); }
.checks li.failed::before { content: '✗' / ''; color: var(--bad); }
.list { list-style: none; margin: 0 0 .8rem; padding: 0; } .list > li { border-top: 1px solid var(--line); }
.list > li:first-child { border-top: 0; }
.exchanges summary { display: grid; grid-template-columns: 5.5rem minmax(4rem, 11rem) minmax(0, 1fr) auto; gap: 0 .9rem;
  align-items: baseline; padding: .35rem .2rem; font-size: .9rem; list-style-position: inside; }
.exchanges summary:hover { background: var(--wash); }
.exchanges summary > * { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.exchanges details > div { padding: .5rem .2rem .6rem; border-top: 1px dashed var(--line); }
.result { font-variant-numeric: tabular-nums; color: var(--good); } .result.bad { color: var(--bad); font-weight: 600; }
.consent { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; padding: .6rem 0; }
.consent > div { flex: 1 1 14rem; min-width: 0; } .consent p { margin: 0; } .consent form { margin: 0; }
.columns { display: grid; gap: 0 1.1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  align-items: start; }
.variant { padding: .7rem 0; } .variant p { margin: .2rem 0 0; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .card > form > .buttons button, .card > .buttons button { flex: 1 1 auto; }
  .exchanges summary { grid-template-columns: 4.6rem minmax(0, 1fr) auto; }
  .exchanges summary .app { display: none; } }
`;
