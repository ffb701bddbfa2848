import type { Holding } from '../types';
import { type Incoming, json, type Outgoing } from '../wire/exchange';
import { type Form, readForm } from '../wire/form';
import type { App } from '../world/apps';
import { type AccessToken, isAlive } from '../world/grants';
import { rateHeaders } from '../world/rate-limits';
import type { World } from '../world/world';
import { apiError } from './api-error';
import { deprecationHeaders, isVersion } from './api-versions';
import { withContentType } from './content-type';

/** How long the list stays empty in the variant `empty-for-a-minute`. */
const delayAfterConsent = 60_000;

/** What a request that passed every check is about. */
interface Call {
  readonly world: World;
  readonly request: Incoming;
  readonly app: App;
  readonly token: AccessToken;
  readonly query: Form;
  readonly headers: Record<string, string>;
}

const resources: Readonly<Record<string, (call: Call) => Outgoing>> = {
  'advertisers/me': listAdvertisers,
  'retail-media/accounts': listAccounts,
  'marketing-solutions/me': (call) => describeApp(call, 'marketing-solutions'),
  'retail-media/me': (call) => describeApp(call, 'retail-media'),
};

/** `GET /{version}/…`: the portfolio, and the app itself. */
export function handleAPIRequest(world: World, request: Incoming): Outgoing {
  const { checks } = request;
  const token = findToken(world, request);
  const switches = token?.app.switches ?? world.switches;
  const refuse = (status: number, code: string, title: string, headers = {}): Outgoing =>
    withContentType(switches, apiError(request, switches, { status, code, title, headers }));

  const [, version = '', ...rest] = request.path.split('/');
  const path = rest.join('/');
  if (!isVersion(version)) return refuse(404, 'not-found', 'There is no such API version');
  if (world.settings.decommissioned.has(version)) {
    return refuse(410, 'version-decommissioned', 'This API version was decommissioned');
  }
  checks.push('The API version exists');
  const resource = Object.hasOwn(resources, path) ? resources[path] : undefined;
  // Criteo's OpenAPI files of these two versions do not have it.
  const missing = path === 'retail-media/accounts' && (version === 'preview' || version === 'experimental');
  if (!resource || missing) return refuse(404, 'not-found', `There is no such resource in ${version}`);
  if (request.method !== 'GET') return refuse(405, 'method-not-allowed', 'Use GET', { allow: 'GET' });
  const query = readForm(request.search.slice(1));
  if (!query) return refuse(400, 'invalid-request', 'The query cannot be decoded');
  if (query.has('access_token')) {
    return refuse(400, 'invalid-request', 'A token belongs in the Authorization header, never in a URL');
  }
  checks.push('The resource exists');

  if (request.headers.authorization === undefined) {
    return refuse(401, 'authorization-token-missing', 'The authorization token is missing');
  }
  if (!token) return refuse(401, 'authorization-token-invalid', 'The authorization token is invalid');
  checks.push('The access token is known');
  if (!isAlive(token)) return refuse(401, 'authorization-token-expired', 'The authorization token has expired');
  checks.push('The access token has not expired');
  const { app, consent } = token;
  const granted = consent ? world.grants.grantedAccounts(app, consent.user) : 0;
  const { limit, left, reset, exceeded } = world.limits.spend(app, consent, granted);
  const headers = { ...rateHeaders(limit, left, reset), ...deprecationHeaders(version, app.clock.now()) };
  if (exceeded && world.settings.rateLimit) {
    return refuse(429, 'rate-limit-exceeded', 'Too many calls in this minute', headers);
  }
  if (consent?.revoked === 'dashboard') {
    return refuse(403, 'insufficient-advertisers-permissions', 'The consent was revoked', headers);
  }
  checks.push('The consent stands');
  return withContentType(app.switches, resource({ world, request, app, token, query, headers }));
}

/** Returns the access token of a request, if the sandbox has given it out. */
export function findToken(world: World, { headers }: Incoming): AccessToken | undefined {
  const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer === undefined ? undefined : world.grants.findAccessToken(bearer);
}

