import { Controller, Get, Header, Inject, Redirect, Req, UseGuards } from '@nestjs/common';
import { ConnectGuard, CriteoGuard } from './criteo.guards.js';
import type { User, Visit } from './settings.js';
import { Users } from './users.js';

@Controller()
export class AppController {
  constructor(@Inject(Users) private readonly users: Users) {}

  @Get('criteo-auth')
  @UseGuards(CriteoGuard)
  start(): void {}

  @Get('criteo-auth/callback')
  @UseGuards(CriteoGuard)
  @Redirect()
  async finish(@Req() request: Visit): Promise<{ url: string }> {
    const { user, authInfo } = request;
    // Starts a new session, because an attacker may know the id of the old one.
    await new Promise<void>((resolve, reject) => {
      request.session.regenerate((error) => (error ? reject(error) : resolve()));
    });
    request.session.userId = user.id;
    return { url: pathOf(authInfo?.state?.returnTo) };
  }

  @Get('criteo-connect')
  @UseGuards(ConnectGuard)
  startConnecting(): void {}

  @Get('criteo-connect/callback')
  @UseGuards(ConnectGuard)
  @Redirect('/')
  finishConnecting(@Req() { session, account }: Visit & { account: User }): void {
    session.connected = [...(session.connected ?? []), account.name];
  }

  @Get()
  @Header('cache-control', 'no-store')
  home(@Req() { session }: Visit): unknown {
    const user = this.users.find(session.userId);
    const { connected = [] } = session;
    return user ? { user: user.name, connected } : '<a href="/criteo-auth">Sign in with Criteo</a>';
  }
}

/** Returns where to go after signing in: a path of this app, never another site. */
function pathOf(returnTo: unknown): string {
  return typeof returnTo === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(returnTo) ? returnTo : '/';
}
