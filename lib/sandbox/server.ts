import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Outcome, withFault } from './endpoints/fault-effects';
import { Refusal, refusalPage } from './pages/error-page';
import type { ExchangeFault, SandboxRequest } from './types';
import { isLoopback } from './wire/addresses';
import { type Incoming, isCrossSite, json, type Outgoing } from './wire/exchange';
import type { App } from './world/apps';
import type { World } from './world/world';

/** Maximum size of a body in bytes: more than any request to Criteo needs. */
const longestBody = 65_536;
/** How much of a body that is too large is read, so that the client can read the response. */
const mostDiscarded = 1_048_576;

/** One of Criteo's endpoints; all else is the sandbox's own: its console and its HTTP API. */
type Endpoint = ExchangeFault['on'];

/** What is behind the server. */
export interface Site {
  readonly world: World;
  /** Ends with the sandbox. */
  readonly closed: AbortSignal;
  /** Returns the app that a request belongs to, as far as that can be told. */
  readonly appOf: (endpoint: Endpoint, request: Incoming) => App | undefined;
  readonly endpoints: Readonly<
    Record<Endpoint, (request: Incoming, fault: ExchangeFault | undefined) => Outgoing | Promise<Outgoing>>
  >;
  /** The console and the HTTP API: neither logged nor faulty. */
  readonly own: (request: Incoming) => Outgoing | Promise<Outgoing>;
  /** Called for each TCP connection. */
  readonly onConnection: () => void;
}

export function createServer(site: Site): http.Server {
  const numbers = new WeakMap<Socket, number>();
  let connections = 0;
  const server = http.createServer((message, response) => {
    // Not `message.destroy()`: it leaves the connection open once the body was read, and the client waits.
    serve(site, message, response, numbers.get(message.socket) ?? 0).catch(() => message.socket.destroy());
  });
  // Criteo's front keeps connections open; node's 5 s would hide whether a client uses them again.
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket) => {
    numbers.set(socket, ++connections);
    site.onConnection();
  });
  return server;
}

/**
 * Listens, and returns the address.
 * @throws Error naming the options, if that is not possible
 */
