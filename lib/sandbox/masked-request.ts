import type { SandboxRequest } from './types';
import { formRecord, readForm } from './wire/form';

const masked = '•••';

/** Parameters and fields that may be shown. Of all others only the name is shown. */
const harmless = new Set(
  (
    'grant_type response_type client_id redirect_uri redirect-uri state timestamp key code_challenge_method decision ' +
    'advertiser user pageIndex pageSize limitToId error error_description'
  ).split(' '),
);

const harmlessHeaders = new Set(
  (
    'accept allow cache-control content-length content-type deprecation sunset user-agent x-ratelimit-limit ' +
    'x-ratelimit-remaining x-ratelimit-reset host'
  ).split(' '),
);

/** Says in a few words what a request is for. */
export function describeRequest({ endpoint, method, path, form, attempt, body }: SandboxRequest): string {
  switch (endpoint) {
    case 'token':
      return grants[form['grant_type'] ?? ''] ?? 'Token request';
    case 'api':
      return resources.find(([ending]) => path.endsWith(ending))?.[1] ?? `API call ${path}`;
    case 'consent':
      return method === 'POST' ? (decisions[form['decision'] ?? ''] ?? 'Decision') : 'Consent page';
    case 'delivery':
      return `Consent callback${body.includes('ConsentGranted') ? ', granted' : ', denied'}, attempt ${attempt}`;
  }
}

const grants: Readonly<Record<string, string>> = {
  authorization_code: 'Code exchange',
  refresh_token: 'Refresh',
  client_credentials: 'Client credentials',
};

const resources: readonly (readonly [string, string])[] = [
  ['/advertisers/me', 'Advertisers'],
  ['/retail-media/accounts', 'Retail Media accounts'],
  ['/me', 'App and organisation'],
];

const decisions: Readonly<Record<string, string>> = {
  approve: 'Approval',
  'approve-none': 'Approval of nothing',
  deny: 'Denial',
  'switch-user': 'Other user',
};

/** Returns the result in a few words: the status and, if it was refused, why. */
export function describeResult({ status, failure, error }: SandboxRequest): string {
  const text = failure ?? error;
  return [status === undefined ? 'no response' : String(status), ...(text === undefined ? [] : [text])].join(', ');
}

/** Returns a copy in which secrets, codes and tokens are replaced by dots: fit for a log or a page. */
export function maskRequest(request: SandboxRequest): SandboxRequest {
  const { query, form, headers, body, response, endpoint } = request;
  return {
    ...request,
    query: maskFields(query),
    form: maskFields(form),
    headers: maskHeaders(headers),
    body: endpoint === 'delivery' ? body : maskSent(body),
    ...(response && { response: { headers: maskHeaders(response.headers), body: maskBody(response.body) } }),
  };
}

function maskFields(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, harmless.has(name) ? value : masked]));
}

/** Masks a body that a client sent, whatever its content type: a wrong one is a frequent mistake. */
function maskSent(body: string): string {
  if (body === '') return body;
  const value = parsed(body);
  if (typeof value === 'object') return JSON.stringify(value, maskMember);
  const form = /^[^\s=&]+=/.test(body) ? readForm(body) : undefined;
  return form ? formText(maskFields(formRecord(form))) : masked;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function maskMember(name: string, value: unknown): unknown {
  const isShown = typeof value === 'object' || harmless.has(name);
  return isShown ? value : masked;
}

function maskHeaders<V>(headers: Readonly<Record<string, V>>): Record<string, V | string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (name === 'location') return [name, String(value).replace(/([?&]code=)[^&]*/g, `$1${masked}`)];
      return [name, harmlessHeaders.has(name) ? value : masked];
    }),
  );
}

function maskBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), (name, value: unknown) =>
      /token$|secret|^code$/i.test(name) && typeof value === 'string' ? masked : value,
    );
  } catch {
    return maskText(body);
  }
}

/** Masks what looks like a token rather than a word. */
function maskText(text: string): string {
  return text.replace(/[A-Za-z0-9+/_=-]{20,}/g, masked);
}

function formText(form: Readonly<Record<string, string>>): string {
  return Object.entries(form)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}
