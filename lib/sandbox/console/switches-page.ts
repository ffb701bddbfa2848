import { type Html, html } from '../pages/html';
import { page } from '../pages/layout';
import type { Fault, PendingFault } from '../types';
import { sandboxVariants, type VariantName, variantNames } from '../variants';
import type { Answer } from '../wire/exchange';
import type { ConsoleContext } from './console';
import { consoleForm } from './parts';

const from = '/sandbox/switches';

/** The faults that the console offers; the JavaScript object and the HTTP API have all of them. */
export const presetFaults: readonly { readonly id: string; readonly name: string; readonly fault: Fault }[] = [
  { id: 'token-503', name: 'Token endpoint: 503', fault: { on: 'token', status: 503 } },
  {
    id: 'token-after',
    name: 'Token endpoint: the connection breaks after the work',
    fault: { on: 'token', after: true, reset: true },
  },
  { id: 'token-hang', name: 'Token endpoint: no response', fault: { on: 'token', hang: true } },
  { id: 'token-slow', name: 'Token endpoint: 3 seconds late', fault: { on: 'token', delay: 3_000 } },
  { id: 'api-500', name: 'API: 500', fault: { on: 'api', status: 500 } },
  { id: 'api-401', name: 'API: 401, token invalid', fault: { on: 'api', status: 401 } },
  { id: 'api-429', name: 'API: 429, too many calls', fault: { on: 'api', rateLimit: true } },
  { id: 'api-truncate', name: 'API: half a response', fault: { on: 'api', truncate: true } },
  { id: 'consent-500', name: 'Consent page: 500', fault: { on: 'consent', status: 500 } },
  { id: 'delivery-corrupt', name: 'Consent callback: wrong signature', fault: { on: 'delivery', corrupt: true } },
  { id: 'delivery-duplicate', name: 'Consent callback: twice', fault: { on: 'delivery', duplicate: true } },
  { id: 'delivery-lost', name: 'Consent callback: lost', fault: { on: 'delivery', lost: true } },
];

/** Faults and variants as switches. */
export function switchesPage(context: ConsoleContext): Answer {
  const { sandbox } = context;
  const { faults, variants } = sandbox;
  const changed = variantNames.filter((name) => variants[name] !== sandboxVariants[name].default);
  const content = html`<h1>Switches</h1>
<section class="card" aria-labelledby="faults"><h2 id="faults">Faults</h2>
<p>What goes wrong with the next requests, in this order.</p>
${faults.length > 0 ? html`<ul class="list">${faults.map((fault) => faultItem(context, fault))}</ul>` : html`<p class="soft">None: everything works.</p>`}
${consoleForm(context, {
  action: 'faults',
  from,
  content: html`<label>Fault <select name="preset">${presetFaults.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</select></label>
<label>How often <select name="times"><option value="once">Once</option><option value="always">Until cleared</option></select></label>
<button>Add the fault</button>`,
})}
</section>
<section class="card" aria-labelledby="variants"><h2 id="variants">What Criteo does not document</h2>
<p>Each question has several possible answers. ${changed.length === 0 ? 'All are at their default.' : `${changed.length} differ from their default.`}</p>
<ul class="list">${variantNames.map((name) => variantItem(context, name))}</ul>
</section>`;
  return page('Switches', content, { wide: true, current: from });
}

function faultItem(context: ConsoleContext, { id, fault, hits, left }: PendingFault): Html {
  const { on, times: _, ...effects } = fault;
  const text = JSON.stringify(effects, (_name, value: unknown) => (typeof value === 'function' ? 'a function' : value));
  const content = html`<input type="hidden" name="fault" value="${id}">
<button class="small" aria-label="Clear ${id}">Clear</button>`;
  return html`<li class="consent"><div><p><strong>${on}</strong> <code>${text}</code></p>
<p class="soft small">${left === Infinity ? 'until cleared' : `${left} more`}, met by ${hits} so far</p></div>
${consoleForm(context, { action: 'clear-fault', from, content })}</li>
`;
}

function variantItem(context: ConsoleContext, name: VariantName): Html {
  const { question, variants, default: usual, why } = sandboxVariants[name];
  const on = context.sandbox.variants[name];
  const described: Readonly<Record<string, string>> = variants;
  const option = (variant: string): Html =>
    html`<option value="${variant}"${variant === on && html` selected`}>${variant}${variant === usual && ' (default)'}</option>`;
  const content = html`<input type="hidden" name="name" value="${name}">
<select name="variant" aria-label="${plain(question)}">${Object.keys(described).map(option)}</select>
<button class="small" aria-label="Set ${name}">Set</button>`;
  return html`<li class="variant"><h3>${plain(question)}</h3>
${consoleForm(context, { action: 'variants', from, content })}
<p class="small">${plain(described[on] ?? '')}</p>
<details class="small soft"><summary>Why the default is ${usual}</summary><p>${plain(why)}</p></details></li>
`;
}

/** The table is written for Markdown; pages show its code without the marks. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
