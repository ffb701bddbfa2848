import { expect } from 'chai';
import { registrationOf, registrationText } from '../../example/registration';
import { CookieClient } from '../support/cookie-client';
import { type RunningExample, startExample } from './support';

describe('The example’s registration data for Criteo', () => {
  let example: RunningExample;
  const start = async (options: Parameters<typeof startExample>[0] = {}): Promise<string> => {
    example = await startExample(options);
    return (await new CookieClient(example.url).get('/')).body;
  };
  afterEach(() => example.close());

  /** Returns the text of an element, as a browser copies it. */
  const textOf = (body: string, id: string): string =>
    (new RegExp(`<code id="${id}">(.*?)</code>`).exec(body)?.[1] ?? '').replaceAll('<wbr>', '');

  it('has exactly the redirect URIs that the example uses', async () => {
    const body = await start();
    const client = new CookieClient(example.url);
    await client.post('/sign-in', { name: 'Ada' });
    for (const [id, path] of [
      ['sign-in-uri', '/criteo-auth'],
      ['connect-uri', '/criteo-connect'],
    ] as const) {
      const { searchParams } = new URL((await client.get(path)).location);
      expect(textOf(body, id)).to.equal(searchParams.get('redirect_uri'));
    }
    expect(textOf(body, 'connector-uri')).to.equal(`${example.url}/criteo-consent`);
  });

  it('has the kind of app, its service and its PKCE switch', async () => {
    const body = await start();
    expect(body).to.contain('<strong>Authorization Code</strong>').and.contain('<strong>PKCE off</strong>');
    expect(body).to.contain('C-Growth (Marketing Solutions)').and.contain('needs no registration');
    expect(textOf(body, 'command')).to.equal('CRITEO_CLIENT_ID=… CRITEO_CLIENT_SECRET=… npm start');
  });

  it('depends on the settings and on whether the real Criteo is used', async () => {
    const body = await start({ criteo: { service: 'retail-media', pkce: true }, real: true });
    expect(body).to.contain('C-Max (Retail Media)').and.contain('<strong>PKCE on</strong>');
    expect(body).to.contain('talks to the real Criteo').and.not.contain('needs no registration');
    expect(textOf(body, 'command')).to.match(/ CRITEO_SERVICE=retail-media CRITEO_PKCE=true npm start$/);
  });

  it('is also printed in the terminal', async () => {
    await start();
    const text = registrationText(
      registrationOf({ clientID: 'id', pkce: true, callbackURL: 'https://app.example.com/back' }),
    );
    expect(text).to.match(/redirect URI to sign in +https:\/\/app\.example\.com\/back\n/);
    expect(text).to.match(/redirect URI to connect +https:\/\/app\.example\.com\/criteo-connect\/callback\n/);
    expect(text)
      .to.match(/PKCE +on\n/)
      .and.match(/callback URL +https:\/\/app\.example\.com\/criteo-consent /);
  });
});
