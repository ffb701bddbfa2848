import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHTTP,
} from 'node:http';
import { Agent as HTTPSAgent, request as requestHTTPS } from 'node:https';
import { CriteoTransportError, type TransportCode } from '../errors';
import { withoutMark } from '../util/json';
import { version } from '../util/version';
import { observed } from './exchange-events';

/** Where requests go, and how. */
export interface Endpoint {
  url: URL;
  /** Milliseconds from connect to the last byte. */
  timeout: number;
  agent?: Agent | undefined;
  /** Go with every request. */
  headers?: OutgoingHttpHeaders | undefined;
  signal?: AbortSignal | undefined;
}

/** One request to Criteo and what its answer may cost. */
export interface ExchangeRequest {
  method: string;
  /** Override the endpoint's. */
  headers?: OutgoingHttpHeaders | undefined;
  body?: string | undefined;
  /** The most bytes of body to take. */
  limit: number;
}

/** A whole answer, of whatever status but a redirect's. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body, without a byte order mark. */
  text: string;
}

// Below the 60 s after which common load balancers drop an idle connection, so that we let go of it first.
const IDLE = 45_000;
// As many chunks as a large answer comes in; one that comes in more has small ones.
const MANY = 4096;

/**
 * A keep-alive agent that holds idle connections for 45 s (node's default is 5 s), so that the profile request of a
 * login, and the next login, find one open.
 */
export function keepAliveAgent(url: URL): Agent {
  return new (url.protocol === 'https:' ? HTTPSAgent : Agent)({ keepAlive: true, timeout: IDLE, scheduling: 'lifo' });
}

/** node's request, of a URL. */
export function requestTo(
  url: URL,
  method: string,
  headers: OutgoingHttpHeaders,
  agent: Agent | undefined,
): ClientRequest {
  const { protocol, port } = url;
  // node would take the brackets of an IPv6 address as a part of the name.
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const path = url.pathname + url.search;
  // Not the URL itself, out of which node makes twice as many options, and copies them twice.
  return (protocol === 'https:' ? requestHTTPS : requestHTTP)({
    protocol,
    hostname,
    port,
    path,
    method,
    headers,
    agent,
  });
}

/** Codes of connection errors that may be gone a moment later. A refused certificate, say, will not. */
export const passing = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Sends one request and collects its whole answer: no redirect followed, at most `limit` bytes of body, all within
 * `timeout` milliseconds.
 *
 * @throws {CriteoTransportError} (as a rejection) whenever no whole answer came; see its `code`.
 */
export function exchange(endpoint: Endpoint, request: ExchangeRequest): Promise<Answer> {
  return observed(request.method, endpoint.url, () => send(endpoint, request));
}

function send(endpoint: Endpoint, request: ExchangeRequest): Promise<Answer> {
  const { url, timeout, agent, signal } = endpoint;
  const { method, body, limit } = request;
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    let incoming: IncomingMessage | undefined;
    let outgoing: ClientRequest | undefined;

    /** The end, once there is an answer or a refusal; a connection that is back in the pool by then stays there. */
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      outgoing?.destroy();
      if (answer) resolve(answer);
    };
    const refuse = (code: TransportCode, why: string, facts: { retryable?: boolean; cause?: unknown } = {}): void => {
      // Once the answer is whole, nothing that happens to the connection can take it away.
      if (answer) return settle();
      const message = `${method} ${url.origin}${url.pathname}: ${why}`;
      const response = incoming && { status: Number(incoming.statusCode) };
      reject(new CriteoTransportError(message, { code, status: code === 'timeout' ? 504 : 502, response, ...facts }));
      // As of Node 26, destroying the request leaves a connection open that switched protocols, or brought all it had.
      incoming?.destroy();
      settle();
    };
    const broken = (error: NodeJS.ErrnoException & { rawPacket?: unknown }): void => {
      const code = codeOf(error);
      if (code.startsWith('HPE_')) {
        // node hangs the received bytes on its parse errors, and those may echo what we sent.
        delete error.rawPacket;
        refuse('invalid_response', `the answer is not HTTP as it should be (${code})`, { cause: error });
      } else if (incoming) {
        refuse('response_truncated', `the answer broke off (${code})`, { retryable: true, cause: error });
      } else {
        refuse('connection_failed', `no answer (${code})`, { retryable: passing.has(code), cause: error });
      }
    };
    const abort = (): void => refuse('aborted', 'given up by the caller', { cause: signal?.reason });
    const late = (): void =>
      refuse('timeout', `no whole answer within ${timeout} ms (the option timeout)`, { retryable: true });
    const timer = setTimeout(late, timeout);

    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    const headers: OutgoingHttpHeaders = {
      Accept: 'application/json',
      'User-Agent': `passport-criteo/${version}`,
    };
    Object.assign(headers, endpoint.headers, request.headers);
    if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
    try {
      outgoing = requestTo(url, method, headers, agent);
    } catch (cause) {
      return refuse('connection_failed', `the request could not be made (${codeOf(cause)})`, { cause });
    }
    outgoing.on('error', broken);
    outgoing.on('upgrade', (received) => {
      incoming = received;
      refuse('invalid_response', 'it switched to another protocol');
    });
    outgoing.on('response', (received) => {
      incoming = received;
      const { headers } = received;
      const status = Number(received.statusCode);
      if (status >= 300 && status < 400) {
        return refuse('unexpected_redirect', `it answered with a redirect (${status}), which is never followed`);
      }
      const tooLarge = (): void => refuse('response_too_large', `the answer is larger than ${limit} bytes`);
      if (Number(headers['content-length'] ?? 0) > limit) return tooLarge();
      const blocks: Buffer[] = [];
      let chunks: Buffer[] = [];
      let size = 0;
      received.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) return tooLarge();
        // Each costs some hundred bytes, and may carry a single one: too many are made one.
        if (chunks.push(chunk) < MANY) return;
        blocks.push(Buffer.concat(chunks));
        chunks = [];
      });
      received.on('error', broken);
      received.on('end', () => {
        const [first, ...others] = [...blocks, ...chunks];
        // Most bodies come in one piece.
        const bytes = first && others.length > 0 ? Buffer.concat([first, ...others]) : first;
        answer = { status, headers, text: withoutMark(String(bytes ?? '')) };
        if (outgoing?.closed) settle();
      });
    });
    // Not at the answer's `end`: only at `close` does the connection go back to the pool, and the request that follows
    // would open a second one.
    outgoing.on('close', () => {
      if (answer) settle();
      // A connection that is not kept alive may close before the last of a whole body was read from it.
      else if (!incoming?.complete)
        broken(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' }));
    });
    outgoing.end(body);
  });
}

/** What an error calls itself: of node's own or of an agent's, which may throw anything. */
function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
