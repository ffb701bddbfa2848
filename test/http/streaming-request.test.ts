import { getEventListeners } from 'node:events';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { exchange } from '../../lib/http/exchange';
import { send } from '../../lib/http/streaming-request';
import { agents } from '../support/agents';
import { rejection } from '../support/errors';
import { answer, answers, head, type Loopback, opener } from '../support/loopback';
import { askExchange } from './support';

/** Blocks the event loop. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('send', () => {
  const open = opener();
  const { ours } = agents();

  interface Changes {
    method?: string;
    idle?: number;
    agent?: Agent;
    signal?: AbortSignal;
    onClose?: () => void;
  }
  function ask(server: Loopback, changes: Changes = {}): Promise<Response> {
    const {
      method = 'GET',
      idle = 1000,
      agent = ours(server),
      signal = new AbortController().signal,
      onClose = () => {},
    } = changes;
    return send({ method, url: server.url(), headers: {}, body: undefined, agent, idle, signal, onClose });
  }

  /** Returns the response when the request is over. */
  async function askUntilClose(server: Loopback, changes: Changes): Promise<Response> {
    let onClose = (): void => {};
    const closed = new Promise<void>((resolve) => {
      onClose = resolve;
    });
    try {
      return await ask(server, { ...changes, onClose });
    } finally {
      await closed;
    }
  }

  it('returns status, status text, headers and body of a response', async () => {
    const cookies = 'set-cookie: a=1\r\nset-cookie: b=2\r\n';
    const server = await open(
      answers(`HTTP/1.1 422 No Such Campaign\r\ncontent-length: 4\r\nX-Team: ads\r\n${cookies}\r\nbody`),
    );
    const response = await ask(server);
    expect(response).to.include({ status: 422, statusText: 'No Such Campaign' });
    expect([...response.headers]).to.eql([
      ['content-length', '4'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-team', 'ads'],
    ]);
    expect(await response.text()).to.equal('body');
  });

  for (const [what, method, text] of [
    ['status 204', 'GET', head(204)],
    ['status 205', 'GET', head(205, { 'content-length': 0 })],
    ['status 304', 'GET', head(304)],
    ['the method HEAD', 'HEAD', head(200, { 'content-length': 10 })],
  ] as const) {
    it(`returns null as the body of a response to ${what}, and keeps its connection`, async () => {
      const server = await open(answers(text));
      const agent = ours(server);
      for (let i = 0; i < 2; i += 1) {
        const response = await askUntilClose(server, { method, agent });
        expect(response).to.include({ body: null });
      }
      expect(server.connections).to.equal(1);
    });
  }

  it('rejects a status that no HTTP response may have, and closes the connection', async () => {
    const server = await open(answers(answer(999, 'x')));
    const error = await rejection(ask(server), CriteoTransportError);
    expect(error).to.include({ code: 'invalid_response', status: 502, retryable: false });
    expect(error).to.deep.include({ response: { status: 999 } });
    expect(error.message).to.include(': the response is not valid HTTP');
    expect(error.cause).to.be.instanceOf(Error).and.to.include({ name: 'RangeError' });
    await server.quiet();
  });

  it('fails with response_truncated if the connection breaks within the body', async () => {
    const server = await open((socket) => socket.end(`${head(200, { 'content-length': 6 })}one`));
    const error = await rejection((await ask(server)).text(), CriteoTransportError);
    expect(error).to.include({ code: 'response_truncated', retryable: true });
    expect(error).to.deep.include({ response: { status: 200 } });
  });

  for (const [what, chunks] of [
    ['a small unread body', 1],
    ['an unread body of 60 kB in chunks', 60],
  ] as const) {
    it(`keeps the connection of ${what} for the next request`, async () => {
      const body = `3e8\r\n${'x'.repeat(1000)}\r\n`.repeat(chunks);
      const server = await open(answers(`${head(500, { 'transfer-encoding': 'chunked' })}${body}0\r\n\r\n`));
      const agent = ours(server);
      for (let i = 0; i < 5; i += 1) {
        await ask(server, { agent });
        while (Object.keys(agent.freeSockets).length === 0) await sleep(1);
      }
      expect(server.connections).to.equal(1);
    });
  }

  it('closes the connections of large unread bodies', async () => {
    const server = await open(answers(answer(500, 'x'.repeat(300_000))));
    const agent = ours(server);
    const responses = await Promise.all(Array.from({ length: 30 }, () => ask(server, { agent, idle: 100 })));
    expect(server.connections).to.equal(30);
    await server.quiet();
    const error = await rejection((responses[0] ?? expect.fail()).text(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(error.message).to.include('not read for 1000 ms').and.include('cancel');
  });

  it('waits for a reader that takes longer than the timeout', async () => {
    const server = await open(answers(answer(200, 'x'.repeat(2_000_000))));
    const response = await ask(server, { idle: 50 });
    await sleep(150);
    expect(await response.text()).to.have.length(2_000_000);
  });

  it('returns a part of the body that arrived while the process was blocked for longer than the timeout', async () => {
    let more = (): void => {};
    const server = await open((socket) => {
      socket.write(`${head(200, { 'content-length': 6 })}one`);
      more = () => socket.write('two');
    });
    const { body } = await ask(server, { idle: 200 });
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
    expect(await read()).to.equal('one');
    // A timer would not do: node reads sockets between two rounds of timers.
    setImmediate(() => {
      more();
      block(300);
    });
    expect(await read()).to.equal('two');
  });

  it('fails with a timeout if the body pauses', async () => {
    const server = await open((socket) => socket.write(`${head(200, { 'content-length': 6 })}one`));
    const error = await rejection((await ask(server, { idle: 30 })).text(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(error.message).to.include('30 ms (the option timeout)');
    expect(error).to.deep.include({ response: { status: 200 } });
  });

  it('sends nothing if the caller has aborted already', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const error = await rejection(ask(server, { signal: AbortSignal.abort() }), CriteoTransportError);
    expect(error).to.include({ code: 'aborted' });
    expect(server.received).to.eql([]);
  });

  it('fails with the reason, and closes the connection, if the caller aborts while the body is read', async () => {
    const server = await open((socket) => socket.write(`${head(200, { 'content-length': 6 })}one`));
    const control = new AbortController();
    const response = await ask(server, { signal: control.signal });
    const reason = new Error('left');
    control.abort(reason);
    const error = await rejection(response.text(), CriteoTransportError);
    expect(error).to.include({ code: 'aborted', cause: reason });
    await server.quiet();
  });

  it('leaves nothing that listens to the signal', async () => {
    const server = await open((socket, { index }) =>
      index === 0 ? socket.write(answer(200, 'ok')) : socket.destroy(),
    );
    const { signal } = new AbortController();
    await askUntilClose(server, { signal });
    expect(getEventListeners(signal, 'abort')).to.eql([]);
    await rejection(askUntilClose(server, { signal }), CriteoTransportError);
    expect(getEventListeners(signal, 'abort')).to.eql([]);
  });

  it('closes the connection if the body is cancelled', async () => {
    const server = await open((socket) => socket.write(`${head(200, { 'content-length': 6 })}one`));
    await (await ask(server)).body?.cancel();
    await server.quiet();
  });

  const endings: [string, (response: Response) => Promise<unknown> | undefined][] = [
    ['is read', (response) => response.text()],
    ['is cancelled', (response) => response.body?.cancel()],
  ];
  for (const [what, finish] of endings) {
    it(`leaves no timer that keeps the process alive once the body ${what}`, async () => {
      const server = await open(answers(answer(200, 'ok')));
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = timers();
      await finish(await ask(server, { idle: 60_000 }));
      expect(timers()).to.be.at.most(before);
    });
  }

  const moments: [string, (run: () => void) => void][] = [
    ['at once', (run) => run()],
    ['in the next tick', (run) => process.nextTick(run)],
    ['in a microtask', (run) => queueMicrotask(run)],
  ];
  for (const [when, later] of moments) {
    it(`may be cancelled ${when} after a read`, async () => {
      const server = await open(answers(answer(200, 'x'.repeat(500_000))));
      const agent = ours(server);
      const response = await ask(server, { agent });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const [connection = expect.fail()] = Object.values(agent.sockets).flat();
      for (let before = 0; connection.bytesRead > before; await sleep(5)) before = connection.bytesRead;
      await reader.read();
      void reader.read();
      await new Promise<void>((resolve, reject) => later(() => reader.cancel().then(resolve, reject)));
      await server.quiet();
    });

    it(`may be cancelled ${when} after its last bytes came`, async () => {
      let finish = (): void => {};
      const server = await open((socket) => {
        socket.write(`${head(200, { 'content-length': 6 })}one`);
        finish = () => socket.end('two');
      });
      const agent = ours(server);
      const response = await ask(server, { agent });
      const [connection = expect.fail()] = Object.values(agent.sockets).flat();
      const cancelled = new Promise<void>((resolve, reject) => {
        connection.on('data', () => later(() => response.body?.cancel().then(resolve, reject)));
      });
      finish();
      await cancelled;
      await server.quiet();
    });
  }

  it('rejects at once, and sends nothing more, if the caller aborts before the second attempt', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const again = server.pause();
    const control = new AbortController();
    setTimeout(() => {
      control.abort();
      again();
    }, 40);
    const error = await rejection(ask(server, { signal: control.signal }), CriteoTransportError);
    expect(error).to.include({ code: 'aborted' });
    await sleep(200);
    expect(server.connections).to.equal(0);
  });

  it('rejects a switch to another protocol', async () => {
    const server = await open(answers(`${head(101, { connection: 'upgrade', upgrade: 'websocket' })}hello`));
    const error = await rejection(ask(server), CriteoTransportError);
    expect(error).to.include({ code: 'invalid_response', retryable: false });
    expect(error.message).to.include('the server switched to another protocol');
    await server.quiet();
  });
});

describe('exchange, in a process that was blocked for longer than the timeout', () => {
  const open = opener();
  const { ours } = agents();
  const ask = (server: Loopback) =>
    exchange({ url: server.url(), timeout: 200, agent: ours(server) }, { method: 'GET', limit: 8_000_000 });

  for (const [what, body] of [
    ['a small response', 'ok'],
    ['a large response', 'x'.repeat(400_000)],
  ] as const) {
    it(`returns ${what} that has arrived`, async () => {
      const server = await open((socket) => {
        socket.write(answer(200, body));
        block(300);
      });
      expect((await ask(server)).text).to.equal(body);
    });
  }

  it('fails with a timeout if the response has not arrived', async () => {
    const server = await open((socket) => {
      socket.write(head(200, { 'content-length': 9 }));
      block(300);
    });
    expect(await rejection(ask(server), CriteoTransportError)).to.include({ code: 'timeout' });
    await server.quiet();
  });

  it('sends nothing after the deadline, because the response would be lost', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const asked = rejection(askExchange(server, { agent: ours(server), timeout: 40 }), CriteoTransportError);
    // The kernel establishes the connection in the meantime.
    block(100);
    expect(await asked).to.include({ code: 'timeout' });
    while (server.connections < 1) await sleep(1);
    await server.quiet();
    expect(server.received).to.eql([]);
  });

  it('does not send the request again after the deadline', async () => {
    const server = await open((socket, { index }) => {
      if (index !== 1) return socket.write(answer(200, 'ok'));
      socket.destroy();
      return block(100);
    });
    const agent = ours(server);
    await askExchange(server, { agent });
    const error = await rejection(askExchange(server, { agent, timeout: 40 }), CriteoTransportError);
    expect(error).to.include({ code: 'timeout' });
    while (server.connections < 2) await sleep(1);
    await server.quiet();
    expect(server.received).to.have.length(2);
  });
});
