import { Controller, Get, Header, Redirect, Req, UseGuards } from '@nestjs/common';
import { ConnectGuard, CriteoGuard } from './criteo.guards.js';
import type { User, Visit } from './settings.js';

@Controller()
export class AppController {
  @Get('criteo-auth')
  @UseGuards(CriteoGuard)
  begin(): void {}

  @Get('criteo-auth/callback')
  @UseGuards(CriteoGuard)
  @Redirect()
  async finish(@Req() request: Visit): Promise<{ url: string }> {
    const { user, authInfo } = request;
    // A new session for a new user, lest somebody else knows the old one.
    await new Promise<void>((resolve, reject) => {
      request.session.regenerate((error) => (error ? reject(error) : resolve()));
    });
    request.session.user = user;
    return { url: pathOf(authInfo?.state?.returnTo) };
  }

  @Get('criteo-connect')
  @UseGuards(ConnectGuard)
  beginConnecting(): void {}

  @Get('criteo-connect/callback')
  @UseGuards(ConnectGuard)
  @Redirect('/')
  finishConnecting(@Req() { session, account }: Visit & { account: User }): void {
    session.connected = [...(session.connected ?? []), account.name];
  }

  @Get()
  @Header('cache-control', 'no-store')
  home(@Req() { session }: Visit): unknown {
    const { user, connected = [] } = session;
    return user ? { user: user.name, connected } : '<a href="/criteo-auth">Sign in with Criteo</a>';
  }
}

/** Where to go after signing in: a path of this application, never another site. */
function pathOf(returnTo: unknown): string {
  return typeof returnTo === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(returnTo) ? returnTo : '/';
}
