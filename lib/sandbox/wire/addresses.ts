/** Returns true for a host name that stays on this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

/**
 * Returns true for URLs that Criteo accepts as redirect URIs: HTTPS, or HTTP on a loopback host as its own demo has it.
 * Names of containers (without a dot, or ending in `.internal`) stand for this machine, too.
 */
export function isWebURL(text: string): boolean {
  // The URL parser forgives line breaks and the like, which must not reach a Location header.
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes('#') || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  if (protocol === 'https:') return true;
  return protocol === 'http:' && (isLoopback(hostname) || isContainer(hostname));
}

function isContainer(hostname: string): boolean {
  return /^[a-z][a-z0-9_-]*(\.internal)?$|^[a-z0-9_.-]+\.internal$/i.test(hostname);
}
