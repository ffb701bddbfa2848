import { type Html, html } from '../pages/html';
import { page } from '../pages/layout';
import type { RequestFilter, SandboxRequest } from '../types';
import type { Answer } from '../wire/exchange';
import type { ConsoleContext } from './console';
import { exchangeList, liveScript } from './parts';

const perPage = 50;
const endpoints: readonly { value: SandboxRequest['endpoint']; name: string }[] = [
  { value: 'consent', name: 'Consent page' },
  { value: 'token', name: 'Token endpoint' },
  { value: 'api', name: 'API' },
  { value: 'delivery', name: 'Consent callback' },
];

/** All exchanges, with a filter. */
export function exchangesPage({ world }: ConsoleContext, query: ReadonlyMap<string, string>): Answer {
  const app = query.get('app') ?? '';
  const endpoint = endpoints.find(({ value }) => value === query.get('endpoint'))?.value;
  const onlyRefused = query.get('result') === 'refused';
  const before = Number(query.get('before') ?? Infinity) || Infinity;
  const filter: RequestFilter = { ...(app !== '' && { app }), ...(endpoint && { endpoint }) };
  const fitting = world.log
    .entries(filter)
    .filter((request) => request.id < before && (!onlyRefused || isRefused(request)))
    .reverse();
  const shown = fitting.slice(0, perPage);
  const oldest = shown.at(-1);
  const older = new URLSearchParams({
    app,
    endpoint: endpoint ?? '',
    result: onlyRefused ? 'refused' : '',
    before: String(oldest?.id),
  });
  const content = html`<h1>Exchanges</h1>
<form class="buttons" method="get" action="/sandbox/exchanges">
${world.apps.all.length > 1 && html`<label>App ${select('app', app, [{ value: '', name: 'All' }, ...world.apps.all.map(({ clientID, name }) => ({ value: clientID, name }))])}</label>`}
<label>Endpoint ${select('endpoint', endpoint ?? '', [{ value: '', name: 'All' }, ...endpoints])}</label>
<label>Result ${select('result', onlyRefused ? 'refused' : '', [
    { value: '', name: 'All' },
    { value: 'refused', name: 'Refused' },
  ])}</label>
<button class="small">Filter</button>
<label id="live-line" hidden><input type="checkbox" id="live" checked> Live</label>
</form>
<section class="card" aria-label="Exchanges">
${exchangeList(world, shown)}
${fitting.length > perPage && html`<p><a href="/sandbox/exchanges?${older.toString()}">Older exchanges</a></p>`}
</section>`;
  const script = before === Infinity ? liveScript : undefined;
  return page('Exchanges', content, { wide: true, current: '/sandbox/exchanges', script });
}

function isRefused({ status, failure, error }: SandboxRequest): boolean {
  return failure !== undefined || error !== undefined || (status !== undefined && status >= 400);
}

function select(name: string, chosen: string, options: readonly { value: string; name: string }[]): Html {
  return html`<select name="${name}">${options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === chosen && html` selected`}>${option.name}</option>`,
  )}</select>`;
}
