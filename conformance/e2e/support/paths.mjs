// Paths of the build, and waiting with a time limit.

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

/** The result of `promise`, or an error after the time limit with the expected and the current state. */
export async function within(milliseconds, what, promise, instead = () => 'nothing') {
  let timer;
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`waited ${milliseconds} ms for ${what}; the current state is ${instead()}`));
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `condition` holds, with an error after the time limit as {@link within} has. */
export async function until(milliseconds, what, condition, instead = () => 'another one') {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Error(`waited ${milliseconds} ms for ${what}; the current state is ${instead()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
