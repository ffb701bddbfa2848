import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import type { SandboxOptions } from '../../../lib/sandbox';
import { connector, opener, raw, redirectURI, signedURL } from '../support';

describe('sandbox: consent callback', () => {
  const open = opener();
  const connectors: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(connectors.splice(0).map((one) => one.close()));
  });

  async function pair(answers: (number | 'hang' | 'reset')[] = [], options: SandboxOptions = {}) {
    const receiver = await connector(...answers);
    connectors.push(receiver);
    const sandbox = await open({ ...options, app: { callbackURL: receiver.url, ...options.app } });
    const sign = (body: string) => createHmac('sha512', sandbox.app.signingSecret).update(body).digest('hex');
    const sent = () => sandbox.requests.filter(({ direction }) => direction === 'out');
    return { sandbox, receiver, sign, sent };
  }

  it('signs as in the documented vector', () => {
    const body = '{"Type":"ConsentDenied","AcceptedScopes":[]}';
    expect(createHmac('sha512', 'test-signing-secret').update(body).digest('hex')).to.equal(
      '6f81991ff4c3e93dd8fc5f1623b5f7d23e1a05be1747f08b62239732a6d01bc694f932c4999ee2aa20633b58b44406ee2c9f7537924dd3d3f2d09bde9511ba42',
    );
  });

  it('delivers a grant, signed, before the user is sent on', async () => {
    const { sandbox, receiver, sign, sent } = await pair();
    expect(await sandbox.approve(signedURL(sandbox), { advertisers: ['13', '90210'] })).to.equal(redirectURI);
    const [{ headers, body } = { headers: {}, body: '' }, ...more] = receiver.received;
    expect(more).to.deep.equal([]);
    expect(JSON.parse(body)).to.deep.equal({
      Type: 'ConsentGranted',
      AcceptedScopes: ['MarketingSolutions_Campaign_Read', 'MarketingSolutions_Analytics_Read'],
      Advertisers: ['13', '90210'],
      State: 'user-42',
    });
    expect(headers['content-type']).to.equal('application/json; charset=utf-8');
    expect(headers['x-criteo-hmac-sha512']).to.equal(sign(body));
    expect(sent()).to.have.length(1);
    expect(sent()[0]).to.include({ method: 'POST', path: receiver.url, body, status: 204, attempt: 1 });
  });

  it('delivers a denial', async () => {
    const { sandbox, receiver } = await pair();
    await sandbox.deny(signedURL(sandbox));
    expect(JSON.parse(receiver.received[0]?.body ?? '')).to.deep.equal({
      Type: 'ConsentDenied',
      AcceptedScopes: [],
      Advertisers: [],
      State: 'user-42',
    });
  });

  it('delivers accounts for a Retail Media app', async () => {
    const { sandbox, receiver } = await pair([], { app: { service: 'retail-media' }, portfolio: 1 });
    await sandbox.approve(signedURL(sandbox));
    const body = JSON.parse(receiver.received[0]?.body ?? '');
    expect(body).to.include({ Type: 'ConsentGranted' });
    expect(body.Accounts).to.deep.equal(['18446744073709551616']);
    expect(body.AcceptedScopes[0]).to.match(/^RetailMedia_/);
  });

  it('delivers decisions on links made by the portal, too', async () => {
    const { sandbox, receiver } = await pair();
    await sandbox.approve(sandbox.portalLink(), { advertisers: ['13'] });
    expect(JSON.parse(receiver.received[0]?.body ?? ''))
      .to.include({ Type: 'ConsentGranted' })
      .and.not.have.key('State');
  });

  it('tries up to three times with the same body, until it is accepted', async () => {
    const { sandbox, receiver, sent } = await pair([500, 404, 200]);
    await sandbox.approve(signedURL(sandbox));
    expect(sent().map(({ status, attempt }) => [attempt, status])).to.deep.equal([
      [1, 500],
      [2, 404],
      [3, 200],
    ]);
    expect(new Set(receiver.received.map(({ body }) => body)).size).to.equal(1);
  });

  it('sends the user on after three failures', async () => {
    const { sandbox, sent } = await pair([302, 'reset', 'hang'], { callbackTimeout: 400 });
    expect(await sandbox.approve(signedURL(sandbox))).to.equal(redirectURI);
    expect(sent().map(({ status }) => status)).to.deep.equal([302, undefined, undefined]);
    expect(sent().map(({ error }) => error)).to.deep.equal([undefined, 'socket hang up', 'no response within 400 ms']);
    const { body } = await raw(`${sandbox.url}/`);
    expect(body).to.contain('attempt 3').and.to.contain('no response within 400 ms').and.to.contain('ConsentGranted');
  });

  it('delivers nothing if there is no callback URL', async () => {
    const sandbox = await open();
    expect((await raw(signedURL(sandbox))).body).to.contain('nowhere: the app has no callback URL');
    await sandbox.approve(signedURL(sandbox));
    expect(sandbox.requests.some(({ direction }) => direction === 'out')).to.equal(false);
  });

  it('can speak https', async () => {
    const { sandbox, receiver, sent } = await pair();
    const secure = await open({ app: { callbackURL: receiver.url.replace('http:', 'https:') } });
    await secure.approve(signedURL(secure));
    const attempts = secure.requests.filter(({ direction }) => direction === 'out');
    expect(attempts.map(({ error }) => error !== undefined)).to.deep.equal([true, true, true]);
    expect([receiver.received, sent()]).to.deep.equal([[], []]);
    expect(sandbox.url).not.to.equal(secure.url);
  });

  describe('can go wrong:', () => {
    it('a signature that does not fit, in every attempt', async () => {
      const { sandbox, receiver, sign } = await pair([401, 401, 401, 204]);
      const fault = sandbox.fault({ on: 'delivery', corrupt: true });
      await sandbox.approve(signedURL(sandbox));
      expect(receiver.received).to.have.length(3);
      for (const { headers, body } of receiver.received) {
        expect(headers['x-criteo-hmac-sha512']).to.match(/^[0-9a-f]{128}$/);
        expect(headers['x-criteo-hmac-sha512'] === sign(body)).to.equal(false);
      }
      expect(fault.hits).to.equal(1);
    });

    it('a delivery that arrives twice', async () => {
      const { sandbox, receiver } = await pair();
      sandbox.fault({ on: 'delivery', duplicate: true });
      await sandbox.approve(signedURL(sandbox));
      expect(receiver.received).to.have.length(2);
      expect(receiver.received[0]?.body).to.equal(receiver.received[1]?.body);
      await sandbox.approve(signedURL(sandbox, { state: 'next' }));
      expect(receiver.received).to.have.length(3);
    });

    it('a delivery that arrives after the user', async () => {
      const { sandbox, receiver } = await pair();
      sandbox.fault({ on: 'delivery', late: 50 });
      const arrival = receiver.arrival();
      expect(await sandbox.approve(signedURL(sandbox))).to.equal(redirectURI);
      expect(receiver.received).to.deep.equal([]);
      await arrival;
      expect(receiver.received).to.have.length(1);
    });

    it('a delivery that never arrives', async () => {
      const { sandbox, receiver, sent } = await pair();
      sandbox.fault({ on: 'delivery', lost: true });
      sandbox.fault({ on: 'token', status: 500 });
      expect(await sandbox.approve(signedURL(sandbox))).to.equal(redirectURI);
      expect([receiver.received, sent()]).to.deep.equal([[], []]);
    });
  });

  it('ends with the sandbox', async () => {
    const { sandbox, receiver } = await pair(['hang']);
    sandbox.fault({ on: 'delivery', late: 1_000_000 });
    await sandbox.approve(signedURL(sandbox));
    const arrival = receiver.arrival();
    const waiting = sandbox.approve(signedURL(sandbox, { state: 'next' })).catch((error: Error) => error.message);
    await arrival;
    await sandbox.close();
    expect(await waiting).to.match(/hang up|ECONNRESET/);
    expect(receiver.received).to.have.length(1);
  });
});
