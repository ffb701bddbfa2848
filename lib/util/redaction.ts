type Secrets = readonly (string | undefined)[];

/** Maximum length of foreign text that is looked at, in UTF-16 units: it bounds the cost, whatever a server sends. */
const LONGEST_TEXT = 4096;

const MASK = '[redacted]';

// Control and direction characters, and line ends.
const controls = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/**
 * Sanitizes text of another party for error messages and logs: cuts it to `limit`, masks secrets and whatever looks
 * like one (see {@link redact}), and replaces control characters by spaces.
 *
 * @returns The text, or undefined if the value is not a string or has nothing to show.
 */
export function foreignText(value: unknown, secrets: Secrets = [], limit = 300): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = mask(cut(value, limit), secrets).replace(controls, ' ').trim();
  return text ? text + ellipsis(value, limit) : undefined;
}

/**
 * Sanitizes an identifier of another party, such as a trace id. In a text it would be masked, because it looks like a
 * token.
 *
 * @returns The identifier, or undefined if the value is not one (1 to 64 letters, digits and `_ . : | -`) or shows a
 *   part of a secret.
 */
export function foreignID(value: unknown, secrets: Secrets): string | undefined {
  if (typeof value !== 'string' || !/^[\w.:|-]{1,64}$/.test(value)) return undefined;
  return findSecrets(value, secrets).includes(1) ? undefined : value;
}

/**
 * Masks secrets in text of another party, after cutting the text to `limit` (at most 4,096) characters. Masked are
 *
 * 1. the `secrets` as they are, and eight or more characters of one in a row: in any letter case, wrapped or escaped by
 *    backslashes, in hex or base64, or as the numbers of their bytes;
 * 2. what looks like a token rather than a word, so that it needs no list of spellings: runs with escapes of URLs, HTML
 *    or JavaScript, and runs with ten or more characters that make no word, number or name;
 * 3. the user and password of a URL.
 *
 * JSON stays JSON, unless it has a secret in hex, in base64 or as numbers in several pieces: other quotation marks, commas
 * and brackets are not masked.
 */
export function redact(text: string, secrets: Secrets, limit = LONGEST_TEXT): string {
  return mask(cut(text, limit), secrets) + ellipsis(text, limit);
}

function cut(text: string, limit: number): string {
  const most = Math.min(limit, LONGEST_TEXT);
  if (text.length <= most) return text;
  // Half a token may look like a word: end between two words, if there are two.
  const end = text.lastIndexOf(' ', most - 1) + 1;
  return text.slice(0, end || most);
}

function ellipsis(text: string, limit: number): string {
  return text.length > Math.min(limit, LONGEST_TEXT) ? '…' : '';
}

