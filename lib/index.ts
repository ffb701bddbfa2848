export { CriteoClient, type CriteoClientOptions } from './client';
export {
  type ConsentCallbackHandler,
  type ConsentCallbackOptions,
  type ConsentEvent,
  type ConsentURLOptions,
  consentCallback,
  createConsentURL,
  type SeenEvents,
  signConsentCallback,
  verifyConsentCallback,
} from './consent';
export type { ExchangeEvent, LoginEvent } from './diagnostics';
export {
  ConsentCallbackError,
  CriteoAPIError,
  CriteoAuthorizationError,
  type CriteoError,
  CriteoTokenError,
  CriteoTransportError,
  type ErrorFacts,
  HookTimeoutError,
  ReauthorizationRequiredError,
  type TokenStoreCode,
  TokenStoreError,
  type TransportCode,
} from './errors';
export type { CriteoStrategyOptions, CriteoStrategyOptionsWithRequest } from './options';
export type { CriteoAccount, CriteoAdvertiser, CriteoProfile, Service } from './profile';
export { CookieStateStore, type CookieStateStoreOptions } from './state/cookie';
export { SessionStateStore, type SessionStateStoreOptions } from './state/session';
export type { PendingLogin, StateMetadata, StateStore } from './state/store';
export {
  type CriteoAuthenticateOptions,
  CriteoStrategy,
  CriteoStrategy as Strategy,
  type FailureInfo,
} from './strategy';
export type { TokenSet } from './token-set';
export { type AccessTokenOptions, TokenSource } from './token-source';
export type { TokenLock } from './tokens/exclusive';
export type { TokenFetchInit } from './tokens/fetch';
export type { TokenGrant, TokenSourceOptions } from './tokens/options';
export type { StoredTokenSet } from './tokens/record';
export type { TokenStore } from './tokens/store';
export type {
  ClassicVerify,
  ClassicVerifyWithParams,
  ClassicVerifyWithRequest,
  ClassicVerifyWithRequestAndParams,
  Login,
  Verified,
  VerifiedUser,
  Verify,
} from './verify';
