import type { Agent } from 'node:http';

/** The defaults of options. */
export const defaults = {
  authorizationURL: 'https://consent.criteo.com/request',
  apiURL: 'https://api.criteo.com',
  apiVersion: '2026-07',
  timeout: 10_000,
} as const;

/** The longest delay that a timer of node can hold, in milliseconds. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Creates an error that names the owner of an option, the option, and what it must be. The value may be a secret. */
export function optionError(owner: string, option: string, must: string): TypeError {
  return new TypeError(`${owner}: the option ${option} ${must}`);
}

/** Checks a client id or secret: a non-empty string as Criteo shows it. */
export function checkCredential(owner: string, option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw optionError(owner, option, 'must be a non-empty string, as shown in the Criteo Partners Portal');
  }
  if (value.trim() !== value) {
    throw optionError(owner, option, 'starts or ends with white space: remove it (a line end from a file, perhaps)');
  }
  return value;
}

/** Returns true if the host name of a parsed URL is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(\.\d+){3}$|^\[::1\]$/.test(hostname);
}

/** Checks an absolute URL that secrets may be sent to: https, or http on a loopback host. */
export function checkEndpoint(owner: string, option: string, value: unknown): URL {
  const url = typeof value === 'string' ? parseURL(value) : undefined;
  if (!url) throw optionError(owner, option, 'must be an absolute URL, such as https://app.example.com/path');
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    throw optionError(owner, option, 'must use https (http is allowed on localhost, 127.0.0.1 and [::1] only)');
  }
  if (url.username || url.password) throw optionError(owner, option, 'must not carry a user name or password');
  if (url.hash || (value as string).includes('#')) throw optionError(owner, option, 'must not have a fragment (#…)');
  return url;
}

/** Checks the URL of Criteo's API, to which paths are appended. Returns it without a slash at its end. */
export function checkBase(owner: string, option: string, value: unknown): string {
  const url = checkEndpoint(owner, option, value);
  // An empty query is a query: `search` is empty for it.
  if (url.href.includes('?')) throw optionError(owner, option, 'must not have a query: other URLs are made of it');
  return url.href.replace(/\/+$/, '');
}

function parseURL(value: string): URL | undefined {
  // The URL parser accepts what other parsers refuse: leading blanks, backslashes, a missing slash.
  return /^https?:\/\/[^\s\\/][^\s\\]*$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
}

/** Checks milliseconds that a timer of node can hold. */
export function checkTimeout(owner: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LONGEST_TIMEOUT) return value;
  throw optionError(owner, 'timeout', `must be a whole number of milliseconds from 1 to ${LONGEST_TIMEOUT}`);
}

/** Checks an agent of node's http or https. It may be left out. */
export function checkAgent(owner: string, value: Agent | undefined): Agent | undefined {
  // Node itself checks for this method.
  const { addRequest }: { addRequest?: unknown } = Object(value);
  if (typeof addRequest === 'function') return value;
  if (value === undefined || value === null) return undefined;
  throw optionError(owner, 'agent', 'must be an http.Agent or https.Agent');
}

/** Checks a count of things or of milliseconds: a whole number greater than 0. */
export function checkCount(owner: string, option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw optionError(owner, option, 'must be a whole number greater than 0');
}
