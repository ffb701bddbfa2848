export { type ConsentCallbackHandler, type ConsentCallbackOptions, consentCallback } from './consent/consent-callback';
export { type ConsentEvent, signConsentCallback, verifyConsentCallback } from './consent/consent-event';
export { type ConsentURLOptions, createConsentURL } from './consent/consent-url';
export {
  type ConsentCallbackRequest,
  type ReadConsentCallbackOptions,
  readConsentCallback,
} from './consent/read-consent-callback';
export type { SeenEvents } from './consent/seen-events';
export { CriteoClient, type CriteoClientOptions } from './criteo/client';
export type { CriteoAccount, CriteoAdvertiser, CriteoProfile, Service } from './criteo/profile';
export type { TokenSet } from './criteo/token-set';
export {
  ConsentCallbackError,
  CriteoAPIError,
  CriteoAuthorizationError,
  CriteoError,
  CriteoTokenError,
  CriteoTransportError,
  type ErrorFacts,
  HookTimeoutError,
  type PendingLoginCode,
  PendingLoginError,
  ReauthorizationRequiredError,
  type TokenStoreCode,
  TokenStoreError,
  type TransportCode,
} from './errors';
export type { ExchangeEvent } from './http/exchange-events';
export { authenticateOptions, type CriteoAuthenticateOptions } from './login/authenticate-options';
export type { LoginEvent } from './login/login-events';
export type {
  ClassicVerify,
  ClassicVerifyWithParams,
  ClassicVerifyWithRequest,
  ClassicVerifyWithRequestAndParams,
  Login,
  Verified,
  VerifiedUser,
  Verify,
} from './login/verify';
export type { CriteoStrategyOptions, CriteoStrategyOptionsWithRequest } from './options';
export { CookieStateStore, type CookieStateStoreOptions } from './state/cookie-store';
export { SessionStateStore, type SessionStateStoreOptions } from './state/session-store';
export type { PendingLogin, StateMetadata, StateStore } from './state/state-store';
export {
  CriteoStrategy,
  CriteoStrategy as Strategy,
  type FailureInfo,
} from './strategy';
export type { ConnectionStatus } from './tokens/connection-status';
export type { TokenFetchInit } from './tokens/fetch';
export type { TokenLock } from './tokens/lock';
export type { TokenGrant, TokenSourceOptions } from './tokens/options';
export type { TokenStore } from './tokens/store';
export type { ReauthorizeReason, StoredTokenSet } from './tokens/stored-tokens';
export { type AccessTokenOptions, TokenSource } from './tokens/token-source';
