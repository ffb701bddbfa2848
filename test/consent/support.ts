import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { signConsentCallback } from '../../lib';

export const secret = 'test-signing-secret';
export const denial = '{"Type":"ConsentDenied","AcceptedScopes":[]}';

/** A body of its own for each state, so each is another event. */
export function grant(state: string): string {
  return JSON.stringify({ Type: 'ConsentGranted', State: state, AcceptedScopes: ['A_Read'], Advertisers: ['13'] });
}

const servers: Server[] = [];
const sockets: Socket[] = [];

/** The port of a loopback server that lives until `closeAll`. */
export async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function closeAll(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

/** Delivers a body as Criteo does; headers given replace the usual ones. */
export function deliver(
  port: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const usual = { 'content-type': 'application/json', 'x-criteo-hmac-sha512': signConsentCallback(body, secret) };
  return fetch(`http://127.0.0.1:${port}/criteo-consent`, { method: 'POST', body, headers: { ...usual, ...headers } });
}

/** The head of a delivery, for those who write the rest of it by hand. */
export function head(body: string, ...more: string[]): string {
  const signature = `x-criteo-hmac-sha512: ${signConsentCallback(body, secret)}`;
  return ['POST /criteo-consent HTTP/1.1', 'Host: 127.0.0.1', signature, ...more, '', ''].join('\r\n');
}

/** A bare connection: `received` is all that came, once the other side has closed. */
export function dial(port: number): { socket: Socket; received: Promise<string>; answered: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  let heard: (status: string) => void = () => {};
  const answered = new Promise<string>((resolve) => {
    heard = resolve;
  });
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    heard(text);
  });
  // A write after the other side has hung up is part of the game.
  socket.on('error', () => {});
  const received = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  return { socket, received, answered };
}

/** A promise, and the function that fulfils it. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
