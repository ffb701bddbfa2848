import { expect } from 'chai';
import { RequestLog } from '../../../lib/sandbox/world/request-log';
import { opener, raw, token } from '../support';

describe('sandbox: request log', () => {
  const sent = (number: number, body = '') => ({
    app: undefined,
    path: `http://127.0.0.1/${number}`,
    headers: {},
    body,
    attempt: 1,
    time: 0,
  });

  it('keeps the last 5,000 requests', () => {
    const log = new RequestLog();
    for (let number = 1; number <= 5_003; number++) log.sent(sent(number));
    const paths = log.entries().map(({ path }) => path);
    expect(paths).to.have.length(5_000);
    expect(paths[0]).to.equal('http://127.0.0.1/4');
    expect(paths.at(-1)).to.equal('http://127.0.0.1/5003');
  });

  it('keeps 8 million characters at the most, bodies and responses included', () => {
    const log = new RequestLog();
    const body = 'x'.repeat(60_000);
    for (let number = 1; number <= 1_000; number++) {
      log.finish(log.sent(sent(number, body)), { status: 200, response: { headers: {}, body } });
    }
    const entries = log.entries();
    const characters = entries.reduce(
      (sum, { body: kept, response }) => sum + kept.length + (response?.body.length ?? 0),
      0,
    );
    expect(characters).to.be.below(8_000_000).and.above(7_000_000);
    expect(entries.at(-1)?.path).to.equal('http://127.0.0.1/1000');
  });

  it('cuts a long response', () => {
    const log = new RequestLog();
    log.finish(log.sent(sent(1)), { status: 200, response: { headers: {}, body: 'x'.repeat(1_000_000) } });
    expect(log.entries()[0]?.response?.body).to.have.length(65_537);
  });

  it('counts an entry that was dropped before it was finished only once', () => {
    const log = new RequestLog();
    const early = log.sent(sent(1, 'x'.repeat(60_000)));
    for (let number = 0; number < 200; number++) log.sent(sent(number, 'y'.repeat(60_000)));
    log.finish(early, { status: 200 });
    for (let number = 0; number < 200; number++) log.sent(sent(number, 'z'.repeat(60_000)));
    expect(log.entries()).to.have.length(132);
  });

  it('survives a listener that throws', () => {
    const log = new RequestLog();
    const heard: number[] = [];
    log.listen(() => {
      throw new Error('of the listener');
    });
    const end = log.listen(({ id }) => heard.push(id));
    log.finish(log.sent(sent(1)), { status: 200 });
    end();
    log.finish(log.sent(sent(2)), { status: 200 });
    expect(heard).to.deep.equal([1]);
  });

  describe('of a sandbox', () => {
    const open = opener();

    it('is not filled by pages of other websites: their requests are refused, unread and not kept', async () => {
      const sandbox = await open();
      const foreign = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ];
      for (const headers of foreign) {
        const post = (path: string) =>
          raw(`${sandbox.url}${path}`, { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' } }, 'x');
        for (const path of ['/oauth2/token', '/2026-07/advertisers/me', '/anything', '/request', '/sandbox/reset']) {
          expect((await post(path)).status, `${path} ${JSON.stringify(headers)}`).to.equal(403);
        }
      }
      expect(sandbox.requests).to.deep.equal([]);
      expect((await token(sandbox, { grant_type: 'client_credentials' })).status).to.equal(200);
    });

    it('refuses a foreign upload before it is sent', async () => {
      const sandbox = await open();
      const headers = { origin: 'https://evil.example', 'content-length': '1000000000' };
      const response = await raw(`${sandbox.url}/oauth2/token`, { method: 'POST', headers }, 'only the start').catch(
        (error: Error) => error,
      );
      expect(response).to.include({ status: 403 });
    });
  });
});
