/** What came back from the example. */
export interface Reply {
  status: number;
  headers: Headers;
  /** Where the reply sends the visitor, as a whole URL; empty if nowhere. */
  location: string;
  body: string;
  /** Text of the first heading. */
  title: string;
}

/** Somebody with a browser, as far as HTTP goes: keeps cookies, follows no redirect unless told. */
export class Visitor {
  readonly cookies = new Map<string, string>();

  constructor(private readonly origin: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.#send('GET', path, headers);
  }

  /** Posts a form of the example's own pages; `headers` may say that it was somebody else's. */
  post(
    path: string,
    form: Record<string, string> = {},
    headers: Record<string, string> = { origin: this.origin },
  ): Promise<Reply> {
    return this.#send('POST', path, headers, new URLSearchParams(form));
  }

  /** Goes to Criteo, to sign in or to connect, and gives the consent page's URL. */
  async begin(path = '/criteo-auth'): Promise<string> {
    return (await this.get(path)).location;
  }

  /** Listens to server-sent events. */
  async stream(path: string): Promise<{ headers: Headers; first(): Promise<string> }> {
    const { headers, body } = await fetch(new URL(path, this.origin), { headers: { cookie: this.#cookie() } });
    const first = async () => {
      let text = '';
      for await (const chunk of body ?? []) {
        text += Buffer.from(chunk).toString();
        const data = /^data: (.*)$/m.exec(text)?.[1];
        if (data && text.endsWith('\n\n')) return String(JSON.parse(data));
      }
      throw new Error('The stream ended without an event');
    };
    return { headers, first };
  }

  #cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async #send(method: string, path: string, headers: Record<string, string>, body?: URLSearchParams): Promise<Reply> {
    const cookie = this.#cookie();
    const response = await fetch(new URL(path, this.origin), {
      method,
      redirect: 'manual',
      body: body ?? null,
      headers: { ...headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name) this.cookies.set(name, value ?? '');
    }
    const text = await response.text();
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      location: location ? new URL(location, this.origin).href : '',
      body: text,
      title: /<h1>(.*?)<\/h1>/.exec(text)?.[1] ?? '',
    };
  }
}
