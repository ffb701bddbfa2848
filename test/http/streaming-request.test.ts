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

  function ask(server: Loopback, { idle = 1000, agent = ours(server), signal = new AbortController().signal } = {}) {
    const url = server.url();
    return send({ method: 'GET', url, headers: {}, body: undefined, agent, idle, signal, onClose() {} });
  }

  it('keeps the connection of a small unread body for the next request', async () => {
    const server = await open(answers(answer(500, 'x'.repeat(1000))));
    const agent = ours(server);
    for (let i = 0; i < 5; i += 1) {
      await ask(server, { agent });
      while (Object.keys(agent.freeSockets).length === 0) await sleep(1);
    }
    expect(server.connections).to.equal(1);
  });

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

  it('rejects at once, and sends nothing more, if the caller aborts before the second attempt', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const again = server.pause();
    const control = new AbortController();
    setTimeout(() => control.abort(), 40);
    const error = await rejection(ask(server, { signal: control.signal }), CriteoTransportError);
    expect(error).to.include({ code: 'aborted' });
    again();
    await sleep(200);
    expect(server.connections).to.equal(0);
  });

  it('rejects a switch to another protocol', async () => {
    const server = await open(answers(`${head(101, { connection: 'upgrade', upgrade: 'websocket' })}hello`));
    const error = await rejection(ask(server), CriteoTransportError);
    expect(error).to.include({ code: 'invalid_response', retryable: false });
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
