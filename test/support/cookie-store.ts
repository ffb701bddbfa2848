import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { CookieStateStore, type CookieStateStoreOptions } from '../../lib/state/cookie-store';
import type { PassportRequest, StateMetadata } from '../../lib/state/state-store';

export const secret = 'first secret, at least 32 characters';

export const meta: StateMetadata = {
  authorizationURL: 'https://consent.criteo.com/request',
  tokenURL: 'https://api.criteo.com/oauth2/token',
  clientID: 'app-1',
  callbackURL: 'https://app.example.com/cb',
  strategy: 'criteo',
  purpose: 'authenticate',
  crossSite: false,
};

export const newStore = (options: Partial<CookieStateStoreOptions> = {}): CookieStateStore =>
  new CookieStateStore({ secret, ...options });

export const newResponse = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

/** Uses an object as a request of any framework. */
export const asRequest = (shape: object): PassportRequest => shape as PassportRequest;

/** Makes a request like Express's, with a response of node. */
export function newRequest(cookie?: string, res = newResponse()): { req: PassportRequest; res: ServerResponse } {
  return { req: asRequest({ headers: { cookie }, res }), res };
}

/** Returns the `Set-Cookie` lines of a response. */
export function linesOf(res: { getHeader(name: string): unknown }): string[] {
  return [res.getHeader('Set-Cookie') ?? []].flat().map(String);
}

/** Keeps cookies like a browser: by name, until they are cleared. */
export class Jar {
  readonly cookies = new Map<string, string>();

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const at = pair.indexOf('=');
      const name = pair.slice(0, at);
      if (name.startsWith('__Host-') && !(attributes.includes('Secure') && attributes.includes('Path=/'))) continue;
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(at + 1));
    }
  }

  get header(): string {
    return [...this.cookies].map((pair) => pair.join('=')).join('; ');
  }

  get names(): string[] {
    return [...this.cookies.keys()];
  }
}

export interface Started {
  error?: unknown;
  handle: string;
  lines: string[];
}

/** Starts a login in a browser. */
export function start(
  store: CookieStateStore,
  jar = new Jar(),
  { verifier, state, ...changes }: Partial<StateMetadata> & { verifier?: string; state?: unknown } = {},
): Started {
  const { req, res } = newRequest(jar.header);
  const started: Started = { handle: '', lines: [] };
  store.store(req, verifier, state, { ...meta, ...changes }, (error, handle) => {
    started.error = error;
    started.handle = handle ?? '';
  });
  started.lines = linesOf(res);
  jar.take(started.lines);
  return started;
}

export interface Finished {
  answers: unknown[][];
  error: unknown;
  ok: unknown;
  state: unknown;
  pending: unknown;
  code: unknown;
  message: string;
  lines: string[];
}

/** Finishes a login in a browser. */
export function finish(
  store: CookieStateStore,
  cookies: Jar | string | undefined,
  handle: string,
  changes: Partial<StateMetadata> = {},
): Finished {
  const { req, res } = newRequest(cookies instanceof Jar ? cookies.header : cookies);
  const answers: unknown[][] = [];
  store.verify(req, handle, { ...meta, ...changes }, (...answer: unknown[]) => answers.push(answer));
  const [error, ok, state, pending] = answers[0] ?? [];
  const lines = linesOf(res);
  if (cookies instanceof Jar) cookies.take(lines);
  const { code, message } = Object(state);
  return { answers, error, ok, state, pending, code, message: String(message), lines };
}
