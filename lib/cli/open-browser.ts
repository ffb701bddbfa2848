import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Returns the program and arguments that open a URL in the user's browser; undefined if there is no screen to open it
 * on.
 */
export function browserCommand(
  url: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): [program: string, ...args: string[]] | undefined {
  if (platform === 'darwin') return ['open', url];
  // Not `start`: the command interpreter would read the `&` of the query as the end of the command.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  // Without a screen, xdg-open starts a browser for terminals on top of what we print.
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', url] : undefined;
}

/**
 * Opens a URL in the user's browser. If that fails, nothing happens: the URL is printed as well.
 *
 * @returns the process that was started; undefined if none was.
 */
export function openBrowser(
  url: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): ChildProcess | undefined {
  const [program, ...args] = browserCommand(url, platform, env) ?? [];
  if (program === undefined) return undefined;
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
  return child;
}
