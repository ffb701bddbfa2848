import type { Failure } from './failures';
import { type Content, html } from './html';
import { connectLink, consentPage, page, signInLink, type View } from './layout';

export function homePage(view: View): string {
  const { user, sandbox, things } = view;
  if (user) {
    return page(
      view,
      'Welcome back',
      html`<div class="intro">
<h1>Welcome back</h1>
<p>You are signed in as <strong>${user.name}</strong>.</p>
<div class="actions"><a class="button" href="/dashboard">Go to the dashboard</a></div>
</div>`,
    );
  }
  return page(
    view,
    'Sign in',
    html`<div class="intro">
<h1>Your ${things}, in this app</h1>
<p>Sign in with Criteo and choose which ${things} this app may see. No new password, and you stay in control.</p>
<div class="actions">${signInLink}</div>
</div>
<section class="card">
<h2>What happens next</h2>
<ol class="steps">
<li><span>You go to Criteo, which asks what you want to share. This app never sees your password.</span></li>
<li><span>You tick ${things} and approve, or deny: then nothing is shared.</span></li>
<li><span>You are back here, signed in, with the ${things} you chose.</span></li>
</ol>
</section>
<section class="card">
<h2>Or begin without Criteo</h2>
<p class="soft">Most apps have a login of their own. A name stands for it here: sign in with it, then connect Criteo.</p>
<form class="fields" method="post" action="/sign-in">
<label for="name">Your name</label>
<input id="name" name="name" maxlength="40" autocomplete="username" required>
<button class="button quiet">Sign in</button>
</form>
</section>
${
  sandbox &&
  html`<p class="note"><strong>This runs on the sandbox.</strong> To sign in with the real Criteo, start the example with
<code>CRITEO_CLIENT_ID</code> and <code>CRITEO_CLIENT_SECRET</code>.</p>`
}`,
  );
}

function wayOn(action: Failure['action'], { user, sandbox }: View): Content {
  const dashboard = html`<a class="button quiet" href="/dashboard">Go to the dashboard</a>`;
  const shared = html`<a class="button quiet" href="${sandbox ?? consentPage}">See what is shared</a>`;
  // What fails takes nothing away: whoever was signed in stays so.
  return [action && (user ? connectLink : signInLink), user && dashboard, action === 'consent' && shared];
}

export function failurePage(view: View, failure: Failure): string {
  const { title, text, facts, action } = failure;
  return page(
    view,
    title,
    html`<section class="card">
<div class="intro">
<h1>${title}</h1>
<p>${text}</p>
${view.user && html`<p>You are still signed in as <strong>${view.user.name}</strong>.</p>`}
<div class="actions">${wayOn(action, view)}<a class="button quiet" href="/">Home</a></div>
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
