import http from 'node:http';
import { unescapeHTML } from './html';

/** How the sandbox's own person reaches it. */
export interface Door {
  /** The sandbox's address. */
  readonly url: string;
  /** Called for each TCP connection opened. */
  readonly onConnection: () => void;
}

export type Choice =
  | { readonly decision: 'approve'; readonly ids: readonly string[] | undefined }
  | { readonly decision: 'deny' };

/** Opens a consent page, sends its form, and tells where that leads. */
export async function visit(door: Door, consentURL: string | URL, choice: Choice): Promise<string> {
  const path = pathOf(door.url, consentURL);
  const page = await exchange(door, 'GET', path);
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
  const answer = await exchange(door, 'POST', '/request', form.toString());
  if (answer.status !== 302 || answer.location === undefined) {
    throw new Error(`The decision led to no redirect: ${reasonOf(answer)}`);
  }
  return answer.location;
}

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Read as a browser would; elsewhere than to this sandbox nothing is ever sent. */
function pathOf(own: string, consentURL: string | URL): string {
  const text = String(consentURL);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const here = new URL(own);
  const loopback = ['127.0.0.1', 'localhost', '[::1]', here.hostname];
  if (url?.protocol !== 'http:' || url.port !== here.port || !loopback.includes(url.hostname)) {
    const where = url ? url.origin : 'no absolute URL';
    throw new TypeError(
      `The consent URL must be one of this sandbox's (${own}/request?…), but it is ${where}. Pass the Location that the app redirects to, with sandbox.endpoints in its options.`,
    );
  }
  return url.pathname + url.search;
}

function exchange({ url, onConnection }: Door, method: string, path: string, form?: string): Promise<Page> {
  const headers = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { method, path, headers, host: hostname.replace(/^\[|\]$/g, ''), port, agent: false };
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

/** What an error page says. */
function reasonOf({ status, body }: Page): string {
  const [, check, reason] = /<h1>([^<]*)<\/h1>\s*<p class="reason">([^<]*)<\/p>/.exec(body) ?? [];
  const said = check === undefined ? 'no reason given' : unescapeHTML(`${check}. ${reason}`);
  return `${said} (status ${status})`;
}
