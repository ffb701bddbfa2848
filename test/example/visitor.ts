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
  post(path: string, headers: Record<string, string> = { origin: this.origin }): Promise<Reply> {
    return this.#send('POST', path, headers);
  }

  /** Goes to Criteo, and gives the consent page's URL. */
  async begin(): Promise<string> {
    return (await this.get('/criteo-auth')).location;
  }

  async #send(method: string, path: string, headers: Record<string, string>): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.origin), {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name) this.cookies.set(name, value ?? '');
    }
    const body = await response.text();
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      location: location ? new URL(location, this.origin).href : '',
      body,
      title: /<h1>(.*?)<\/h1>/.exec(body)?.[1] ?? '',
    };
  }
}
