import { describeRequest, describeResult, maskRequest } from '../masked-request';
import { type Html, html } from '../pages/html';
import type { SandboxRequest } from '../types';
import type { Consent } from '../world/consent';
import type { World } from '../world/world';
import type { ConsoleContext } from './context';

/** A form of the console. */
export function consoleForm(
  { token }: ConsoleContext,
  { action, from, content }: { action: string; from: string; content: Html },
): Html {
  return html`<form class="buttons" method="post" action="/sandbox/${action}">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="from" value="${from}">
${content}
</form>`;
}

/** A time in full, for example `2026-11-22 12:00:00 UTC`. */
export function fullTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
}

/** The name of the app with this client id. */
export function appName({ apps }: World, clientID: string | undefined): string {
  return clientID === undefined ? 'unknown app' : (apps.find(clientID)?.name ?? 'removed app');
}

/** Exchanges as a compact list; each one opens to request, checks and response. */
export function exchangeList(world: World, requests: readonly SandboxRequest[]): Html {
  if (requests.length === 0) return html`<p class="soft" id="exchanges" data-last="0">None yet.</p>`;
  const last = Math.max(...requests.map(({ id }) => id));
  return html`<ol class="list exchanges" id="exchanges" data-last="${last}">
${requests.map((request) => exchangeItem(world, maskRequest(request)))}</ol>`;
}

function exchangeItem(world: World, request: SandboxRequest): Html {
  const { id, time, app, checks, failure, error, status, response } = request;
  const isBad = failure !== undefined || error !== undefined || status === undefined || status >= 400;
  const clock = new Date(time).toISOString().slice(11, 19);
  return html`<li><details id="exchange-${id}"><summary><time datetime="${new Date(time).toISOString()}">${clock}</time>
<span class="app soft">${appName(world, app)}</span> <span class="what">${describeRequest(request)}</span>
<span class="result${isBad && ' bad'}">${status ?? 'none'}</span></summary>
<div>
<p>${appName(world, app)}, ${fullTime(time)}: ${describeResult(request)}</p>
<pre>${requestText(request)}</pre>
${
  (checks.length > 0 || failure !== undefined) &&
  html`<ul class="checks">${checks.map((passed) => html`<li>${passed}</li>\n`)}${failure !== undefined && html`<li class="failed">${failure}</li>`}</ul>`
}
${response && html`<pre>${responseText(request)}</pre>`}
</div></details></li>
`;
}

function requestText({ method, path, query, body, headers, direction }: SandboxRequest): string {
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  const first = `${method} ${path}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
  const shown = direction === 'out' ? ['content-type', 'x-criteo-hmac-sha512'] : ['authorization', 'content-type'];
  const lines = shown.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name]}`]));
  return [first, ...lines, ...(body === '' ? [] : ['', body.replaceAll('&', '\n&')])].join('\n');
}

function responseText({ status, response }: SandboxRequest): string {
  const shown = ['location', 'content-type', 'x-ratelimit-remaining', 'deprecation', 'sunset'];
  const lines = shown.flatMap((name) =>
    response?.headers[name] === undefined ? [] : [`${name}: ${response.headers[name]}`],
  );
  const body = response?.body ?? '';
  const short = body.length > 4_000 ? `${body.slice(0, 4_000)}…` : body;
  return [`Status ${status}`, ...lines, ...(short === '' ? [] : ['', short])].join('\n');
}

/** A consent with what it shares and, while it stands, the button that revokes it. */
export function consentItem(context: ConsoleContext, consent: Consent, from: string): Html {
  const { id, app, user, kind, shared, time, revoked } = consent;
  const names = shared.map((holding) => holding.name ?? holding.id);
  const text =
    names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ') || 'nothing';
  const label = `Revoke the consent of ${fullTime(time)} for ${text}`;
  const content = html`<input type="hidden" name="consent" value="${id}">
<button class="small" aria-label="${label}">Revoke</button>`;
  return html`<li class="consent"><div><p><strong>${text}</strong></p>
<p class="soft small">for ${app.name}, by ${user.name}, ${kind}, ${fullTime(time)}</p></div>
${revoked === undefined ? consoleForm(context, { action: 'revoke', from, content }) : html`<span class="soft">revoked${revoked === 'role-change' && ' (role change)'}</span>`}</li>
`;
}

/** Loads the list again when there is something new. Opened exchanges stay open. */
export const liveScript = `
const list = () => document.getElementById('exchanges');
const toggle = document.getElementById('live');
let last = Number(list().dataset.last);
// A tab that waits holds a connection, and browsers have six for each host: only the tab that is looked at waits.
const visible = () => new Promise((resolve) => {
  if (!document.hidden && (!toggle || toggle.checked)) return resolve();
  const again = () => visible().then(resolve);
  document.addEventListener('visibilitychange', again, { once: true });
  if (toggle) toggle.addEventListener('change', again, { once: true });
});
const follow = async () => {
  for (;;) {
    await visible();
    try {
      const found = await fetch('/sandbox/api/requests?limit=1&wait=25000&after=' + last);
      const [newest] = await found.json();
      if (!newest || (toggle && !toggle.checked)) continue;
      last = newest.id;
      const text = await (await fetch(location.href)).text();
      const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('exchanges');
      for (const open of document.querySelectorAll('#exchanges details[open]')) {
        const same = fresh.querySelector('#' + open.id);
        if (same) same.open = true;
      }
      const focused = document.activeElement && document.activeElement.closest('#exchanges details');
      list().replaceWith(fresh);
      if (focused) { const same = document.getElementById(focused.id); if (same) same.querySelector('summary').focus(); }
    } catch { await pause(2000); }
  }
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const line = document.getElementById('live-line');
if (line) line.hidden = false;
follow();
`;
