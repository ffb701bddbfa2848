import { html } from '../pages/html';
import { page, wayBack } from '../pages/layout';
import type { Answer } from '../wire/exchange';
import type { ConsoleContext } from './console';
import { consentItem } from './overview-page';

const most = 200;

/** What users see at consent.criteo.com: which apps they gave consent, and how to revoke it. */
export function connectedAppsPage(context: ConsoleContext): Answer {
  const { world } = context;
  const apps = world.apps.all
    .map((app) => ({ app, consents: world.grants.consents(app) }))
    .filter(({ consents }) => consents.length > 0);
  const content = html`<h1>Connected apps</h1>
<p>The apps that users have given consent. To revoke it ends the app's access, as on consent.criteo.com.</p>
${apps.map(
  ({
    app,
    consents,
  }) => html`<section class="card" aria-labelledby="app-${app.clientID}"><h2 id="app-${app.clientID}">${app.name}</h2>
<ul class="list">${consents.slice(0, most).map((consent) => consentItem(context, consent, '/sandbox/connected-apps'))}</ul>
<p class="soft small">${tokenText(world.grants.validTokens(app))}</p>
</section>
`,
)}${apps.length === 0 && html`<section class="card" aria-label="Nothing yet"><p class="soft">None yet.</p></section>`}`;
  const back = wayBack(apps[0]?.app);
  return page('Connected apps', content, { wide: true, current: '/sandbox/connected-apps', back });
}

function tokenText({ access, refresh }: { access: number; refresh: number }): string {
  const count = (number: number, what: string): string => `${number} ${what} token${number === 1 ? '' : 's'}`;
  return `Not expired: ${count(access, 'access')}, ${count(refresh, 'refresh')}.`;
}
