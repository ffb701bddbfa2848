import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { Cookie, CookieJar } from 'tough-cookie';
import { cert } from './certificate';

/** What a server responded. */
export interface Page {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  /** Where the response redirects to, as an absolute URL; empty if it does not. */
  location: string;
  /** The `Set-Cookie` lines. */
  setCookies: string[];
  /** Text of the first heading. */
  title: string;
}

export interface RequestOptions {
  /** The page whose link, form or redirect leads here. @default none: the address was typed in */
  from?: string;
  headers?: http.OutgoingHttpHeaders;
}

/**
 * An HTTP client that keeps cookies by a browser's rules (tough-cookie, RFC 6265bis). It follows no redirect and trusts
 * the certificate of the tests.
 */
export class CookieClient {
  // Browsers keep Secure cookies of localhost even over http. Without this exception, localhost is like any other host.
  readonly #jar = new CookieJar(null, { allowSecureOnLocal: false });

  /** @param origin the origin of addresses that have none */
  constructor(readonly origin?: string) {}

  get(address: string, options: RequestOptions = {}): Promise<Page> {
    return this.#load('GET', address, options);
  }

  /** Sends a form. By default, its `Origin` is that of the app, as for a form of the app's own page. */
  post(address: string, form: Record<string, string> = {}, headers?: http.OutgoingHttpHeaders): Promise<Page> {
    const { origin } = this.#url(address);
    return this.#load('POST', address, { headers: headers ?? { origin } }, new URLSearchParams(form));
  }

  /** Listens to server-sent events. */
  async listen(address: string): Promise<{ type: string | undefined; status: number; first(): Promise<string> }> {
    const response = await this.#send('GET', address, {});
    const first = async (): Promise<string> => {
      let received = '';
      for await (const chunk of response.setEncoding('utf8')) {
        received += chunk;
        const data = /^data: (.*)$/m.exec(received)?.[1];
        if (data && received.endsWith('\n\n')) return String(JSON.parse(data));
      }
      throw new Error('The stream ended without an event');
    };
    return { type: response.headers['content-type'], status: response.statusCode ?? 0, first };
  }

  /** Returns the cookies for an address, by name. */
  cookies(address = '/'): Record<string, string> {
    const cookies = this.#jar.getCookiesSync(this.#url(address).href);
    return Object.fromEntries(cookies.map(({ key, value }) => [key, value]));
  }

  /** Stores the `Set-Cookie` lines of a response from an address. */
  take(address: string, lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = Cookie.parse(line);
      // tough-cookie leaves this rule of RFC 6265bis (section 5.7, step 19) to its users.
      const refused = !cookie || (cookie.sameSite === 'none' && !cookie.secure);
      if (!refused) this.#jar.setCookieSync(cookie, this.#url(address).href, { ignoreError: true });
    }
  }

  /** Returns the header `Cookie` of a navigation to an address. */
  header(address: string, from?: string): string {
    const url = this.#url(address);
    const sameSiteContext = from === undefined || site(new URL(from)) === site(url) ? 'strict' : 'lax';
    return this.#jar.getCookieStringSync(url.href, { sameSiteContext });
  }

  #url(address: string): URL {
    return new URL(address, this.origin);
  }

  async #load(method: string, address: string, options: RequestOptions, form?: URLSearchParams): Promise<Page> {
    const response = await this.#send(method, address, options, form);
    const body = await text(response);
    const { location = '', 'set-cookie': setCookies = [] } = response.headers;
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body,
      location: location && new URL(location, this.#url(address)).href,
      setCookies,
      title: /<h1[^>]*>(.*?)<\/h1>/.exec(body)?.[1] ?? '',
    };
  }

  async #send(
    method: string,
    address: string,
    { from, headers }: RequestOptions,
    form?: URLSearchParams,
  ): Promise<http.IncomingMessage> {
    const url = this.#url(address);
    const { hostname, port, pathname, search, host } = url;
    const cookie = this.header(address, from);
    const { request } = url.protocol === 'https:' ? https : http;
    const sent = request({
      method,
      // Names under localhost are this machine (RFC 6761 section 6.3), which not every resolver knows.
      host: hostname.endsWith('.localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''),
      port,
      path: pathname + search,
      headers: {
        host,
        ...(cookie && { cookie }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      agent: false,
      ca: cert,
    });
    sent.end(form?.toString());
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
    this.take(url.href, response.headers['set-cookie'] ?? []);
    return response;
  }
}

/** Returns scheme and host. The hosts of tests have no subdomains, and a port is not part of a site. */
function site({ protocol, hostname }: URL): string {
  return `${protocol}//${hostname}`;
}
