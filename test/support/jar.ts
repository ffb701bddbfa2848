import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { cert } from './certificate';

interface Cookie {
  name: string;
  value: string;
  /** The host that set it; no cookie of these tests has a Domain. */
  host: string;
  path: string;
  secure: boolean;
  sameSite: string;
  expires: number;
}

/** Keeps cookies by a browser's rules (RFC 6265bis) as far as logins feel them: host, path, scheme, site and age. */
export class Jar {
  #cookies: Cookie[] = [];

  /** Takes the `Set-Cookie` lines of an answer from `url`. */
  take(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const attributes = new Map(rest.map((part) => [part.split('=')[0]?.toLowerCase(), part.split('=')[1] ?? '']));
      const cookie: Cookie = {
        name: pair.slice(0, at),
        value: pair.slice(at + 1),
        host: url.hostname,
        path: attributes.get('path') ?? '/',
        secure: attributes.has('secure'),
        // Without the attribute, browsers take it for Lax.
        sameSite: attributes.get('samesite')?.toLowerCase() ?? 'lax',
        expires: expiry(attributes),
      };
      if (!acceptable(url, cookie)) continue;
      this.#cookies = this.#cookies.filter(
        ({ name, host, path }) => name !== cookie.name || host !== cookie.host || path !== cookie.path,
      );
      if (cookie.expires > Date.now()) this.#cookies.push(cookie);
    }
  }

  /**
   * The `Cookie` header of somebody who goes to `url`.
   *
   * @param from the page whose link, form or redirect leads there; none for an address that was typed in.
   */
  header(url: URL, from?: URL): string {
    const foreign = from !== undefined && site(from) !== site(url);
    return this.#cookies
      .filter(({ host, path }) => host === url.hostname && `${url.pathname}/`.startsWith(path.replace(/\/?$/, '/')))
      .filter(({ secure }) => !secure || url.protocol === 'https:')
      .filter(({ sameSite }) => !foreign || sameSite !== 'strict')
      .filter(({ expires }) => expires > Date.now())
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  get names(): string[] {
    return this.#cookies.map(({ name }) => name);
  }
}

function expiry(attributes: Map<string | undefined, string>): number {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1000;
  const expires = attributes.get('expires');
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
}

function acceptable(url: URL, { name, path, secure, sameSite }: Cookie): boolean {
  if (secure && url.protocol !== 'https:') return false;
  if (sameSite === 'none' && !secure) return false;
  return !name.startsWith('__Host-') || (secure && path === '/');
}

/** Scheme and host: the hosts of tests have no subdomains, and ports are no part of a site. */
function site({ protocol, hostname }: URL): string {
  return `${protocol}//${hostname}`;
}

/** What came back. */
export interface Page {
  status: number;
  body: string;
  /** Where it sends the visitor, as a whole URL; empty if nowhere. */
  location: string;
  setCookies: string[];
}

/** Opens pages with the cookies of a jar; follows no redirect. */
export class Visitor {
  readonly jar = new Jar();

  async open(address: string, from?: string): Promise<Page> {
    const url = new URL(address);
    const cookie = this.jar.header(url, from === undefined ? undefined : new URL(from));
    const { get } = url.protocol === 'https:' ? https : http;
    const request = get(url, { headers: cookie === '' ? {} : { cookie }, agent: false, ca: cert });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    const { location = '', 'set-cookie': setCookies = [] } = response.headers;
    this.jar.take(url, setCookies);
    return { status: response.statusCode ?? 0, body, location: location && new URL(location, url).href, setCookies };
  }
}
