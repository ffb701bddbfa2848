import http from 'node:http';
import { userCookie } from './endpoints/consent-endpoint';
import { unescapeHTML } from './pages/html';

/** How the visitor reaches the sandbox. */
export interface Door {
  /** Where the sandbox listens. */
  readonly url: string;
  /** The address that consent URLs have, if it is another one. */
  readonly publicURL?: string | undefined;
  /** Called for each TCP connection opened. */
  readonly onConnection: () => void;
}

/** What the user decides. */
export type Choice =
  | { readonly decision: 'approve'; readonly ids: readonly string[] | undefined; readonly user?: string | undefined }
  | { readonly decision: 'deny'; readonly user?: string | undefined };

/** Opens a consent page, sends its form, and returns where that leads. */
export async function visit(door: Door, consentURL: string | URL, choice: Choice): Promise<string> {
  const path = pathOf(door, consentURL);
  const cookie: Record<string, string> = choice.user === undefined ? {} : { cookie: `${userCookie}=${choice.user}` };
  const page = await exchange(door, { method: 'GET', path, headers: cookie });
  const id = /name="consent" value="([^"]*)"/.exec(page.body)?.[1];
  if (page.status !== 200 || id === undefined) throw new Error(`There is no consent page: ${reasonOf(page)}`);
  const boxes = [...page.body.matchAll(/name="advertiser" value="([^"]*)"/g)].map(([, value = '']) =>
    unescapeHTML(value),
  );
  const form = new URLSearchParams({ consent: id });
  if (choice.decision === 'deny') {
    form.set('decision', 'deny');
  } else {
    const ids = choice.ids ?? boxes;
    const unknown = ids.filter((wanted) => !boxes.includes(wanted));
    if (unknown.length > 0) {
      throw new TypeError(
        `sandbox.approve: \`advertisers\` has ${unknown.join(', ')}, but on the page are ${boxes.join(', ') || 'none'}`,
      );
    }
    form.set('decision', ids.length > 0 ? 'approve' : 'approve-none');
    for (const wanted of ids) form.append('advertiser', wanted);
  }
  const headers = { ...cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const response = await exchange(door, { method: 'POST', path: '/request', headers, body: form.toString() });
  if (response.status !== 302 || response.location === undefined) {
    throw new Error(`The decision led to no redirect: ${reasonOf(response)}`);
  }
  return response.location;
}

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Reads the URL as a browser would. Nothing is ever sent to another address than this sandbox's. */
function pathOf({ url: own, publicURL }: Door, consentURL: string | URL): string {
  const text = String(consentURL);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const here = new URL(own);
  const loopback = ['127.0.0.1', 'localhost', '[::1]', here.hostname];
  const isLocal = url?.protocol === 'http:' && url.port === here.port && loopback.includes(url.hostname);
  const isPublic = publicURL !== undefined && url?.origin === new URL(publicURL).origin;
  if (!url || !(isLocal || isPublic)) {
    const where = url ? url.origin : 'no absolute URL';
    throw new TypeError(
      `The consent URL must be one of this sandbox's (${publicURL ?? own}/request?…), but it is ${where}. Pass the Location that the app redirects to, with sandbox.endpoints in its options.`,
    );
  }
  return url.pathname + url.search;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

function exchange({ url, onConnection }: Door, { body: form, ...sent }: Sent): Promise<Page> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { ...sent, host: hostname.replace(/^\[|\]$/g, ''), port, agent: false };
    const call = http.request(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, body });
      });
      response.on('error', reject);
    });
    call.on('socket', (socket) => socket.on('connect', onConnection));
    call.on('error', reject);
    call.end(form);
  });
}

/** Returns what an error page says. */
function reasonOf({ status, body }: Page): string {
  const [, check, reason] = /<h1>([^<]*)<\/h1>\s*<p class="reason">([^<]*)<\/p>/.exec(body) ?? [];
  const said = check === undefined ? 'no reason given' : unescapeHTML(`${check}. ${reason}`);
  return `${said} (status ${status})`;
}
