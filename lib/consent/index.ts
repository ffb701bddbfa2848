export { type ConsentCallbackHandler, type ConsentCallbackOptions, consentCallback } from './consent-callback';
export { type ConsentEvent, signConsentCallback, verifyConsentCallback } from './consent-event';
export { type ConsentURLOptions, createConsentURL } from './consent-url';
export {
  type ConsentCallbackRequest,
  type ReadConsentCallbackOptions,
  readConsentCallback,
} from './read-consent-callback';
export type { SeenEvents } from './seen-events';
