import type { TokenSet } from 'passport-criteo';
import { type Content, type Html, html } from './html';
import { connectLink, count, page, time, type View } from './layout';
import type { Holding } from './portfolio';
import type { Connection, User } from './users';

/** A connection, and what came of asking Criteo about it. */
export interface ConnectionCard {
  connection: Connection;
  /** What is shared now. */
  portfolio?: Holding[];
  /** Whether the consent is gone. */
  lost?: boolean;
  /** Why Criteo did not tell, for a passing reason. */
  problem?: string;
  /** As they are kept, after a refresh that may have been due. */
  tokens?: TokenSet | undefined;
  now: number;
}

interface Dashboard extends View {
  user: User;
  notice: string | undefined;
  cards: ConnectionCard[];
}

export function dashboardPage(view: Dashboard): string {
  const { user, notice, things, cards } = view;
  return page(
    view,
    'Dashboard',
    html`<div class="intro">
<h1>Dashboard</h1>
<p>Signed in as <strong>${user.name}</strong></p>
<div class="actions">${connectLink}<a class="button quiet" href="/invite">Invite an ${things.slice(0, -1)}</a></div>
</div>
${notice && html`<p class="note" role="status">${notice}</p>`}
${cards.map((card, number) => section(card, `connection-${number}`, view))}
${cards.length === 0 && html`<p class="card">Nothing is connected yet. Connect Criteo, and the ${things} that you choose are listed here.</p>`}
<p><small>The tokens stay on the server: this page knows when they end, not what they are.</small></p>`,
  );
}

function section(card: ConnectionCard, id: string, { things }: View): Html {
  const { connection, portfolio, lost, problem, tokens } = card;
  const { profile } = connection;
  const shared = portfolio ?? [...profile.advertisers, ...profile.accounts];
  // The buttons of all cards have the same names: what they are about is told as their description.
  const form = (action: string, button: string) => html`<form method="post" action="${action}">
<input type="hidden" name="connection" value="${profile.id}">
<button class="button quiet slim" aria-describedby="${id}">${button}</button>
</form>`;
  return html`<section class="card" aria-labelledby="${id}">
<div class="row"><h2 id="${id}">${profile.displayName}</h2>
<small>${count(shared.length, things)}</small></div>
${
  lost &&
  html`<div class="note row" role="alert"><p><strong>This connection has ended.</strong> Access was withdrawn, or it ran out.</p>
<a class="button slim" href="/criteo-connect" aria-describedby="${id}">Reconnect</a></div>`
}
${problem && html`<p class="note" role="status">${problem}. This is what was shared when you connected.</p>`}
<ul class="list">
${shared.map(({ id, name }) => html`<li><span>${name ?? 'Without a name'}</span> <small><code>${id}</code></small></li>`)}
</ul>
${tokens && !lost && life(tokens, card)}
<div class="row">
${!lost && tokens?.refreshToken && form('/refresh', 'Refresh now')}
${form('/disconnect', 'Disconnect')}
</div>
</section>`;
}

/** How long the access token lives, and since when it does. */
function life({ obtainedAt, expiresAt, refreshToken }: TokenSet, { connection, now }: ConnectionCard): Content {
  const left = Math.max(0, expiresAt - now);
  const seconds = Math.ceil(left / 1000);
  return html`<div class="token">
<div class="row"><p class="left" data-left="${left}">${seconds === 0 ? 'Expired' : `${Math.floor(seconds / 60)} min ${seconds % 60} s left`}</p>
<small>Access token, ${obtainedAt > connection.since ? 'refreshed' : 'obtained'} at ${time(obtainedAt)}</small></div>
<progress value="${seconds}" max="${Math.round((expiresAt - obtainedAt) / 1000)}" aria-label="Life left in the access token"></progress>
</div>
${!refreshToken && html`<p><small>Criteo gave no refresh token, so you will be asked again when this one ends.</small></p>`}`;
}
