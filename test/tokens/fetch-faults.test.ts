import { getEventListeners } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import { CriteoTransportError } from '../../lib/errors';
import { TokenSource } from '../../lib/tokens/token-source';
import { cert } from '../support/certificate';
import { expectNoSecret, rejection } from '../support/errors';
import { answer, answers, flood, head, type LoopbackOptions, opener, type Script } from '../support/loopback';
import { LIFE, until } from './support';

describe('A response of the API', () => {
  const open = opener();

  async function connect(script: Script, options: LoopbackOptions & { timeout?: number; agent?: http.Agent } = {}) {
    const { timeout = 5000, agent, ...rest } = options;
    const server = await open(script, rest);
    const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: server.origin, timeout, agent });
    const source = new TokenSource({ client });
    const obtainedAt = Date.now();
    await source.save('a', {
      accessToken: 'bearer-secret',
      tokenType: 'Bearer',
      obtainedAt,
      expiresAt: obtainedAt + LIFE,
    });
    return { server, call: (init = {}) => source.fetch('a', '/report', init) };
  }

  it('streams: its first part can be read before the last one is sent', async () => {
    let finish = (): void => {};
    const { call } = await connect((socket) => {
      socket.write(`${head(200, { 'content-length': 6 })}one`);
      finish = () => socket.write('two');
    });
    const reader = ((await call()).body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).to.equal('one');
    finish();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).to.equal('two');
    expect((await reader.read()).done).to.equal(true);
  });

  it('is received no faster than the app reads it', async () => {
    let sent = (): number => 0;
    const { call, server } = await connect((socket) => {
      socket.write(head(200, {}));
      sent = flood(socket, Buffer.alloc(64 * 1024));
    });
    const response = await call();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    // What is on its way is bounded by the buffers of the two sockets.
    let before = -1;
    await until(() => {
      const still = sent() === before;
      before = sent();
      return still && before > 0;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent()).to.be.below(12 * 1024 * 1024);
    await reader.cancel();
    await server.quiet();
  });

  it('frees its connection after the last byte, even if the app does not read it', async () => {
    const { call, server } = await connect((socket) => {
      socket.write(head(200, { 'content-length': 30_000 }));
      for (const delay of [0, 5, 10]) setTimeout(() => socket.write('x'.repeat(10_000)), delay);
    });
    for (let i = 0; i < 5; i += 1) {
      await call();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(server.connections).to.equal(1);
  });

  it('frees its connection if it has no body', async () => {
    const { call, server } = await connect(answers(answer(204), answer(304), head(200, { 'content-length': 10 })));
    expect((await call()).body).to.equal(null);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await call()).body).to.equal(null);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await call({ method: 'HEAD' })).body).to.equal(null);
    expect(server.connections).to.equal(1);
  });

  it('goes through the agent that the client was given', async () => {
    const agent = new https.Agent({ ca: cert });
    const { call, server } = await connect(answers(answer(200, 'secure')), { secure: true, agent });
    expect(server.origin).to.match(/^https:/);
    expect(await (await call()).text()).to.equal('secure');
  });

  it('comes over the protocol of the API, even if the token endpoint has another one', async () => {
    const server = await open(answers(answer(200, 'plain')));
    const apiURL = server.origin;
    const client = new CriteoClient({ clientID: 'id', clientSecret: 's', apiURL, tokenURL: 'https://localhost/token' });
    const source = new TokenSource({ client });
    const obtainedAt = Date.now();
    await source.save('a', { accessToken: 'a', tokenType: 'Bearer', obtainedAt, expiresAt: obtainedAt + LIFE });
    expect(await (await source.fetch('a', '/')).text()).to.equal('plain');
  });

  it('that does not come is an error at the timeout of the client or of the call', async () => {
    const { call, server } = await connect(() => {}, { timeout: 30 });
    const error = await rejection(call(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', status: 504, retryable: true });
    expect(error.message).to.include(`GET ${server.origin}/report: no response within 30 ms`);
    expectNoSecret(error, 'bearer-secret');
    expect((await rejection(call({ timeout: 10 }), CriteoTransportError)).message).to.include('10 ms');
    await server.quiet();
  });

  it('whose body pauses too long fails while it is read', async () => {
    const { call, server } = await connect((socket) => socket.write(`${head(200, { 'content-length': 9 })}part`), {
      timeout: 40,
    });
    const response = await call();
    expect(await rejection(response.text(), CriteoTransportError)).to.include({ code: 'timeout', retryable: true });
    await server.quiet();
  });

  it('whose body is slow but never pauses too long is complete', async () => {
    const { call } = await connect(
      (socket) => {
        socket.write(head(200, { 'content-length': 6 }));
        let left = 6;
        const timer = setInterval(() => {
          left -= 1;
          socket.write('.');
          if (left === 0) clearInterval(timer);
        }, 60);
      },
      { timeout: 200 },
    );
    expect(await (await call()).text()).to.equal('......');
  });

  it('that the app reads more slowly than the timeout is not cut off', async () => {
    const size = 8 * 1024 * 1024;
    const { call } = await connect((socket) => socket.write(head(200, { 'content-length': size }) + 'x'.repeat(size)), {
      timeout: 100,
    });
    const response = await call();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let length = (await reader.read()).value?.byteLength ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 250));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
    }
    expect(length).to.equal(size);
  });

  for (const [what, text, code] of [
    ['breaks off', `${head(200, { 'content-length': 9 })}part`, 'response_truncated'],
    ['is not chunked as its headers say', `${head(200, { 'transfer-encoding': 'chunked' })}zz\r\n`, 'invalid_response'],
  ] as const) {
    it(`whose body ${what} fails while it is read`, async () => {
      const { call } = await connect((socket) => socket.end(text));
      const error = await rejection(
        call().then((response) => response.text()),
        CriteoTransportError,
      );
      expect(error).to.include({ code });
    });
  }

  for (const [what, text, code] of [
    ['is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'invalid_response'],
    ['has a status that does not exist', head(999), 'invalid_response'],
    ['has a status that is not final', head(101, { upgrade: 'x', connection: 'upgrade' }), 'invalid_response'],
    ['is empty', '', 'connection_failed'],
  ] as const) {
    it(`that ${what} is an error`, async () => {
      const { call, server } = await connect((socket) => socket.end(text));
      const error = await rejection(call(), CriteoTransportError);
      expect(error).to.include({ code });
      expectNoSecret(error, 'bearer-secret');
      await server.quiet();
    });
  }

  it('is an error if no server listens, or the request cannot be made', async () => {
    const { call, server } = await connect(() => {});
    await server.close();
    expect(await rejection(call(), CriteoTransportError)).to.include({ code: 'connection_failed', retryable: true });
    server.close = async () => {};
    const wrong = await connect(() => {}, { agent: new https.Agent() });
    expect(await rejection(wrong.call(), CriteoTransportError)).to.include({ code: 'connection_failed' });
  });

  describe('that the app has given up', () => {
    it('is not requested if the signal had aborted before', async () => {
      const { call, server } = await connect(answers(answer(200)));
      const reason = new Error('not today');
      const error = await rejection(call({ signal: AbortSignal.abort(reason) }), CriteoTransportError);
      expect(error).to.include({ code: 'aborted', cause: reason });
      expect(server.received).to.have.length(0);
    });

    it('is cancelled by the signal that the call was given, even if the app changes init meanwhile', async () => {
      const control = new AbortController();
      const init: RequestInit = { signal: control.signal };
      const { call, server } = await connect(() => {
        init.signal = null;
        control.abort(new Error('enough'));
      });
      const error = await rejection(call(init), CriteoTransportError);
      expect(error.cause).to.include({ message: 'enough' });
      await server.quiet();
    });

    it('is cancelled before its headers', async () => {
      const control = new AbortController();
      const { call, server } = await connect(() => control.abort());
      expect(await rejection(call({ signal: control.signal }), CriteoTransportError)).to.include({ code: 'aborted' });
      await server.quiet();
    });

    it('is cancelled while the body of the request is sent, and that body is not read any further', async () => {
      const control = new AbortController();
      const { call, server } = await connect(() => control.abort());
      let cancelled: unknown;
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(Buffer.from('more')),
        cancel: (reason) => {
          cancelled = reason ?? 'without a reason';
        },
      });
      const error = await rejection(call({ method: 'POST', body, signal: control.signal }), CriteoTransportError);
      expect(error).to.include({ code: 'aborted' });
      await server.quiet();
      await until(() => cancelled !== undefined);
    });

    it('is cancelled within its body', async () => {
      const control = new AbortController();
      const { call, server } = await connect((socket) => socket.write(`${head(200, { 'content-length': 9 })}part`));
      const response = await call({ signal: control.signal });
      setTimeout(() => control.abort(), 10);
      expect(await rejection(response.text(), CriteoTransportError)).to.include({ code: 'aborted' });
      await server.quiet();
    });

    it('closes its connection if its body is cancelled', async () => {
      const { call, server } = await connect((socket) => {
        socket.write(head(200));
        flood(socket, Buffer.alloc(64 * 1024));
      });
      const response = await call();
      await response.body?.cancel();
      await server.quiet();
    });

    it('closes its connection if its body is cancelled during a read', async () => {
      const { call, server } = await connect((socket) => {
        socket.write(head(200));
        flood(socket, Buffer.alloc(64 * 1024));
      });
      const reader = ((await call()).body as ReadableStream<Uint8Array>).getReader();
      // Long enough for all the buffers to fill.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const reads = Array.from({ length: 20 }, () => reader.read());
      await reader.cancel();
      await Promise.all(reads);
      await server.quiet();
    });
  });

  it('leaves no listener on the signal', async () => {
    const { call } = await connect(answers(answer(200, 'done')));
    const { signal } = new AbortController();
    await (await call({ signal })).text();
    await until(() => getEventListeners(signal, 'abort').length === 0);
    await rejection(call({ signal, method: 'TRACE' }), TypeError);
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });
});
