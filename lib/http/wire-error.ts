import { CriteoTransportError, type TransportCode } from '../errors';
import { foreignCause } from '../util/foreign-cause';

/** The part of a request that its errors name. */
interface Named {
  method: string;
  url: URL;
  /** What to do. */
  hint?: string | undefined;
}

interface Facts {
  retryable?: boolean | undefined;
  response?: { status: number } | undefined;
  cause?: unknown;
}

/** Codes of failed connections that may work a moment later. A refused certificate, for example, will not. */
const passing = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

// Limits of this machine, not failures of the network.
const exhausted = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS']);

/** Returns true if an error of a connection may be gone a moment later. */
export function isPassingFailure(error: unknown): boolean {
  return passing.has(codeOf(error));
}

/** Creates the error of a request, without the query of its URL. */
export function transportError(
  { method, url, hint }: Named,
  code: TransportCode,
  why: string,
  facts: Facts = {},
): CriteoTransportError {
  const message = `${method} ${url.origin}${url.pathname}: ${why}${hint ? `. ${hint}` : ''}`;
  // Agents attach to their errors what they were doing, and node's parser the bytes that came: both may hold secrets.
  const cause = foreignCause(facts.cause);
  return new CriteoTransportError(message, { code, status: code === 'timeout' ? 504 : 502, ...facts, cause });
}

/** Creates the error of a request without a whole response within its deadline. */
export function timeoutError(request: Named, timeout: number, response?: { status: number }): CriteoTransportError {
  const why = `no whole response within ${timeout} ms (the option timeout)`;
  return transportError(request, 'timeout', why, { retryable: true, response });
}

/**
 * Turns an error of node's, or of an agent, into the error of a request.
 *
 * @param response what is known of the response, if its headers came.
 */
export function wireError(request: Named, error: unknown, response?: { status: number }): CriteoTransportError {
  if (error instanceof CriteoTransportError) return error;
  const code = codeOf(error);
  const facts = { response, cause: error };
  if (code.startsWith('HPE_')) {
    return transportError(request, 'invalid_response', `the response is not valid HTTP (${code})`, facts);
  }
  if (response) {
    const why = `the connection broke within the response (${code})`;
    return transportError(request, 'response_truncated', why, { ...facts, retryable: true });
  }
  const why = `the connection failed (${code}). ${advice(code)}`;
  return transportError(request, 'connection_failed', why, { ...facts, retryable: passing.has(code) });
}

/** Returns what an error calls itself: an agent may throw anything. */
export function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}

function advice(code: string): string {
  if (exhausted.has(code)) return 'This machine has no file handle or port left: raise the limit, or send less at once';
  if (passing.has(code)) return 'Check the network, DNS, firewall and proxy on the way';
  return 'Check the option agent, and the certificates that it trusts';
}
