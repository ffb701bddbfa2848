import { expect } from 'chai';
import { NoReplyError, sendRequest } from '../../lib/cli/request';
import { answer, opener } from '../support/loopback';

const open = opener();
const { signal } = new AbortController();

/** The code of a request that gets no response. */
const failure = async (request: Promise<unknown>): Promise<string> => {
  const error: unknown = await request.then(
    () => 'it did not fail',
    (reason: unknown) => reason,
  );
  return error instanceof NoReplyError ? error.code : String(error);
};

describe('A request of the command', () => {
  it('returns the whole response, with any status', async () => {
    const server = await open((socket) => void socket.write(answer(418, '\uFEFF{"a":1}', { 'x-test': 'yes' })));
    const reply = await sendRequest(server.url(), { signal });
    expect(reply).to.include({ status: 418, text: '{"a":1}' });
    expect([reply.json, reply.headers['x-test']]).to.deep.equal([{ a: 1 }, 'yes']);
    expect(reply.receivedAt).to.be.at.least(reply.sentAt);
  });

  it('sends a form with every character encoded', async () => {
    const server = await open((socket) => void socket.write(answer(200)));
    await sendRequest(server.url(), { form: { secret: 'a+b&c=d é' }, signal });
    const [received] = server.received;
    expect(received).to.include({ method: 'POST', body: 'secret=a%2Bb%26c%3Dd+%C3%A9' });
    expect(received?.headers['content-type']).to.equal('application/x-www-form-urlencoded');
  });

  it('follows no redirect', async () => {
    const server = await open((socket) => void socket.write(answer(302, '', { location: '/elsewhere' })));
    expect((await sendRequest(server.url(), { signal })).status).to.equal(302);
    expect(server.received).to.have.lengthOf(1);
  });

  it('says why there was no response', async () => {
    const silent = await open(() => {});
    expect(await failure(sendRequest(silent.url(), { signal, timeout: 30 }))).to.equal('timeout');
    const endless = await open((socket) => void socket.write(answer(200, 'x'.repeat(2 ** 21))));
    expect(await failure(sendRequest(endless.url(), { signal }))).to.equal('too_large');
    const cut = await open((socket) => void socket.end(answer(200, 'whole').slice(0, -1)));
    expect(await failure(sendRequest(cut.url(), { signal }))).to.equal('ECONNRESET');
    const slow = await open((socket) => void socket.write(answer(200, 'whole').slice(0, -1)));
    expect(await failure(sendRequest(slow.url(), { signal, timeout: 30 }))).to.equal('timeout');
  });

  it('rejects with the reason of its signal, and closes its connection', async () => {
    const stopped = new AbortController();
    const server = await open(() => stopped.abort(new Error('stopped')));
    expect(await failure(sendRequest(server.url(), { signal: stopped.signal }))).to.equal('Error: stopped');
    await server.quiet();
  });
});
