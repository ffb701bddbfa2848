import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { exchange } from '../../lib/http/exchange';
import { send } from '../../lib/http/streaming-request';
import { rejection } from '../support/errors';
import { answer, answers, head, type Loopback, opener } from '../support/loopback';
import { agents } from './support';

/** Keeps the event loop from doing anything. */
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

  it('frees the connection of a small body that is not read', async () => {
    const server = await open(answers(answer(500, 'x'.repeat(1000))));
    const agent = ours(server);
    for (let i = 0; i < 5; i += 1) {
      await ask(server, { agent });
      while (Object.keys(agent.freeSockets).length === 0) await sleep(1);
    }
    expect(server.connections).to.equal(1);
  });

  it('closes the connections of large bodies that are not read', async () => {
    const server = await open(answers(answer(500, 'x'.repeat(2_000_000))));
    const agent = ours(server);
    const responses = await Promise.all(Array.from({ length: 100 }, () => ask(server, { agent, idle: 100 })));
    expect(server.connections).to.equal(100);
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

  it('keeps a part of the body that came while the process was blocked for longer than the timeout', async () => {
    const server = await open((socket) => {
      socket.write(`${head(200, { 'content-length': 6 })}one`);
      const blocked = (): void => {
        socket.write('two');
        block(100);
      };
      // Not in a timer of its own: the next timers run only after sockets were read then.
      setTimeout(() => setImmediate(blocked), 10);
    });
    const response = await ask(server, { idle: 50 });
    expect(await response.text()).to.equal('onetwo');
  });

  it('ends a body that pauses', async () => {
    const server = await open((socket) => socket.write(`${head(200, { 'content-length': 6 })}one`));
    const error = await rejection((await ask(server, { idle: 30 })).text(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(error.message).to.include('30 ms (the option timeout)');
    expect(error).to.deep.include({ response: { status: 200 } });
  });

  it('sends nothing for a caller who gave up before', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const error = await rejection(ask(server, { signal: AbortSignal.abort() }), CriteoTransportError);
    expect(error).to.include({ code: 'aborted' });
    expect(server.received).to.eql([]);
  });

  it('refuses a switch to another protocol', async () => {
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
    exchange({ url: server.url(), timeout: 50, agent: ours(server) }, { method: 'GET', limit: 8_000_000 });

  for (const [what, body] of [
    ['a small response', 'ok'],
    ['a large response', 'x'.repeat(400_000)],
  ] as const) {
    it(`keeps ${what} that had arrived`, async () => {
      const server = await open((socket) => {
        socket.write(answer(200, body));
        block(100);
      });
      expect((await ask(server)).text).to.equal(body);
    });
  }

  it('refuses what had not arrived', async () => {
    const server = await open((socket) => {
      socket.write(head(200, { 'content-length': 9 }));
      block(100);
    });
    expect(await rejection(ask(server), CriteoTransportError)).to.include({ code: 'timeout' });
    await server.quiet();
  });
});
