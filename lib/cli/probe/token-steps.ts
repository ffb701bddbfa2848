import { randomBytes } from 'node:crypto';
import type { Reply } from '../request';
import {
  describeReply,
  exchangeForm,
  found,
  keepTokens,
  needsConsent,
  needsTokens,
  type ProbeContext,
  type ProbeStep,
  requestPortfolio,
  requestToken,
  textField,
  watchLogin,
  word,
} from './context';

/** A token request with a wrong secret. */
export const wrongSecret: ProbeStep = {
  id: 'wrong-secret',
  question: 'Which error names wrong client credentials, and which content type does the response have?',
  risk: 'None. One token request with a wrong secret is sent.',
  rows: ['clientError', 'contentType'],
  async run(context) {
    const clientSecret = randomBytes(24).toString('hex');
    const form = { grant_type: 'client_credentials' };
    const reply = await requestToken(context, form, { clientID: context.settings.clientID, clientSecret });
    const error = textField(reply, 'error');
    const known = ['invalid_client', 'credentials_no_longer_supported'];
    const settled = error === undefined ? {} : { clientError: known.includes(error) ? error : 'other' };
    return found({ ...settled, ...contentType(reply) }, `a wrong secret was ${describeReply(reply)}`);
  },
};

function contentType({ headers }: Reply): { contentType?: string } {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (!type) return {};
  return { contentType: ['application/json', 'text/json', 'text/plain'].includes(type) ? type : 'other' };
}

/** A refresh, and another one with the token from before. */
export const refreshTwice: ProbeStep = {
  id: 'refresh-twice',
  question: 'Which refresh token does the response to a refresh carry, and does the old one still work?',
  risk: 'If Criteo replaces refresh tokens, using an old one may end the test login.',
  rows: ['refreshToken', 'contentType'],
  obstacle: needsTokens,
  async run(context) {
    const old = context.tokens?.refreshToken ?? '';
    const form = { grant_type: 'refresh_token', refresh_token: old };
    const first = await requestToken(context, form);
    if (first.status !== 200) return found({}, `the refresh was ${describeReply(first)}`);
    const next = textField(first, 'refresh_token');
    adopt(context, first, next ?? old);
    if (next === undefined) {
      const isNull = Object.hasOwn(Object(first.json), 'refresh_token');
      const seen = isNull ? 'refresh_token was null' : 'refresh_token was left out';
      const again = await requestToken(context, form);
      const variant = isNull ? 'null' : 'absent';
      return found(
        { refreshToken: variant, ...contentType(first) },
        seen,
        `the old one was then ${describeReply(again)}`,
      );
    }
    const again = await requestToken(context, form);
    if (next === old) {
      const seen = ['the same refresh token came back', `it was then ${describeReply(again)}`];
      return found({ refreshToken: 'same', ...contentType(first) }, ...seen);
    }
    const latest = await requestToken(context, { ...form, refresh_token: next });
    adopt(context, latest, textField(latest, 'refresh_token') ?? next);
    return found(
      { refreshToken: again.status === 200 ? 'rotated-with-grace' : 'rotated', ...contentType(first) },
      'a new refresh token came back',
      `the old one was then ${describeReply(again)}`,
      `after that, the new one was ${describeReply(latest)}`,
    );
  },
};

/** Keeps the tokens of a response for the steps that follow. */
function adopt(context: ProbeContext, reply: Reply, refreshToken: string): void {
  const accessToken = textField(reply, 'access_token');
  if (reply.status !== 200 || accessToken === undefined) return;
  const now = Date.now();
  keepTokens(context, { accessToken, tokenType: 'Bearer', obtainedAt: now, expiresAt: now + 900_000, refreshToken });
}

