import { expect } from 'chai';
import { answer, opener, type Received } from '../support/loopback';
import { type CommandOptions, command } from './support';
import { browse, freePort } from './user';

const open = opener();
// Clears the screen, writes over the line, sets the title, turns the direction of the text; and a line of its own.
const hostile = '\u001b[2J\u001b[1A\rok\u0007\u009b31m\u202eevil\u2028\nwrong    Fake: line';
const encoded = encodeURIComponent(hostile);
const error = { error: hostile, error_description: hostile, error_uri: hostile };
const envelope = { errors: [{ code: hostile, type: hostile, title: hostile, detail: hostile, traceId: hostile }] };
const me = { data: { type: 'Application', attributes: { applicationId: hostile, organizationId: hostile } } };
const portfolio = { data: [{ id: hostile, attributes: { advertiserName: hostile } }] };
const tokens = { access_token: 'token-of-the-server', token_type: 'bearer', expires_in: hostile, [hostile]: hostile };

/** What the server answers to token requests and to API requests. */
interface Answers {
  token: (request: Received) => string;
  api: string;
}

const generous: Answers = {
  token: () => answer(200, { ...tokens, refresh_token: 'refresh-token-of-the-server' }),
  api: answer(200, { ...me, ...portfolio }, { sunset: 'Sun \u009b31m', via: '1.1 \u009b31m' }),
};
const refusing: Answers = { token: () => answer(401, error), api: answer(403, envelope) };
/** Recognises the client, so that the login goes on, and refuses every code. */
const halfway: Answers = { ...refusing, token: () => answer(400, { ...error, error: 'invalid_grant' }) };
/** The login succeeds, the refresh fails. */
const once: Answers = {
  ...refusing,
  token: ({ body }) => (body.includes('refresh_token') ? answer(400, error) : generous.token({} as Received)),
};

describe('Against a server that sends control characters wherever it can', () => {
  /** Runs a command with a user whose browser is sent back with hostile parameters. */
  async function run(args: readonly string[], { token, api }: Answers, options: CommandOptions = {}, back = 'code=c') {
    const server = await open((socket, received) => {
      socket.write(received.path === '/oauth2/token' ? token(received) : api);
    });
    const callbackURL = `http://127.0.0.1:${await freePort()}/callback`;
    const env = {
      CRITEO_CLIENT_ID: 'client-id',
      CRITEO_CLIENT_SECRET: 'client-secret',
      CRITEO_API_URL: server.origin,
      CRITEO_AUTHORIZATION_URL: `${server.origin}/request`,
      CRITEO_CALLBACK_URL: callbackURL,
    };
    const visit = (url: string) => {
      const state = new URL(url).searchParams.get('state');
      return browse(`${callbackURL}?${back}&state=${state}&${encoded}=${encoded}`);
    };
    return command(args, { env, visit, ...options });
  }

  for (const [what, answers, back] of [
    ['accepts everything', generous, 'code=c'],
    ['refuses everything', refusing, 'code=c'],
    ['refuses the code', halfway, 'code=c'],
    ['sends the user back with an error', halfway, `error=${encoded}&error_description=${encoded}`],
    ['sends the user back with an error of its own', halfway, `error=server_error&error_description=${encoded}`],
    ['refuses the refresh', once, 'code=c'],
  ] as const) {
    for (const args of [['check'], ['check', '--login'], ['check', '--login', '--json']]) {
      it(`${args.join(' ')} prints none of them, if the server ${what}`, async () => {
        const { printed, errors } = await run(args, answers, {}, back);
        expectClean(printed + errors);
      });
    }

    it(`check --probe prints none of them, if the server ${what}`, async () => {
      const { printed, errors } = await run(
        ['check', '--probe', '--timeout', '1'],
        answers,
        {
          onText: (text, running) => /\[y\/N\]|\[c\/e\/s\]/.test(text) && running.type(text.includes('[y') ? 'y' : 's'),
        },
        back,
      );
      expectClean(printed + errors);
    });
  }
});

function expectClean(text: string): void {
  expect(text).to.not.equal('');
  const controls = text.replaceAll('\n', '').match(/.{0,60}[\p{Cc}\p{Cf}\u2028\u2029]/u)?.[0];
  expect(controls && JSON.stringify(controls)).to.equal(undefined);
  expect(text).to.not.match(/^wrong {4}Fake/m);
}
