import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { send } from '../../lib/http/streaming-request';
import { agents } from '../support/agents';
import { cert } from '../support/certificate';
import { rejection } from '../support/errors';
import { answer, head, type Loopback, type LoopbackOptions, opener } from '../support/loopback';
import { uncounted, ways } from './support';

const ok = answer(200, 'ok');

/** Replaces the function of an agent that node calls for each request. Attempts are counted from 1. */
function replaceAddRequest(
  agent: http.Agent,
  replacement: (addRequest: () => void, attempt: number, request: http.ClientRequest) => void,
): void {
  // The types do not declare it.
  const { addRequest } = agent as unknown as { addRequest(...args: unknown[]): void };
  let attempt = 0;
  Object.assign(agent, {
    addRequest(request: http.ClientRequest, ...rest: unknown[]) {
      attempt += 1;
      replacement(() => addRequest.call(agent, request, ...rest), attempt, request);
    },
  });
}

for (const [way, ask] of ways) {
  describe(`A request (${way})`, () => {
    const open = opener();
    const { add, ours } = agents();

    /** Opens a server that responds to the first request of a connection, and does `then` at the second. */
    async function respondOnce(then: (socket: net.Socket) => void, options: LoopbackOptions = {}): Promise<Loopback> {
      const used = new WeakSet<net.Socket>();
      return open((socket) => {
        if (used.has(socket)) return then(socket);
        used.add(socket);
        socket.write(ok);
      }, options);
    }

    const closings: [string, (socket: net.Socket) => void][] = [
      ['closes it', (socket) => socket.end()],
      ['resets it', (socket) => socket.resetAndDestroy()],
      ['destroys it', (socket) => socket.destroy()],
    ];

    // Node cannot reset TLS connections.
    const closingsOf = (secure: boolean) => closings.filter(([what]) => !secure || what !== 'resets it');

    describe('over a kept connection', () => {
      for (const secure of [false, true]) {
        for (const [what, close] of closingsOf(secure)) {
          it(`is sent again on a new connection if the server ${what}${secure ? ' (TLS)' : ''}`, async () => {
            const server = await respondOnce(close, { secure });
            const agent = secure ? add(new https.Agent({ keepAlive: true, ca: cert })) : ours(server);
            expect(await ask(server, { agent })).to.equal('ok');
            expect(await ask(server, { agent, body: 'code=1' })).to.equal('ok');
            expect(server.connections).to.equal(2);
            expect(server.received.map(({ body }) => body)).to.eql(['a=b', 'code=1', 'code=1']);
          });
        }
      }

      it('succeeds at whatever moment the server closes idle connections', async () => {
        // The server closes a connection after 15 ms, and the next request starts around that time.
        const server = await open((socket) => {
          socket.write(ok);
          setTimeout(() => socket.destroy(), 15);
        });
        const agent = ours(server);
        for (let i = 0; i < 30; i += 1) {
          expect(await ask(server, { agent })).to.equal('ok');
          await sleep(13 + (i % 4));
        }
      });

      it('is sent again on a new connection if it has no body', async () => {
        const server = await respondOnce((socket) => socket.end());
        const agent = ours(server);
        await ask(server, { agent, method: 'GET' });
        expect(await ask(server, { agent, method: 'GET' })).to.equal('ok');
        expect(server.connections).to.equal(2);
      });

      for (const [kind, options] of [
        ['the default agent', undefined],
        ['an agent of the app', { keepAlive: true }],
        ['an agent that takes the oldest connection first', { keepAlive: true, scheduling: 'fifo' as const }],
      ] as const) {
        it(`is sent again on a new connection, not on another kept one that may be closed too (${kind})`, async () => {
          let restarted = false;
          const server = await respondOnce((socket) => {
            restarted = true;
            socket.resetAndDestroy();
          });
          const agent = options ? add(new http.Agent(options)) : ours(server);
          await Promise.all([1, 2, 3, 4].map(() => ask(server, { agent })));
          expect(server.connections).to.equal(4);
          expect(await ask(server, { agent })).to.equal('ok');
          expect(restarted).to.equal(true);
          expect(server.connections).to.equal(5);
          // The request used only one kept connection.
          expect(server.received).to.have.length(6);
        });
      }

      for (const [what, bytes] of [
        ['a byte', 'H'],
        ['an interim response', head(103)],
        ['the headers', head(200, { 'content-length': 9 })],
      ] as const) {
        it(`is not sent again after ${what} of a response`, async () => {
          const server = await respondOnce((socket) => socket.end(bytes));
          const agent = ours(server);
          await ask(server, { agent });
          const error = await rejection(ask(server, { agent }), CriteoTransportError);
          expect(error.code).to.be.oneOf(['connection_failed', 'response_truncated']);
          expect(server.received).to.have.length(2);
          expect(server.connections).to.equal(1);
        });
      }

      for (const [which, before] of [
        ['first', 0],
        ['second', 1],
      ] as const) {
        it(`fails with the error of an agent that throws at the ${which} attempt`, async () => {
          const server = await respondOnce((socket) => socket.destroy());
          const agent = ours(server);
          await ask(server, { agent });
          replaceAddRequest(agent, (addRequest, attempt) => {
            if (attempt > before) throw Object.assign(new Error('no proxy left'), { code: 'EPROXY' });
            addRequest();
          });
          const error = await rejection(ask(server, { agent }), CriteoTransportError);
          expect(error).to.include({ code: 'connection_failed' });
          expect(Object(error.cause).message).to.equal('no proxy left');
          expect(server.received).to.have.length(1 + before);
        });
      }

      it('is sent, although its agent has only connections that may be broken', async () => {
        const server = await open((socket, { index }) => (index === 0 ? socket.destroy() : socket.write(ok)));
        const agent = add(new http.Agent());
        replaceAddRequest(agent, (addRequest, _, request) => {
          request.reusedSocket = true;
          addRequest();
        });
        expect(await ask(server, { agent, timeout: 10_000 })).to.equal('ok');
        expect(server.received).to.have.length(2);
      });

      it('is sent again if it waited for the connection of another request', async () => {
        const server = await respondOnce((socket) => socket.resetAndDestroy());
        const agent = add(new http.Agent({ keepAlive: true, maxSockets: 1 }));
        const both = await Promise.all([ask(server, { agent }), ask(server, { agent, body: 'code=1' })]);
        expect(both).to.eql(['ok', 'ok']);
        expect(server.received.map(({ body }) => body)).to.eql(['a=b', 'code=1', 'code=1']);
        expect(server.connections).to.equal(2);
      });

      it('is not sent again if the agent’s connection does not count the bytes that arrived', async () => {
        const server = await respondOnce((socket) => socket.end('H'));
        const agent = add(new http.Agent({ keepAlive: true }));
        Object.assign(agent, { createConnection: () => uncounted(Number(server.url().port)) });
        await ask(server, { agent });
        const error = await rejection(ask(server, { agent }), CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed' });
        expect(server.received).to.have.length(2);
      });

      it('fails at its deadline on a connection that does not count the bytes that arrived', async () => {
        const server = await respondOnce(() => {});
        const agent = add(new http.Agent({ keepAlive: true }));
        Object.assign(agent, { createConnection: () => uncounted(Number(server.url().port)) });
        await ask(server, { agent });
        const error = await rejection(ask(server, { agent, timeout: 500 }), CriteoTransportError);
        expect(error.code).to.be.oneOf(['timeout', 'aborted']);
        expect(server.received).to.have.length(2);
      });

      it('is not sent a third time', async () => {
        let closing = false;
        const server = await open((socket) => {
          if (closing) socket.end();
          else socket.write(ok);
        });
        const agent = ours(server);
        await ask(server, { agent });
        closing = true;
        const error = await rejection(ask(server, { agent }), CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed', retryable: true });
        expect(server.received).to.have.length(3);
      });

      it('is not sent again if the server does not respond, because it may be working on the request', async () => {
        const server = await respondOnce(() => {});
        const agent = ours(server);
        await ask(server, { agent });
        const error = await rejection(ask(server, { agent, timeout: 80 }), CriteoTransportError);
        expect(error.code).to.be.oneOf(['timeout', 'aborted']);
        await server.quiet();
        expect(server.connections).to.equal(1);
        expect(server.received).to.have.length(2);
      });

      it('has one deadline for both attempts', async () => {
        let closing = false;
        const server = await open((socket, { index }) => {
          if (!closing) socket.write(ok);
          else if (index === 1) setTimeout(() => socket.end(), 100);
        });
        const agent = ours(server);
        await ask(server, { agent });
        closing = true;
        const start = performance.now();
        const error = await rejection(ask(server, { agent, timeout: 400 }), CriteoTransportError);
        expect(error.code).to.be.oneOf(['timeout', 'aborted']);
        expect(performance.now() - start).to.be.within(390, 2000);
        expect(server.received).to.have.length(3);
      });
    });

    for (const secure of [false, true]) {
      it(`is not sent again over a new connection that breaks${secure ? ' (TLS)' : ''}`, async () => {
        for (const [, close] of closingsOf(secure)) {
          const server = await open(close, { secure });
          const agent = secure ? add(new https.Agent({ ca: cert })) : ours(server);
          const error = await rejection(ask(server, { agent }), CriteoTransportError);
          expect(error).to.include({ code: 'connection_failed', retryable: true });
          await server.close();
          expect(server.received).to.have.length(1);
        }
      });
    }

    describe('that cannot connect', () => {
      /** Makes an agent whose first connections fail. */
      function failing(times: number, code: string) {
        const made = { attempts: 0 };
        class Failing extends http.Agent {
          override createConnection(...args: [object, (error: Error | null, socket?: unknown) => void]) {
            made.attempts += 1;
            if (made.attempts > times) return Reflect.apply(super.createConnection, this, args);
            process.nextTick(args[1], Object.assign(new Error('no connection'), { code }));
            return undefined;
          }
        }
        return { agent: add(new Failing({ keepAlive: true })), made };
      }

      for (const code of ['ECONNREFUSED', 'EMFILE']) {
        it(`is sent again a moment later (${code})`, async () => {
          const server = await open((socket) => socket.write(ok));
          const { agent, made } = failing(1, code);
          const start = performance.now();
          expect(await ask(server, { agent: agent as http.Agent })).to.equal('ok');
          expect(performance.now() - start).to.be.above(95);
          expect(made.attempts).to.equal(2);
          expect(server.received).to.have.length(1);
        });
      }

      it('fails if it cannot connect a moment later either', async () => {
        const server = await open((socket) => socket.write(ok));
        const { agent, made } = failing(9, 'ENOBUFS');
        const error = await rejection(ask(server, { agent: agent as http.Agent }), CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed', retryable: true, status: 502 });
        expect(error.message).to.include('ENOBUFS');
        expect(made.attempts).to.equal(2);
      });

      it('is sent again, within the deadline, to a server that refused the connection', async () => {
        const server = await open((socket) => socket.write(ok));
        const agent = ours(server);
        const again = server.pause();
        const asked = ask(server, { agent });
        setTimeout(again, 30);
        expect(await asked).to.equal('ok');
        expect(server.received).to.have.length(1);
      });

      it('is sent again if the connection broke during the TLS handshake', async () => {
        let connections = 0;
        const server = await open(() => {}, {
          onConnection: (socket) => {
            connections += 1;
            socket.once('data', () => socket.resetAndDestroy());
          },
        });
        const origin = server.origin.replace('http:', 'https:');
        const secure = Object.create(server, { url: { value: () => new URL(origin) } }) as Loopback;
        const error = await rejection(ask(secure, { agent: add(new https.Agent()) }), CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed', retryable: true });
        expect(connections).to.equal(2);
      });

      it('is not sent again if the certificate is not trusted', async () => {
        const server = await open((socket) => socket.write(ok), { secure: true });
        let attempts = 0;
        class Counting extends https.Agent {
          override createConnection(...args: Parameters<https.Agent['createConnection']>) {
            attempts += 1;
            return super.createConnection(...args);
          }
        }
        const error = await rejection(ask(server, { agent: add(new Counting()) }), CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed', retryable: false });
        expect(error.message).to.include('DEPTH_ZERO_SELF_SIGNED_CERT').and.include('agent');
        expect(attempts).to.equal(1);
      });
    });
  });
}

describe('A request whose agent closes it without an error', () => {
  const open = opener();
  const { add } = agents();

  it('is sent again a moment later, and then fails', async () => {
    const [, ask] = ways[1] ?? expect.fail();
    const server = await open(() => {});
    const agent = add(new http.Agent());
    let attempts = 0;
    replaceAddRequest(agent, (_, attempt, request) => {
      attempts = attempt;
      process.nextTick(() => request.emit('close'));
    });
    const error = await rejection(ask(server, { agent }), CriteoTransportError);
    expect(error).to.include({ code: 'connection_failed', retryable: true });
    expect(error.cause).to.include({ message: 'closed without a response', code: 'ECONNRESET' });
    expect(attempts).to.equal(2);
  });
});

describe('A request whose deadline passes before the second attempt', () => {
  const open = opener();
  const { ours } = agents();

  it('fails with the reason of the first attempt, not with a timeout', async () => {
    const [, ask] = ways[0] ?? expect.fail();
    const server = await open(() => {});
    server.pause();
    const error = await rejection(ask(server, { agent: ours(server), timeout: 90 }), CriteoTransportError);
    expect(error).to.include({ code: 'connection_failed', retryable: true });
    expect(error.message).to.include('ECONNREFUSED');
  });
});

describe('A request with a stream as its body', () => {
  const open = opener();
  const { ours } = agents();

  const post = (
    server: Loopback,
    agent: http.Agent,
    body: Buffer | ReadableStream,
    headers: Record<string, string>,
  ) => {
    const { signal } = new AbortController();
    return send({ method: 'POST', url: server.url(), headers, body, agent, idle: 1000, signal, onClose() {} });
  };

  it('is not sent again, and cancels the stream', async () => {
    const server = await open((socket) => (server.received.length > 1 ? socket.end() : socket.write(ok)));
    const agent = ours(server);
    await (await post(server, agent, Buffer.from('a'), { 'content-length': '1' })).text();
    let cancel = (): void => {};
    const cancelled = new Promise<void>((resolve) => {
      cancel = resolve;
    });
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('b'));
      },
      cancel: () => cancel(),
    });
    await rejection(post(server, agent, body, { 'content-length': '1' }), CriteoTransportError);
    expect(server.received.map((received) => received.body)).to.eql(['a', 'b']);
    await cancelled;
  });

  it('fails with the error of the stream, and closes the connection', async () => {
    const server = await open(() => {}, {
      onConnection: (socket) => socket.once('data', () => fail(new Error('the disk is gone'))),
    });
    let fail = (_: Error): void => {};
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('a'));
        fail = (error) => controller.error(error);
      },
    });
    const error = await rejection(post(server, ours(server), body, { 'content-length': '2' }), CriteoTransportError);
    expect(error).to.include({ code: 'connection_failed', retryable: false });
    expect(error.cause).to.include({ message: 'the disk is gone' });
    await server.quiet();
  });
});
