export { type ConsentCallbackHandler, type ConsentCallbackOptions, consentCallback } from './callback';
export { type ConsentEvent, signConsentCallback, verifyConsentCallback } from './event';
export type { SeenEvents } from './seen';
export { type ConsentURLOptions, createConsentURL } from './url';
