import http from 'node:http';
import https from 'node:https';
import { expect } from 'chai';
import { IDLE, keepAliveAgent } from '../../lib/http/agent';
import { agents } from '../support/agents';
import { answer, answers, opener } from '../support/loopback';
import { ways } from './support';

describe('keepAliveAgent', () => {
  const open = opener();
  const { add, ours } = agents();
  const now = Date.now;
  afterEach(() => {
    Date.now = now;
  });

  it('returns an agent for the protocol of the URL', () => {
    expect(keepAliveAgent(new URL('https://api.criteo.com'))).to.be.instanceOf(https.Agent);
    expect(keepAliveAgent(new URL('http://127.0.0.1'))).not.to.be.instanceOf(https.Agent);
  });

  it('lets the kernel probe idle connections', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const agent = ours(server);
    const [, ask] = ways[0] ?? expect.fail();
    const keepAliveCalls: unknown[] = [];
    // All arguments of node are passed on, whatever the types declare.
    const { createConnection } = agent as unknown as { createConnection: (...args: unknown[]) => unknown };
    Object.assign(agent, {
      createConnection(...args: unknown[]) {
        const socket = Reflect.apply(createConnection, agent, args) as {
          setKeepAlive: (...args: unknown[]) => unknown;
        };
        const { setKeepAlive } = socket;
        socket.setKeepAlive = (...args) => {
          keepAliveCalls.push(args);
          return Reflect.apply(setKeepAlive, socket, args);
        };
        return socket;
      },
    });
    await ask(server, { agent });
    expect(keepAliveCalls).to.deep.include([true, 1000]);
  });

  for (const [way, ask] of ways) {
    describe(`after the machine was suspended (${way})`, () => {
      for (const [what, step] of [
        ['for longer than connections are kept', IDLE + 1],
        ['and the clock was set back', -2 * IDLE],
      ] as const) {
        it(`${what}, opens a new connection`, async () => {
          const server = await open(answers(answer(200, 'ok')));
          const agent = ours(server);
          await Promise.all([ask(server, { agent }), ask(server, { agent })]);
          Date.now = () => now() + step;
          expect(await ask(server, { agent })).to.equal('ok');
          expect(server.connections).to.equal(3);
          // The old connections are closed.
          expect(server.sockets.size).to.equal(1);
          expect(await ask(server, { agent })).to.equal('ok');
          expect(server.connections).to.equal(3);
        });
      }

      it('for no longer than that, uses the open connection', async () => {
        const server = await open(answers(answer(200, 'ok')));
        const agent = ours(server);
        const start = now();
        Date.now = () => start;
        await ask(server, { agent });
        Date.now = () => start + IDLE;
        expect(await ask(server, { agent })).to.equal('ok');
        expect(server.connections).to.equal(1);
      });

      it('does not close connections of the app’s own agent', async () => {
        const server = await open(answers(answer(200, 'ok')));
        const agent = add(new http.Agent({ keepAlive: true }));
        await ask(server, { agent });
        Date.now = () => now() + IDLE + 1;
        expect(await ask(server, { agent })).to.equal('ok');
        expect(server.connections).to.equal(1);
      });
    });
  }
});
