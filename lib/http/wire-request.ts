import { type Agent, type ClientRequest, type OutgoingHttpHeaders, request as requestHTTP } from 'node:http';
import { request as requestHTTPS } from 'node:https';
import type { ReadableStream as ByteStream } from 'node:stream/web';

/** A request as it is written to a connection. */
export interface WireRequest {
  method: string;
  url: URL;
  headers: OutgoingHttpHeaders;
  /** Text and bytes can be sent again; a stream cannot. */
  body: string | Uint8Array | ByteStream | undefined;
  agent: Agent | undefined;
}

/** Returns true for a body that can be sent only once. */
export function isStream(body: WireRequest['body']): body is ByteStream {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

/**
 * Creates node's request, whose body is still to be written.
 *
 * @throws what node or the agent throws for a request that cannot be made.
 */
export function createRequest({ method, url, headers, agent }: WireRequest): ClientRequest {
  const { protocol, port } = url;
  // Node would take the brackets of an IPv6 address as a part of the name.
  const hostname = url.hostname.replace(/[[\]]/g, '');
  const path = url.pathname + url.search;
  const send = protocol === 'https:' ? requestHTTPS : requestHTTP;
  return send({ protocol, hostname, port, path, method, headers, agent });
}
