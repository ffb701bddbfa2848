import { createHash } from 'node:crypto';
import type { Answer } from '../wire/exchange';
import { Html, html } from './html';
import { style } from './style';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const styleHash = hashOf(style);

/** Returns the Content-Security-Policy of a page: its own style and script, known by their hashes, and nothing else. */
function policyOf(script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src ${styleHash}`,
    // No form-action: browsers apply it to the redirect after a form as well, which leads to the app, wherever that is.
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The pages of the console. */
const sections = [
  { path: '/', name: 'Overview' },
  { path: '/sandbox/exchanges', name: 'Exchanges' },
  { path: '/sandbox/switches', name: 'Switches' },
  { path: '/sandbox/connected-apps', name: 'Connected apps' },
];

interface PageOptions {
  readonly status?: number;
  readonly wide?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Runs in the page. It only makes things easier: every page works without it. */
  readonly script?: string | undefined;
  /** The path of the section that is open. */
  readonly current?: string;
  /** The way back to the app. */
  readonly back?: { readonly url: string; readonly name: string } | undefined;
}

/** Makes a whole page. */
export function page(title: string, content: Html, options: PageOptions = {}): Answer {
  const { status = 200, wide = false, headers = {}, script, current, back } = options;
  const links = sections.map(
    ({ path, name }) => html`<a href="${path}"${path === current && html` aria-current="page"`}>${name}</a>
`,
  );
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Criteo sandbox</title>
<style>${new Html(style)}</style>
</head>
<body>
<header class="notice">
<p><strong>Local sandbox.</strong> A stand-in for Criteo on this machine: nothing you do here reaches Criteo.</p>
<nav aria-label="Sandbox">
${current === undefined ? html`<a href="/">Console</a>\n` : links}${back && html`<a href="${back.url}">Back to ${back.name}</a>`}
</nav>
</header>
<main${wide && html` class="wide"`}>
${content}
</main>
${script !== undefined && html`<script>${new Html(script)}</script>`}
</body>
</html>
`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policyOf(script),
      // With `no-referrer` browsers send `Origin: null` along with forms of the page itself.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: text,
  };
}

/** Returns the way back to an app: the start page of where it sends users. */
export function wayBack(app: { readonly name: string; readonly lastRedirectURI: string | undefined } | undefined) {
  const uri = app?.lastRedirectURI;
  if (app === undefined || uri === undefined || !/^https?:/.test(uri)) return undefined;
  return { url: `${new URL(uri).origin}/`, name: app.name };
}
