import { createHash } from 'node:crypto';
import type { Answer } from './exchange';
import { Html, html } from './html';

const style = `
:root { color-scheme: light dark; --page: #f4f5f8; --card: #fff; --text: #1c2230; --soft: #5b6475; --line: #d9dde6;
  --accent: #c2410c; --on-accent: #fff; --wash: #fff3ea; --bad: #b42318; --focus: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --page: #11141b; --card: #1a1f29; --text: #e9ecf2; --soft: #a3adbd;
  --line: #333b4a; --accent: #fb923c; --on-accent: #1c1208; --wash: #2b2119; --bad: #fda29b; --focus: #93b4ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
.notice { margin: 0; padding: .55rem 1rem; text-align: center; font-size: .875rem; background: var(--wash);
  border-bottom: 1px solid var(--line); }
main { max-width: 34rem; margin: 0 auto; padding: clamp(1rem, 5vw, 3rem) 1rem; }
main.wide { max-width: 62rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; margin-bottom: 1.25rem;
  padding: clamp(1.1rem, 4vw, 2rem); box-shadow: 0 1px 2px #0001, 0 8px 24px #0000000d; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .6rem; } h2 { font-size: 1.1rem; margin: 0 0 .7rem; }
p { margin: 0 0 .9rem; } .soft { color: var(--soft); } a { color: var(--accent); }
fieldset { border: 1px solid var(--line); border-radius: .6rem; margin: 1.1rem 0; padding: .3rem 0 0; }
legend { margin-left: .8rem; padding: 0 .4rem; font-weight: 600; }
fieldset label { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: center; padding: .6rem 1.2rem; cursor: pointer; }
fieldset label + label { border-top: 1px solid var(--line); } fieldset label:hover { background: var(--wash); }
fieldset span { flex: 1 1 8rem; min-width: 0; overflow-wrap: anywhere; }
fieldset small { flex: none; max-width: 100%; margin-left: auto; color: var(--soft); overflow-wrap: anywhere; }
input[type=checkbox] { width: 1.15rem; height: 1.15rem; flex: none; accent-color: var(--accent); }
input[type=text], select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line);
  border-radius: .5rem; padding: .4rem .6rem; max-width: 100%; }
.buttons { display: flex; flex-wrap: wrap; gap: .7rem; align-items: center; }
button { font: inherit; font-weight: 600; padding: .6rem 1.3rem; border-radius: .55rem; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: inherit; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.small { padding: .25rem .7rem; font-size: .875rem; } button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.alert { border-left: 4px solid var(--bad); padding: .5rem .9rem; margin: 0 0 1rem; background: var(--wash); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.2rem; margin: .6rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--page); border: 1px solid var(--line); border-radius: .5rem;
  padding: .7rem .9rem; margin: 0 0 1rem; word-break: break-all; }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--soft); }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; width: 100%; min-width: 38rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; border-top: 0; } td code { overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .buttons button { flex: 1 1 auto; } }
`;

// No form-action: browsers apply it to the redirects after a form as well, which lead to the app, wherever that is.
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

// `same-origin`, because with `no-referrer` browsers send `Origin: null` along with our own forms.
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': policy,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** A whole page. */
export function page(title: string, content: Html, { status = 200, wide = false, more = {} } = {}): Answer {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Criteo sandbox</title>
<style>${new Html(style)}</style>
</head>
<body>
<p class="notice" role="note"><strong>Local sandbox.</strong> A stand-in for Criteo on this machine: nothing you do here reaches Criteo.</p>
<main${wide && html` class="wide"`}>
${content}
</main>
</body>
</html>
`;
  return { status, headers: { ...headers, ...more }, body: text };
}
