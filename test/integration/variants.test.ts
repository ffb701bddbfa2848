import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  type ConsentEvent,
  CriteoClient,
  CriteoStrategy,
  consentCallback,
  createConsentURL,
  ReauthorizationRequiredError,
  TokenSource,
} from '../../lib/index';
import { createSandbox, type Sandbox, sandboxVariants, type VariantName, type Variants } from '../../lib/sandbox';
import { coveringArray } from '../support/covering-array';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { failureOf, locationOf, successOf, Visitor } from '../support/strategy';

const MINUTE = 60_000;
const factors = {
  ...Object.fromEntries(Object.entries(sandboxVariants).map(([name, { variants }]) => [name, Object.keys(variants)])),
  pkce: ['off', 'on'],
  service: ['marketing-solutions', 'retail-media'],
  secret: ['sent', 'left out'],
};
const rows = coveringArray(factors);

// It is unknown which variant is true of Criteo: the library has to work with every one. Troubles that need two variants
// together show, because every pair of them stands in some row.
describe('The library survives whatever Criteo does not document:', () => {
  expectOneOutcomeEach();
  let sandbox: Sandbox;
  let app: http.Server;
  let callbacks: ConsentEvent[];
  let time: number;
  let handler: http.RequestListener;

  beforeEach(async () => {
    callbacks = [];
    time = Date.UTC(2026, 10, 22, 12);
    app = http.createServer((req, res) => handler(req, res)).listen(0, '127.0.0.1');
    await once(app, 'listening');
  });
  afterEach(async () => {
    app.close();
    app.closeAllConnections();
    await sandbox.close();
  });

  for (const [index, row] of rows.entries()) {
    const { pkce: pkceRow, service, secret, ...chosen } = row;
    const variants = chosen as unknown as Variants;
    const pkce = pkceRow === 'on';
    // What cannot work at Criteo either is no test of the library.
    const sendsSecret =
      !pkce || (variants.pkceSecret === 'optional' ? secret === 'sent' : variants.pkceSecret === 'required');
    const differing = (Object.keys(variants) as VariantName[]).filter(
      (name) => variants[name] !== sandboxVariants[name].default,
    );

    it(`row ${index + 1} of ${rows.length}: ${service}, PKCE ${pkceRow}, ${differing.map((name) => `${name} ${variants[name]}`).join(', ')}`, async () => {
      const { port } = app.address() as AddressInfo;
      const retail = service === 'retail-media';
      sandbox = await createSandbox({
        now: () => time,
        variants,
        users: [
          { name: 'Ada', advertisers: 12, accounts: 12 },
          { name: 'Ben', advertisers: 40, accounts: 40 },
        ],
        app: {
          pkce,
          service: retail ? 'retail-media' : 'marketing-solutions',
          callbackURL: `http://127.0.0.1:${port}/consent`,
        },
      });
      const { clientID, clientSecret, signingKey, signingSecret } = sandbox.app;
      const credentials = { clientID, ...(sendsSecret && { clientSecret }) };
      const callback = consentCallback({ secret: signingSecret, onConsent: (event) => void callbacks.push(event) });
      handler = (req, res) => callback(req as never, res as never, () => res.writeHead(500).end());
      const what = retail ? 'accounts' : 'advertisers';

      // A login, started and finished; the portfolio may be empty for a minute.
      const strategy = Reflect.construct(CriteoStrategy, [
        {
          ...credentials,
          ...sandbox.endpoints,
          pkce,
          service,
          callbackURL: `http://127.0.0.1:${port}/callback`,
          requireUserProfile: false,
          verify: (login: unknown) => login,
        },
      ]);
      const visitor = new Visitor();
      const begin = async () => locationOf(await authenticate(strategy, visitor.request({ query: {} })));
      const finish = (back: string) => {
        const query = Object.fromEntries(new URL(back).searchParams);
        return authenticate(strategy, visitor.request({ query }));
      };
      const { user } = successOf(await finish(await sandbox.approve(await begin())));
      const { tokens, profile } = Object(user);
      if (variants.portfolioAfterConsent === 'complete') expect(profile[what], 'the portfolio').to.have.length(12);

      // A denial ends the login without a user, whatever word it comes with.
      const denied = await finish(await sandbox.deny(await begin()));
      expect(failureOf(denied)['code']).to.match(
        variants.stateOnError === 'returned' ? /^access_denied$/ : /^state_\w+$/,
      );

      // Tokens for months: each refresh keeps the connection, with whatever refresh token comes back.
      const store = new Map();
      const client = new CriteoClient({ ...credentials, ...sandbox.endpoints } as never);
      const source = new TokenSource({ client, store, now: () => time });
      await source.save('ada', tokens);
      for (let round = 0; round < 3; round++) {
        time += 16 * MINUTE;
        const path = retail ? '/2026-07/retail-media/accounts' : '/2026-07/advertisers/me';
        const response = await source.fetch('ada', path);
        expect(response.status, `round ${round}`).to.equal(200);
        expect(Object(JSON.parse(await response.text())).data).to.have.length(
          variants.largePages === 'capped-at-10' && retail ? 10 : 12,
        );
      }

      // The whole portfolio comes, whatever the size of pages.
      const fresh = new Promise((resolve, reject) => {
        strategy.userProfile(store.get('ada').accessToken, (error: unknown, loaded: unknown) =>
          error ? reject(error) : resolve(loaded),
        );
      });
      expect(Object(await fresh)[what]).to.have.length(12);

      // Consent by a signed URL, and the callback that Criteo sends.
      const consentURL = createConsentURL({
        key: signingKey,
        secret: signingSecret,
        state: 'user-42',
        redirectURI: `http://127.0.0.1:${port}/done`,
        timestamp: new Date(time),
        consentURL: sandbox.endpoints.authorizationURL,
      });
      const holdings = sandbox.users[1]?.[retail ? 'accounts' : 'advertisers'] ?? [];
      const ids = holdings.slice(0, 2).map(({ id }) => id);
      await sandbox.approve(consentURL, { user: 'Ben', advertisers: ids });
      expect(callbacks).to.have.length(1);
      expect(callbacks[0]).to.include({ type: 'ConsentGranted', state: 'user-42' });
      expect(callbacks[0]?.[what].map(({ id }) => id)).to.deep.equal(ids);

      // The end: the user revokes the consent, then changes role.
      await sandbox.revoke();
      time += 16 * MINUTE;
      const path = retail ? '/2026-07/retail-media/accounts' : '/2026-07/advertisers/me';
      const ended = await source.fetch('ada', path).then(
        ({ status }) => status,
        (error: unknown) => error,
      );
      if (variants.refreshAfterRevocation === 'works') expect(ended).to.equal(403);
      else expect(ended).to.be.instanceOf(ReauthorizationRequiredError);
    });
  }
});
