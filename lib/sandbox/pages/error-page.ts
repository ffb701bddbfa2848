import type { Answer, Incoming } from '../wire/exchange';
import { html } from './html';
import { page } from './layout';

/** Why a page is refused, without a redirect: which check failed, and how to fix it. Criteo would not say it. */
export class Refusal extends Error {
  readonly check: string;
  readonly status: number;
  /** For signed URLs: the text that was expected to be signed. */
  readonly expected: string | undefined;

  constructor(check: string, remedy: string, { status = 400, expected }: { status?: number; expected?: string } = {}) {
    super(remedy);
    this.check = check;
    this.status = status;
    this.expected = expected;
  }
}

/** Makes the page that tells why a request was refused. */
export function refusalPage(
  refusal: Refusal,
  { checks, headers: sent }: Incoming,
  headers: Record<string, string> = {},
): Answer {
  const { check, message, status, expected } = refusal;
  const content = html`<div class="card" role="alert">
<h1>${check}</h1>
<p class="reason">${message}</p>
${
  expected !== undefined &&
  html`<p>The sandbox expected the signature (HMAC-SHA512 with the signing secret, lower-case hex) of exactly this text, shown in full:</p>
<pre>${expected}</pre>`
}
</div>
<section class="card" aria-labelledby="checks"><h2 id="checks">What was checked</h2>
<ul class="checks">
${checks.map((passed) => html`<li>${passed}</li>\n`)}<li class="failed">${check}</li>
</ul>
<p class="soft">The user was not sent back to the app, because this request could not be trusted or understood. Criteo shows an error page in such cases, too, but does not say why.</p>
</section>`;
  return { ...page('Request refused', content, { status, headers, back: referrer(sent.referer) }), failure: check };
}

/** Returns the start page of the website that the user came from, as far as the browser tells. */
function referrer(url: string | undefined): { url: string; name: string } | undefined {
  if (url === undefined || !/^https?:/.test(url) || !URL.canParse(url)) return undefined;
  const { origin } = new URL(url);
  return { url: `${origin}/`, name: origin };
}
