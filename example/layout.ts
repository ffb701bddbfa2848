import { icon } from './assets';
import type { Things } from './failures';
import { type Content, Html, html } from './html';
import type { User } from './users';

/** What every page knows: who is signed in, where the sandbox is, if one stands in for Criteo, and what is shared. */
export interface View {
  user: User | undefined;
  sandbox: string | undefined;
  things: Things;
}

/** Where people see what they shared, and withdraw it. */
export const consentPage = 'https://consent.criteo.com';

export const signInLink = html`<a class="button" href="/criteo-auth">Sign in with Criteo</a>`;
export const connectLink = html`<a class="button" href="/criteo-connect">Connect Criteo</a>`;
const signOut = html`<form method="post" action="/sign-out"><button class="button quiet slim">Sign out</button></form>`;

/** A whole page around its own part. */
export function page({ user, sandbox }: View, title: string, body: Content): string {
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
<a class="brand" href="/">${new Html(icon)} passport-criteo</a>
${user && signOut}
</header>
<main>
${body}
</main>
<footer><small>${
    sandbox
      ? html`The <a href="${sandbox}">sandbox</a> stands in for Criteo. Nothing here is real, and nothing leaves this machine.`
      : html`Connected to Criteo. You can withdraw access at <a href="${consentPage}">consent.criteo.com</a> at any time.`
  }</small></footer>
</body>
</html>
`.text;
}

/** How many. */
export function count(number: number, things: Things): string {
  return `${number} ${number === 1 ? things.slice(0, -1) : things}`;
}

/** A time of day: UTC, until the page's script knows better. */
export function time(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(11, 19)} UTC</time>`;
}
