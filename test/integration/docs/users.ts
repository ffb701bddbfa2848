import type { CriteoProfile, TokenSet } from 'passport-criteo';

// The application's own users, for the documentation's examples.
export const users = {
  saved: [] as { id: string; tokens: TokenSet }[],
  linked: [] as { user: unknown; account: CriteoProfile | undefined; tokens: TokenSet }[],
  async save(profile: CriteoProfile | undefined, tokens: TokenSet): Promise<{ id: string }> {
    const user = { id: profile?.id ?? 'nobody', tokens };
    this.saved.push(user);
    return { id: user.id };
  },
  async link(user: unknown, account: CriteoProfile | undefined, tokens: TokenSet): Promise<object> {
    const linked = { user, account, tokens };
    this.linked.push(linked);
    return linked;
  },
};
