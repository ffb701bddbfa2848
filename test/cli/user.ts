import { once } from 'node:events';
import http from 'node:http';
import { createServer } from 'node:net';
import type { Sandbox } from 'passport-criteo/sandbox';

/** A port of this machine that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** What the user's browser shows after a visit. */
export interface Shown {
  readonly status: number;
  readonly body: string;
}

/** Opens a URL as a browser does, on a connection of its own. */
export function browse(url: string, method = 'GET'): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

/** A user who approves, or denies, and follows the redirect; `change` may alter the address on the way. */
export function user(
  sandbox: () => Sandbox,
  decision: 'approve' | 'deny' = 'approve',
  change: (callback: URL) => void = () => {},
): (consentURL: string) => Promise<Shown> {
  return async (consentURL) => {
    const callback = new URL(await sandbox()[decision](consentURL));
    change(callback);
    return browse(callback.href);
  };
}
