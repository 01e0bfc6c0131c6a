// Creates and changes elements without HTML strings: text of peers stays text.

import type { Quantity } from './format.ts';

type Child = Node | string;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

/** The element of the page with an id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** A new element. */
export function el(name: string, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElement {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** A new element of a drawing. */
export function svg(name: string, attributes: Attributes = {}, ...children: readonly Element[]): SVGElement {
  const element = document.createElementNS(SVG, name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Sets the text, if it differs. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A value with its unit. */
export function setQuantity(node: Element, { value, unit }: Quantity): void {
  const words = `${value}\u202f${unit}`;
  if (node.textContent !== words) node.replaceChildren(value, unitOf(unit));
}

/** A value with its unit, as nodes. */
export function quantityNodes({ value, unit }: Quantity): Child[] {
  return [value, unitOf(unit)];
}

/** A unit, to be placed after its value. */
export function unitOf(unit: string): HTMLElement {
  return el('span', { class: 'u' }, `\u202f${unit}`);
}

/** Sets several parts; those in a list are bold. */
export function setParts(node: Element, parts: readonly (string | readonly [strong: string])[]): void {
  const words = parts.map((part) => (typeof part === 'string' ? part : part[0])).join('');
  if (node.textContent === words) return;
  node.replaceChildren(...parts.map((part) => (typeof part === 'string' ? part : el('b', {}, part[0]))));
}

/** A bar of a hundred units: classes and lengths, from the left, with gaps. */
export function bar(parts: readonly (readonly [classes: string, length: number])[], gap = 0): SVGElement {
  let x = 0;
  const marks = parts.map(([classes, length]) => {
    const rect = svg('rect', { class: classes, x: x.toFixed(2), width: Math.max(0, length).toFixed(2), height: 10 });
    if (length > 0) x += length + gap;
    return rect;
  });
  const track = svg('rect', { class: 'track', width: 100, height: 10 });
  return svg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': true },
    track,
    ...marks.filter((mark) => mark.getAttribute('width') !== '0.00'),
  );
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
}
