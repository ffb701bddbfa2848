import { isLoopback } from '../../util/option-checks';
import { type Check, finding } from './context';

/** Says what can be told about the redirect URI without a browser: whether it is registered shows in a login only. */
export const redirectURI: Check = {
  id: 'redirect-uri',
  what: 'Redirect URI',
  run({ settings: { callbackURL } }) {
    if (callbackURL === undefined) return finding('skipped', 'CRITEO_CALLBACK_URL is not set');
    const { protocol, hostname } = new URL(callbackURL);
    const seen = `${callbackURL}; whether it is registered shows only in a login`;
    const local = protocol === 'http:' && isLoopback(hostname);
    return finding('unknown', seen, local ? 'Run: passport-criteo check --login' : undefined);
  },
};
