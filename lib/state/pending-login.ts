import { isRecord } from '../util/json';
import { randomText } from '../util/random';
import type { PendingLogin, StateMetadata } from './state-store';

/** A pending login as it is kept: short names, because it may live in a cookie. */
export interface LoginRecord {
  /** When it began, in milliseconds since the epoch. */
  at: number;
  /** Whose it is. */
  of: Owner;
  /** The redirect URI of the authorization request. */
  to: string;
  /** The PKCE code verifier. */
  pkce?: string;
  /** The application's own state. */
  app?: unknown;
  /** A fingerprint of who began it. */
  by?: string;
}

/** A strategy's name and client id. */
export type Owner = readonly [strategy: string, clientID: string];

/** What is to be said of a callback whose login cannot be taken. */
export interface StateFailure {
  code: string;
  message: string;
}

/** A handle of 192 random bits, in 32 characters of base64url. */
export function newHandle(): string {
  return randomText(24);
}

/** Whether a callback's `state` can be one of our handles. */
export function isHandle(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{32}$/.test(value);
}

/** The record of a login that begins now. */
export function newRecord(verifier: string | undefined, state: unknown, meta: StateMetadata): LoginRecord {
  const record: LoginRecord = { at: Date.now(), of: [meta.strategy, meta.clientID], to: meta.callbackURL };
  if (verifier !== undefined) record.pkce = verifier;
  if (state !== undefined) record.app = state;
  if (meta.boundTo !== undefined) record.by = meta.boundTo;
  return record;
}

/** Whether a login is the strategy's own. */
export function isOwn({ of: [strategy, clientID] }: LoginRecord, meta: StateMetadata): boolean {
  return strategy === meta.strategy && clientID === meta.clientID;
}

// Clocks of several machines differ a little.
const AHEAD = 60_000;

/** A stored record, believed only where every field is what we would have written; else nothing. */
export function readRecord(value: unknown): LoginRecord | undefined {
  if (!isRecord(value)) return undefined;
  const { at, of, to, pkce, by } = value;
  if (typeof at !== 'number' || !Number.isFinite(at) || !isOwner(of) || typeof to !== 'string') return undefined;
  if (pkce !== undefined && (typeof pkce !== 'string' || !/^[\w.~-]{43,128}$/.test(pkce))) return undefined;
  if (by !== undefined && typeof by !== 'string') return undefined;
  // Checked above, field by field; `app` may be anything.
  return value as unknown as LoginRecord;
}

function isOwner(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string';
}

/** Whether a record is still within its life. */
export function isFresh(record: Pick<LoginRecord, 'at'>, maxAge: number): boolean {
  const age = Date.now() - record.at;
  return age <= maxAge && age >= -AHEAD;
}

/** What the strategy gets to know of a login that was taken. */
export function pendingLogin(record: LoginRecord): PendingLogin {
  return record.by === undefined ? { callbackURL: record.to } : { callbackURL: record.to, boundTo: record.by };
}
