import { randomBytes } from 'node:crypto';
import {
  describeReply,
  exchangeForm,
  found,
  needsConsent,
  type ProbeStep,
  requestToken,
  watchConsent,
  word,
} from './context';

/** For an app with PKCE switched on: an exchange without the secret. */
export const pkceSecret: ProbeStep = {
  id: 'pkce-secret',
  question: 'Does an app with PKCE switched on send its client secret?',
  risk: 'None beyond one more consent.',
  rows: ['pkceSecret'],
  obstacle: (context) => {
    const { pkce, clientSecret } = context.settings;
    if (!pkce || !clientSecret) return 'it needs an app with PKCE switched on (CRITEO_PKCE=true) and a client secret';
    return needsConsent(context);
  },
  async run(context) {
    const { settings, tokens, exchangeRefused } = context;
    context.output.say('Approve once more.');
    const round = await watchConsent(context);
    if (typeof round === 'string') return found({}, `nothing came back: ${round}`);
    const { code, error } = round.parameters;
    if (code === undefined) return found({}, `the callback carried the error ${word(error)}`);
    const client = { clientID: settings.clientID, clientSecret: undefined };
    const reply = await requestToken(context, exchangeForm(context, code, round.verifier), client);
    const seen = [`without the secret, the exchange was ${describeReply(reply)}`];
    // Logins through the strategy send the secret: an earlier one shows that it may be sent.
    const works = reply.status === 200;
    if (tokens) return found({ pkceSecret: works ? 'optional' : 'required' }, ...seen, 'with the secret it works');
    if (exchangeRefused && works) return found({ pkceSecret: 'refused' }, ...seen, 'with the secret it was refused');
    return found({}, ...seen, 'with the secret it was not tried: that is what the step "consent" does');
  },
};

/** For an app with PKCE switched off: a consent request with a challenge, and an exchange with a wrong verifier. */
export const pkceWithoutSwitch: ProbeStep = {
  id: 'pkce-without-switch',
  question: 'What does an app with PKCE switched off get for a code_challenge?',
  risk: 'None beyond one more consent, or an error page.',
  rows: ['pkceWithoutSwitch'],
  obstacle: (context) => (context.settings.pkce ? 'it needs an app with PKCE switched off' : needsConsent(context)),
  async run(context) {
    context.output.say('Approve once more, if Criteo shows its consent page.');
    const challenge = randomBytes(32).toString('base64url');
    const round = await watchConsent(context, { code_challenge: challenge, code_challenge_method: 'S256' });
    if (round === 'error-page') return found({ pkceWithoutSwitch: 'refused' }, 'Criteo showed an error page');
    if (typeof round === 'string') return found({}, `nothing came back: ${round}`);
    const { code, error } = round.parameters;
    if (code === undefined) return found({}, `the callback carried the error ${word(error)}`);
    // No verifier fits a challenge that was not made from one.
    const wrong = randomBytes(32).toString('base64url');
    const reply = await requestToken(context, exchangeForm(context, code, wrong));
    const seen = `the exchange with a wrong verifier was ${describeReply(reply)}`;
    return found({ pkceWithoutSwitch: reply.status === 200 ? 'ignored' : 'checked' }, seen);
  },
};
