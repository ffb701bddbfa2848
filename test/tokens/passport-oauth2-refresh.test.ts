import { expect } from 'chai';
import refresh from 'passport-oauth2-refresh';
import { CriteoStrategy } from '../../lib/strategy';
import { redirectURI } from '../sandbox/support';
import { opener } from './support';

interface Answer {
  error: object | null;
  accessToken: string;
  refreshToken: string | undefined;
}

describe('passport-oauth2-refresh', () => {
  const open = opener();

  /** A strategy that is registered with the real package, which rebuilds node-oauth's object from the strategy's. */
  async function register(name: string) {
    const { sandbox, consent } = await open();
    const options = { ...sandbox.app, ...sandbox.endpoints, callbackURL: redirectURI, name };
    const strategy = new CriteoStrategy({ ...options, verify: () => false });
    refresh.use(name, strategy);
    return {
      sandbox,
      consent,
      ask: (refreshToken: string) =>
        new Promise<Answer>((resolve) => {
          refresh.requestNewAccessToken(name, refreshToken, (error, accessToken, refreshToken) =>
            resolve({ error, accessToken: `${accessToken}`, refreshToken }),
          );
        }),
    };
  }

  it('refreshes the tokens of our strategy', async () => {
    const { consent, ask, sandbox } = await register('refreshed');
    const { refreshToken = '', accessToken: before } = await consent();
    const { error, accessToken, refreshToken: after } = await ask(refreshToken);
    expect(error).to.equal(null);
    expect(accessToken).to.be.a('string').and.not.equal(before);
    expect(after).to.equal(refreshToken);
    expect(sandbox.requests.at(-1)?.form).to.include({ grant_type: 'refresh_token', refresh_token: refreshToken });
  });

  it('gets the error if Criteo refuses', async () => {
    const { ask } = await register('refused');
    const { error } = await ask('unknown');
    expect(error).to.include({ code: 'invalid_grant' });
  });
});
