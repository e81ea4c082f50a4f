/** `require` for a file that is known when the program runs. */

import module from 'node:module';

// Under another name: webpack replaces calls of `createRequire` by a `require` of the bundle.
const { createRequire: requireFrom } = module;

export { requireFrom };
