import type { Account } from './accounts';
import { icon } from './assets';
import type { Failure } from './failures';
import { type Content, Html, html } from './html';

/** What every page knows: who is signed in, and where the sandbox is, if one stands in for Criteo. */
export interface View {
  account: Account | undefined;
  sandbox: string | undefined;
}

/** Where people see what they shared, and withdraw it. */
const consentPage = 'https://consent.criteo.com';

const signIn = html`<a class="button" href="/criteo-auth">Sign in with Criteo</a>`;
const signOut = html`<form method="post" action="/sign-out"><button class="button quiet slim">Sign out</button></form>`;

function page(view: View, title: string, body: Content): string {
  const { account, sandbox } = view;
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
${account && signOut}
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

export function homePage(view: View): string {
  const { account, sandbox } = view;
  if (account) {
    return page(
      view,
      'Welcome back',
      html`<div class="intro">
<h1>Welcome back</h1>
<p>You are signed in as <strong>${account.profile.displayName}</strong>.</p>
<div class="actions"><a class="button" href="/dashboard">Go to the dashboard</a>
<a class="button quiet" href="/criteo-auth">Share other advertisers</a></div>
</div>`,
    );
  }
  return page(
    view,
    'Sign in',
    html`<div class="intro">
<h1>Your advertisers, in this app</h1>
<p>Sign in with Criteo and choose which advertisers this app may see. No new password, and you stay in control.</p>
<div class="actions">${signIn}</div>
</div>
<section class="card">
<h2>What happens next</h2>
<ol class="steps">
<li><span>You go to Criteo, which asks what you want to share. This app never sees your password.</span></li>
<li><span>You tick advertisers and approve, or deny: then nothing is shared.</span></li>
<li><span>You are back here, signed in, with the advertisers you chose.</span></li>
</ol>
</section>
${
  sandbox &&
  html`<p class="note"><strong>This runs on the sandbox.</strong> To sign in with the real Criteo, start the example with
<code>CRITEO_CLIENT_ID</code> and <code>CRITEO_CLIENT_SECRET</code>.</p>`
}`,
  );
}

/** A time of day: UTC, until the page's script knows better. */
const time = (at: number) =>
  html`<time datetime="${new Date(at).toISOString()}">${new Date(at).toISOString().slice(11, 19)} UTC</time>`;

export function dashboardPage(view: View & { account: Account; notice: string | undefined; now: number }): string {
  const { profile, tokens } = view.account;
  const retail = profile.service === 'retail-media';
  const portfolio = retail ? profile.accounts : profile.advertisers;
  const things = retail ? 'account' : 'advertiser';
  const left = Math.max(0, tokens.expiresAt - view.now);
  const seconds = Math.ceil(left / 1000);
  return page(
    view,
    'Dashboard',
    html`<div class="intro">
<h1>Dashboard</h1>
<p>Signed in as <strong>${profile.displayName}</strong></p>
</div>
${view.notice && html`<p class="note" role="status">${view.notice}</p>`}
<section class="card" aria-labelledby="portfolio">
<div class="row"><h2 id="portfolio">Shared with this app</h2>
<small>${portfolio.length} ${portfolio.length === 1 ? things : `${things}s`}</small></div>
<ul class="list">
${portfolio.map(({ id, name }) => html`<li><span>${name ?? 'Without a name'}</span> <small><code>${id}</code></small></li>`)}
</ul>
</section>
<section class="card" aria-labelledby="token">
<div class="row"><h2 id="token">Access token</h2><small>Obtained at ${time(tokens.obtainedAt)}</small></div>
<p class="left" data-left="${left}">${seconds === 0 ? 'Expired' : `${Math.floor(seconds / 60)} min ${seconds % 60} s left`}</p>
<progress value="${seconds}" max="${Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000)}" aria-label="Life left in the access token"></progress>
<p><small>The token stays on the server: this page knows when it ends, not what it is. ${
      tokens.refreshToken
        ? 'A new one can be had at any time, without asking you again.'
        : 'Criteo gave no refresh token, so you will be asked again when it ends.'
    }</small></p>
${
  tokens.refreshToken &&
  html`<form method="post" action="/refresh"><button class="button quiet">Refresh now</button></form>`
}
</section>`,
  );
}

function wayOn(action: Failure['action'], { account, sandbox }: View): Content {
  // A login that fails takes nothing away: whoever was signed in stays so.
  if (account && action !== 'renew') return html`<a class="button" href="/dashboard">Go to the dashboard</a>`;
  if (action !== 'consent') return action && signIn;
  return html`${signIn} <a class="button quiet" href="${sandbox ?? consentPage}">See what is shared</a>`;
}

export function failurePage(view: View, failure: Failure): string {
  const { title, text, facts } = failure;
  return page(
    view,
    title,
    html`<section class="card">
<div class="intro">
<h1>${title}</h1>
<p>${text}</p>
${view.account && html`<p>You are still signed in as <strong>${view.account.profile.displayName}</strong>.</p>`}
<div class="actions">${wayOn(failure.action, view)} <a class="button quiet" href="/">Home</a></div>
</div>
<details>
<summary>For the developer</summary>
<dl>
<dt>Code</dt><dd><code>${facts.code}</code></dd>
${facts.message && html`<dt>Message</dt><dd>${facts.message}</dd>`}
${facts.traceId && html`<dt>Criteo’s trace id</dt><dd><code>${facts.traceId}</code></dd>`}
</dl>
</details>
</section>`,
  );
}
