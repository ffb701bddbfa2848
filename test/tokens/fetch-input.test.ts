import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { CriteoClient, CriteoTransportError, TokenSource } from '../../lib/index';
import { rejection } from '../support/errors';
import { answer, opener, type Script } from '../support/loopback';
import { LIFE } from './support';

const path = '/2026-07/advertisers/me';
const expired = answer(401, { errors: [{ code: 'authorization-token-expired' }], warnings: [] });
const renewed = answer(200, { access_token: 'second', token_type: 'Bearer', expires_in: 900 });

describe('The fetch of a connection', () => {
  const open = opener();

  /** An API that refuses the first token, and the connection's own fetch. */
  async function start(script?: Script) {
    let refused = false;
    const server = await open(
      script ??
        ((socket, { path }) => {
          if (path === '/oauth2/token') return void socket.write(renewed);
          socket.write(refused ? answer(200, { data: [] }) : expired);
          refused = true;
        }),
    );
    const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: server.origin });
    const source = new TokenSource({ client });
    const times = { obtainedAt: Date.now(), expiresAt: Date.now() + LIFE };
    await source.save('user-1', { accessToken: 'first', tokenType: 'Bearer', refreshToken: 'refresh', ...times });
    return { server, source, criteo: source.fetcher('user-1') };
  }

  for (const [what, input] of [
    ['a path', () => path],
    ['a text', (origin: string) => origin + path],
    ['a URL', (origin: string) => new URL(path, origin)],
    ['a Request', (origin: string) => new Request(origin + path)],
  ] as const) {
    it(`takes ${what}, and refreshes a token that was refused`, async () => {
      const { server, criteo } = await start();
      const response = await criteo(input(server.origin));
      expect(response).to.be.instanceOf(Response).and.include({ status: 200 });
      const calls = server.received.filter((each) => each.path === path);
      expect(calls.map(({ headers }) => headers['authorization'])).to.deep.equal(['Bearer first', 'Bearer second']);
    });
  }

  it('sends method, headers and body of a Request, again after a refresh', async () => {
    const { server, criteo } = await start();
    const headers = { 'content-type': 'application/json', 'x-mine': 'yes' };
    const request = new Request(server.origin + path, { method: 'PATCH', headers, body: '{"a":1}' });
    expect((await criteo(request)).status).to.equal(200);
    const calls = server.received.filter((each) => each.path === path);
    expect(calls.map(({ body }) => body)).to.deep.equal(['{"a":1}', '{"a":1}']);
    for (const { method, headers: sent } of calls) {
      expect(method).to.equal('PATCH');
      expect(sent).to.include(headers);
    }
  });

  it('lets init override the Request, but not by what is undefined', async () => {
    const { server, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'old' });
    await criteo(request, { body: 'new', headers: undefined } as unknown as RequestInit);
    expect(server.received.filter((each) => each.path === path).map(({ body }) => body)).to.deep.equal(['new', 'new']);
  });

  it('sends a long body of a Request once, whole', async () => {
    let calls = 0;
    let bytes = 0;
    const server = createServer(async (req, res) => {
      calls += 1;
      for await (const chunk of req) bytes += chunk.length;
      res.writeHead(401).end('{"errors":[{"code":"authorization-token-expired"}]}');
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const apiURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const source = new TokenSource({ client: new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL }) });
      const times = { obtainedAt: Date.now(), expiresAt: Date.now() + LIFE };
      await source.save('user-1', { accessToken: 'first', tokenType: 'Bearer', refreshToken: 'refresh', ...times });
      const chunks = Array.from({ length: 5 }, () => Buffer.alloc(300_000, 'x'));
      const body = Readable.toWeb(Readable.from(chunks)) as ReadableStream;
      const request = new Request(apiURL + path, { method: 'POST', body, duplex: 'half' });
      expect((await source.fetcher('user-1')(request)).status).to.equal(401);
      expect([calls, bytes]).to.deep.equal([1, 1_500_000]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('ends with the signal of the Request', async () => {
    const { server, criteo } = await start(() => {});
    const control = new AbortController();
    const failed = rejection(
      criteo(new Request(server.origin + path, { signal: control.signal })),
      CriteoTransportError,
    );
    control.abort();
    expect((await failed).code).to.equal('aborted');
  });

  it('refuses a Request whose body was read, another origin, and a wrong key', async () => {
    const { server, source, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'x' });
    await request.text();
    expect((await rejection(criteo(request), TypeError)).message).to.match(/was read before/);
    expect((await rejection(criteo('https://evil.example/'), TypeError)).message).to.match(
      /the token goes nowhere else/,
    );
    await rejection(criteo(undefined as never), TypeError);
    expect(() => source.fetcher('')).to.throw(TypeError, 'TokenSource.fetcher: key');
    expect(server.received).to.have.length(0);
  });
});
