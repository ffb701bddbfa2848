import { expect } from 'chai';
import { CriteoStrategy } from 'passport-criteo';
import { authenticate } from '../support/passport';
import { filesUnder, prose, read } from './support';

type Done = (error: unknown, value: unknown) => void;

const registered = {
  clientID: 'id',
  clientSecret: 'secret',
  callbackURL: 'https://app.example.com/criteo-auth/callback',
};

// Words with an underscore in lib/ that are not error codes: parameters, options and grants of OAuth, names of headers
// and columns. A new word must be added here or to the tables of docs/errors.md.
const words = [
  'access_token',
  'authorization_code',
  'client_credentials',
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'error_description',
  'error_uri',
  'expires_in',
  'grant_type',
  'no_refresh_token', // a reason in the status of a connection
  'redirect_uri',
  'refresh_token',
  'response_type',
  'token_type',
  'user_id', // of `req.user`
  'unsupported_grant_type', // cannot happen: the package asks with the documented grants only
];

describe('docs/errors.md', () => {
  const page = read('docs/errors.md');
  const documented = [...page.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([\w-]+)`/g)])
    .map(([, name = '']) => name);
  const codes = documented.filter((name) => /^[a-z]/.test(name));
  const sources = filesUnder('lib', /\.ts$/).filter((path) => !/^lib\/(sandbox|cli)\//.test(path));
  const source = sources.map(read).join('\n');
  const literals = new Set([...source.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map(([, word = '']) => word));
  for (const [, word = ''] of source.matchAll(/\bcode: '([a-z][\w-]*)'/g)) literals.add(word);

  it('lists every code that the package can report', () => {
    expect(literals.size).to.be.above(40);
    const missing = [...literals].filter((word) => !words.includes(word) && !codes.includes(word));
    expect(missing, 'describe them in docs/errors.md, or add them to the words above').to.deep.equal([]);
  });

  it('lists no code that the package cannot report', () => {
    expect(codes).to.have.lengthOf.above(40);
    // Codes with a hyphen are Criteo's, and the source may match them by a pattern.
    const ours = codes.filter((code) => !code.includes('-'));
    expect(ours.filter((code) => !new RegExp(`\\b${code}\\b`).test(source))).to.deep.equal([]);
  });

  it('has every code once in each table', () => {
    for (const table of page.split(/^## /m)) {
      const own = [...table.matchAll(/^\| (`[\w-]+`)/gm)].map(([, cell]) => cell);
      expect(own).to.deep.equal([...new Set(own)]);
    }
  });

  it('has every class of error', () => {
    const classes = [...read('lib/index.ts').matchAll(/\b(\w+Error)\b/g)].map(([, name = '']) => name);
    expect(classes).to.include('CriteoTokenError');
    // The shape that all have in common is described in words.
    const missing = classes.filter((name) => name !== 'CriteoError' && !prose(page).includes(`\`${name}\``));
    expect(missing).to.deep.equal([]);
  });

  for (const [type, name] of [
    ['TransportCode', 'CriteoTransportError'],
    ['TokenStoreCode', 'TokenStoreError'],
    ['PendingLoginCode', 'PendingLoginError'],
  ] as const) {
    it(`names the class of every ${type}: ${name}`, () => {
      const [, union = ''] = new RegExp(`export type ${type} =([^;]*);`).exec(read('lib/errors.ts')) ?? [];
      const all = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
      expect(all).to.have.lengthOf.above(4);
      const rows = page.split('\n').filter((line) => /^\| `/.test(line) && line.includes(`| \`${name}\` |`));
      expect(all.filter((code) => !rows.some((line) => line.includes(`\`${code}\``)))).to.deep.equal([]);
    });
  }

  it('is joined by every process warning, in the guide of what can be observed', () => {
    const warnings = [...source.matchAll(/'(CRITEO_[A-Z_]+)'/g)].map(([, name = '']) => name);
    expect(warnings).to.include('CRITEO_API_SUNSET');
    const guide = read('docs/observability.md');
    expect(warnings.filter((name) => !guide.includes(`\`${name}\``))).to.deep.equal([]);
  });

  // Criteo does not document which of them it sends.
  const refusals = [...page.matchAll(/^\| ([^|]*) \| [^|]*(?:CriteoAuthorizationError|both)[^|]* \|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([\w-]+)`/g)])
    .map(([, name = '']) => name);
  for (const code of refusals.filter((name) => /^[a-z]/.test(name))) {
    it(`lists the code that a callback with error=${code} reports`, async () => {
      const store = {
        store: (_req: unknown, _verifier: unknown, _state: unknown, _meta: unknown, done: Done) => done(null, 'handle'),
        verify: (_req: unknown, _handle: unknown, _meta: unknown, done: Done) => done(null, true),
      };
      const strategy = new CriteoStrategy({ ...registered, store, verify: () => false });
      const { kind, args } = await authenticate(strategy, { query: { error: code, state: 'handle' } });
      expect(kind).to.be.oneOf(['error', 'fail']);
      const [told] = args as [{ code?: string; error?: string }];
      expect([told.code, told.error]).to.include(code);
    });
  }

  it('lists only codes that another test mentions', () => {
    const tests = filesUnder('test', /\.ts$/).filter((path) => !path.endsWith('docs/errors.test.ts'));
    const text = tests.map(read).join('\n');
    expect(codes.filter((code) => !refusals.includes(code) && !text.includes(code))).to.deep.equal([]);
  });
});
