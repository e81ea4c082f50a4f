/** Finds the files of this package that are not JavaScript: the addon and the WebAssembly module. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonFile, platformName } from './platform.js';
import { requireFrom } from './require.js';

/** The name of this package. */
const PACKAGE = '@flagstaff/node';

/** Where a file was looked for, for the message if it is not found. */
interface Search {
  found: string | undefined;
  places: string[];
}

/**
 * The addon for this platform: in this package, or in the package of the platform that npm installs with it. If there is none, throws an error that
 * says what to do.
 */
export function findAddon(): string {
  // `make test` puts an addon that is not optimised into native/dev, which no tarball has.
  const files = [join('native', 'dev', addonFile()), join('native', addonFile())];
  const { found, places } = search(files, `${PACKAGE}-${platformName()}/${addonFile()}`);
  if (found === undefined) {
    throw new Error(`there is no addon for ${platformName()} (looked for ${places.join(', ')})`);
  }
  return found;
}

/** The WebAssembly module. If it does not exist, throws an error that says what to do. */
export function findModule(): string {
  const { found, places } = search([join('dist', 'flagstaff_wasm.wasm')]);
  if (found === undefined) {
    throw new Error(
      `the WebAssembly module is not there (looked for ${places.join(', ')}). A bundler does not copy it: either exclude ${PACKAGE} from ` +
        `the bundle (\`external\`), so that it is loaded from node_modules, or import the client from '${PACKAGE}/inline'`,
    );
  }
  return found;
}

/** Looks for one of these files of the package beside this script, and in the package that is installed for this script or for the program. */
function search(files: readonly string[], specifier?: string): Search {
  const places: string[] = [];
  for (const path of folders().flatMap((folder) => files.map((file) => join(folder, file)))) {
    places.push(path);
    if (existsSync(path)) {
      return { found: path, places };
    }
  }
  if (specifier !== undefined) {
    for (const from of scripts()) {
      places.push(specifier);
      try {
        return { found: requireFrom(from).resolve(specifier), places };
      } catch {
        // It is not installed.
      }
    }
  }
  return { found: undefined, places: [...new Set(places)] };
}

/** The folders that may be this package. */
function folders(): string[] {
  const found: string[] = [];
  for (const from of scripts()) {
    try {
      found.push(dirname(requireFrom(from).resolve(`${PACKAGE}/package.json`)));
    } catch {
      // It is not installed for this script.
    }
  }
  // From dist/esm and from dist/cjs. A bundler that recognised `new URL` with `import.meta.url` would include the file.
  const here = selfUrl();
  return here.startsWith('file:') ? [join(dirname(fileURLToPath(here)), '..', '..'), ...found] : found;
}

/** From where packages are resolved: this script, which may be in a bundle, and the program. */
function scripts(): string[] {
  const here = selfUrl();
  const program = join(process.cwd(), 'index.js');
  return here.startsWith('file:') ? [here, program] : [program];
}

function selfUrl(): string {
  return import.meta.url ?? '';
}