/** What the token may see: of a login what was ticked, of the app all that consent links have granted. */
function sharedWith({ world, app, token: { consent } }: Call): readonly Holding[] {
  if (consent) {
    const waits = app.switches.get('portfolioAfterConsent') === 'empty-for-a-minute';
    return waits && app.clock.now() < consent.time + delayAfterConsent ? [] : consent.shared;
  }
  const granted = new Map<string, Holding>();
  for (const { kind, revoked, shared } of world.grants.consents(app)) {
    if (kind === 'login' || revoked === 'dashboard') continue;
    for (const holding of shared) granted.set(holding.id, holding);
  }
  return [...granted.values()].sort((one, other) => compareIDs(one.id, other.id));
}

/** Compares decimal numbers of any size. */
function compareIDs(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1);
}

const noErrors = { errors: [], warnings: [] };

function listAdvertisers(call: Call): Outgoing {
  const shared = call.app.service === 'retail-media' ? [] : sharedWith(call);
  const data = shared.map(({ id, name }) => ({ type: 'advertiser', id, attributes: { advertiserName: name } }));
  return json(200, { data, ...noErrors }, call.headers);
}

function listAccounts(call: Call): Outgoing {
  const { world, request, app, query, headers } = call;
  const { switches } = app;
  if (app.service !== 'retail-media') {
    const title = 'The app has no Retail Media permissions';
    return apiError(request, switches, { status: 403, code: 'insufficient-permissions', title, headers });
  }
  const variant = switches.get('largePages');
  const largest = variant === 'refused-above-100' ? 100 : 1000;
  const pageIndex = wholeNumber(query.get('pageIndex'), 0);
  const asked = wholeNumber(query.get('pageSize'), 25);
  if (pageIndex === undefined || asked === undefined || asked === 0 || asked > largest) {
    const title = `pageIndex counts from 0, pageSize is 1 to ${largest}; each may be given once`;
    return apiError(request, switches, { status: 400, code: 'invalid-paging', title, headers });
  }
  const pageSize = variant === 'capped-at-10' ? Math.min(asked, 10) : asked;
  const wanted = query.get('limitToId');
  const shared = sharedWith(call).filter(({ id }) => !wanted || wanted.includes(id));
  const totalPages = Math.ceil(shared.length / pageSize);
  const page = (index: number): string | null =>
    index < 0 || index >= totalPages ? null : `${world.url}${request.path}?pageIndex=${index}&pageSize=${pageSize}`;
  const metadata = {
    totalItemsAcrossAllPages: shared.length,
    currentPageSize: pageSize,
    currentPageIndex: pageIndex,
    totalPages,
    nextPage: page(pageIndex + 1),
    previousPage: page(pageIndex - 1),
  };
  const items = shared.slice(pageIndex * pageSize, (pageIndex + 1) * pageSize);
  return json(200, { data: items.map(account), metadata, ...noErrors }, headers);
}

function account({ id, name }: Holding): object {
  const attributes = {
    name,
    type: 'demand',
    subtype: 'brand',
    countries: ['US'],
    currency: 'USD',
    parentAccountLabel: name,
    timeZone: 'America/New_York',
    companyName: name,
    onBehalfCompanyName: null,
  };
  return { type: 'RetailMediaAccount', id, attributes };
}

/** `GET /{version}/{service}/me`: ids of the app and its organisation, `ApplicationSummaryModelResponse`. */
function describeApp({ world, request, app, headers }: Call, service: App['service']): Outgoing {
  if (app.service !== service) {
    const title = `The app is one of ${app.service}`;
    return apiError(request, app.switches, { status: 403, code: 'insufficient-permissions', title, headers });
  }
  const attributes = {
    applicationId: 1001 + world.apps.all.indexOf(app),
    organizationId: 5001,
    name: app.name,
    description: 'An app of the sandbox',
    criteoService: app.service === 'retail-media' ? 'RetailMedia' : 'MarketingSolutions',
  };
  return json(200, { data: { type: 'Application', attributes }, ...noErrors }, headers);
}

function wholeNumber(values: string[] | undefined, fallback: number): number | undefined {
  if (!values) return fallback;
  const [value = '', ...more] = values;
  return /^\d{1,9}$/.test(value) && more.length === 0 ? Number(value) : undefined;
}
