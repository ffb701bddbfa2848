import type { Answer } from './exchange';
import { html } from './html';
import { page } from './layout';
import type { LinkRequest } from './links';
import type { LoginRequest } from './login-request';
import type { Settings } from './options';

export interface Shown {
  /** One-time id of this showing. */
  readonly id: string;
  readonly asked: LoginRequest | LinkRequest;
  readonly problem: 'none ticked' | undefined;
  readonly settings: Settings;
  readonly clientID: string;
}

export function consentPage({ id, asked, problem, settings, clientID }: Shown): Answer {
  const { service, portfolio, callbackURL } = settings;
  const what = service === 'retail-media' ? 'accounts' : 'advertisers';
  const choices = portfolio.map(
    (holding) => html`<label><input type="checkbox" name="advertiser" value="${holding.id}">
<span>${holding.name ?? '(no name)'}</span> <small>${holding.id}</small></label>
`,
  );
  const challenge = asked.kind === 'login' ? asked.challenge : undefined;
  const content = html`<div class="card">
<h1>Share your ${what}?</h1>
<p>The app <code>${clientID}</code> asks for access to your Criteo ${what}. Tick those it may use.</p>
${problem && html`<p class="alert" role="alert" id="problem">Nothing is ticked. Tick at least one, or deny; or try how the app copes with an empty portfolio.</p>`}
<form method="post" action="/request" autocomplete="off">
<input type="hidden" name="consent" value="${id}">
<fieldset${problem && html` aria-describedby="problem"`}>
<legend>Your ${what}</legend>
${choices}
${choices.length === 0 && html`<p class="soft">This person has none.</p>`}
</fieldset>
<div class="buttons">
<button class="main" name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
${problem && html`<button name="decision" value="approve-none">Approve without any</button>`}
</div>
</form>
</div>
<details>
<summary>What the app sent</summary>
<dl>
<dt>Kind</dt><dd>${asked.kind}</dd>
<dt>Back to</dt><dd><code>${asked.redirectURI}</code></dd>
<dt>State</dt><dd>${asked.state === undefined ? 'none' : html`<code>${asked.state}</code>`}</dd>
${asked.kind === 'login' && html`<dt>PKCE</dt><dd>${challenge ? 'S256' : 'no'}</dd>`}
${asked.kind !== 'login' && html`<dt>Decision told to</dt><dd>${callbackURL ? html`<code>${callbackURL}</code>` : 'nobody: the app has no callback URL'}</dd>`}
</dl>
</details>`;
  return page(`Share your ${what}`, content, { status: problem ? 422 : 200 });
}
