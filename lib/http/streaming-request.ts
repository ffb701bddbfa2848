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
        resolve(readResponse(request, incoming, failure));
      } catch (cause) {
        onError(transportError(request, 'invalid_response', 'the response is not valid HTTP', { cause, response }));
        sent.destroy();
      }
    };
    const abort = (): void => sent.destroy(abortError(signal.reason));
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
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

type Failure = (error: unknown) => CriteoTransportError;

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
  const closeBecause = (why: string): void => {
    const response = { status: Number(incoming.statusCode) };
    incoming.destroy(transportError(request, 'timeout', why, { retryable: true, response }));
  };
  const { idle } = request;
  const unread = idle * PATIENCE;
  const server = new Deadline(
    idle,
    () => closeBecause(`the response's body paused for ${idle} ms (the option timeout)`),
    () => incoming.socket?.bytesRead,
  );
  const reader = new Deadline(unread, () =>
    closeBecause(`the response's body was not read for ${unread} ms. Read it, or call body.cancel()`),
  );
  reader.cancel();
  let open = true;
  const end = (): boolean => {
    server.cancel();
    reader.cancel();
    const first = open;
    open = false;
    return first;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (chunk: Buffer) => {
          if (!open) return;
          controller.enqueue(chunk);
          if (Number(controller.desiredSize) > 0) return server.restart();
          // Enough for now: from here on, it is the reader who takes the time.
          server.cancel();
          reader.restart();
          incoming.pause();
        });
        incoming.on('end', () => {
          if (end()) controller.close();
        });
        incoming.on('error', (error) => {
          if (end()) controller.error(failure(error));
        });
      },
      pull() {
        reader.cancel();
        server.restart();
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
