import { defaultVariants, type VariantName, type Variants } from '../variants';

/** Which variants are on: those that were set here, and for all other facts those of the parent. */
export class Switches {
  readonly #parent: Switches | undefined;
  readonly #initial: Partial<Variants>;
  #changes: Partial<Variants>;

  constructor(initial: Partial<Variants>, parent?: Switches) {
    this.#parent = parent;
    this.#initial = { ...initial };
    this.#changes = this.#initial;
  }

  get<Name extends VariantName>(name: Name): Variants[Name] {
    return (this.#changes[name] ?? this.#parent?.get(name) ?? defaultVariants[name]) as Variants[Name];
  }

  all(): Variants {
    return { ...(this.#parent?.all() ?? defaultVariants), ...this.#changes };
  }

  /** @param changes checked already */
  set(changes: Partial<Variants>): void {
    const given = Object.entries(changes).filter(([, variant]) => variant !== undefined);
    this.#changes = { ...this.#changes, ...Object.fromEntries(given) };
  }

  reset(): void {
    this.#changes = this.#initial;
  }
}
