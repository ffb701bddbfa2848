import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { isLoopback } from '../../util/option-checks';
import { UsageError } from '../usage';

/** What the browser shows after a callback. */
export interface CallbackPage {
  readonly title: string;
  readonly text: string;
}

/** What a callback led to: the page, and the result if it is the one that was waited for. */
export interface CallbackVerdict<T> {
  readonly page: CallbackPage;
  readonly result?: T;
}

/** A callback: the request, and its parameters, of which a repeated one counts with its last value. */
export interface Callback {
  readonly request: IncomingMessage;
  readonly parameters: Readonly<Record<string, string>>;
}

type Handler = (callback: Callback) => Promise<{ page: CallbackPage; sent: () => void }>;

const closed = 'No login is waiting for this callback. Start again from the terminal.';

/** Receives the callbacks of logins, at the port and the path of the redirect URI. It listens on this machine only. */
export class CallbackServer {
  readonly #servers: readonly http.Server[];
  readonly #path: string;
  #handler: Handler | undefined;

  private constructor(path: string, addresses: readonly string[]) {
    this.#path = path;
    this.#servers = addresses.map(() => http.createServer((request, response) => void this.#serve(request, response)));
  }

  /**
   * Starts to listen.
   *
   * @throws {UsageError} the redirect URI leads elsewhere than to this machine.
   * @throws {Error} the port cannot be listened on.
   */
  static async open(callbackURL: string): Promise<CallbackServer> {
    const { protocol, hostname, port, pathname } = new URL(callbackURL);
    if (protocol !== 'http:' || !isLoopback(hostname)) {
      throw new UsageError(
        `The redirect URI is ${callbackURL}, and only http on this machine can be listened on. Register a second one in the Criteo Partners Portal (an app can have up to 30), such as http://localhost:3000/criteo-auth/callback, and pass it with --callback-url.`,
      );
    }
    // Browsers try both addresses of a name.
    const addresses = hostname.endsWith('localhost') ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
    const server = new CallbackServer(pathname, addresses);
    try {
      await Promise.all(server.#servers.map((each, index) => listen(each, Number(port || 80), addresses[index] ?? '')));
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Waits for a callback that `judge` gives a result for; the browser has its page by then. */
  next<T>(signal: AbortSignal, judge: (callback: Callback) => Promise<CallbackVerdict<T>>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#handler = undefined;
        reject(signal.reason);
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#handler = async (callback) => {
        const { page, result } = await judge(callback);
        const sent = (): void => {
          if (result === undefined) return;
          signal.removeEventListener('abort', abort);
          this.#handler = undefined;
          resolve(result);
        };
        return { page, sent };
      };
    });
  }

  async close(): Promise<void> {
    const close = (server: http.Server): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    await Promise.all(this.#servers.map(close));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, ...search] = (request.url ?? '/').split('?');
    if (path !== this.#path) return send(response, 404, { title: 'Nothing here', text: 'Only the callback is here.' });
    const handler = this.#handler;
    if (!handler) return send(response, 409, { title: 'Nothing to do', text: closed });
    try {
      const parameters = Object.fromEntries(new URLSearchParams(search.join('?')));
      const { page, sent } = await handler({ request, parameters });
      response.on('close', sent);
      // The browser may have left while the callback was judged.
      if (response.closed) sent();
      else send(response, 200, page);
    } catch (error) {
      send(response, 500, { title: 'This did not work', text: error instanceof Error ? error.message : String(error) });
    }
  }
}

function listen(server: http.Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6: its browsers use the other address.
      if (address === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(error.code ?? '')) return resolve();
      const why: Record<string, string> = {
        EADDRINUSE: 'it is taken. Stop what listens there (your app, perhaps)',
        EACCES: 'this user may not use it',
      };
      reject(
        new Error(
          `The callback cannot be received on port ${port}: ${why[error.code ?? ''] ?? error.code}, or register another redirect URI and pass it with --callback-url.`,
        ),
      );
    });
    server.listen(port, address, resolve);
  });
}

function send(response: ServerResponse, status: number, { title, text }: CallbackPage): void {
  const escaped = (value: string): string => value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    // The address holds the code.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:36rem;padding:0 1rem}</style>
<h1>${escaped(title)}</h1><p>${escaped(text)}</p></html>
`);
}
