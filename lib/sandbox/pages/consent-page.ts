import type { Holding, SandboxApp, SandboxUser, Service } from '../types';
import type { Outgoing } from '../wire/exchange';
import { holdingsOf } from '../world/users';
import { type Html, html } from './html';
import { page, wayBack } from './layout';

/** What the consent page is about. */
export interface ConsentPage {
  /** The id of this page: it is valid for one decision. */
  readonly id: string;
  readonly asked: {
    readonly kind: 'login' | 'signed URL' | 'portal link';
    readonly app: Pick<SandboxApp, 'name' | 'clientID' | 'service' | 'callbackURL'> & {
      readonly lastRedirectURI: string | undefined;
    };
    readonly redirectURI: string;
    readonly state: string | undefined;
    readonly challenge?: string | undefined;
  };
  /** Who is signed in at Criteo. */
  readonly user: SandboxUser;
  /** The users who can sign in instead. */
  readonly users: readonly SandboxUser[];
  /** Who gave the earlier consent that prevents this one, if there is one. */
  readonly alreadyGranted: 'you' | 'a colleague' | undefined;
  /** True after "Approve" without anything ticked. */
  readonly problem: boolean;
}

/** From how many choices on the page offers a search. */
const manyChoices = 8;

/** Ticks all, searches, counts. The page works without it. */
const script = `
const tools = document.querySelector('.tools');
if (tools) {
  const labels = [...document.querySelectorAll('.choices label')];
  const boxes = labels.map((label) => label.querySelector('input'));
  const all = tools.querySelector('#all'), search = tools.querySelector('#search'), count = tools.querySelector('output');
  const shown = () => boxes.filter((box, index) => !labels[index].hidden);
  const update = () => {
    const visible = shown();
    const ticked = visible.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === visible.length;
    all.indeterminate = ticked > 0 && ticked < visible.length;
    count.value = boxes.filter((box) => box.checked).length + ' of ' + boxes.length + ' ticked';
  };
  tools.hidden = false;
  all.addEventListener('change', () => { for (const box of shown()) box.checked = all.checked; update(); });
  if (search) search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase();
    for (const label of labels) label.hidden = !label.textContent.toLowerCase().includes(wanted);
    update();
  });
  if (search) search.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
  document.querySelector('.choices').addEventListener('change', update);
  update();
}
`;

/** Makes the page on which a user decides. */
export function consentPage(shown: ConsentPage, headers: Readonly<Record<string, string>> = {}): Outgoing {
  const { id, asked, user, users, problem, alreadyGranted } = shown;
  const { app } = asked;
  const holdings = holdingsOf(user, app.service);
  const what = app.service === 'retail-media' ? 'accounts' : 'advertisers';
  const obstacle = obstacleOf(shown);
  const content = html`<div class="card">
<h1>Share your ${what}?</h1>
<p>The app <strong>${app.name}</strong> asks to read and manage campaigns of your Criteo ${what}. Tick those it may use.</p>
${problem && html`<p class="alert" role="alert" id="problem">Nothing is ticked. Tick at least one, or deny; or try how the app copes with an empty portfolio.</p>`}
${obstacle !== undefined && html`<p class="alert" role="alert">${obstacle}</p>`}
<form method="post" action="/request" autocomplete="off">
<input type="hidden" name="consent" value="${id}">
<fieldset${problem && html` aria-describedby="problem"`}>
<legend>Your ${what}</legend>
${holdings.length > 1 && toolsFor(holdings, what)}
<div class="choices"${holdings.length > manyChoices && html` tabindex="0" role="group" aria-label="All ${what}"`}>
${holdings.map(choice)}
</div>
${holdings.length === 0 && html`<p class="soft tools">This user has none.</p>`}
</fieldset>
<div class="buttons">
${obstacle === undefined && html`<button class="main" name="decision" value="approve">Approve</button>`}
<button name="decision" value="deny">Deny</button>
${problem && html`<button name="decision" value="approve-none">Approve without any</button>`}
</div>
${users.length > 1 && userChoice(user, users, app.service)}
</form>
</div>
<details class="more">
<summary>What the app sent</summary>
<dl>
<dt>Kind</dt><dd>${asked.kind}</dd>
<dt>App</dt><dd>${app.name}, <code>${app.clientID}</code></dd>
<dt>User</dt><dd>${user.name}</dd>
<dt>Back to</dt><dd><code>${asked.redirectURI}</code></dd>
<dt>State</dt><dd>${asked.state === undefined ? 'none' : html`<code>${asked.state}</code>`}</dd>
${asked.kind === 'login' && html`<dt>PKCE</dt><dd>${asked.challenge === undefined ? 'no' : 'S256'}</dd>`}
${asked.kind !== 'login' && html`<dt>Decision sent to</dt><dd>${app.callbackURL === undefined ? 'nowhere: the app has no callback URL' : html`<code>${app.callbackURL}</code>`}</dd>`}
</dl>
</details>`;
  return {
    ...page(`Share your ${what}`, content, { status: problem ? 422 : 200, headers, script, back: wayBack(app) }),
    ...(alreadyGranted && { failure: 'Access was granted already' }),
  };
}

function obstacleOf({ user, alreadyGranted }: ConsentPage): string | undefined {
  if (!user.mayConsent) return `${user.name} may not consent: at Criteo that takes the role of an admin.`;
  if (alreadyGranted) return `Access was granted already, by ${alreadyGranted}. Revoke that consent first.`;
  return undefined;
}

function toolsFor(holdings: readonly Holding[], what: string): Html {
  return html`<div class="tools" hidden>
<label><input type="checkbox" id="all"> Select all</label>
${holdings.length > manyChoices && html`<input class="search" type="search" id="search" placeholder="Search by name or id" aria-label="Search ${what}">`}
<output class="soft small"></output>
</div>`;
}

function choice({ id, name }: Holding): Html {
  return html`<label><input type="checkbox" name="advertiser" value="${id}">
<span>${name ?? '(no name)'}</span> <small>${id}</small></label>
`;
}

function userChoice(user: SandboxUser, users: readonly SandboxUser[], service: Service): Html {
  const option = (one: SandboxUser): Html => {
    const count = holdingsOf(one, service).length;
    const hint = one.mayConsent ? `${count} to share` : 'may not consent';
    return html`<option value="${one.id}"${one.id === user.id && html` selected`}>${one.name} (${hint})</option>`;
  };
  return html`<div class="buttons user">
<label>Signed in as <select name="user">${users.map(option)}</select></label>
<button class="small" name="decision" value="switch-user">Switch user</button>
</div>`;
}