/** A refresh with another key pair of the same app. */
export const keyPair: ProbeStep = {
  id: 'key-pair',
  question: 'Do refresh tokens belong to the key pair that asked for them, or to the app?',
  risk: 'Criteo may revoke a refresh token that comes from the wrong key pair; the test login would end.',
  rows: ['keyPair'],
  obstacle: (context) =>
    context.settings.secondPair
      ? needsTokens(context)
      : 'it needs another key pair of the same app: set CRITEO_SECOND_CLIENT_ID and CRITEO_SECOND_CLIENT_SECRET',
  async run(context) {
    const form = { grant_type: 'refresh_token', refresh_token: context.tokens?.refreshToken ?? '' };
    const reply = await requestToken(context, form, context.settings.secondPair);
    const error = textField(reply, 'error');
    const variant = reply.status === 200 ? 'app' : error === 'invalid_grant' ? 'bound' : undefined;
    const own = await requestToken(context, form);
    adopt(context, own, textField(own, 'refresh_token') ?? form.refresh_token);
    const seen = [
      `the other key pair was ${describeReply(reply)}`,
      `after that, the own one was ${describeReply(own)}`,
    ];
    return found(variant === undefined ? {} : { keyPair: variant }, ...seen);
  },
};

/** A code that is sent a second time. */
export const codeReuse: ProbeStep = {
  id: 'code-reuse',
  question: 'What happens when a code is sent a second time?',
  risk: 'Criteo may revoke the tokens of this login. It needs one more consent.',
  rows: ['codeReuse'],
  obstacle: needsConsent,
  async run(context) {
    const round = await watchLogin(context);
    if (typeof round === 'string') return found({}, `there was no code: ${round}`);
    if (round.outcome.kind !== 'success') return found({}, 'the login did not succeed, so there was no code to reuse');
    const { tokens } = round.outcome.login;
    const form = exchangeForm(context, round.parameters['code'] ?? '', round.verifier);
    const again = await requestToken(context, form);
    const seen = [`the second exchange was ${describeReply(again)}`];
    if (again.status === 200) return found({ codeReuse: 'other' }, ...seen);
    const portfolio = await requestPortfolio(context, tokens.accessToken);
    seen.push(`with the first access token, the API then responded with ${portfolio.status}`);
    if (tokens.refreshToken === undefined) return found({}, ...seen);
    const refresh = await requestToken(context, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
    seen.push(`the first refresh token was then ${describeReply(refresh)}`);
    const revoked =
      portfolio.status === 401 || portfolio.status === 403 || textField(refresh, 'error') === 'invalid_grant';
    if (!revoked) adopt(context, refresh, textField(refresh, 'refresh_token') ?? tokens.refreshToken);
    if (!revoked && refresh.status !== 200) return found({}, ...seen);
    return found({ codeReuse: revoked ? 'revokes-tokens' : 'refused' }, ...seen);
  },
};

/** A revocation by the user. */
export const revocation: ProbeStep = {
  id: 'revocation',
  question: 'Does a refresh still work after the user revoked the consent?',
  risk: 'It ends the consent of the test advertiser for this app.',
  rows: ['refreshAfterRevocation'],
  obstacle: needsTokens,
  async run(context) {
    const { tokens, answers } = context;
    const done = await answers.agrees(
      'Now revoke the access of this app, as the user who gave it, at https://consent.criteo.com. Is it revoked?',
    );
    if (!done) return found({}, 'nothing was revoked');
    const portfolio = await requestPortfolio(context, tokens?.accessToken ?? '');
    const refreshToken = tokens?.refreshToken ?? '';
    const refresh = await requestToken(context, { grant_type: 'refresh_token', refresh_token: refreshToken });
    const seen = [`the API then responded with ${portfolio.status}`, `a refresh was ${describeReply(refresh)}`];
    const error = word(textField(refresh, 'error'));
    const variant = refresh.status === 200 ? 'works' : error === 'invalid_grant' ? 'refused' : undefined;
    return found(variant === undefined ? {} : { refreshAfterRevocation: variant }, ...seen);
  },
};
