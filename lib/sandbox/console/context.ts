import type { Sandbox } from '../types';
import type { World } from '../world/world';

/** What the pages of the console show, and what their forms act on. */
export interface ConsoleContext {
  readonly sandbox: Sandbox;
  readonly world: World;
  /** In every form: only who can read the page can send one. */
  readonly token: string;
}
