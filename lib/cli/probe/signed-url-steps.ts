import { createHmac, randomBytes } from 'node:crypto';
import { showConsentURL } from '../login/consent-round';
import { defaultCallbackURL } from '../settings';
import { found, type ProbeContext, type ProbeStep, watchRedirect } from './context';

const day = 86_400;

/** What is signed, and what is sent in its place. */
interface SignedURL {
  readonly signedState: string;
  readonly sentState: string;
  /** UNIX seconds. */
  readonly timestamp: number;
}

const needsPair = ({ settings }: ProbeContext): string | undefined =>
  settings.signing ? undefined : "it needs a connector's key pair: set CRITEO_SIGNING_KEY and CRITEO_SIGNING_SECRET";

/**
 * Makes a signed consent URL (Criteo, "Generate a consent URL"). Not with the library's createConsentURL, which refuses
 * the values that are to be tried here.
 */
function signedURL({ settings, secrets }: ProbeContext, { signedState, sentState, timestamp }: SignedURL): string {
  const { key = '', secret = '' } = settings.signing ?? {};
  const redirectURI = settings.callbackURL ?? defaultCallbackURL;
  const query = (state: string): string =>
    `?key=${key}&timestamp=${timestamp}&state=${state}&redirect-uri=${redirectURI}`;
  const signature = createHmac('sha512', secret).update(query(signedState)).digest('hex');
  for (const value of [secret, signature, key]) secrets.add(value);
  return `${settings.authorizationURL}${query(sentState)}&signature=${signature}`;
}

const now = (): number => Math.floor(Date.now() / 1000);
const newState = (): string => randomBytes(12).toString('hex');

/** Shows a signed URL, and asks what the browser shows. */
async function ask(context: ProbeContext, url: string): Promise<'consent page' | 'error page' | undefined> {
  const { terminal, output, open, answers } = context;
  showConsentURL(url, terminal, output, open);
  const letter = await answers.choose(
    'Does the browser show a consent page (c) or an error page (e)? Decide nothing on it. s skips.',
    ['c', 'e', 's'],
  );
  return letter === 'c' ? 'consent page' : letter === 'e' ? 'error page' : undefined;
}

/** URLs whose signature fits the raw or the decoded query only. */
export const signedURLCheck: ProbeStep = {
  id: 'signed-url-check',
  question: 'Does Criteo check the signature of a consent URL over the raw or the decoded query?',
  risk: 'None: two pages are looked at, and nothing is decided on them.',
  rows: ['signedURLCheck'],
  obstacle: needsPair,
  async run(context) {
    const state = newState();
    const encoded = `${state}%7E`;
    const decoded = `${state}~`;
    const sent = { sentState: encoded, timestamp: now() };
    const raw = await ask(context, signedURL(context, { ...sent, signedState: encoded }));
    const asDecoded = await ask(context, signedURL(context, { ...sent, signedState: decoded }));
    const seen = [
      `signed over the raw query: ${raw ?? 'not looked at'}`,
      `signed over the decoded query: ${asDecoded ?? 'not looked at'}`,
    ];
    if (raw === 'consent page' && asDecoded === 'error page') return found({ signedURLCheck: 'raw' }, ...seen);
    if (raw === 'error page' && asDecoded === 'consent page') return found({ signedURLCheck: 'decoded' }, ...seen);
    return found({}, ...seen);
  },
};

/** An old URL. */
export const signedURLLifetime: ProbeStep = {
  id: 'signed-url-lifetime',
  question: 'Does a signed consent URL expire?',
  risk: 'None: two pages are looked at, and nothing is decided on them.',
  rows: ['signedURLLifetime'],
  obstacle: needsPair,
  async run(context) {
    const make = (age: number): string => {
      const state = newState();
      return signedURL(context, { signedState: state, sentState: state, timestamp: now() - age });
    };
    const fresh = await ask(context, make(0));
    if (fresh !== 'consent page') return found({}, `a fresh URL: ${fresh ?? 'not looked at'}`);
    const old = await ask(context, make(31 * day));
    const seen = ['a fresh URL: consent page', `a URL of 31 days ago: ${old ?? 'not looked at'}`];
    if (old === undefined) return found({}, ...seen);
    return found({ signedURLLifetime: old === 'error page' ? 'limited' : 'unlimited' }, ...seen);
  },
};

/** A link that is denied, and opened again. */
export const linkDenial: ProbeStep = {
  id: 'link-denial',
  question: 'Does a denial use up a consent link, and what does the redirect afterwards carry?',
  risk: "None for the advertiser: nothing is shared. Criteo tells the connector's callback URL of the denial.",
  rows: ['denialOfLink', 'redirectAfterLink'],
  obstacle: needsPair,
  async run(context) {
    const state = newState();
    const url = signedURL(context, { signedState: state, sentState: state, timestamp: now() });
    context.output.say('On the page that opens, deny.');
    const parameters = await watchRedirect(context, url);
    if (typeof parameters === 'string') return found({}, `nothing came back: ${parameters}`);
    const names = Object.keys(parameters).filter((name) => /^[\w-]{1,40}$/.test(name));
    const redirect = names.length === 0 ? 'none' : names.join() === 'state' ? 'state' : 'other';
    context.output.say('Now the same URL again.');
    const again = await ask(context, url);
    const seen = [
      `the redirect carried ${names.length > 0 ? names.join(', ') : 'no parameter'}`,
      `the same URL after the denial: ${again ?? 'not looked at'}`,
    ];
    const denialOfLink = again === 'consent page' ? 'keeps-link' : 'uses-up-link';
    return found({ redirectAfterLink: redirect, ...(again && { denialOfLink }) }, ...seen);
  },
};
