import type { Things } from './failures';
import { type Content, type Html, html } from './html';
import type { Invitation } from './invitations';
import { count, page, time, type View } from './layout';
import type { Holding } from './portfolio';

/** What the API says now, or why it says nothing. */
export interface Shared {
  portfolio?: Holding[];
  problem?: string;
}

interface InviteOptions {
  invitations: Invitation[];
  /** Variables of the environment that are needed and not there. */
  missing: string[];
  callbackURL: string;
}

export function invitePage(view: View, { invitations, missing, callbackURL }: InviteOptions): string {
  const { things } = view;
  const title = `Invite an ${things.slice(0, -1)}`;
  const form = html`<form method="post" action="/invite"><button class="button">Make a link</button></form>`;
  return page(
    view,
    title,
    html`<div class="intro">
<h1>${title}</h1>
<p>Make a link for somebody else. Who opens it decides at Criteo which ${things} this app may see, without an account here, and you see the answer at once.</p>
${missing.length === 0 && html`<div class="actions">${form}</div>`}
</div>
${missing.length > 0 && setUp(missing, callbackURL)}
${
  invitations.length > 0 &&
  html`<section class="card">
<h2>Your links</h2>
<ul class="list">
${invitations.map((invitation) => html`<li><a href="/invite/${invitation.id}">Made at ${time(invitation.madeAt)}</a> <span>${outcome(invitation, things)}</span></li>`)}
</ul>
</section>`
}`,
  );
}

function setUp(missing: string[], callbackURL: string): Html {
  return html`<section class="card">
<h2>Something is missing</h2>
<p>Such a link is signed, so the example has to be started with:</p>
<ul>
${missing.map((name) => html`<li><code>${name}</code></li>`)}
</ul>
<p>The key pair is that of a connector in Criteo’s Partners Portal. Its callback URL has to lead here:
<code>${callbackURL}</code>. Criteo calls it, so it must be an address that Criteo can reach.</p>
</section>`;
}

function outcome({ decision }: Invitation, things: Things): string {
  if (!decision) return 'Waiting';
  return decision.granted ? `Granted: ${count(decision.ids.length, things)}` : 'Denied';
}

export function invitationPage(view: View, invitation: Invitation, answer: Html): string {
  const { sandbox } = view;
  return page(
    view,
    'Your link',
    html`<div class="intro">
<h1>Your link</h1>
<p>Send it to whom you want to invite. It works once.</p>
</div>
<section class="card">
<div class="fields">
<label for="link">Link</label>
<input id="link" value="${invitation.url}" readonly>
<button class="button" data-copy="link" hidden>Copy</button>
</div>
${sandbox && html`<p class="soft">To try it out, be the invited person yourself: <a href="${invitation.url}" target="_blank" rel="noopener">open it in a new tab</a>, and keep an eye on this one.</p>`}
</section>
<section class="card">
<h2>Answer</h2>
<div class="answer" role="status"${!invitation.decision && html` data-events="/invite/${invitation.id}/events"`}>
${answer}
</div>
${!invitation.decision && html`<p class="soft" id="reload">Load this page again to see whether there is one.</p>`}
</section>
<p><a href="/invite">All links</a></p>`,
  );
}

/** The part of the page that updates by itself. */
export function answerTo({ decision }: Invitation, { portfolio, problem }: Shared, things: Things): Html {
  if (!decision) return html`<p><span class="dot"></span> Waiting for an answer</p>`;
  if (!decision.granted) return html`<p><strong>Denied.</strong> Nothing was shared.</p>`;
  const names = new Map(portfolio?.map(({ id, name }) => [id, name ?? 'Without a name']));
  // The callback says which, by id; how they are called, and whether they are still shared, the API knows.
  const name = (id: string): Content => names.get(id) ?? (problem ? 'Unknown' : 'No longer shared');
  return html`<p><strong>Granted:</strong> ${count(decision.ids.length, things)}.</p>
<ul class="list">
${decision.ids.map((id) => html`<li><span>${name(id)}</span> <small><code>${id}</code></small></li>`)}
</ul>
<p><small>${problem ? `Their names are not to be had now: ${problem}.` : 'Read from Criteo with a token of the app’s own (client credentials).'}</small></p>`;
}

/** For the invited person, who need not have an account here. */
export function invitedPage(view: View): string {
  return page(
    view,
    'Thank you',
    html`<div class="intro">
<h1>Thank you</h1>
<p>Who invited you sees what you decided. You can close this page.</p>
</div>`,
  );
}
