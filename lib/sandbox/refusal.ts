import type { Answer } from './exchange';
import { html } from './html';
import { page } from './layout';

/** Why a page is refused, without a redirect: which check failed, and what to do. */
export class Refusal extends Error {
  readonly check: string;
  readonly status: number;
  /** For signed URLs: the string that was expected to be signed. */
  readonly expected: string | undefined;

  constructor(check: string, remedy: string, { status = 400, expected }: { status?: number; expected?: string } = {}) {
    super(remedy);
    this.check = check;
    this.status = status;
    this.expected = expected;
  }
}

export function refusalPage({ check, message, status, expected }: Refusal, more: Record<string, string> = {}): Answer {
  const content = html`<div class="card" role="alert">
<h1>${check}</h1>
<p class="reason">${message}</p>
${
  expected !== undefined &&
  html`<p>The sandbox expected the signature (HMAC-SHA512 with the signing secret, lower-case hex) of exactly this text, shown in full:</p>
<pre>${expected}</pre>`
}
<p class="soft">You were not sent back to the app: this request could not be trusted, or not understood.</p>
</div>`;
  return page('Request refused', content, { status, more });
}
