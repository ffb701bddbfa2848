import type { Sandbox } from '../types';
import type { World } from '../world/world';

/** What the pages of the console show, and what their forms act on. */
export interface ConsoleContext {
  readonly sandbox: Sandbox;
  readonly world: World;
  /** A secret in every form: other websites do not know it, and so cannot send one. */
  readonly token: string;
}
