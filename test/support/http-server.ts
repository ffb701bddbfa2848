import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Returns a function that serves on a free port of this machine, and returns the port. Servers are closed after each test. */
export function httpServers(): (listener: RequestListener | http.Server) => Promise<number> {
  const servers: http.Server[] = [];
  afterEach(() =>
    Promise.all(
      servers.splice(0).map((server) => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        return closed;
      }),
    ),
  );
  return async (listener) => {
    const server = typeof listener === 'function' ? http.createServer(listener) : listener;
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
}
