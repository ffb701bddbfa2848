import { type Html, html } from '../pages/html';
import { page, wayBack } from '../pages/layout';
import type { SandboxApp } from '../types';
import type { Outgoing } from '../wire/exchange';
import type { ConsoleContext } from './context';
import { consentItem, consoleForm, exchangeList, fullTime, liveScript } from './parts';

/** How many exchanges and consents the overview shows. */
const recent = 12;

const moves = [
  { seconds: 30, label: '30 seconds', effect: 'codes expire' },
  { seconds: 900, label: '15 minutes', effect: 'access tokens expire' },
  { seconds: 15_552_000, label: '180 days', effect: 'refresh tokens expire' },
];

/**
 * The start page of the console.
 * @param portalLink a link that was just made
 */
export function overviewPage(context: ConsoleContext, portalLink?: string): Outgoing {
  const { world, sandbox } = context;
  const consents = world.grants.consents();
  const requests = world.log.entries().slice(-recent).reverse();
  const content = html`<h1>Criteo sandbox</h1>
<p>Stands in for <code>consent.criteo.com</code> and <code>api.criteo.com</code>, so that an app can be tried without an account.</p>
<section class="card" aria-labelledby="recent"><h2 id="recent">Latest exchanges</h2>
${exchangeList(world, requests)}
<p class="small"><a href="/sandbox/exchanges">All exchanges</a></p>
</section>
<div class="columns">
<section class="card" aria-labelledby="consents"><h2 id="consents">Consents</h2>
${
  consents.length > 0
    ? html`<ul class="list">${consents.slice(0, recent).map((consent) => consentItem(context, consent, '/'))}</ul>`
    : html`<p class="soft">None yet.</p>`
}
${consents.length > recent && html`<p class="small"><a href="/sandbox/connected-apps">All ${consents.length} consents</a></p>`}
${consoleForm(context, { action: 'portal-link', from: '/', content: html`<button>Make a consent link as the portal does</button>` })}
${portalLink !== undefined && html`<p role="status">Works once, for 30 days: <a href="${portalLink}"><code>${portalLink}</code></a></p>`}
</section>
<section class="card" aria-labelledby="clock"><h2 id="clock">Clock</h2>
<p>It is <strong>${fullTime(world.clock.now())}</strong> here${offsetText(world.clock.offset)}. Move it forward by:</p>
${consoleForm(context, {
  action: 'advance',
  from: '/',
  content: html`${moves.map(
    ({ seconds, label, effect }) =>
      html`<button name="seconds" value="${seconds}">${label} <span class="soft">(${effect})</span></button>
`,
  )}`,
})}
${
  world.clock.offset !== 0 &&
  consoleForm(context, {
    action: 'advance',
    from: '/',
    content: html`<button class="small" name="seconds" value="${-Math.round(world.clock.offset / 1000)}">Back to the true time</button>`,
  })
}
</section>
</div>
${sandbox.apps.map((app) => appSection(app, sandbox.endpoints))}
<section class="card" aria-labelledby="reset"><h2 id="reset">Start again</h2>
<p>Forgets consents, tokens and exchanges; clock, faults, variants, apps and users are as at the start.</p>
${consoleForm(context, { action: 'reset', from: '/', content: html`<button>Reset the sandbox</button>` })}
</section>`;
  const back = wayBack(world.apps.all.find(({ lastRedirectURI }) => lastRedirectURI !== undefined));
  return page('Overview', content, { wide: true, current: '/', script: liveScript, back });
}

const units = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
];

/** Says how far the clock was moved: `, 15 min ahead`. */
function offsetText(offset: number): string {
  let rest = Math.round(Math.abs(offset) / 1000);
  const parts = units.flatMap(({ name, seconds }) => {
    const count = Math.floor(rest / seconds);
    rest %= seconds;
    return count ? [`${count} ${name}`] : [];
  });
  return parts.length ? `, ${parts.join(' ')} ${offset > 0 ? 'ahead' : 'behind'}` : '';
}

function appSection(app: SandboxApp, endpoints: { authorizationURL: string; tokenURL: string; apiURL: string }): Html {
  const { name, service, pkce, redirectURIs, callbackURL, clientID, credentials, keys } = app;
  return html`<section class="card" aria-labelledby="app-${clientID}"><h2 id="app-${clientID}">${name}</h2>
<dl>
<dt>Service</dt><dd>${service}, PKCE ${pkce ? 'on' : 'off'}</dd>
<dt>Redirect URIs</dt><dd>${redirectURIs?.join(', ') ?? 'any https URL, and http on loopback'}</dd>
<dt>Callback URL</dt><dd>${callbackURL ?? 'none: decisions on consent links are sent nowhere'}</dd>
<dt>Client id</dt><dd><code>${clientID}</code></dd>
<dt>Signing key</dt><dd><code>${credentials.signingKey}</code></dd>
</dl>
<details class="more"><summary>Secrets and addresses of ${name}</summary>
<dl>
${keys.map(
  (
    pair,
    index,
  ) => html`<dt>Client secret${keys.length > 1 && ` ${index + 1}`}</dt><dd><code>${pair.clientSecret}</code>${index > 0 && html` for <code>${pair.clientID}</code>`}</dd>
`,
)}<dt>Signing secret</dt><dd><code>${credentials.signingSecret}</code></dd>
<dt>Consent</dt><dd><code>${endpoints.authorizationURL}</code></dd>
<dt>Tokens</dt><dd><code>${endpoints.tokenURL}</code></dd>
<dt>API</dt><dd><code>${endpoints.apiURL}</code></dd>
</dl>
</details>
</section>
`;
}
