import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { parseJSON, withoutMark } from '../util/json';
import { version } from '../util/version';

/** One whole HTTP response. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly json: unknown;
  /** When the request was sent and when the response was complete, in milliseconds since the epoch. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** No whole response came. `code` is node's word for it, or `timeout`, or `too_large`. */
export class NoReplyError extends Error {
  constructor(readonly code: string) {
    super(`no response (${code})`);
  }
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /**
   * Milliseconds for the whole exchange.
   * @default 10_000, as the option `timeout` of the library
   */
  readonly timeout?: number;
}

/** Criteo's own limit is unknown; no response that a check asks for comes near it. */
const mostBytes = 1_048_576;

/**
 * Sends one request, on a connection of its own and as directly as the library does: no proxy, no redirect followed.
 *
 * @throws {NoReplyError} no whole response came in time.
 */
export function sendRequest(url: string | URL, options: RequestOptions): Promise<Reply> {
  const target = new URL(url);
  const { form, signal, timeout = 10_000 } = options;
  const body = form && new URLSearchParams(form).toString();
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': `passport-criteo/${version}`,
    ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...options.headers,
  };
  const { request } = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sentAt = Date.now();
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      reject(signal.aborted ? signal.reason : new NoReplyError(error.code ?? error.name));
    };
    const give = (code: string): void => void outgoing.destroy(Object.assign(new Error(code), { code }));
    const timer = setTimeout(give, timeout, 'timeout');
    const method = options.method ?? (form ? 'POST' : 'GET');
    const outgoing = request(target, { method, headers, agent: false, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > mostBytes) give('too_large');
      });
      incoming.on('error', fail);
      incoming.on('end', () => {
        clearTimeout(timer);
        const text = withoutMark(Buffer.concat(chunks).toString());
        const status = incoming.statusCode ?? 0;
        resolve({ status, headers: incoming.headers, text, json: parseJSON(text), sentAt, receivedAt: Date.now() });
      });
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}
