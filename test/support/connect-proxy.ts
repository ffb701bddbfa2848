import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** An outbound proxy like those of companies. It opens tunnels (RFC 9110 section 9.3.6) to this machine. */
export interface ConnectProxy {
  /** The proxy's URL with the required credentials. */
  url: string;
  /** The targets of the tunnels. */
  tunnels: string[];
  /** The number of requests that it refused because of missing credentials. */
  refused(): number;
  close(): Promise<void>;
}

export async function startConnectProxy(credentials = 'ada:secret'): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Duplex>();
  let refused = 0;
  const server = http.createServer((_req, res) => res.writeHead(405).end());
  server.on('connect', ({ headers, url = '' }, socket: Duplex) => {
    sockets.add(socket.on('error', () => {}));
    const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (headers['proxy-authorization'] !== expected) {
      refused += 1;
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    }
    tunnels.push(url);
    const { hostname, port } = new URL(`http://${url}`);
    const onward = net.connect(Number(port), hostname.replace(/[[\]]/g, ''));
    sockets.add(onward.on('error', () => socket.destroy()));
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://${credentials}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    refused: () => refused,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
