import type { Agent, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { CriteoTransportError, TransportCode } from '../errors';
import { CappedBody } from '../util/capped-body';
import { Deadline } from '../util/deadline';
import { withoutMark } from '../util/json';
import { version } from '../util/version';
import { observed } from './exchange-events';
import { RepeatableRequest } from './repeatable-request';
import { codeOf, timeoutError, transportError, wireError } from './wire-error';

/** Where requests go, and how. */
export interface Endpoint {
  url: URL;
  /** Milliseconds from connect to the last byte. */
  timeout: number;
  agent?: Agent | undefined;
  /** Go with every request. */
  headers?: OutgoingHttpHeaders | undefined;
}

/** One request to Criteo, and how much of a response it accepts. */
export interface ExchangeRequest {
  method: string;
  /** Override the endpoint's. */
  headers?: OutgoingHttpHeaders | undefined;
  body?: string | undefined;
  /** Maximum length of the response's body, in bytes. */
  limit: number;
  /** What to do after a failure, for the error's message. */
  hint?: string | undefined;
}

/** A whole response, of any status but a redirect's. */
export interface HTTPResponse {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body, without a byte order mark. */
  text: string;
}

// Without the second, a server may choose any encoding (RFC 9110 section 12.5.3).
const defaultHeaders = (): OutgoingHttpHeaders => ({
  Accept: 'application/json',
  'Accept-Encoding': 'identity',
  'User-Agent': `passport-criteo/${version}`,
});

/**
 * Sends one request and collects its whole response, within `timeout` milliseconds and at most `limit` bytes of body. No
 * redirect is followed. See {@link RepeatableRequest} for when a request is sent again.
 *
 * @throws {CriteoTransportError} (as a rejection) if no whole response came; see its `code`.
 */
export function exchange(endpoint: Endpoint, request: ExchangeRequest): Promise<HTTPResponse> {
  return observed(request.method, endpoint.url, () => send(endpoint, request));
}

function send(endpoint: Endpoint, { method, headers, body, limit, hint }: ExchangeRequest): Promise<HTTPResponse> {
  const { url, timeout, agent } = endpoint;
  const named = { method, url, hint };
  return new Promise((resolve, reject) => {
    let result: HTTPResponse | undefined;
    let incoming: IncomingMessage | undefined;
    let closed = false;

    const response = () => incoming && { status: Number(incoming.statusCode) };
    /** Ends the exchange. A connection that is back in the pool by now stays there. */
    const end = (): void => {
      deadline.cancel();
      sent.destroy();
    };
    const succeed = (whole: HTTPResponse): void => {
      end();
      resolve(whole);
    };
    const refuse = (error: CriteoTransportError): void => {
      reject(error);
      // As of Node 26, destroying the request leaves a connection open whose response has all arrived.
      incoming?.destroy();
      end();
    };
    const invalid = (code: TransportCode, why: string): void =>
      refuse(transportError(named, code, why, { response: response() }));
    const broken = (error: Error): void => {
      // What follows a whole response, such as bytes that are no HTTP, does not take it away: its `end` is still to come.
      if (!incoming?.complete) refuse(wireError(named, error, response()));
    };
    const late = (): void => {
      // The server may have responded before it read the whole request.
      if (result) return succeed(result);
      refuse(sent.failure ? wireError(named, sent.failure) : timeoutError(named, timeout, response()));
    };

    const onResponse = (received: IncomingMessage): void => {
      incoming = received;
      const { headers } = received;
      const status = Number(received.statusCode);
      if (status >= 300 && status < 400) {
        return invalid('unexpected_redirect', `the response is a redirect (${status}), which is never followed`);
      }
      const tooLarge = (): void => invalid('response_too_large', `the response is larger than ${limit} bytes`);
      if (Number(headers['content-length'] ?? 0) > limit) return tooLarge();
      const collected = new CappedBody(limit);
      received.on('data', (chunk: Buffer) => {
        if (!collected.add(chunk)) tooLarge();
      });
      received.on('error', broken);
      received.on('end', () => {
        result = { status, headers, text: withoutMark(collected.bytes().toString()) };
        // A connection that is not kept may close before the last of a whole body was read from it.
        if (closed) succeed(result);
      });
    };
    // Not at the response's `end`: only at `close` does the connection go back to the pool. A request that is sent before
    // that opens a second one.
    const onClose = (): void => {
      closed = true;
      if (result) succeed(result);
    };

    // Not by a spread: the object that it makes costs node 5 µs more, in each exchange.
    const all: OutgoingHttpHeaders = Object.assign(defaultHeaders(), endpoint.headers, headers);
    if (body !== undefined) all['Content-Length'] = Buffer.byteLength(body);
    let sent: RepeatableRequest;
    try {
      sent = new RepeatableRequest(
        { method, url, headers: all, body, agent },
        { onResponse, onError: broken, onClose },
      );
    } catch (cause) {
      const why = `the request cannot be made (${codeOf(cause)})`;
      return reject(transportError(named, 'connection_failed', why, { cause }));
    }
    const deadline = new Deadline(timeout, late, () => sent.received);
  });
}
