// Where things are, and how long to wait for them.

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export function fromRoot(path) {
  return join(ROOT, path);
}

/** A file that cargo built; `make test` builds with the dev profile. */
export function built(path) {
  return resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug', path);
}

/** What `promise` gives, or an error that says what did not come in time, and what there was instead. */
export async function within(milliseconds, what, promise, instead = () => 'nothing') {
  let timer;
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`waited ${milliseconds} ms in vain for ${what}; there was ${instead()}`));
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
