import type { Failure } from './failures';
import { type Html, html } from './html';
import { connectLink, consentPage, page, signInLink, type View } from './layout';
import { type Registration, registrationSteps } from './registration';

export function homePage(view: View, registration: Registration): string {
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
<section class="card" aria-labelledby="next">
<h2 id="next">What happens next</h2>
<ol class="steps">
<li><p>You go to Criteo, which asks what you want to share. This app never sees your password.</p></li>
<li><p>You tick ${things} and approve. If you deny, nothing is shared.</p></li>
<li><p>You return here, signed in, with the ${things} that you chose.</p></li>
</ol>
</section>
<section class="card" aria-labelledby="by-name">
<h2 id="by-name">Or start without Criteo</h2>
<p class="soft">Most apps have their own login. In this example, a name is enough: sign in with it, then connect Criteo.</p>
<form class="fields" method="post" action="/sign-in">
<label for="name">Your name</label>
<input id="name" name="name" maxlength="40" autocomplete="username" required>
<button class="button quiet">Sign in</button>
</form>
</section>
<section class="card" aria-labelledby="registration">
<h2 id="registration">From Criteo’s portal to the first login</h2>
<p class="soft">${
      sandbox
        ? html`This runs on the sandbox, which needs no registration. To sign in with the real Criteo:`
        : html`This app talks to the real Criteo. If Criteo shows an error page, compare its settings with these:`
    }</p>
${registrationSteps(registration)}
</section>`,
  );
}

const dashboardLink = (quiet: boolean): Html =>
  html`<a class="button${quiet && ' quiet'}" href="/dashboard">Go to the dashboard</a>`;

/** Returns the buttons of a failure's page, the most useful one first. */
function waysOn({ action }: Failure, { user, sandbox }: View): Html[] {
  const again = user ? connectLink : signInLink;
  const shared = html`<a class="button quiet" href="${sandbox?.url ?? consentPage}">See what is shared</a>`;
  const home = html`<a class="button quiet" href="/">Home</a>`;
  // After a failure, the user is still signed in.
  if (user && (action === 'onward' || !action)) return [dashboardLink(false), home];
  return [
    ...(action ? [again] : []),
    ...(user ? [dashboardLink(true)] : []),
    ...(action === 'consent' ? [shared] : []),
    home,
  ];
}

export function failurePage(view: View, failure: Failure): string {
  const { title, text, facts } = failure;
  return page(
    view,
    title,
    html`<div class="card">
<div class="intro">
<h1 tabindex="-1">${title}</h1>
<p>${text}</p>
${view.user && html`<p>You are still signed in as <strong>${view.user.name}</strong>.</p>`}
<div class="actions">${waysOn(failure, view)}</div>
</div>
<details>
<summary>For the developer</summary>
<dl>
<dt>Code</dt><dd><code>${facts.code}</code></dd>
${facts.message && html`<dt>Message</dt><dd>${facts.message}</dd>`}
${facts.traceId && html`<dt>Criteo’s trace id</dt><dd><code>${facts.traceId}</code></dd>`}
</dl>
</details>
</div>`,
  );
}
