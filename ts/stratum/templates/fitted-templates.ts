// A node's templates, cut to the room that clients need. Most need the same, and get the same template: to make one takes a
// hash or two for each transaction, of which a block has thousands.

import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import { cutTemplate, fittingCount } from './node-template.ts';
import type { NodeTemplate } from './node-template.ts';
import type { BlockTemplate } from './template-source.ts';

/** Cuts that are kept of each template. A client that names many sizes pays for its own. */
export const MAX_CUTS = 16;

export class FittedTemplates {
  /** By the number of transactions that are left. */
  readonly #cuts = new WeakMap<NodeTemplate, Map<number, BlockTemplate>>();
  readonly #origins = new WeakMap<BlockTemplate, NodeTemplate>();

  /** The template of a client with these constraints. */
  fit(template: NodeTemplate, constraints: CoinbaseOutputConstraints): BlockTemplate {
    const count = fittingCount(template, constraints);
    let cuts = this.#cuts.get(template);
    if (cuts === undefined) this.#cuts.set(template, (cuts = new Map<number, BlockTemplate>()));
    const known = cuts.get(count);
    if (known !== undefined) return known;
    const cut = cutTemplate(template, count);
    if (cuts.size === MAX_CUTS) cuts.delete(cuts.keys().next().value!);
    cuts.set(count, cut);
    this.#origins.set(cut, template);
    return cut;
  }

  /** The node's template that one of `fit` was cut from. */
  originOf(template: BlockTemplate): NodeTemplate {
    return this.#origins.get(template)!;
  }
}
