import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2';
import type { Sandbox } from '../../lib/sandbox';
import { opener, redirectURI } from './support';

// Two OAuth clients that know nothing of this project: what they can do with the sandbox, any client can.
describe('sandbox: OAuth clients of others', () => {
  const open = opener();

  describe('oauth4webapi', () => {
    const insecure = { [oauth.allowInsecureRequests]: true };

    function prepare(sandbox: Sandbox, { secret = sandbox.app.clientSecret } = {}) {
      const { authorizationURL, tokenURL } = sandbox.endpoints;
      const server = { issuer: sandbox.url, authorization_endpoint: authorizationURL, token_endpoint: tokenURL };
      return { server, client: { client_id: sandbox.app.clientID }, authentication: oauth.ClientSecretPost(secret) };
    }

    async function callback(sandbox: Sandbox, query: Record<string, string> = {}): Promise<URL> {
      const url = new URL(sandbox.endpoints.authorizationURL);
      const required = {
        response_type: 'code',
        client_id: sandbox.app.clientID,
        redirect_uri: redirectURI,
        state: 's',
      };
      url.search = new URLSearchParams({ ...required, ...query }).toString();
      return new URL(await sandbox.approve(url));
    }

    for (const pkce of [false, true]) {
      it(`exchanges a code ${pkce ? 'with' : 'without'} PKCE, and refreshes`, async () => {
        const sandbox = await open({ app: { pkce } });
        const { server, client, authentication } = prepare(sandbox);
        const verifier = oauth.generateRandomCodeVerifier();
        const code_challenge = await oauth.calculatePKCECodeChallenge(verifier);
        const back = await callback(sandbox, pkce ? { code_challenge, code_challenge_method: 'S256' } : {});
        const parameters = oauth.validateAuthResponse(server, client, back, 's');
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          parameters,
          redirectURI,
          pkce ? verifier : oauth.nopkce,
          insecure,
        );
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
        expect(tokens.expires_in).to.equal(900);
        const refreshed = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          tokens.refresh_token ?? '',
          insecure,
        );
        const fresh = await oauth.processRefreshTokenResponse(server, client, refreshed);
        expect(fresh.access_token).to.be.a('string').and.not.equal(tokens.access_token);
      });
    }

    it('understands every refusal', async () => {
      const sandbox = await open();
      const refused = async (work: (prepared: ReturnType<typeof prepare>) => Promise<unknown>, secret?: string) => {
        const prepared = prepare(sandbox, secret === undefined ? {} : { secret });
        const error = await work(prepared).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).to.be.instanceOf(oauth.ResponseBodyError);
        return (error as oauth.ResponseBodyError).error;
      };
      const machine = async ({ server, client, authentication }: ReturnType<typeof prepare>) => {
        const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, insecure);
        return oauth.processClientCredentialsResponse(server, client, response);
      };
      const refresh = async ({ server, client, authentication }: ReturnType<typeof prepare>) => {
        const response = await oauth.refreshTokenGrantRequest(server, client, authentication, 'made-up', insecure);
        return oauth.processRefreshTokenResponse(server, client, response);
      };
      expect(await refused(machine, 'wrong')).to.equal('invalid_client');
      expect(await refused(refresh)).to.equal('invalid_grant');
      const { server, client } = prepare(sandbox);
      const url = new URL(sandbox.endpoints.authorizationURL);
      url.search = `?response_type=code&client_id=${client.client_id}&redirect_uri=${redirectURI}&state=s`;
      const denied = new URL(await sandbox.deny(url));
      expect(() => oauth.validateAuthResponse(server, client, denied, 's')).to.throw(oauth.AuthorizationResponseError);
    });
  });

  describe('simple-oauth2', () => {
    const configuration = (sandbox: Sandbox, secret = sandbox.app.clientSecret) => ({
      client: { id: sandbox.app.clientID, secret },
      auth: { tokenHost: sandbox.url, tokenPath: '/oauth2/token' },
      options: { authorizationMethod: 'body' as const },
    });

    const withConsentPage = (sandbox: Sandbox) => {
      const { auth, ...rest } = configuration(sandbox);
      return { ...rest, auth: { ...auth, authorizePath: '/request' } };
    };

    it('exchanges a code, and refreshes', async () => {
      const sandbox = await open({ now: Date.now });
      const client = new AuthorizationCode(withConsentPage(sandbox));
      const back = new URL(await sandbox.approve(client.authorizeURL({ redirect_uri: redirectURI, state: 'a b' })));
      expect(back.searchParams.get('state')).to.equal('a b');
      const code = back.searchParams.get('code') ?? '';
      const tokens = await client.getToken({ code, redirect_uri: redirectURI });
      expect(tokens.expired()).to.equal(false);
      const fresh = await tokens.refresh();
      expect(fresh.token['access_token']).to.be.a('string').and.not.equal(tokens.token['access_token']);
      const again = await client.getToken({ code, redirect_uri: redirectURI }).catch((error: unknown) => error);
      expect(Object(again).data.payload).to.include({ error: 'invalid_grant' });
    });

    it('gets a token of its own, and is refused with a wrong secret', async () => {
      const sandbox = await open({ now: Date.now });
      const { token } = await new ClientCredentials(configuration(sandbox)).getToken({});
      expect(token['access_token']).to.be.a('string');
      const error = await new ClientCredentials(configuration(sandbox, 'wrong')).getToken({}).catch((e: unknown) => e);
      expect(Object(error).data.payload).to.include({ error: 'invalid_client' });
    });
  });
});