// What tokens are made of (RFC 6750 section 2.1) and the symbols of URLs and escapes. A backslash with a quotation mark
// or a letter, as JSON has it, is apart: half of it would be no JSON.
const runs = /\\[^xu0-7\\]|(?:[\w+/=.~%&;#@$!*^?:-]|\\[xu0-7\\])+/g;

// RFC 3986 section 3.2.1. Drivers show the URL of the database that they cannot reach.
const userinfo = /(?<=\/\/)[^\s"'/?#@:]*:[^\s"'/?#@]+(?=@)/g;

function mask(text: string, secrets: Secrets): string {
  const hidden = findSecrets(text, secrets);
  for (const { 0: run, index } of text.matchAll(runs)) {
    const end = index + run.length;
    if (looksLikeToken(run)) hidden.fill(1, index, end);
  }
  for (const { 0: credentials, index } of text.matchAll(userinfo)) hidden.fill(1, index, index + credentials.length);
  let shown = '';
  for (let at = 0; at < text.length; ) {
    const from = at;
    // Stops at the end of the text, too: `hidden` has nothing there.
    while (hidden[at] === hidden[from]) at += 1;
    shown += hidden[from] ? MASK : text.slice(from, at);
  }
  return shown;
}

/** How many characters of a secret in a row give too much of it away; in hex, each takes two. */
const PIECE = 8;

// White space, invisible characters and backslashes are what wrapping, UTF-16 and escaping add. Encodings consist of
// letters and digits.
const wrapping = /[\s\p{Cc}\p{Cf}\\]/gu;
const symbols = /[^a-z0-9]/gi;

/** Marks by 1 every character of a text that belongs to a secret. */
function findSecrets(text: string, secrets: Secrets): Uint8Array {
  const hidden = new Uint8Array(text.length);
  const [unwrapped, alphanumeric, bytesRead] = [
    readWithout(wrapping, text),
    readWithout(symbols, text),
    readBytes(text),
  ];
  for (const secret of secrets) {
    if (!secret) continue;
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
      hidden.fill(1, at, at + secret.length);
    }
    const bytes = Buffer.from(secret);
    hidePieces(hidden, unwrapped, secret.replace(wrapping, ''), PIECE);
    hidePieces(hidden, bytesRead, bytes.toString('latin1'), PIECE);
    hidePieces(hidden, alphanumeric, bytes.toString('hex'), 2 * PIECE - 4);
    for (const shift of [0, 1, 2]) {
      // How a secret looks depends on where, among the encoded bytes, it starts.
      const spelled = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      hidePieces(hidden, alphanumeric, spelled.replace(symbols, ''), PIECE);
    }
  }
  return hidden;
}

/** What a text says in lower case if it is read in another way, and where each of these characters starts and ends in it. */
interface Reading {
  text: string;
  starts: number[];
  ends: number[];
}

function readWithout(dropped: RegExp, text: string): Reading {
  const gaps = new Set(Array.from(text.matchAll(dropped), ({ index }) => index));
  const starts = [...Array(text.length).keys()].filter((at) => !gaps.has(at));
  return { text: starts.map((at) => lowerCase(text.charAt(at))).join(''), starts, ends: starts.map((at) => at + 1) };
}

/** Reads the numbers in a text as bytes, as drivers and JSON show a Buffer: 114, 116 or 0x72, 0x74. */
function readBytes(text: string): Reading {
  const numbers = [...text.matchAll(/\b(?:0x[0-9a-f]{2}|\d{1,3})\b/gi)];
  return {
    text: numbers.map(([number]) => lowerCase(String.fromCharCode(Number(number)))).join(''),
    starts: numbers.map(({ index }) => index),
    ends: numbers.map(({ 0: number, index }) => index + number.length),
  };
}

/** A few letters become two characters in lower case: they stay as they are, so that places can be counted. */
function lowerCase(char: string): string {
  const lower = char.toLowerCase();
  return lower.length === 1 ? lower : char;
}

/** Marks the stretches of a reading that are `length` or more characters of `secret` in a row. */
function hidePieces(hidden: Uint8Array, { text, starts, ends }: Reading, secret: string, length: number): void {
  const wanted = secret.toLowerCase();
  for (let at = 0; at + length <= text.length; at += 1) {
    if (wanted.includes(text.slice(at, at + length))) {
      hidden.fill(1, starts[at], ends[at + length - 1]);
    }
  }
}

const escapes = /%[0-9a-f]{2}|\\[xu0-7]|&(?:#|[a-z]\w*;)/i;

// Words, numbers and names of ordinary length. Each bound is above what English and Criteo's documents need.
const ordinary = [
  /^[A-Z]{1,14}$/,
  /^\d{1,13}$/,
  // word, Word, OAuth, clientID, advertiserName
  /^(?=.{1,40}$)[A-Z]{0,3}[a-z]{1,24}(?:[A-Z][a-z]{2,23}){0,5}[A-Z]{0,3}$/,
  // sha512, RFC6749, OAuth2, 404s, 15Z
  /^(?=.{1,12}$)(?:[A-Z]{0,3}[a-z]+|[A-Z]+)\d+$/,
  /^(?=.{1,12}$)\d+(?:[a-z]+|[A-Z]+)$/,
];

/** How many characters of a run may be neither word nor number nor name. */
const STRANGE = 9;

function looksLikeToken(run: string): boolean {
  if (escapes.test(run)) return true;
  const strange = (run.match(/[A-Za-z0-9]+/g) ?? []).filter((word) => !ordinary.some((form) => form.test(word)));
  return strange.join('').length > STRANGE;
}
