import type { Clock } from './clock';
import type { Answer } from './exchange';
import { type Html, html } from './html';
import { page } from './layout';
import type { Consent, Ledger } from './ledger';
import type { Links } from './links';
import type { RequestLog } from './log';
import type { Settings } from './options';
import type { Credentials } from './random';
import type { SandboxRequest } from './types';

/** What the page for people shows, and what its forms act on. */
export interface ConsoleContext {
  readonly url: () => string;
  readonly settings: Settings;
  readonly app: Credentials;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly links: Links;
  readonly log: RequestLog;
  /** In every form of the page: only who can read the page can send one. */
  readonly token: string;
}

/** How many requests the page shows. */
const recent = 50;

const advances = [
  { seconds: 30, label: '30 seconds', effect: 'codes expire' },
  { seconds: 900, label: '15 minutes', effect: 'access tokens expire' },
  { seconds: 15_552_000, label: '180 days', effect: 'refresh tokens expire' },
];

/** @param portalLink one that was just made */
export function consolePage(context: ConsoleContext, portalLink?: string): Answer {
  const { app, settings, url, clock, ledger, log } = context;
  const consents = ledger.consents().slice(0, recent);
  const requests = log.entries().reverse().slice(0, recent);
  const content = html`<h1>Criteo sandbox</h1>
<p>Stands in for <code>consent.criteo.com</code> and <code>api.criteo.com</code>, so that an app can be tried without an account.</p>
<section class="card" aria-labelledby="app"><h2 id="app">The app</h2>
<dl>
<dt>Service</dt><dd>${settings.service}, PKCE ${settings.pkce ? 'on' : 'off'}</dd>
<dt>Consent</dt><dd><code>${url()}/request</code></dd>
<dt>Tokens</dt><dd><code>${url()}/oauth2/token</code></dd>
<dt>API</dt><dd><code>${url()}</code></dd>
<dt>Redirect URIs</dt><dd>${settings.redirectURIs?.join(', ') ?? 'any https URL, and http on loopback'}</dd>
<dt>Callback URL</dt><dd>${settings.callbackURL ?? 'none: decisions on consent links are told to nobody'}</dd>
<dt>Client id</dt><dd><code>${app.clientID}</code></dd>
<dt>Signing key</dt><dd><code>${app.signingKey}</code></dd>
</dl>
<details><summary>Secrets of this sandbox</summary>
<dl>
<dt>Client secret</dt><dd><code>${app.clientSecret}</code></dd>
<dt>Signing secret</dt><dd><code>${app.signingSecret}</code></dd>
</dl>
</details>
</section>
<section class="card" aria-labelledby="clock"><h2 id="clock">Clock</h2>
<p>It is <strong>${time(clock.now())}</strong> here${clock.offset > 0 && html`, ${clock.offset / 1000} s ahead`}. Move it forward by:</p>
${form(
  context,
  'advance',
  html`${advances.map(
    ({ seconds, label, effect }) =>
      html`<button name="seconds" value="${seconds}">${label} <span class="soft">(${effect})</span></button>
`,
  )}`,
)}
</section>
<section class="card" aria-labelledby="consents"><h2 id="consents">Consents</h2>
${consents.length > 0 ? table('Consents', ['Given', 'By', 'Shared', 'State', 'Action'], consents.map(consentRow(context))) : html`<p class="soft">None yet.</p>`}
${form(context, 'portal-link', html`<button>Make a consent link as the portal does</button>`)}
${portalLink !== undefined && html`<p role="status">Works once, for 30 days: <a href="${portalLink}"><code>${portalLink}</code></a></p>`}
</section>
<section class="card" aria-labelledby="traffic"><h2 id="traffic">Requests and deliveries</h2>
${requests.length > 0 ? table('Requests and deliveries', ['When', 'What', 'Answer', 'Carried'], requests.map(requestRow)) : html`<p class="soft">None yet.</p>`}
</section>`;
  return page('Overview', content, { wide: true });
}

function form({ token }: ConsoleContext, action: string, content: Html): Html {
  return html`<form class="buttons" method="post" action="/sandbox/${action}">
<input type="hidden" name="token" value="${token}">
${content}
</form>`;
}

function table(name: string, headings: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

function consentRow(context: ConsoleContext): (consent: Consent) => Html {
  return ({ id, kind, shared, time: given, revoked }) => {
    const names = shared.map((holding) => holding.name ?? holding.id).join(', ') || 'nothing';
    const revoke = html`<input type="hidden" name="consent" value="${id}">
<button class="small" aria-label="Revoke the consent of ${time(given)} for ${names}">Revoke</button>`;
    return html`<tr><td>${time(given)}</td><td>${kind}</td><td>${names}</td><td>${revoked ? 'revoked' : 'active'}</td><td>${!revoked && form(context, 'revoke', revoke)}</td></tr>
`;
  };
}

function requestRow(request: SandboxRequest): Html {
  const { direction, method, path, status, error, attempt } = request;
  const carried = direction === 'out' ? request.body : fields({ ...request.query, ...request.form });
  return html`<tr><td>${time(request.time)}</td><td>${direction === 'out' && `attempt ${attempt}: `}<code>${method} ${path}</code></td><td>${status ?? error ?? 'none'}</td><td><code>${carried}</code></td></tr>
`;
}

/** What may be shown to whoever looks over the shoulder; all else is known to be there, no more. */
const open = new Set(
  'grant_type response_type client_id redirect_uri redirect-uri state timestamp key code_challenge_method decision advertiser pageIndex pageSize'.split(
    ' ',
  ),
);

function fields(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${open.has(name) ? value : '•••'}`)
    .join(' ');
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
}
