// The types of playwright-core need these. TypeScript's DOM library has them too, but it would let code for node use
// `window` and `name` by mistake.
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
