import type { Agent, IncomingMessage } from 'node:http';
import type { ReadableStream as ByteStream } from 'node:stream/web';
import type { CriteoTransportError } from '../errors';
import { Deadline } from '../util/deadline';
import { abortError } from './abort';
import { observed } from './exchange-events';
import { RepeatableRequest } from './repeatable-request';
import { transportError, wireError } from './wire-error';

/** One request to Criteo's API. */
export interface APIRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  /** Bytes, or a stream, which can be sent once. */
  body: Uint8Array | ByteStream | undefined;
  agent: Agent | undefined;
  /**
   * Milliseconds of silence that end the reading of the response's body. A body that the caller does not read is closed
   * after ten times that.
   */
  idle: number;
  signal: AbortSignal;
  /** Is called when the response has been read, or never will be. */
  onClose(): void;
}

// A body up to this size is taken off the connection even if the caller does not read it, which frees the connection.
const BUFFER = 64 * 1024;
// How much longer the caller may pause than the server.
const PATIENCE = 10;
// Fetch Standard, "null body status".
const withoutBody = [204, 205, 304];

/**
 * Sends one request and responds as `fetch` does: with any status, redirects included, as soon as the headers are there;
 * the body streams. It uses node's http because an `http.Agent` is what people have for proxies. See
 * {@link RepeatableRequest} for when a request is sent again.
 *
 * @throws {CriteoTransportError} no response came; the body's stream fails with the same.
 */
export function send(request: APIRequest): Promise<Response> {
  return observed(request.method, request.url, () => respond(request));
}

function respond(request: APIRequest): Promise<Response> {
  const { signal, onClose } = request;
  return new Promise((resolve, reject) => {
    let response: { status: number } | undefined;
    // The first error is the cause; those that follow tell of a connection that was closed because of it.
    let first: CriteoTransportError | undefined;
    const failure = (error: unknown): CriteoTransportError => {
      first ??= signal.aborted ? abortError(signal.reason) : wireError(request, error, response);
      return first;
    };
    const onError = (error: unknown): void => reject(failure(error));
    const onResponse = (incoming: IncomingMessage): void => {
      response = { status: Number(incoming.statusCode) };
      try {
        resolve(readResponse(request, incoming, { failure, received: () => sent.received }));
      } catch (cause) {
        onError(transportError(request, 'invalid_response', 'the response is not valid HTTP', { cause, response }));
        sent.destroy();
      }
    };
    const abort = (): void => sent.destroy();
    let sent: RepeatableRequest;
    try {
      sent = new RepeatableRequest(request, {
        onResponse,
        onError,
        onClose: () => {
          signal.removeEventListener('abort', abort);
          onClose();
        },
      });
    } catch (error) {
      onError(error);
      return onClose();
    }
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}

/** What reading a body needs of the request. */
interface ReadContext {
  /** Turns an error of the connection into the one that the caller gets. */
  failure(error: unknown): CriteoTransportError;
  /** Bytes that came. */
  received(): number | undefined;
}

function readResponse(request: APIRequest, incoming: IncomingMessage, context: ReadContext): Response {
  const status = Number(incoming.statusCode);
  const statusText = String(incoming.statusMessage);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value].flat()) headers.append(name, String(one));
  }
  const empty = withoutBody.includes(status) || request.method === 'HEAD';
  const body = empty ? null : readBody(request, incoming, context);
  // An empty response is read as well: only then is its connection free.
  incoming.resume();
  return new Response(body, { status, statusText, headers });
}

function readBody(request: APIRequest, incoming: IncomingMessage, context: ReadContext): ReadableStream<Uint8Array> {
  const closeBecause = (why: string): void => {
    const response = { status: Number(incoming.statusCode) };
    incoming.destroy(transportError(request, 'timeout', why, { retryable: true, response }));
  };
  const { idle } = request;
  const unread = idle * PATIENCE;
  const server = new Deadline(
    idle,
    () => closeBecause(`the response's body paused for ${idle} ms (the option timeout)`),
    context.received,
  );
  const reader = new Deadline(unread, () =>
    closeBecause(`the response's body was not read for ${unread} ms. Read it, or call body.cancel()`),
  );
  reader.cancel();
  let cancelled = false;
  const end = (): void => {
    server.cancel();
    reader.cancel();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (chunk: Buffer) => {
          if (cancelled) return;
          // From here on, the reader takes the time, until the stream has room and calls `pull`. That may be at once.
          server.cancel();
          reader.restart();
          incoming.pause();
          controller.enqueue(chunk);
        });
        incoming.on('end', () => {
          end();
          if (!cancelled) controller.close();
        });
        incoming.on('error', (error) => {
          end();
          controller.error(context.failure(error));
        });
      },
      pull() {
        reader.cancel();
        server.restart();
        incoming.resume();
      },
      cancel() {
        cancelled = true;
        end();
        incoming.destroy();
      },
    },
    { highWaterMark: BUFFER, size: (chunk) => chunk.byteLength },
  );
}
