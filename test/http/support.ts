import type http from 'node:http';
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

/** Fetches a streamed response, and reads it. */
export const askStream: Ask = async (server, { agent, method = 'POST', body = 'a=b', timeout = 2000 }) => {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), timeout);
  try {
    const bytes = method === 'GET' ? undefined : Buffer.from(body);
    const headers: Record<string, string> = bytes ? { 'content-length': String(bytes.length) } : {};
    const url = server.url();
    const signal = control.signal;
    const response = await send({ method, url, headers, body: bytes, agent, idle: timeout, signal, onClose() {} });
    return await response.text();
  } finally {
    clearTimeout(timer);
  }
};

/** The two ways to send a request. */
export const ways: [string, Ask][] = [
  ['exchange', askExchange],
  ['send', askStream],
];
