import { expect } from 'chai';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

const day = 86_400_000;

describe('The example, after the sandbox’s clock was moved', () => {
  let example: RunningExample;
  let client: CookieClient;
  beforeEach(async () => {
    example = await startExample();
    client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Ada' });
  });
  afterEach(() => example.close());

  const invite = async (): Promise<string> => {
    const { body } = await client.get((await client.post('/invite')).location);
    return (/value="([^"]+)" readonly/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&');
  };

  it('makes invitations that the sandbox accepts', async () => {
    example.sandbox.advance(180 * day);
    expect(await example.sandbox.approve(await invite(), { advertisers: ['13'] })).to.equal(`${example.url}/invited`);
    expect((await client.get('/invite')).body).to.contain('Granted: 1 advertiser');
  });

  it('signs in, connects and refreshes', async () => {
    example.sandbox.advance(180 * day);
    const connect = async (): Promise<string> => {
      const consentPage = (await client.get('/criteo-connect')).location;
      return (await client.get(await example.sandbox.approve(consentPage, { advertisers: ['13'] }))).location;
    };
    expect(await connect()).to.equal(`${example.url}/dashboard`);
    await client.post('/refresh', { connection: '13' });
    expect((await client.get('/dashboard')).body)
      .to.contain('was refreshed')
      .and.contain('Alpine Outfitters');
  });

  it('works again after the clock is set back', async () => {
    let ahead = 180 * day;
    await example.close();
    example = await startExample({ sandbox: { now: () => Date.now() + ahead } });
    client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Ada' });
    const consentPage = (await client.get('/criteo-connect')).location;
    await client.get(await example.sandbox.approve(consentPage, { advertisers: ['13'] }));
    ahead = 0;
    const { body } = await client.get('/dashboard');
    expect(body).to.contain('Alpine Outfitters').and.contain('Refresh now').and.not.contain('clock');
    expect(await example.sandbox.approve(await invite())).to.equal(`${example.url}/invited`);
    ahead = -day;
    expect((await client.get('/dashboard')).body).to.contain('1 day behind');
    expect(await example.sandbox.approve(await invite())).to.equal(`${example.url}/invited`);
  });

  for (const [moved, words] of [
    [30_000, '30 seconds ahead'],
    [60_000, '1 minute ahead'],
    [900_000, '15 minutes ahead'],
    [day, '1 day ahead'],
    [180 * day, '180 days ahead'],
  ] as const) {
    it(`shows on every page that the clock is ${words}, and where to set it`, async () => {
      expect((await client.get('/dashboard')).body).not.to.contain('clock');
      example.sandbox.advance(moved);
      for (const path of ['/', '/dashboard', '/invite', '/nowhere', '/criteo-auth/callback?code=a&state=b']) {
        const { body } = await client.get(path);
        expect(body, path).to.contain(words).and.contain(`href="${example.sandbox.url}#clock"`);
      }
    });
  }
});
