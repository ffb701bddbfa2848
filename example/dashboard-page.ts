import type { TokenSet } from 'passport-criteo';
import { type Content, type Html, html } from './html';
import { connectLink, count, page, time, type View } from './layout';
import type { Holding } from './portfolio';
import type { Connection, User } from './users';

/** A connection, and its current state at Criteo. */
export interface ConnectionCard {
  connection: Connection;
  /** The advertisers or accounts that are shared now. */
  portfolio?: Holding[];
  /** If true, the consent has ended. */
  lost?: boolean;
  /** A temporary reason why the portfolio could not be fetched. */
  problem?: string;
  /** The tokens as stored, after any refresh that was due. */
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
<h1 tabindex="-1">Dashboard</h1>
<p>Signed in as <strong>${user.name}</strong></p>
<div class="actions">${connectLink}<a class="button quiet" href="/invite">Invite an ${things.slice(0, -1)}</a></div>
</div>
${notice && html`<p class="note" data-notice>${notice}</p>`}
${cards.map((card) => section(card, view))}
${cards.length === 0 && html`<p class="card">Nothing is connected yet. Connect Criteo, and the ${things} that you choose are listed here.</p>`}
<p><small>The tokens stay on the server. This page shows only when they expire.</small></p>`,
  );
}

function section(card: ConnectionCard, { things }: View): Html {
  const { connection, portfolio, lost, problem, tokens } = card;
  const { name, profile } = connection;
  const shared = portfolio ?? [...profile.advertisers, ...profile.accounts];
  const about = html`<span class="hidden"> for ${name}</span>`;
  // A button has the same id on each page, so that the script can focus it again.
  const form = (action: string, button: string): Html => html`<form method="post" action="/${action}" data-in-place>
<input type="hidden" name="connection" value="${profile.id}">
<button class="button quiet slim" id="${action}-${profile.id}">${button}${about}</button>
</form>`;
  return html`<section class="card" aria-labelledby="connection-${profile.id}">
<div class="row"><h2 id="connection-${profile.id}">${name}</h2>
<small>${count(shared.length, things)}</small></div>
${
  lost &&
  html`<div class="note row" role="alert"><p><strong>This connection has ended.</strong> Access was revoked, or it expired.</p>
<a class="button slim" href="/criteo-connect">Reconnect<span class="hidden"> ${name}</span></a></div>`
}
${problem && html`<p class="note">${problem}. This is what was shared when you connected.</p>`}
<ul class="list">
${shared.map(({ id, name }) => html`<li><span>${name ?? 'Without a name'}</span> <small><code>${id}</code></small></li>`)}
</ul>
${tokens && !lost && lifetime(tokens, card)}
<div class="row">
${!lost && tokens?.refreshToken && form('refresh', 'Refresh now')}
${form('disconnect', 'Disconnect')}
</div>
</section>`;
}

/** Shows when the access token was issued, and how long it is still valid. */
function lifetime({ obtainedAt, expiresAt, refreshToken }: TokenSet, { connection, now }: ConnectionCard): Content {
  const left = Math.max(0, expiresAt - now);
  const seconds = Math.ceil(left / 1000);
  return html`<div class="token">
<div class="row"><p class="left" data-left="${left}">${seconds === 0 ? 'Expired' : `${Math.floor(seconds / 60)} min ${seconds % 60} s left`}</p>
<small>Access token, ${obtainedAt > connection.since ? 'refreshed' : 'obtained'} at ${time(obtainedAt)}</small></div>
<progress value="${seconds}" max="${Math.round((expiresAt - obtainedAt) / 1000)}" aria-label="Time left for the access token of ${connection.name}"></progress>
</div>
${!refreshToken && html`<p><small>Criteo sent no refresh token, so you have to connect again after this token has expired.</small></p>`}`;
}
