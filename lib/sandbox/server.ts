import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from './clock';
import { type Answer, type Incoming, json } from './exchange';
import { type Faults, type Outcome, withFault } from './faults';
import type { RequestLog } from './log';
import { isLoopback } from './options';
import { Refusal, refusalPage } from './refusal';
import type { ExchangeFault, SandboxRequest } from './types';

/** More than any request to Criteo needs. */
const bodyLimit = 65_536;

export interface Routes {
  token(request: Incoming, fault: ExchangeFault | undefined): Answer;
  consent(request: Incoming): Promise<Answer>;
  api(request: Incoming): Answer;
  /** The page for people. */
  console(request: Incoming): Answer;
}

export interface Listener {
  readonly host: string;
  readonly routes: Routes;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly clock: Clock;
  /** Ends with the sandbox. */
  readonly life: AbortSignal;
  /** Called for each TCP connection. */
  readonly onConnection: () => void;
}

export function createServer(listener: Listener): http.Server {
  const numbers = new WeakMap<Socket, number>();
  let connections = 0;
  const server = http.createServer((message, response) => {
    serve(listener, message, response, numbers.get(message.socket) ?? 0).catch(() => message.destroy());
  });
  // Criteo's front keeps connections open; node's 5 s would hide whether a client uses them again.
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket) => {
    numbers.set(socket, ++connections);
    listener.onConnection();
  });
  return server;
}

async function serve(listener: Listener, message: IncomingMessage, response: ServerResponse, connection: number) {
  const { routes, log, faults, clock, life } = listener;
  const body = await readBody(message);
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const request: Incoming = {
    method: message.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    search: mark < 0 ? '' : url.slice(mark),
    headers: message.headers,
    body: body ?? Buffer.alloc(0),
  };
  const zone = zoneOf(request.path);
  let entry: SandboxRequest | undefined;
  let outcome: Outcome;
  try {
    if (zone !== 'console') entry = log.received(request, connection);
    if (!body) {
      outcome = json(413, { error: 'invalid_request', error_description: 'The body is too large' });
    } else if (!isOurs(request.headers.host, listener.host)) {
      outcome = refusalPage(
        new Refusal('Not a name of this sandbox', 'Use the address that sandbox.url tells.', { status: 421 }),
      );
    } else if (zone === 'console' || !entry) {
      outcome = routes.console(request);
    } else {
      const fault = faults.forExchange(zone, entry);
      const work = () => (zone === 'token' ? routes.token(request, fault) : routes[zone](request));
      outcome = await withFault(fault, request, clock, life, work);
    }
  } catch (error) {
    if (life.aborted) throw error;
    const text = error instanceof Error ? error.message : String(error);
    outcome = { status: 500, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `Sandbox: ${text}\n` };
  }
  send(message, response, outcome);
  if (entry && typeof outcome === 'object' && !('truncated' in outcome)) entry.status = outcome.status;
}

function zoneOf(path: string): ExchangeFault['on'] | 'console' {
  if (path === '/request') return 'consent';
  if (path === '/oauth2/token') return 'token';
  return path === '/' || path === '/favicon.ico' || path.startsWith('/sandbox/') ? 'console' : 'api';
}

/** Other names than ours reach us through DNS rebinding: a page of somebody else's would then read our answers. */
function isOurs(header: string | undefined, host: string): boolean {
  if (header === undefined || !URL.canParse(`http://${header}`)) return false;
  const { hostname } = new URL(`http://${header}`);
  return isLoopback(hostname) || hostname === host.toLowerCase() || hostname === `[${host.toLowerCase()}]`;
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

/** The whole body; undefined if it is too large. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
  }
  return size <= bodyLimit ? Buffer.concat(chunks) : undefined;
}
