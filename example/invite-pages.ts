import type { Things } from './failures';
import { type Content, type Html, html } from './html';
import type { Invitation } from './invitations';
import { copyable, count, page, time, type View } from './layout';
import type { Holding } from './portfolio';

/** What is shared now, or why that could not be fetched. */
export interface Shared {
  portfolio?: Holding[];
  problem?: string;
}

interface InviteOptions {
  invitations: Invitation[];
  /** Environment variables that are needed and not set. */
  missing: string[];
  callbackURL: string;
}

export function invitePage(view: View, { invitations, missing, callbackURL }: InviteOptions): string {
  const { things } = view;
  const form = html`<form method="post" action="/invite"><button class="button">Make a link</button></form>`;
  return page(
    view,
    'Invitations',
    html`<div class="intro">
<h1>Invite an ${things.slice(0, -1)}</h1>
<p>Make a link for another person. They decide at Criteo which ${things} this app may see. They need no account here, and you see their decision at once.</p>
<div class="actions">${missing.length === 0 && form}<a class="button quiet" href="/dashboard">Back to the dashboard</a></div>
</div>
${missing.length > 0 && setUp(missing, callbackURL)}
${
  invitations.length > 0 &&
  html`<section class="card" aria-labelledby="links">
<h2 id="links">Your links</h2>
<ul class="list">
${invitations.map((invitation, index) => html`<li><a href="/invite/${invitation.id}">Link ${invitations.length - index}, made at ${time(invitation.madeAt)}</a> <span>${outcome(invitation, things)}</span></li>`)}
</ul>
</section>`
}`,
  );
}

function setUp(missing: string[], callbackURL: string): Html {
  return html`<section class="card" aria-labelledby="missing">
<h2 id="missing">Something is missing</h2>
<p>Invitations are signed, so start the example with these variables:</p>
<ul>
${missing.map((name) => html`<li><code>${name}</code></li>`)}
</ul>
<p>The key pair belongs to a connector in Criteo’s Partners Portal. Criteo sends requests to the connector’s callback URL, so it must lead to this app, and Criteo must be able to reach it.</p>
${copyable('connector-uri', 'Callback URL of the connector', callbackURL)}
</section>`;
}

function outcome({ decision }: Invitation, things: Things): string {
  if (!decision) return 'Waiting';
  return decision.granted ? `Granted: ${count(decision.ids.length, things)}` : 'Denied';
}

export function invitationPage(view: View, invitation: Invitation, decision: Html): string {
  const { sandbox } = view;
  return page(
    view,
    'Your link',
    html`<div class="intro">
<h1>Your link</h1>
<p>Send it to the person you invite. It works once.</p>
</div>
<section class="card" aria-labelledby="link-heading">
<h2 id="link-heading">Link</h2>
<div class="fields">
<label class="hidden" for="link">The link to send</label>
<input id="link" value="${invitation.url}" readonly>
<button type="button" class="button" data-copy="link" hidden>Copy<span class="hidden"> the link</span></button>
</div>
${sandbox && html`<p class="soft">To try it, act as the invited person: <a href="${invitation.url}" target="_blank" rel="noopener">open the link in a new tab</a>, decide, and return to this tab.</p>`}
</section>
<section class="card" aria-labelledby="decision">
<h2 id="decision">Decision</h2>
<div class="decision" role="status"${!invitation.decision && html` data-events="/invite/${invitation.id}/events"`}>
${decision}
</div>
${!invitation.decision && html`<p class="soft" id="reload">Reload this page to see the decision.</p>`}
</section>
<div class="actions"><a class="button quiet" href="/invite">All links</a><a class="button quiet" href="/dashboard">Back to the dashboard</a></div>`,
  );
}

/** Returns the part of the page that updates by itself. */
export function decisionPart({ decision }: Invitation, { portfolio, problem }: Shared, things: Things): Html {
  if (!decision) return html`<p><span class="dot"></span> Waiting for a decision</p>`;
  if (!decision.granted) return html`<p><strong>Denied.</strong> Nothing was shared.</p>`;
  const names = new Map(portfolio?.map(({ id, name }) => [id, name ?? 'Without a name']));
  // The callback contains the ids. The API returns the names of those that are still shared.
  const name = (id: string): Content => names.get(id) ?? (problem ? 'Unknown' : 'No longer shared');
  return html`<p><strong>Granted:</strong> ${count(decision.ids.length, things)}.</p>
<ul class="list">
${decision.ids.map((id) => html`<li><span>${name(id)}</span> <small><code>${id}</code></small></li>`)}
</ul>
<p><small>${problem ? `The names cannot be shown now: ${problem}.` : 'Read from Criteo with a token of the app’s own (client credentials).'}</small></p>`;
}

/** Returns the page for the invited person, who needs no account here. */
export function invitedPage(view: View): string {
  return page(
    view,
    'Thank you',
    html`<div class="intro">
<h1>Thank you</h1>
<p>The user who invited you sees your decision. You can close this page.</p>
<div class="actions"><a class="button quiet" href="/">Home</a></div>
</div>`,
  );
}
