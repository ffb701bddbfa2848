import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { CriteoClient, CriteoTransportError, ReauthorizationRequiredError, TokenSource } from '../../lib/index';
import { rejection } from '../support/errors';
import { answer, head, opener, type Script } from '../support/loopback';
import { gate, LIFE, until } from './support';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const path = '/2026-07/advertisers/me';
const expired = answer(401, { errors: [{ code: 'authorization-token-expired' }], warnings: [] });
const renewed = answer(200, { access_token: 'second', token_type: 'Bearer', expires_in: 900 });

describe('The fetch of a connection', () => {
  const open = opener();

  /** An API that refuses the first token, and the connection's own fetch. */
  async function start(script?: Script, timeout?: number) {
    let refused = false;
    const server = await open(
      script ??
        ((socket, { path }) => {
          if (path === '/oauth2/token') return void socket.write(renewed);
          socket.write(refused ? answer(200, { data: [] }) : expired);
          refused = true;
        }),
    );
    const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: server.origin, timeout });
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

  it('lets init override the Request, except for undefined values', async () => {
    const { server, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'old', headers: { 'x-mine': 'yes' } });
    await criteo(request, { body: 'new', method: undefined, headers: undefined } as unknown as RequestInit);
    const calls = server.received.filter((each) => each.path === path);
    expect(calls).to.have.length(2);
    for (const { method, body, headers } of calls) {
      expect({ method, body }).to.deep.equal({ method: 'POST', body: 'new' });
      expect(headers).to.include({ 'x-mine': 'yes' });
    }
  });

  it('keeps the body of the Request if that of init is undefined', async () => {
    const { server, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'old' });
    await criteo(request, { body: undefined } as unknown as RequestInit);
    expect(server.received.filter((each) => each.path === path).map(({ body }) => body)).to.deep.equal(['old', 'old']);
  });

  it('takes a Request whose body was read before if init has another body', async () => {
    const { server, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'old' });
    await request.text();
    await criteo(request, { body: 'new' });
    expect(server.received[0]).to.include({ method: 'POST', body: 'new' });
  });

  it('repeats a call with a Request whose body has 1 MiB', async () => {
    const { server, criteo } = await start();
    const body = 'x'.repeat(1024 * 1024);
    const response = await criteo(new Request(server.origin + path, { method: 'POST', body }));
    expect(response.status).to.equal(200);
    for (const call of server.received.filter((each) => each.path === path)) expect(call.body).to.equal(body);
  });

  it('sends a long body of a Request completely, and once only', async () => {
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

  for (const [what, ask] of [
    ['the Request', (url: string, signal: AbortSignal) => [new Request(url, { signal })]],
    ['init', (url: string, signal: AbortSignal) => [url, { signal }]],
  ] as [string, (url: string, signal: AbortSignal) => Parameters<typeof fetch>][]) {
    it(`ends with the signal of ${what}`, async () => {
      const { server, criteo } = await start(() => {});
      const control = new AbortController();
      const failed = rejection(criteo(...ask(server.origin + path, control.signal)), CriteoTransportError);
      control.abort();
      expect((await failed).code).to.equal('aborted');
    });
  }

  it('ends with the signal of init in place of that of the Request', async () => {
    const { server, criteo } = await start(() => {});
    const [replaced, control] = [new AbortController(), new AbortController()];
    const request = new Request(server.origin + path, { signal: replaced.signal });
    const failed = rejection(criteo(request, { signal: control.signal }), CriteoTransportError);
    await until(() => server.received.length > 0);
    replaced.abort(new Error('no longer'));
    control.abort(new Error('enough'));
    expect((await failed).cause).to.include({ message: 'enough' });
  });

  it('ends with the caller’s signal, even if the Request is held by no one else', async () => {
    const { server, criteo } = await start((socket) => socket.write(head(200, { 'content-length': 9 })));
    const control = new AbortController();
    // Called in a function of its own, so that no variable here holds the Request.
    const call = () => criteo(new Request(server.origin + path, { signal: control.signal }));
    const failed = rejection(
      call().then((response) => response.text()),
      CriteoTransportError,
    );
    await until(() => server.received.length > 0);
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise(setImmediate);
      collectGarbage();
    }
    control.abort();
    expect((await failed).code).to.equal('aborted');
  });

  /** A stream that gives one chunk and then waits. */
  function stalled() {
    const cancelled = gate<unknown>();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from('one')),
      cancel: (reason) => cancelled.open(reason),
    });
    return { body, cancelled: cancelled.promise };
  }

  it('does not wait for the body of a Request longer than the caller does', async () => {
    const { server, criteo } = await start();
    const control = new AbortController();
    const { body, cancelled } = stalled();
    const init = { method: 'POST', body, signal: control.signal, duplex: 'half' } as const;
    const failed = rejection(criteo(new Request(server.origin + path, init)), CriteoTransportError);
    await new Promise(setImmediate);
    control.abort(new Error('enough'));
    const error = await failed;
    expect(error.code).to.equal('aborted');
    expect(error.cause).to.include({ message: 'enough' });
    await cancelled;
    expect(server.received).to.have.length(0);
  });

  it('does not wait for the body of a Request longer than its timeout', async () => {
    const { server, criteo } = await start(undefined, 50);
    const { body, cancelled } = stalled();
    const request = new Request(server.origin + path, { method: 'POST', body, duplex: 'half' });
    expect((await rejection(criteo(request), CriteoTransportError)).code).to.equal('timeout');
    await cancelled;
  });

  it('says why, if the body of a Request breaks off', async () => {
    const { server, criteo } = await start();
    async function* parts() {
      yield Buffer.from('one');
      throw new Error('the disk is gone');
    }
    const body = Readable.toWeb(Readable.from(parts())) as ReadableStream;
    const request = new Request(server.origin + path, { method: 'POST', body, duplex: 'half' });
    const error = await rejection(criteo(request), CriteoTransportError);
    expect(error).to.include({ code: 'connection_failed' });
    expect(error.cause).to.include({ message: 'the disk is gone' });
  });

  it('sends nothing of a Request whose signal has aborted before, and closes its body', async () => {
    const { server, criteo } = await start();
    const { body, cancelled } = stalled();
    const init = { method: 'POST', body, signal: AbortSignal.abort(), duplex: 'half' } as const;
    const error = await rejection(criteo(new Request(server.origin + path, init)), CriteoTransportError);
    expect(error.code).to.equal('aborted');
    await cancelled;
    expect(server.received).to.have.length(0);
  });

  for (const [what, ask] of [
    ['a stream', (body: ReadableStream, url: string) => [url, { method: 'POST', body, duplex: 'half' }]],
    [
      'of a Request',
      (body: ReadableStream, url: string) => [new Request(url, { method: 'POST', body, duplex: 'half' })],
    ],
  ] as [string, (body: ReadableStream, url: string) => Parameters<typeof fetch>][]) {
    it(`closes a long body, ${what}, that is not sent because the user must connect again`, async () => {
      const { server, source } = await start();
      const cancelled = gate<unknown>();
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(Buffer.alloc(300_000)),
        cancel: (reason) => cancelled.open(reason),
      });
      const call = source.fetcher('user-2')(...ask(body, server.origin + path));
      expect(await rejection(call, ReauthorizationRequiredError)).to.equal(await cancelled.promise);
    });
  }

  it('shares the app’s own token with the other methods of the source', async () => {
    const server = await open((socket, { path }) =>
      socket.write(path === '/oauth2/token' ? renewed : answer(200, { data: [] })),
    );
    const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: server.origin });
    const source = new TokenSource({ client, grant: 'client_credentials' });
    for (const key of [undefined, 'reports']) {
      await source.fetch(key, path);
      await source.fetcher(key)(path);
    }
    const asked = server.received.filter((each) => each.path === '/oauth2/token');
    expect(asked).to.have.length(2);
  });

  it('takes null in place of init, as the global fetch does', async () => {
    const { server, source, criteo } = await start();
    const none = null as unknown as undefined;
    expect((await source.fetch('user-1', path, none)).status).to.equal(200);
    expect((await criteo(path, none)).status).to.equal(200);
    expect((await criteo(new Request(server.origin + path), none)).status).to.equal(200);
  });

  it('refuses a Request whose body is being read elsewhere', async () => {
    const { server, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'x' });
    request.body?.getReader();
    expect((await rejection(criteo(request), TypeError)).message).to.match(/was read before/);
  });

  it('refuses a Request whose body was read, another origin, and a wrong key', async () => {
    const { server, source, criteo } = await start();
    const request = new Request(server.origin + path, { method: 'POST', body: 'x' });
    await request.text();
    expect((await rejection(criteo(request), TypeError)).message).to.match(/was read before/);
    expect((await rejection(criteo('https://evil.example/'), TypeError)).message).to.match(
      /the token goes nowhere else/,
    );
    expect((await rejection(criteo(undefined as never), TypeError)).message).to.match(/url must be/);
    expect(() => source.fetcher('')).to.throw(TypeError, 'TokenSource.fetcher: key');
    expect(server.received).to.have.length(0);
  });
});