export async function listen(server: http.Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    const why = isTaken ? 'the port is taken; choose another, or 0 for any free one' : String(cause);
    throw new Error(`createSandbox: cannot listen on \`host\` ${host}, \`port\` ${port}: ${why}`, { cause });
  }
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  // The addresses that mean "every interface" cannot be connected to everywhere.
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${actual}`;
}

async function serve(site: Site, message: IncomingMessage, response: ServerResponse, connection: number) {
  const { world, closed } = site;
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const endpoint = endpointOf(path);
  const head = {
    method: message.method ?? 'GET',
    path,
    search: mark < 0 ? '' : url.slice(mark),
    headers: message.headers,
    checks: [],
    signal: signalOf(response, closed),
  };
  const refused = refuseStrangers(site, endpoint, { ...head, body: Buffer.alloc(0) });
  if (refused) {
    send(message, response, { ...refused, headers: { ...refused.headers, connection: 'close' } });
    return;
  }
  const body = await readBody(message);
  const request: Incoming = { ...head, body: body ?? Buffer.alloc(0) };
  let entry: SandboxRequest | undefined;
  let outcome: Outcome;
  try {
    const app = endpoint && site.appOf(endpoint, request);
    if (endpoint) {
      const time = (app ?? world).clock.now();
      entry = world.log.received(request, { endpoint, app: app?.clientID, connection, time });
    }
    if (!body) {
      const description = `The body is larger than ${longestBody} bytes`;
      outcome = {
        ...json(413, { error: 'invalid_request', error_description: description }, { connection: 'close' }),
        failure: description,
      };
    } else if (!endpoint || !entry) {
      outcome = await site.own(request);
    } else {
      const fault = world.faults.forExchange(endpoint, entry);
      outcome = await withFault(fault, { world, app, request, closed }, () => site.endpoints[endpoint](request, fault));
    }
  } catch (error) {
    if (closed.aborted) throw error;
    const text = `Sandbox: ${error instanceof Error ? error.message : String(error)}\n`;
    outcome = { status: 500, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text, failure: text };
  }
  send(message, response, outcome);
  if (entry) world.log.finish(entry, recorded(outcome));
}

function endpointOf(path: string): Endpoint | undefined {
  if (path === '/request') return 'consent';
  if (path === '/oauth2/token') return 'token';
  return path === '/' || path === '/favicon.ico' || path.startsWith('/sandbox/') ? undefined : 'api';
}

/** Refuses, before the body is read and without an entry in the log, what comes from pages of other websites. */
function refuseStrangers({ world }: Site, endpoint: Endpoint | undefined, request: Incoming): Outgoing | undefined {
  const { headers, method, path } = request;
  const isControl = path.startsWith('/sandbox/api');
  const isForPrograms = endpoint === 'token' || endpoint === 'api' || isControl;
  const refuse = (check: string, reason: string, status: number): Outgoing => {
    if (!isForPrograms) return refusalPage(new Refusal(check, reason, { status }), request);
    const message = `${check}. ${reason}`;
    // Each in the form that its clients read.
    const body = isControl
      ? { error: { code: 'refused', message } }
      : { error: 'invalid_request', error_description: message };
    return json(status, body);
  };
  // Other host names reach us through DNS rebinding: another website could then read our responses.
  if (!isOurHost(headers.host, world)) {
    const fix = 'For another host name, such as one of a container, set the option `publicURL` (--public-url).';
    return refuse('Not an address of this sandbox', `Use ${world.url}. ${fix}`, 421);
  }
  if (!isCrossSite(headers)) return undefined;
  if (isForPrograms) {
    return refuse('Not for browsers', 'This came from the page of another website. Only programs call this.', 403);
  }
  // Users come here by links and redirects of other sites. Nothing but that is for other sites.
  if (method === 'GET' || method === 'HEAD') return undefined;
  const title = endpoint === 'consent' ? 'Not the form of the consent page' : "Not a form of the sandbox's page";
  return refuse(title, 'It came from the page of another website. Use the forms of the sandbox itself.', 403);
}

function isOurHost(header: string | undefined, { settings, url }: World): boolean {
  if (header === undefined || !URL.canParse(`http://${header}`)) return false;
  const { hostname } = new URL(`http://${header}`);
  const host = settings.host.toLowerCase();
  return isLoopback(hostname) || hostname === host || hostname === `[${host}]` || hostname === new URL(url).hostname;
}

/** Ends when the client is gone or the sandbox is closed. */
function signalOf(response: ServerResponse, closed: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return closed.aborted ? closed : gone.signal;
}

function send(message: IncomingMessage, response: ServerResponse, outcome: Outcome): void {
  if (outcome === 'hang') return;
  if (outcome === 'reset') {
    message.socket.resetAndDestroy();
    return;
  }
  const { status, headers, body } = 'truncated' in outcome ? outcome.truncated : outcome;
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (!('truncated' in outcome)) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, bytes.length >> 1), () => message.socket.destroy());
}

/** What the log keeps of an outcome. Pages are not kept: they can be looked at. */
function recorded(outcome: Outcome): Pick<SandboxRequest, 'status' | 'failure' | 'response' | 'error'> {
  if (outcome === 'reset') return { status: undefined, error: 'a fault cut the connection' };
  if (outcome === 'hang') return { status: undefined, error: 'a fault keeps the response back' };
  if ('truncated' in outcome) return { status: undefined, error: 'a fault cut the response in the middle' };
  const { status, headers, body, failure } = outcome;
  const isPage = headers['content-type']?.startsWith('text/html') ?? false;
  const text = isPage ? '(a page)' : typeof body === 'string' ? body : Buffer.from(body).toString();
  return { status, response: { headers, body: text }, ...(failure !== undefined && { failure }) };
}

/** Returns the body; undefined if it is too large. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size <= longestBody) chunks.push(chunk);
    else if (size > mostDiscarded) break;
  }
  return size <= longestBody ? Buffer.concat(chunks) : undefined;
}
