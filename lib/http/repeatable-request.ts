import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { backOff } from '../util/back-off';
import { isStale } from './agent';
import { isPassingFailure, transportError } from './wire-error';
import { createRequest, isStream, type WireRequest } from './wire-request';

/** What happens to a request. */
interface RequestListener {
  /** The headers of the response came. */
  onResponse(incoming: IncomingMessage): void;
  /** The request failed. Of several errors, the first is the cause. */
  onError(error: Error): void;
  /** The request is over. Its connection is closed, or back in the pool. */
  onClose(): void;
}

// Milliseconds before a request is repeated that found no connection.
const PAUSE = 200;
// Kept connections that are closed unused for one request; as many as node's agents keep for a host.
const MOST_DISCARDED = 256;

// Connections that a request was given. Node does not set `reusedSocket` if an agent, by its maxSockets, hands a connection
// from one request to the next that waits for it.
const used = new WeakSet<Socket>();

/**
 * Once a whole response has come, node listens no more for errors of its connection, even if the end of the request is still
 * being written. If the server then resets the connection, the error would end the process. The request's listeners
 * are told of every other error.
 */
function ignore(): void {}

/**
 * A request that is sent again, once, on a new connection, if that is safe. There are two cases:
 *
 * - It went over a kept connection, which broke before the first byte of a response. A server closes idle connections,
 *   and may do so just as one is used again: then it never saw the request (RFC 9112 section 9.5). RFC 9110 section 9.2.2
 *   allows to repeat a request if it was never applied, or if to apply it twice does no harm. That the server processed
 *   the request and then closed without a byte cannot be excluded; but then its response is lost in any case, and an
 *   authorization code that is sent twice gets `invalid_grant`: nothing is worse than without the repeat.
 * - It was not sent: no connection was established (refused, unknown host, no file handle left, …).
 *
 * A request is never sent a third time, nor again after a byte of a response, nor if a new connection broke after it was
 * established, nor after silence: the server may still be processing it.
 */
export class RepeatableRequest {
  readonly #request: WireRequest;
  readonly #listener: RequestListener;
  #outgoing: ClientRequest;
  // The connection, once it is established: before that, nothing of the request can have been sent.
  #connection: { bytesRead?: number } | undefined;
  #repeated = false;
  #discarded = 0;
  #destroyed = false;
  #failure: Error | undefined;
  #pause: NodeJS.Timeout | undefined;

  /** @throws what node or the agent throws for a request that cannot be made. */
  constructor(request: WireRequest, listener: RequestListener) {
    this.#request = request;
    this.#listener = listener;
    this.#outgoing = this.#send();
  }

  /** Bytes that came over the request's connection; undefined as long as nothing of the request can have been sent. */
  get received(): number | undefined {
    // The connections of some agents are streams that do not count their bytes.
    return this.#connection && (this.#connection.bytesRead ?? 0);
  }

  /** Why the request failed, while it waits to be repeated. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Ends the request and its connection, unless the connection is back in the pool already. */
  destroy(): void {
    this.#destroyed = true;
    const waiting = this.#failure;
    if (!waiting) {
      this.#outgoing.destroy();
      return;
    }
    clearTimeout(this.#pause);
    this.#failure = undefined;
    this.#listener.onError(waiting);
    this.#listener.onClose();
  }

  #send(): ClientRequest {
    const outgoing = createRequest(this.#request);
    this.#connection = undefined;
    // Bytes that came over a kept connection before this request. Undefined if the connection is new, or does not count.
    let before: number | undefined;
    let responded = false;
    let failed = false;
    // Another request has taken the place of this one.
    let replaced = false;

    const fail = (error: Error): void => {
      if (failed || replaced) return;
      failed = true;
      const { received } = this;
      const unsent = received === undefined;
      // Both, because the count of a TLS connection over an agent's own stream may stand still.
      const unanswered = !responded && received === before;
      if (!(unsent || unanswered) || !this.#isRepeatable(error)) return this.#listener.onError(error);
      replaced = true;
      this.#repeated = true;
      if (unsent) this.#replaceAfterPause(error);
      else this.#replace();
    };
    outgoing.on('socket', (socket) => {
      if (outgoing.reusedSocket || used.has(socket)) before = socket.bytesRead;
      if (!used.has(socket)) socket.on('error', ignore);
      used.add(socket);
      // A kept connection that may be broken as well: a repeat goes over a new one. Nothing has been written to it yet. One
      // that another request has just handed over works; and with many waiting, there may be no other.
      const isDoubtful = outgoing.reusedSocket && (this.#repeated || isStale(socket));
      if (isDoubtful && this.#discarded < MOST_DISCARDED) {
        this.#discarded += 1;
        replaced = true;
        outgoing.destroy();
        return this.#replace();
      }
      const { secureConnecting } = socket as Partial<TLSSocket> & { secureConnecting?: boolean };
      if (!socket.connecting && !secureConnecting) this.#connection = socket;
      else {
        socket.once(secureConnecting === undefined ? 'connect' : 'secureConnect', () => {
          this.#connection = socket;
        });
      }
      this.#sendStream(outgoing);
    });
    outgoing.on('error', fail);
    outgoing.on('upgrade', (incoming) => {
      const response = { status: Number(incoming.statusCode) };
      const why = 'the server switched to another protocol';
      fail(transportError(this.#request, 'invalid_response', why, { response }));
      incoming.destroy();
    });
    outgoing.on('response', (incoming) => {
      responded = true;
      this.#listener.onResponse(incoming);
    });
    outgoing.on('close', () => {
      // Some agents say no more than that.
      if (!responded) fail(Object.assign(new Error('closed without a response'), { code: 'ECONNRESET' }));
      if (!replaced) this.#listener.onClose();
    });
    const { body } = this.#request;
    if (!isStream(body)) outgoing.end(body);
    return outgoing;
  }

  /** Sends a body that is a stream: not before it is certain over which connection, because it can be read only once. */
  #sendStream(outgoing: ClientRequest): void {
    const { body } = this.#request;
    if (!isStream(body)) return;
    const source = Readable.fromWeb(body);
    source.on('error', (error) => outgoing.destroy(error));
    outgoing.on('close', () => source.destroy());
    source.pipe(outgoing);
  }

  #isRepeatable(error: Error): boolean {
    return !this.#destroyed && !this.#repeated && !isStream(this.#request.body) && isPassingFailure(error);
  }

  #replaceAfterPause(failure: Error): void {
    this.#failure = failure;
    this.#pause = setTimeout(() => {
      this.#failure = undefined;
      this.#replace();
    }, backOff(PAUSE));
  }

  #replace(): void {
    try {
      this.#outgoing = this.#send();
    } catch (error) {
      // An agent may throw anything.
      this.#listener.onError(error as Error);
      this.#listener.onClose();
    }
  }
}
