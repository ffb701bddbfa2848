import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { cert, key } from './certificate';

/** A received request. */
export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** The number of the request, counted from 0 over all connections. */
  index: number;
}

/** Handles a request by writing to the socket. */
export type Script = (socket: net.Socket, received: Received) => void;

/** A server on raw sockets, which can respond with any bytes. */
export class Loopback {
  readonly received: Received[] = [];
  /** The open connections. */
  readonly sockets = new Set<net.Socket>();
  /** The number of connections so far. */
  connections = 0;
  readonly #server: net.Server;
  readonly #secure: boolean;

  constructor(
    readonly script: Script,
    secure: boolean,
    readonly onConnection?: (socket: net.Socket) => void,
  ) {
    this.#secure = secure;
    const accept = (socket: net.Socket): void => this.#accept(socket);
    this.#server = secure ? tls.createServer({ key, cert }, accept) : net.createServer(accept);
    this.#server.on('tlsClientError', () => {});
  }

  async listen(host: string): Promise<this> {
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
    return this;
  }

  get origin(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening');
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${this.#secure ? 'https' : 'http'}://${host}:${address.port}`;
  }

  url(path = '/oauth2/token'): URL {
    return new URL(path, this.origin);
  }

  /** Refuses connections until the returned function is called. */
  pause(): () => void {
    const { port, address } = this.#server.address() as net.AddressInfo;
    Object.defineProperty(this, 'origin', { value: this.origin });
    this.#server.close();
    return () => this.#server.listen(port, address);
  }

  /** Waits until every connection is closed. */
  async quiet(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(socket: net.Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // Many tests cause resets.
    socket.on('error', () => {});
    if (this.onConnection) return this.onConnection(socket);
    let pending = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      for (let read = readRequest(pending); read; read = readRequest(pending)) {
        pending = read.rest;
        const received = { ...read.received, index: this.received.length };
        this.received.push(received);
        this.script(socket, received);
      }
    });
  }
}

function readRequest(text: string): { received: Omit<Received, 'index'>; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = Buffer.from(text.slice(end + 4));
  const length = Number(headers['content-length'] ?? 0);
  if (rest.length < length) return undefined;
  const body = rest.subarray(0, length).toString();
  return { received: { method, path, headers, body }, rest: rest.subarray(length).toString() };
}

export interface LoopbackOptions {
  host?: string;
  secure?: boolean;
  /** Handles a connection before anything is read from it, instead of the script. */
  onConnection?: (socket: net.Socket) => void;
}

/** Returns a function that starts servers. They and their connections are closed after each test. */
export function opener(): (script: Script, options?: LoopbackOptions) => Promise<Loopback> {
  const servers: Loopback[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  return (script, { host = '127.0.0.1', secure = false, onConnection } = {}) => {
    const server = new Loopback(script, secure, onConnection);
    servers.push(server);
    return server.listen(host);
  };
}

/** Returns the head of a response. */
export function head(status: number, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`;
}

/** Returns a whole response. A body that is not a string is sent as JSON. */
export function answer(status: number, body: unknown = '', headers: Record<string, string | number> = {}): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return head(status, { 'content-length': Buffer.byteLength(text), ...headers }) + text;
}

/** Makes a script that sends one response to each request, and the last one to all later requests. */
export function answers(first: string, ...others: string[]): Script {
  const all = [first, ...others];
  return (socket, { index }) => {
    socket.write(all[Math.min(index, others.length)] ?? first);
  };
}

/** Writes `chunk` again and again until the other side closes the connection. The returned function counts the sent bytes. */
export function flood(socket: net.Socket, chunk: Buffer | string): () => number {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
  return () => socket.bytesWritten;
}
