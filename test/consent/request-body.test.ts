import { expect } from 'chai';
import { consentCallback } from '../../lib';
import type { ConsentCallbackError } from '../../lib/errors';
import { closeAll, denial, dial, gate, head, listen, secret } from './support';

const chunked = 'Transfer-Encoding: chunked';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

describe('consentCallback, when it reads uploads,', () => {
  const told: ConsentCallbackError[] = [];
  let events = 0;

  async function start(
    options: { timeout?: number; limit?: number; onError?: (error: ConsentCallbackError) => void } = {},
  ) {
    const onConsent = (): void => {
      events += 1;
    };
    return listen(consentCallback({ secret, onConsent, onError: (error) => void told.push(error), ...options }));
  }

  beforeEach(() => {
    told.length = 0;
    events = 0;
  });
  afterEach(closeAll);

  it('reads a body that arrives byte by byte', async () => {
    const { socket, answered } = dial(await start());
    const body = denial.padEnd(20_000);
    socket.write(head(body, chunked));
    socket.write(`${[...body].map(chunk).join('')}0\r\n\r\n`);
    expect(await answered).to.match(/^HTTP\/1\.1 204 /);
    expect(events).to.equal(1);
  });

  it('reads no more than the announced length, so the signature does not match', async () => {
    const { socket, answered } = dial(await start());
    socket.write(`${head(denial, `Content-Length: ${denial.length - 1}`)}${denial}`);
    // What is over is no request to node, which may say so first.
    expect(await answered).to.match(/^HTTP\/1\.1 (400|401) /);
    expect(events).to.equal(0);
  });

  it('refuses an announced length over the limit before it reads a byte, and closes the connection', async () => {
    const { socket, answered, received } = dial(await start({ timeout: 200 }));
    socket.write(head(denial, 'Content-Length: 1048577'));
    expect(await answered).to.match(/^HTTP\/1\.1 413 /);
    await received;
  });

  it('refuses an upload without a signature before it reads a byte, and closes the connection', async () => {
    const { socket, answered, received } = dial(await start({ timeout: 200 }));
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\n`);
    expect(await answered).to.match(/^HTTP\/1\.1 401 /);
    await received;
  });

  it('refuses an endless upload at the limit: the sender gets the response, and the connection is closed', async () => {
    const { socket, answered, received } = dial(await start({ limit: 100_000 }));
    socket.write(head(denial, chunked));
    const piece = chunk('x'.repeat(10_000));
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
    expect(await answered).to.match(/^HTTP\/1\.1 413 [\s\S]*The body is larger than 100000 bytes\.\n$/);
    await received;
    expect(told.map((error) => error.code)).to.deep.equal(['body_too_large']);
  });

  it('lets a refused upload end, and keeps the connection open', async () => {
    const { socket, answered } = dial(await start({ limit: 10 }));
    socket.write(head(denial, chunked) + chunk(denial));
    expect(await answered).to.match(/^HTTP\/1\.1 413 /);
    const next = gate<string>();
    socket.once('data', (data) => next.open(String(data)));
    socket.write(`${chunk('more')}0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await next.opened).to.match(/^HTTP\/1\.1 405 /);
  });

  for (const [what, announced] of [
    ['with a length', 'Content-Length: 1000'],
    ['without a length', chunked],
  ] as const) {
    it(`ends an upload that is too slow, ${what}`, async () => {
      const { socket, answered, received } = dial(await start({ timeout: 100 }));
      socket.write(head(denial, announced));
      const drip = setInterval(() => socket.write(announced === chunked ? chunk('x') : 'x'), 10);
      socket.on('close', () => clearInterval(drip));
      expect(await answered).to.match(/^HTTP\/1\.1 408 [\s\S]*The body did not come in time\.\n$/);
      await received;
      expect(told.map((error) => [error.code, error.retryable])).to.deep.equal([['body_timeout', true]]);
      expect(events).to.equal(0);
    });

    it(`stops when an upload breaks off, ${what}`, async () => {
      const aborted = gate<ConsentCallbackError>();
      const begun = gate();
      const handler = consentCallback({ secret, onConsent: () => {}, onError: aborted.open });
      const port = await listen((req, res) => {
        handler(req, res);
        begun.open();
      });
      const { socket } = dial(port);
      socket.write(head(denial, announced) + (announced === chunked ? chunk('{"Type"') : '{"Type"'));
      await begun.opened;
      socket.destroy();
      expect(await aborted.opened).to.include({ code: 'body_aborted', status: 400, retryable: true });
    });
  }

  it('stops when something else in the app has ended the upload', async () => {
    const aborted = gate<ConsentCallbackError>();
    const handler = consentCallback({ secret, onConsent: () => {}, onError: aborted.open });
    const port = await listen((req, res) => {
      handler(req, res);
      req.destroy();
    });
    dial(port).socket.write(head(denial, chunked));
    expect(await aborted.opened).to.include({ code: 'body_aborted' });
  });

  it('leaves no timer running', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const port = await start({ timeout: 1_000_000 });
    const before = timers();
    const { socket, received } = dial(port);
    socket.write(`${head(denial, 'Connection: close', `Content-Length: ${denial.length}`)}${denial}`);
    expect(await received).to.match(/^HTTP\/1\.1 204 /);
    expect(timers()).to.equal(before);
  });

  it('ends an upload that never starts', async () => {
    const { socket, answered, received } = dial(await start({ timeout: 50 }));
    socket.write(head(denial, `Content-Length: ${denial.length}`));
    expect(await answered).to.match(/^HTTP\/1\.1 408 /);
    await received;
  });

  it('reads an upload whose sender waits for 100 Continue', async () => {
    const { socket, answered, received } = dial(await start());
    socket.write(head(denial, 'Expect: 100-continue', 'Connection: close', `Content-Length: ${denial.length}`));
    expect(await answered).to.match(/^HTTP\/1\.1 100 /);
    socket.write(denial);
    expect(await received).to.match(/HTTP\/1\.1 204 /);
  });
});
