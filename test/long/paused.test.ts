import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { answer, head, type Loopback, opener } from '../support/loopback';

const TIMEOUT = 1000;
const token = answer(200, { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' });

describe('A process that was paused for longer than its timeout while a response arrived', () => {
  const open = opener();
  let child: ChildProcess;
  let messages: AsyncIterator<unknown[]>;
  beforeEach(async () => {
    child = fork(require.resolve('../integration/network/support'), [String(TIMEOUT)], {
      execArgv: ['--require', 'tsx/cjs'],
    });
    messages = on(child, 'message');
    expect(await message()).to.equal('ready');
  });
  afterEach(() => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  });

  const start = (server: Loopback, job: string) => child.send({ job, apiURL: server.origin });

  async function message(): Promise<unknown> {
    const { value } = await messages.next();
    return value[0];
  }

  /** Pauses the process until its timeout has passed, and does `work` while it is paused. */
  async function whilePaused(work: () => void): Promise<void> {
    child.kill('SIGSTOP');
    await sleep(20);
    work();
    await sleep(TIMEOUT + 50);
    child.kill('SIGCONT');
  }

  for (const [what, job, response, text] of [
    ['gets the tokens of a refresh', 'refresh', token, 'at-1'],
    ['gets the response of an API call', 'headers', answer(200, 'report'), 'report'],
    ['gets what the database of a state store responded', 'start', answer(200, 'handle-1'), 'handle-1'],
  ] as const) {
    it(what, async () => {
      const server = await open((socket) => void whilePaused(() => socket.write(response)));
      start(server, job);
      expect(await message()).to.eql({ text });
    });
  }

  it('gets the parts of a body that arrived while it was paused', async () => {
    let more = (): void => {};
    const server = await open((socket) => {
      socket.write(`${head(200, { 'content-length': 6 })}one`);
      more = () => socket.write('two');
    });
    start(server, 'body');
    expect(await message()).to.eql({ read: 'one' });
    const paused = whilePaused(more);
    expect(await message()).to.eql({ read: 'onetwo' });
    expect(await message()).to.eql({ text: 'onetwo' });
    await paused;
  });

  it('fails with a timeout if nothing arrived', async () => {
    const server = await open(() => void whilePaused(() => {}));
    start(server, 'refresh');
    expect(await message()).to.eql({ code: 'timeout' });
  });
});
