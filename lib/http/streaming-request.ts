import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream as ByteStream } from 'node:stream/web';
import { CriteoTransportError, type TransportCode } from '../errors';
import { abortError } from './abort';
import { passing, requestTo } from './exchange';
import { observed } from './exchange-events';

/** One request to Criteo's API. */
export interface APIRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  /** Bytes, or a stream, which can be sent once. */
  body: Uint8Array | ByteStream | undefined;
  agent: Agent | undefined;
  /** Milliseconds of silence that end the reading of the answer's body. */
  idle: number;
  signal: AbortSignal;
  /** Is called when the answer has been read, or never will be. */
  onClose(): void;
}

// A body up to this size is taken off the connection even if nobody reads it, so that the connection is free again.
const BUFFER = 64 * 1024;
// Fetch Standard, "null body status".
const withoutBody = [204, 205, 304];

/**
 * Sends one request on node's http, for the sake of the agent that people need for proxies, and answers as `fetch`
 * would: whatever the status, redirects included, as soon as the headers are there; the body streams.
 *
 * @throws {CriteoTransportError} no answer came; the body's stream fails with the same.
 */
export function send(request: APIRequest): Promise<Response> {
  return observed(request.method, request.url, () => respond(request));
}

function respond(request: APIRequest): Promise<Response> {
  const { method, url, headers, body, agent, signal } = request;
  return new Promise((resolve, reject) => {
    let outgoing: ClientRequest;
    try {
      outgoing = requestTo(url, method, headers, agent);
    } catch (error) {
      reject(transportError(request, error as Error));
      return request.onClose();
    }
    // The first error is the cause; those that follow tell of a connection that was closed because of it.
    let first: Error | undefined;
    const failure = (error: Error, status?: number): CriteoTransportError => {
      first ??= error;
      return transportError(request, first, status);
    };
    const abort = (): void => {
      outgoing.destroy(abortError(signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    outgoing.on('error', (error) => reject(failure(error)));
    outgoing.on('response', (incoming) => {
      try {
        resolve(readResponse(request, incoming, failure));
      } catch (cause) {
        const why = `${describe(request)}: the answer is not HTTP as it should be`;
        outgoing.destroy(new CriteoTransportError(why, { code: 'invalid_response', status: 502, cause }));
      }
    });
    outgoing.on('close', () => {
      reject(failure(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })));
      signal.removeEventListener('abort', abort);
      request.onClose();
    });
    if (!body || body instanceof Uint8Array) {
      outgoing.end(body);
    } else {
      const source = Readable.from(body);
      source.on('error', (error) => outgoing.destroy(error));
      outgoing.on('close', () => source.destroy());
      source.pipe(outgoing);
    }
  });
}

type Failure = (error: Error, status?: number) => CriteoTransportError;

function readResponse(request: APIRequest, incoming: IncomingMessage, failure: Failure): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value].flat()) headers.append(name, String(one));
  }
  const empty = withoutBody.includes(status) || request.method === 'HEAD';
  const response = new Response(empty ? null : readBody(request, incoming, failure), { status, statusText, headers });
  if (empty) incoming.resume();
  return response;
}

function readBody(request: APIRequest, incoming: IncomingMessage, failure: Failure): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const end = (): boolean => {
    clearTimeout(timer);
    const first = open;
    open = false;
    return first;
  };
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const why = `${describe(request)}: the answer's body paused for ${request.idle} ms`;
      incoming.destroy(new CriteoTransportError(why, { code: 'timeout', status: 504, retryable: true }));
    }, request.idle);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (chunk: Buffer) => {
          if (!open) return;
          controller.enqueue(chunk);
          if (Number(controller.desiredSize) > 0) return watch();
          // Nobody is waiting: the time that a slow reader takes is the reader's own.
          clearTimeout(timer);
          incoming.pause();
        });
        incoming.on('end', () => {
          if (end()) controller.close();
        });
        incoming.on('error', (error) => {
          if (end()) controller.error(failure(error, incoming.statusCode));
        });
      },
      pull() {
        watch();
        incoming.resume();
      },
      cancel() {
        end();
        incoming.destroy();
      },
    },
    { highWaterMark: BUFFER, size: (chunk) => chunk.byteLength },
  );
}

function transportError(request: APIRequest, error: NodeJS.ErrnoException, status?: number): CriteoTransportError {
  if (request.signal.aborted) return abortError(request.signal.reason);
  if (error instanceof CriteoTransportError) return error;
  const code = error.code ?? error.name;
  const make = (kind: TransportCode, why: string, retryable = false): CriteoTransportError =>
    new CriteoTransportError(`${describe(request)}: ${why} (${code})`, {
      code: kind,
      status: 502,
      retryable,
      response: status === undefined ? undefined : { status },
      cause: error,
    });
  if (code.startsWith('HPE_')) {
    // node hangs the received bytes on its parse errors, and those may echo what we sent.
    delete (error as { rawPacket?: unknown }).rawPacket;
    return make('invalid_response', 'the answer is not HTTP as it should be');
  }
  if (status !== undefined) return make('response_truncated', 'the answer broke off', true);
  return make('connection_failed', 'no answer', passing.has(code));
}

function describe({ method, url }: APIRequest): string {
  return `${method} ${url.origin}${url.pathname}`;
}
