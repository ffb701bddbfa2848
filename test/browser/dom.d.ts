// The types of playwright-core name these. The whole of TypeScript's DOM library would do, too, but it would let code
// for node use `window` and `name` unnoticed.
interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly tagName: string;
}
interface SVGElement extends Node {
  readonly tagName: string;
}
type HTMLElementTagNameMap = Record<never, HTMLElement>;
