import { expect } from 'chai';
import fc from 'fast-check';
import { opener, raw } from './support';

describe('sandbox: hostile input', () => {
  const open = opener();

  // Names that routes, tables and forms know, and what breaks naive code.
  const words = fc.oneof(
    fc.constantFrom(
      'client_id',
      'redirect_uri',
      'redirect-uri',
      'state',
      'key',
      'timestamp',
      'signature',
      'nonce',
      'hmac',
      'grant_type',
      'authorization_code',
      'consent',
      'decision',
      'user',
      'form[x]',
      '__proto__',
      'constructor',
      'toString',
      '%zz',
      '%00',
      '..',
      '',
      '\u0000',
      'é',
      '1e999',
      '-1',
    ),
    fc.string({ maxLength: 20 }),
  );
  const pairs = fc.array(fc.tuple(words, words, fc.boolean()), { maxLength: 6 }).map((list) =>
    list
      .map(([name, value, encoded]) => {
        const write = (text: string) => (encoded ? encodeURIComponent(text) : text);
        return `${write(name)}=${write(value)}`;
      })
      .join('&')
      // What may stand in a request line: node refuses the rest itself.
      .replace(/[^\x21-\x7e]/g, '+'),
  );
  const path = fc.constantFrom(
    '/',
    '/request',
    '/oauth2/token',
    '/2026-07/advertisers/me',
    '/2026-07/retail-media/accounts',
    '/__proto__/me',
    '/2026-07/constructor',
    '//',
    '/sandbox/exchanges',
    '/sandbox/switches',
    '/sandbox/revoke',
    '/sandbox/api',
    '/sandbox/api/requests',
    '/sandbox/api/consents/x',
    '/sandbox/api/faults',
    '/sandbox/api/users',
    '/sandbox/api/__proto__',
  );
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
  const type = fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'text/plain', '', ';');
  const body = fc.oneof(pairs, fc.json({ maxDepth: 3 }), fc.string({ maxLength: 50 }));
  const authorization = fc.constantFrom('', 'Bearer', 'Bearer x', 'Basic eDp4', 'Bearer __proto__');

  it('never gets a status of 500, nor ends the sandbox', async () => {
    const sandbox = await open();
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        pairs,
        type,
        body,
        authorization,
        async (verb, route, query, contentType, text, auth) => {
          const headers = {
            'content-type': contentType,
            'x-criteo-sandbox': '1',
            ...(auth !== '' && { authorization: auth }),
          };
          const { status } = await raw(
            `${sandbox.url}${route}?${query}`,
            { method: verb, headers },
            verb === 'GET' ? '' : text,
          );
          statuses.add(status);
          expect(status).to.be.below(500);
        },
      ),
      { numRuns: 300 },
    );
    expect([...statuses]).to.include.members([200, 400, 404, 405]);
    expect((await raw(sandbox.url)).status).to.equal(200);
  });
});
