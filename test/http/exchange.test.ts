import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { type Endpoint, type ExchangeRequest, exchange, type HTTPResponse } from '../../lib/http/exchange';
import { version as packageVersion } from '../../package.json';
import { agents } from '../support/agents';
import { cert } from '../support/certificate';
import { expectNoSecret, rejection } from '../support/errors';
import { collectGarbage } from '../support/garbage';
import { answer, answers, flood, head, type Loopback, opener, type Script } from '../support/loopback';
import { uncounted } from './support';

const MB = 1024 * 1024;
const json = '{"ok":true}';

type Changes = Partial<Endpoint & ExchangeRequest>;

describe('exchange', () => {
  const open = opener();
  const { add, ours: agentFor } = agents();

  function ask(server: Loopback, changes: Changes = {}): Promise<HTTPResponse> {
    const { method = 'GET', body, limit = MB, agent = agentFor(server), ...endpoint } = changes;
    return exchange({ url: server.url(), timeout: 1000, ...endpoint, agent }, { method, body, limit });
  }

  async function refused(script: Script, changes: Changes = {}) {
    const server = await open(script);
    const error = await rejection(ask(server, changes), CriteoTransportError);
    // Every socket is closed after a refusal.
    await server.quiet();
    return { server, error };
  }

  describe('the request', () => {
    it('has accept headers, and package and version as user agent', async () => {
      const server = await open(answers(answer(200, json)));
      await ask(server);
      const { method, path, headers, body } = server.received[0] ?? expect.fail();
      expect([method, path, body]).to.eql(['GET', '/oauth2/token', '']);
      expect(headers['accept']).to.equal('application/json');
      // Without it, any encoding is acceptable (RFC 9110 section 12.5.3), and no body is decompressed here.
      expect(headers['accept-encoding']).to.equal('identity');
      expect(headers['user-agent']).to.equal(`passport-criteo/${packageVersion}`);
      expect(headers).not.to.have.any.keys('content-length', 'transfer-encoding');
    });

    it('has the whole body, with its length in bytes, whatever length the caller’s headers say', async () => {
      const server = await open(answers(answer(200, json)));
      await ask(server, { method: 'POST', body: 'name=žluťoučký', headers: { 'content-length': 3 } });
      const { headers, body } = server.received[0] ?? expect.fail();
      expect(body).to.equal('name=žluťoučký');
      expect(headers['content-length']).to.equal(String(Buffer.byteLength(body)));
    });

    it('has the caller’s headers, and does not change the given object', async () => {
      const server = await open(answers(answer(200, json)));
      await ask(server, { headers: Object.freeze({ 'X-Team': 'ads', 'user-agent': 'mine/1' }) });
      const { headers } = server.received[0] ?? expect.fail();
      expect(headers['x-team']).to.equal('ads');
      expect(headers['user-agent']).to.equal('mine/1');
    });

    it('fails with the reason and without the value if a header cannot be sent', async () => {
      const server = await open(answers(answer(200, json)));
      const error = await rejection(
        ask(server, { headers: { Authorization: 'Bearer s3cr3t-token\r\nX: y' } }),
        CriteoTransportError,
      );
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: false });
      expect(error.message).to.include('ERR_INVALID_CHAR');
      expect(error.cause).to.include({ code: 'ERR_INVALID_CHAR' });
      expectNoSecret(error, 's3cr3t-token');
      expect(server.connections).to.equal(0);
    });

    it('has no query in the messages of its errors', async () => {
      const server = await open((socket) => socket.destroy());
      const error = await rejection(ask(server, { url: server.url('/x?q=s3cr3t-query') }), CriteoTransportError);
      expect(error.message).to.include(`${server.origin}/x: `);
      expectNoSecret(error, 's3cr3t-query');
    });
  });

  describe('a complete response', () => {
    for (const [what, status, body] of [
      ['a JSON object', 200, json],
      ['the body null', 200, 'null'],
      ['an empty body', 200, ''],
      ['an error status', 500, '<html>Oops</html>'],
      ['a refusal', 401, '{"error":"invalid_client"}'],
    ] as const) {
      it(`is returned unchanged: ${what}`, async () => {
        const server = await open(answers(answer(status, body, { 'x-ratelimit-reset': 17 })));
        const got = await ask(server);
        expect(got).to.include({ status, text: body });
        expect(got.headers['x-ratelimit-reset']).to.equal('17');
      });
    }

    it('may have no body (204)', async () => {
      const server = await open(answers(head(204)));
      expect(await ask(server)).to.include({ status: 204, text: '' });
    });

    it('may come in chunks', async () => {
      const server = await open(
        answers(`${head(200, { 'transfer-encoding': 'chunked' })}3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n`),
      );
      expect(await ask(server)).to.include({ text: '{"a":1}' });
    });

    it('may end with the connection if it has no content-length', async () => {
      const server = await open((socket) => socket.end(head(200) + json));
      expect(await ask(server)).to.include({ text: json });
      await server.quiet();
    });

    for (const [what, more] of [
      ['bytes that are no HTTP', 'GARBAGE'],
      ['more than its content-length', '  '],
      ['a second response', answer(200, { access_token: 'other' })],
    ] as const) {
      it(`is kept if it is followed by ${what}, and the connection is closed`, async () => {
        const server = await open((socket) => socket.write(answer(200, json) + more));
        expect((await ask(server)).text).to.equal(json);
        await server.quiet();
      });
    }

    it('is returned before the deadline if the agent’s stream is closed before its last bytes are read', async () => {
      const server = await open((socket) => socket.write(`${answer(200, json)}GARBAGE`));
      const agent = add(new http.Agent());
      Object.assign(agent, { createConnection: () => uncounted(Number(server.url().port)) });
      // Much longer than this test may take.
      expect((await ask(server, { agent, timeout: 60_000 })).text).to.equal(json);
    });

    it('may follow interim responses', async () => {
      const server = await open(answers(head(103, { link: '</a>' }) + head(100) + answer(200, json)));
      expect(await ask(server)).to.include({ status: 200, text: json });
    });

    it('is decoded correctly if chunks split its characters', async () => {
      const bytes = Buffer.from('{"name":"Žluťoučký kůň 🐎 日本"}');
      const server = await open((socket) => {
        socket.setNoDelay(true).write(head(200, { 'transfer-encoding': 'chunked' }));
        const parts = [...bytes].map((byte) =>
          Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]),
        );
        const next = (): void => {
          const part = parts.shift();
          if (part) socket.write(part, () => setImmediate(next));
          else socket.write('0\r\n\r\n');
        };
        next();
      });
      expect((await ask(server)).text).to.equal(bytes.toString());
    });

    it('is returned without the byte order mark that some servers send', async () => {
      const server = await open(answers(answer(200, `\ufeff${json}`)));
      expect((await ask(server)).text).to.equal(json);
    });

    it('may be as large as the limit', async () => {
      const server = await open(answers(answer(200, 'x'.repeat(1000))));
      expect((await ask(server, { limit: 1000 })).text).to.have.length(1000);
    });
  });

  describe('a response that is too large', () => {
    const large = { code: 'response_too_large', status: 502, retryable: false };

    it('is rejected one byte above the limit, with and without content-length', async () => {
      for (const script of [
        answers(answer(200, 'x'.repeat(1001))),
        answers(`${head(200, { 'transfer-encoding': 'chunked' })}3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`),
      ]) {
        const { error } = await refused(script, { limit: 1000 });
        expect(error)
          .to.include(large)
          .and.to.deep.include({ response: { status: 200 } });
        expect(error.message).to.include('1000 bytes');
      }
    });

    it('is rejected as soon as its content-length arrives', async () => {
      const { error } = await refused((socket) => socket.write(head(200, { 'content-length': MB + 1 })));
      expect(error).to.include(large);
    });

    it('is not read if its content-length is 400 MB', async () => {
      let sent = () => 0;
      const { error, server } = await refused(
        (socket) => {
          socket.write(head(200, { 'content-length': 400 * MB }));
          sent = flood(socket, Buffer.alloc(64 * 1024, 'x'));
        },
        { timeout: 2000 },
      );
      expect(error).to.include(large);
      expect(sent()).to.be.below(16 * MB);
      expect(server.sockets.size).to.equal(0);
    });

    it('is cut off at the limit if it never ends, with and without chunks', async () => {
      for (const [headers, chunk] of [
        [{}, Buffer.alloc(64 * 1024, 'x')],
        [{ 'transfer-encoding': 'chunked' }, Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`)],
      ] as const) {
        let sent = () => 0;
        const before = process.memoryUsage().arrayBuffers;
        const { error } = await refused(
          (socket) => {
            socket.write(head(200, { ...headers }));
            sent = flood(socket, chunk);
          },
          { timeout: 2000 },
        );
        expect(error).to.include(large);
        expect(sent()).to.be.below(16 * MB);
        expect(process.memoryUsage().arrayBuffers - before).to.be.below(16 * MB);
      }
    });

    it('takes no more memory if it comes in chunks of one byte', async () => {
      const text = '0123456789abc'.repeat(5000);
      const chunks = [...text].map((byte) => `1\r\n${byte}\r\n`).join('');
      const server = await open((socket) => {
        socket.write(head(200, { 'transfer-encoding': 'chunked' }) + chunks);
      });
      const agent = agentFor(server);
      collectGarbage();
      const before = process.memoryUsage();
      const response = ask(server, { agent, timeout: 4000, limit: MB });
      const read = (): number => Object.values(agent.sockets).flat()[0]?.bytesRead ?? 0;
      while (read() < chunks.length) await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      const after = process.memoryUsage();
      expect(after.heapUsed + after.external - before.heapUsed - before.external).to.be.below(3 * MB);
      for (const socket of server.sockets) socket.write('0\r\n\r\n');
      expect((await response).text).to.equal(text);
    });
  });

  describe('an incomplete response', () => {
    const truncated = { code: 'response_truncated', status: 502, retryable: true };

    for (const [what, text] of [
      ['before the announced length', head(200, { 'content-length': 100 }) + json],
      ['between chunks', `${head(200, { 'transfer-encoding': 'chunked' })}b\r\n${json}\r\n`],
      ['within a chunk', `${head(200, { 'transfer-encoding': 'chunked' })}ff\r\n${json}`],
    ] as const) {
      it(`is rejected if the connection ends ${what}`, async () => {
        const { error } = await refused((socket) => socket.end(text));
        expect(error)
          .to.include(truncated)
          .and.to.deep.include({ response: { status: 200 } });
        // Node's error, not one that says that no response came.
        expect(error.cause).to.include({ message: 'aborted', code: 'ECONNRESET' });
      });

      it(`is rejected if the connection is reset ${what}`, async () => {
        const { error } = await refused((socket) => socket.write(text, () => socket.resetAndDestroy()));
        // A reset may discard bytes that have arrived.
        expect(error.code).to.be.oneOf(['response_truncated', 'connection_failed']);
        expect(error.retryable).to.equal(true);
      });
    }

    it('is rejected if the connection ends within the headers', async () => {
      const { error } = await refused((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'));
      expect(error).to.include({ code: 'connection_failed', retryable: true });
      expect(error.response).to.equal(undefined);
    });

    it('is rejected if the connection ends or is reset before the first byte', async () => {
      for (const script of [(socket: net.Socket) => socket.end(), (socket: net.Socket) => socket.resetAndDestroy()]) {
        const { error } = await refused(script);
        expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
        expect(error.message).to.include('ECONNRESET');
      }
    });
  });

  describe('a server that sends nothing', () => {
    const late = { code: 'timeout', status: 504, retryable: true };
    const slowly = (socket: net.Socket, text: string): void => {
      const timer = setInterval(() => socket.write(text), 10);
      socket.on('close', () => clearInterval(timer));
    };

    for (const [what, script] of [
      ['before the headers', () => {}],
      ['within the headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-')],
      ['after the headers', (socket) => socket.write(head(200, { 'content-length': 100 }))],
      ['within the body', (socket) => socket.write(head(200, { 'content-length': 100 }) + json)],
      ['before the last chunk', (socket) => socket.write(`${head(200, { 'transfer-encoding': 'chunked' })}1\r\nx\r\n`)],
      ['at the end of a body of unknown length', (socket) => socket.write(head(200) + json)],
      [
        'except single header bytes',
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
          slowly(socket, 'x');
        },
      ],
      [
        'except single body bytes',
        (socket) => {
          socket.write(head(200));
          slowly(socket, 'x');
        },
      ],
      ['except interim responses', (socket) => slowly(socket, head(103))],
    ] satisfies [string, Script][]) {
      it(`${what} causes a timeout`, async () => {
        const start = performance.now();
        const { error } = await refused(script, { timeout: 100 });
        expect(performance.now() - start).to.be.within(95, 1000);
        expect(error).to.include(late);
        expect(error.message).to.include('100 ms (the option timeout)');
      });
    }

    it('during the TLS handshake causes a timeout', async () => {
      const server = await open(() => {}, { onConnection: (socket) => void socket.resume() });
      const url = new URL(server.url().href.replace('http:', 'https:'));
      const error = await rejection(ask(server, { url, timeout: 100, agent: new https.Agent() }), CriteoTransportError);
      expect(error).to.include(late);
      await server.quiet();
    });

    it('causes a timeout of a request that waits in the queue of an agent, too', async () => {
      const agent = new http.Agent({ maxSockets: 1 });
      const server = await open(() => {});
      const first = rejection(ask(server, { agent, timeout: 300 }), CriteoTransportError);
      const second = await rejection(ask(server, { agent, timeout: 100 }), CriteoTransportError);
      expect(second).to.include(late);
      expect(server.received).to.have.length(1);
      await first;
      await server.quiet();
    });
  });

  describe('a response that is not HTTP', () => {
    for (const [what, text, code] of [
      ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'HPE_'],
      ['a broken status line', 'HTTP/1.1 abc\r\n\r\n', 'HPE_'],
      ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n', 'HPE_'],
      ['two lengths', `${head(200, { 'content-length': 2, 'Content-Length': 3 })}abc`, 'HPE_UNEXPECTED_CONTENT_LENGTH'],
      ['a chunk without a size', `${head(200, { 'transfer-encoding': 'chunked' })}zz\r\n`, 'HPE_INVALID_CHUNK_SIZE'],
      ['20 KB of headers', head(200, { 'x-large': 'x'.repeat(20_000) }), 'HPE_HEADER_OVERFLOW'],
      [
        '20 KB of trailers',
        `${head(200, { 'transfer-encoding': 'chunked' })}0\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
        'HPE_',
      ],
    ] as const) {
      it(`is rejected: ${what}`, async () => {
        const { error } = await refused(answers(text));
        expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
        expect(error.message).to.include(code);
      });
    }

    it('is rejected without the received bytes, which may repeat secrets of the request', async () => {
      const { error } = await refused((socket, { body }) => socket.write(`HTTP/1.1 200 OK\r\n${body}\r\n\r\n`), {
        method: 'POST',
        body: 'client_secret=s3cr3t-value',
      });
      expect(error.code).to.equal('invalid_response');
      expectNoSecret(error, 's3cr3t-value');
    });

    it('is rejected: a switch to another protocol', async () => {
      const { error } = await refused(answers(`${head(101, { connection: 'upgrade', upgrade: 'websocket' })}hello`));
      expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
      expect(error).to.deep.include({ response: { status: 101 } });
      expect(error.message).to.include('the server switched to another protocol');
    });
  });

  describe('a redirect', () => {
    for (const status of [300, 301, 302, 303, 304, 307, 308]) {
      it(`with status ${status} is rejected and not followed`, async () => {
        const elsewhere = await open(answers(answer(200, json)));
        const { error, server } = await refused(
          answers(answer(status, json, { location: elsewhere.url('/stolen').href })),
          { method: 'POST', body: 'a=b' },
        );
        expect(error).to.include({ code: 'unexpected_redirect', status: 502, retryable: false });
        expect(error).to.deep.include({ response: { status } });
        expect(error.message).to.include(`the response is a redirect (${status}), which is never followed`);
        expect(server.received).to.have.length(1);
        expect(elsewhere.connections).to.equal(0);
      });
    }
  });

  describe('a failed connection', () => {
    it('is retryable if no server listens', async () => {
      const server = await open(() => {});
      const url = server.url();
      await server.close();
      const error = await rejection(
        exchange({ url, timeout: 3000 }, { method: 'GET', limit: 1 }),
        CriteoTransportError,
      );
      expect(error).to.include({ code: 'connection_failed', status: 502, retryable: true });
      expect(error.message).to.include('ECONNREFUSED');
    });

    for (const [what, useAgent] of [
      ['an agent', true],
      ['no agent', false],
    ] as const) {
      it(`is not retryable if the certificate is not trusted (${what})`, async () => {
        const server = await open(answers(answer(200, json)), { secure: true });
        const agent = useAgent ? agentFor(server) : undefined;
        const asked = exchange({ url: server.url(), timeout: 3000, agent }, { method: 'GET', limit: 1 });
        const error = await rejection(asked, CriteoTransportError);
        expect(error).to.include({ code: 'connection_failed', retryable: false });
        expect(error.message).to.include('DEPTH_ZERO_SELF_SIGNED_CERT');
        expect(server.received).to.eql([]);
      });
    }

    it('is a CriteoTransportError for any kind of error from an agent', async () => {
      const server = await open(() => {});
      for (const reason of [new DOMException('gone', 'AbortError'), 'no proxy']) {
        const agent = new http.Agent();
        Object.assign(agent, {
          createConnection: (_: unknown, done: (error: unknown) => void) => void process.nextTick(done, reason),
        });
        const error = await rejection(ask(server, { agent }), CriteoTransportError);
        expect(error.code).to.equal('connection_failed');
        expect(String(error.cause)).to.include(reason instanceof Error ? 'AbortError: gone' : reason);
      }
    });

    it('is reported with the reason for an agent of the wrong protocol', async () => {
      const server = await open(() => {});
      const error = await rejection(ask(server, { agent: new https.Agent() }), CriteoTransportError);
      expect(error).to.include({ code: 'connection_failed', retryable: false });
      expect(error.message).to.include('ERR_INVALID_PROTOCOL');
    });
  });

  describe('a server', () => {
    it('with a private certificate authority is reached through the agent', async () => {
      const server = await open(answers(answer(200, json)), { secure: true });
      const agent = add(new https.Agent({ keepAlive: true, ca: cert }));
      expect((await ask(server, { agent })).text).to.equal(json);
      expect((await ask(server, { agent })).text).to.equal(json);
      expect(server.connections).to.equal(1);
    });

    it('is reached over IPv6', async () => {
      const server = await open(answers(answer(200, json)), { host: '::1' });
      expect((await ask(server)).text).to.equal(json);
    });
  });

  describe('a complete response that arrives before the server has read the request', () => {
    // More than the socket buffers of both sides hold.
    const body = 'x'.repeat(32 * MB);
    const early = (then: (socket: net.Socket) => void) =>
      open(() => {}, {
        onConnection: (socket) => {
          socket.once('data', () => {
            socket.pause();
            socket.write(answer(200, json), () => then(socket));
          });
        },
      });

    it('is returned even if the connection is then reset', async () => {
      const server = await early((socket) => setTimeout(() => socket.resetAndDestroy(), 30));
      expect((await ask(server, { method: 'POST', body, timeout: 5000 })).text).to.equal(json);
    });

    it('is returned even if the connection is reset at once, while the request is still being written', async () => {
      const server = await early((socket) => socket.resetAndDestroy());
      expect((await ask(server, { method: 'POST', body, timeout: 5000 })).text).to.equal(json);
      // An error of the connection without a listener would end the process within this time.
      await new Promise((resolve) => setTimeout(resolve, 30));
    });

    it('is returned, and the connection kept, if the server reads the rest of the request', async () => {
      const server = await early((socket) => socket.resume());
      const agent = agentFor(server);
      expect((await ask(server, { method: 'POST', body, agent, timeout: 60_000 })).text).to.equal(json);
      expect(Object.values(agent.freeSockets).flat()).to.have.length(1);
    });

    it('is returned at the deadline, and the connection is closed', async () => {
      const server = await early(() => {});
      expect((await ask(server, { method: 'POST', body, timeout: 3000 })).text).to.equal(json);
      for (const socket of server.sockets) socket.resume();
      await server.quiet();
    });
  });

  describe('connections', () => {
    it('are used again by the next request', async () => {
      const server = await open(answers(answer(200, json)));
      const agent = agentFor(server);
      for (let i = 0; i < 5; i += 1) await ask(server, { agent, method: i % 2 ? 'GET' : 'POST' });
      expect(server.received).to.have.length(5);
      expect(server.connections).to.equal(1);
    });

    it('are used again after a response with an error status', async () => {
      const server = await open(answers(answer(400, json), answer(200, json)));
      const agent = agentFor(server);
      await ask(server, { agent });
      await ask(server, { agent });
      expect(server.connections).to.equal(1);
    });

    it('are kept idle for 26 to 30 s: longer than the benchmark pauses, half of what load balancers allow', async () => {
      const server = await open(answers(answer(200, json)));
      const agent = agentFor(server);
      await ask(server, { agent });
      const [idle] = Object.values(agent.freeSockets).flat();
      expect(idle?.timeout).to.be.within(26_000, 30_000);
    });

    it('are closed earlier if the server announces a shorter keep-alive timeout', async () => {
      const server = await open(answers(answer(200, json, { 'keep-alive': 'timeout=7' })));
      const agent = agentFor(server);
      await ask(server, { agent });
      const [idle] = Object.values(agent.freeSockets).flat();
      expect(idle?.timeout).to.be.within(5000, 7000);
    });

    it('are replaced if the server closed an idle one', async () => {
      const server = await open(answers(answer(200, json)));
      const agent = agentFor(server);
      await ask(server, { agent });
      for (const socket of server.sockets) socket.end();
      await server.quiet();
      expect((await ask(server, { agent })).text).to.equal(json);
      expect(server.connections).to.equal(2);
    });

    it('do not keep a process alive while idle, and leave no timer', async () => {
      const server = await open(answers(answer(200, json)));
      const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const agent = agentFor(server);
      await ask(server, { agent, timeout: 60_000 });
      expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).to.be.at.most(before);
      expect(Object.values(agent.freeSockets).flat()).to.have.length(1);
      expect(Object.values(agent.sockets).flat()).to.have.length(0);
    });

    it('are shared by concurrent requests without mixing their responses', async () => {
      const server = await open((socket, { path }) => socket.write(answer(200, path)));
      const agent = agentFor(server);
      const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
      const got = await Promise.all(paths.map((path) => ask(server, { agent, url: server.url(path) })));
      expect(got.map(({ text }) => text)).to.eql(paths);
    });
  });
});
