import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../lib/sandbox';

export const redirectURI = 'http://127.0.0.1:3000/criteo-auth/callback';
/** A moment of no importance, on a whole minute. */
export const start = Date.UTC(2026, 10, 22, 12);
export const verifier = 'v'.repeat(43);
export const challenge = createHash('sha256').update(verifier).digest('base64url');
export const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };

/** Opens sandboxes that end with the test, with a clock that stands still. */
export function opener(): (options?: SandboxOptions) => Promise<Sandbox> {
  const sandboxes: Sandbox[] = [];
  afterEach(async () => {
    await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
  });
  return async (options = {}) => {
    const sandbox = await createSandbox({ now: () => start, ...options });
    sandboxes.push(sandbox);
    return sandbox;
  };
}

type Changes = Readonly<Record<string, string | undefined>>;

function fields(defaults: Readonly<Record<string, string>>, changes: Changes): URLSearchParams {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...defaults, ...changes })) {
    if (value !== undefined) result.set(name, value);
  }
  return result;
}

/** A right consent URL; `changes` replace parameters, or leave them out where undefined. */
export function consentURL(sandbox: Sandbox, changes: Changes = {}): string {
  const right = { response_type: 'code', client_id: sandbox.app.clientID, redirect_uri: redirectURI, state: 'st' };
  return `${sandbox.endpoints.authorizationURL}?${fields(right, changes)}`;
}

/** A consent URL signed as Criteo documents it. */
export function signedURL(
  sandbox: Sandbox,
  { state = 'user-42', timestamp = String(start / 1000), to = redirectURI, secret = sandbox.app.signingSecret } = {},
): string {
  const text = `?key=${sandbox.app.signingKey}&timestamp=${timestamp}&state=${state}&redirect-uri=${to}`;
  return `${sandbox.url}/request${text}&signature=${createHmac('sha512', secret).update(text).digest('hex')}`;
}

export interface TokenAnswer {
  status: number;
  access_token?: string;
  refresh_token?: string | null;
  error?: string;
  error_description?: string;
  [field: string]: unknown;
}

/** Asks the token endpoint, with the app's credentials unless `changes` say otherwise. */
export async function token(sandbox: Sandbox, changes: Changes): Promise<TokenAnswer> {
  const right = { client_id: sandbox.app.clientID, client_secret: sandbox.app.clientSecret };
  const response = await fetch(sandbox.endpoints.tokenURL, { method: 'POST', body: fields(right, changes) });
  const body: unknown = await response.json();
  return { ...Object(body), status: response.status };
}

/** The code of a consent just given. */
export async function newCode(sandbox: Sandbox, changes?: Changes, advertisers?: string[]): Promise<string> {
  const back = new URL(await sandbox.approve(consentURL(sandbox, changes), { advertisers }));
  return back.searchParams.get('code') ?? '';
}

export function exchange(sandbox: Sandbox, code: string, changes: Changes = {}): Promise<TokenAnswer> {
  return token(sandbox, { grant_type: 'authorization_code', code, redirect_uri: redirectURI, ...changes });
}

/** The whole of a login. */
export async function login(sandbox: Sandbox, advertisers?: string[]): Promise<{ access: string; refresh: string }> {
  const answer = await exchange(sandbox, await newCode(sandbox, {}, advertisers));
  return { access: answer.access_token ?? '', refresh: answer.refresh_token ?? '' };
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  data: { type: string; id: string; attributes: Record<string, unknown> }[];
  errors: { traceId: string; type: string; code: string; instance: string }[];
  metadata: Record<string, unknown>;
}

export async function api(sandbox: Sandbox, access: string, path = '/2026-07/advertisers/me'): Promise<ApiAnswer> {
  const response = await fetch(`${sandbox.url}${path}`, { headers: { authorization: `Bearer ${access}` } });
  const body: unknown = await response.json();
  return { ...Object(body), status: response.status, headers: response.headers };
}

export interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A request as it is, on a connection of its own: nothing is normalised, followed or retried. */
export function raw(url: string, options: http.RequestOptions = {}, body?: string): Promise<Raw> {
  const { origin } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request(origin, { path: url.slice(origin.length), agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const formType = { 'content-type': 'application/x-www-form-urlencoded' };

export function postForm(url: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  return raw(url, { method: 'POST', headers: { ...formType, ...headers } }, new URLSearchParams(form).toString());
}

/** The hidden id of a consent page, or the hidden token of the overview. */
export function hidden({ body }: Raw, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(body)?.[1] ?? '';
}

/** A connector's callback URL: answers as told, in turn (the last answer stays), and remembers. */
export async function connector(...answers: (number | 'hang' | 'reset')[]) {
  const received: { headers: http.IncomingHttpHeaders; body: string }[] = [];
  const arrivals: (() => void)[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const answer = answers[Math.min(received.length, answers.length - 1)] ?? 204;
      received.push({ headers: request.headers, body });
      if (answer === 'reset') request.socket.destroy();
      if (typeof answer === 'number') response.writeHead(answer, answer === 302 ? { location: '/' } : {}).end();
      for (const arrived of arrivals.splice(0)) arrived();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/criteo/consent`,
    received,
    /** Settles with the next delivery. */
    arrival: () => new Promise<void>((resolve) => arrivals.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The error of something that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error : new Error(String(error));
}
