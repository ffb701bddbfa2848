const controls = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/**
 * Text of somebody else's, made fit to be shown: a string or nothing, without control and direction characters, at
 * most `limit` characters, and without the `secrets` in any form in which a peer could echo them.
 */
export function foreignText(
  value: unknown,
  secrets: readonly (string | undefined)[] = [],
  limit = 300,
): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = redact(value, secrets).replace(controls, ' ').trim();
  return text.length > limit ? `${text.slice(0, limit)}…` : text || undefined;
}

/**
 * A text without the `secrets`: as they are they are cut out, and where one is there in another spelling (with the
 * escapes of URLs, forms, JSON or HTML, or layers of them), nothing of the text is left.
 */
export function redact(text: string, secrets: readonly (string | undefined)[]): string {
  const known = secrets.flatMap((secret) => secret || []);
  const cut = known.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  const readings = peeled(cut);
  const shows = (secret: string): boolean => peeled(secret).some((form) => readings.some((it) => it.includes(form)));
  return known.some(shows) ? '[redacted]' : cut;
}

// Nobody who echoes by mistake escapes more often.
const LAYERS = 3;
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A text as it is, and as it reads with one layer of escapes after the other taken off. */
function peeled(text: string): string[] {
  const readings = [text.replaceAll('+', ' ')];
  for (let it = text; readings.length <= LAYERS; readings.push(it.replaceAll('+', ' '))) it = peel(it);
  return readings;
}

function peel(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/&#x([0-9a-f]{1,5});/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d{1,6});/g, (_, decimal) => String.fromCodePoint(Number(decimal)))
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => String(entities[name]))
    .replace(/\\(.)/g, '$1');
}
