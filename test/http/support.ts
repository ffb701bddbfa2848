import type http from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { exchange } from '../../lib/http/exchange';
import { send } from '../../lib/http/streaming-request';
import type { Loopback } from '../support/loopback';

/** The parts of a request of either kind. */
export interface RequestParts {
  agent: http.Agent;
  method?: string;
  body?: string | undefined;
  /** Milliseconds until the whole response (`exchange`), or its headers (`send`), must have arrived. @default 2000 */
  timeout?: number;
}

type Ask = (server: Loopback, parts: RequestParts) => Promise<string>;

/** Fetches a whole response. */
export const askExchange: Ask = async (server, { agent, method = 'POST', body = 'a=b', timeout = 2000 }) => {
  const request = { method, body: method === 'GET' ? undefined : body, limit: 1024 * 1024 };
  return (await exchange({ url: server.url(), timeout, agent }, request)).text;
};

/** Fetches a streamed response, reads it, and waits until the request is over. */
export const askStream: Ask = async (server, { agent, method = 'POST', body = 'a=b', timeout = 2000 }) => {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), timeout);
  let closings = 0;
  let onClose = (): void => {};
  const closed = new Promise<void>((resolve) => {
    onClose = () => {
      closings += 1;
      resolve();
    };
  });
  try {
    const bytes = method === 'GET' ? undefined : Buffer.from(body);
    const headers: Record<string, string> = bytes ? { 'content-length': String(bytes.length) } : {};
    const url = server.url();
    const signal = control.signal;
    const response = await send({ method, url, headers, body: bytes, agent, idle: timeout, signal, onClose });
    return await response.text();
  } finally {
    await closed;
    expect(closings).to.equal(1);
    clearTimeout(timer);
  }
};

/** The two ways to send a request. */
export const ways: [string, Ask][] = [
  ['exchange', askExchange],
  ['send', askStream],
];

/** Opens a connection that is a plain stream without byte counts, like those of some tunnel agents. */
export function uncounted(port: number): Duplex {
  const socket = net.connect(port, '127.0.0.1');
  const stream = new Duplex({
    read() {},
    write: (chunk, _, done) => void socket.write(chunk, done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => stream.push(chunk));
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  const methods = { setKeepAlive: () => stream, setTimeout: () => stream, setNoDelay: () => stream };
  return Object.assign(stream, methods, { ref: () => stream, unref: () => stream });
}
