import { expect } from 'chai';
import { createSandbox } from '../../lib/sandbox';
import { api, consentURL, failure, login, opener, raw, start, token } from './support';

describe('sandbox: server', () => {
  const open = opener();

  it('listens on other addresses, IPv6 included', async () => {
    const six = await open({ host: '::1' });
    expect(six.url).to.match(/^http:\/\/\[::1\]:\d+$/);
    expect((await api(six, (await login(six)).access)).status).to.equal(200);
    expect((await open({ host: '0.0.0.0' })).url).to.match(/^http:\/\/127\.0\.0\.1:/);
    expect((await open({ host: '::' })).url).to.match(/^http:\/\/\[::1\]:/);
  });

  it('says so if the port is taken, or the host is none', async () => {
    const { url } = await open();
    const port = Number(new URL(url).port);
    expect((await failure(createSandbox({ port }))).message).to.equal(
      `createSandbox: cannot listen on \`host\` 127.0.0.1, \`port\` ${port}: the port is taken; choose another, or 0 for any free one`,
    );
    expect((await failure(createSandbox({ host: '203.0.113.1' }))).message).to.contain('EADDRNOTAVAIL');
  });

  it('counts connections, without those of approve and deny', async () => {
    const sandbox = await open();
    await sandbox.approve(consentURL(sandbox));
    await sandbox.deny(consentURL(sandbox));
    expect(sandbox.connections).to.equal(0);
    await raw(sandbox.url);
    await raw(sandbox.url);
    expect(sandbox.connections).to.equal(2);
  });

  it('keeps idle connections longer than node does, and ends them when closed', async () => {
    const sandbox = await open();
    const response = await fetch(sandbox.url);
    await response.text();
    expect(response.headers.get('keep-alive')).to.equal('timeout=75');
    const first = sandbox.close();
    expect(sandbox.close()).to.equal(first);
    await first;
    expect((await failure(raw(sandbox.url))).message).to.contain('ECONNREFUSED');
  });

  it('responds only to its own names, so that other websites cannot read it through DNS', async () => {
    const sandbox = await open();
    const status = async (host: string) => (await raw(sandbox.url, { headers: { host } })).status;
    for (const host of ['127.0.0.1', 'localhost:1234', 'sandbox.localhost', '[::1]:80', 'LOCALHOST']) {
      expect(await status(host), host).to.equal(200);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', '192.0.2.1', 'not a host']) {
      expect(await status(host), host).to.equal(421);
    }
    const named = await open({ host: 'localhost' });
    expect(named.url).to.match(/^http:\/\/localhost:/);
    expect((await raw(named.url)).status).to.equal(200);
  });

  it('survives a clock that throws, and requests that are cut off', async () => {
    let broken = false;
    const sandbox = await open({
      now: () => {
        if (broken) throw new Error('no time');
        return start;
      },
    });
    broken = true;
    const answer = await raw(consentURL(sandbox));
    expect([answer.status, answer.body]).to.deep.equal([500, 'Sandbox: no time\n']);
    broken = false;
    const cut = new AbortController();
    const call = fetch(sandbox.endpoints.tokenURL, {
      method: 'POST',
      signal: cut.signal,
      duplex: 'half',
      body: new ReadableStream({ pull: () => cut.abort() }),
    } as RequestInit);
    await failure(call);
    expect((await raw(sandbox.url)).status).to.equal(200);
  });

  it('can be reached under a public URL, for containers', async () => {
    const sandbox = await open({ host: '0.0.0.0', publicURL: 'http://criteo-sandbox:4300/' });
    expect(sandbox.url).to.equal('http://criteo-sandbox:4300');
    expect(sandbox.endpoints.tokenURL).to.equal('http://criteo-sandbox:4300/oauth2/token');
    const back = await sandbox.approve(consentURL(sandbox, { redirect_uri: 'http://app:3000/callback' }));
    expect(back).to.contain('http://app:3000/callback?code=');
    const wrong = await failure(sandbox.approve('http://other:4300/request?x'));
    expect(wrong.message).to.contain("one of this sandbox's (http://criteo-sandbox:4300/request");
  });

  it('responds to the host name of its public URL, and says how to set one', async () => {
    const sandbox = await open({ publicURL: 'http://criteo-sandbox:4300' });
    const local = `http://127.0.0.1:${await listeningPort(sandbox)}`;
    const at = (host: string) => raw(`${local}/`, { headers: { host } });
    expect((await at('criteo-sandbox:4300')).status).to.equal(200);
    const refused = await at('another:4300');
    expect([refused.status, refused.body.includes('publicURL')]).to.deep.equal([421, true]);
    const api = await raw(`${local}/oauth2/token`, { method: 'POST', headers: { host: 'another:4300' } });
    expect([api.status, JSON.parse(api.body).error_description]).to.deep.equal([
      421,
      'Not an address of this sandbox. Use http://criteo-sandbox:4300. For another host name, such as one of a container, set the option `publicURL` (--public-url).',
    ]);
  });

  it('refuses a body that is larger than any request needs, however large it gets', async () => {
    const sandbox = await open();
    const answer = await token(sandbox, { x: 'x'.repeat(70_000) });
    expect(answer).to.include({ status: 413, error: 'invalid_request' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const huge = await raw(`${sandbox.url}/oauth2/token`, { method: 'POST', headers }, 'x'.repeat(30_000_000)).catch(
      (error: NodeJS.ErrnoException) => ({ status: error.code }),
    );
    expect(huge.status).to.be.oneOf([413, 'ECONNRESET', 'EPIPE']);
    expect((await raw(sandbox.url)).status).to.equal(200);
  });
});

/** The port that a sandbox with a public URL listens on: a visit of its own tells it. */
async function listeningPort(sandbox: Awaited<ReturnType<typeof createSandbox>>): Promise<number> {
  await sandbox.deny(consentURL(sandbox));
  const host = sandbox.requests.at(-1)?.headers['host'];
  return Number(String(host).split(':').at(-1));
}
