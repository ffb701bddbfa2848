import type { Things } from './failures';
import { type Content, Html, html } from './html';
import type { User } from './users';

/** The data that every page shows or depends on. */
export interface View {
  /** The signed-in user. */
  user: User | undefined;
  /** The sandbox that the example uses instead of Criteo, if there is one. */
  sandbox: { url: string; now: number } | undefined;
  /** What users share at Criteo. */
  things: Things;
}

/** The page at which users see what they shared, and revoke it. */
export const consentPage = 'https://consent.criteo.com';

/** The icon in the browser's tab and in the page's header. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" ' +
  'fill="#c2410c"/><path d="M19.6 11.4a6.5 6.5 0 1 0 0 9.2" fill="none" stroke="#fff" stroke-width="3.4" ' +
  'stroke-linecap="round"/><circle cx="22.8" cy="16" r="2.1" fill="#fff"/></svg>';

export const signInLink = html`<a class="button" href="/criteo-auth">Sign in with Criteo</a>`;
export const connectLink = html`<a class="button" href="/criteo-connect">Connect Criteo</a>`;

const places = [
  { path: '/dashboard', name: 'Dashboard' },
  { path: '/invite', name: 'Invitations' },
];

function navigation(title: string): Html {
  return html`<nav aria-label="Pages">${places.map(
    ({ path, name }) => html`<a href="${path}"${title === name && html` aria-current="page"`}>${name}</a>`,
  )}</nav>
<form method="post" action="/sign-out"><button class="button quiet slim">Sign out</button></form>`;
}

/** Returns a whole page around its main part. */
export function page({ user, sandbox }: View, title: string, main: Content): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · passport-criteo example</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<header>
<a class="brand" href="/">${new Html(icon)} passport-criteo<span class="hidden"> example, home</span></a>
${user && navigation(title)}
</header>
<main>
${main}
</main>
<footer>
${sandbox && movedClock(sandbox)}
<small>${
    sandbox
      ? html`This app uses the <a href="${sandbox.url}">sandbox</a> instead of Criteo. All data is made up, and nothing leaves this machine.`
      : html`Connected to Criteo. You can revoke the access at <a href="${consentPage}">consent.criteo.com</a> at any time.`
  }</small>
</footer>
<p class="hidden" id="live" role="status"></p>
</body>
</html>
`.text;
}

/** Shows how far the sandbox's clock was moved, because that explains many unexpected failures. */
function movedClock({ url, now }: { url: string; now: number }): Content {
  const ahead = now - Date.now();
  // A smaller difference is the time between reading the two clocks.
  if (Math.abs(ahead) < 1000) return undefined;
  return html`<p class="note"><strong>The sandbox’s clock is ${duration(ahead)} ${ahead > 0 ? 'ahead' : 'behind'}.</strong>
Codes, tokens and links may have expired because of that. <a href="${url}#clock">Set the clock</a> on the sandbox’s page.</p>`;
}

function duration(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  const units: [number, string][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const [size, name] = units.find(([length]) => seconds >= length) ?? [1, 'second'];
  const number = Math.round(seconds / size);
  return `${number} ${name}${number === 1 ? '' : 's'}`;
}

/** Returns a number with its noun: "1 advertiser", "2 accounts". */
export function count(number: number, things: Things): string {
  return `${number} ${number === 1 ? things.slice(0, -1) : things}`;
}

/** Returns a time of day, in UTC until the page's script shows the user's own. */
export function time(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(11, 19)} UTC</time>`;
}

/** Returns text to copy: one click selects it, and the page's script adds a button. */
export function copyable(id: string, label: string, text: string): Html {
  // A long address may break after a slash.
  const parts = text.split('/').map((part, index) => (index === 0 ? part : html`/<wbr>${part}`));
  return html`<div class="copy"><div><small>${label}</small><code id="${id}">${parts}</code></div>
<button type="button" class="button quiet slim" data-copy="${id}" hidden>Copy<span class="hidden"> ${label}</span></button></div>`;
}
