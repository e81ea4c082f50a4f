// Builds the addon and puts it where the package looks for it: native/flagstaff.PLATFORM.node. `npm pack` leaves out native/dev/, for a build that is not
// optimised, and native/others/, for those of other platforms.
//
// Cargo and a copy, not @napi-rs/cli: the addon's interface is written down in sdk-js already, so nothing is to be generated.
// CARGO_TARGET_DIR is honoured, and so is FLAGSTAFF_PROFILE: `release` unless given, `dev` for a fast build. FLAGSTAFF_PLATFORM, such as `linux-x64-musl`,
// builds for another platform, whose Rust target must be installed. For musl it needs `musl-gcc` (Debian's musl-tools), unless it runs on musl.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { platformName } from '../ts/platform.ts';
import { PLATFORMS } from './platforms.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const profile = process.env.FLAGSTAFF_PROFILE || 'release';
const platform = process.env.FLAGSTAFF_PLATFORM || platformName();
const target = PLATFORMS[platform];
const isForeign = platform !== platformName();
if (isForeign && target === undefined) {
  throw new Error(`FLAGSTAFF_PLATFORM is none of ${Object.keys(PLATFORMS).join(', ')}`);
}
const addonFile = `flagstaff.${platform}.node`;

/** For musl: an addon is linked to the libraries of the program that loads it, not to its own. */
function muslEnvironment() {
  const name = `CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}`;
  const flags = { [`${name}_RUSTFLAGS`]: '-C target-feature=-crt-static' };
  if (!isForeign) {
    return flags;
  }
  // Node on musl brings libgcc_s, of which only the name and the symbols matter here; `musl-gcc` does not find that of the system.
  const libraries = mkdtempSync(join(tmpdir(), 'flagstaff-musl-'));
  process.on('exit', () => rmSync(libraries, { recursive: true }));
  const libgcc = execFileSync('gcc', ['-print-file-name=libgcc_s.so.1'], { encoding: 'utf8' }).trim();
  // The linker's file `libgcc_s.so` refers to the name with the number.
  symlinkSync(libgcc, join(libraries, 'libgcc_s.so.1'));
  // In front of the real one, and not under a name of its own: cargo builds everything anew for another linker.
  const script = `#!/bin/sh\nPATH=\${PATH#*:} exec musl-gcc -L${libraries} "$@"\n`;
  writeFileSync(join(libraries, 'musl-gcc'), script, { mode: 0o755 });
  return { ...flags, [`${name}_LINKER`]: 'musl-gcc', PATH: `${libraries}:${process.env.PATH}` };
}

const messages = execFileSync(
  'cargo',
  [
    ...['build', '--package', 'flagstaff-node', '--profile', profile, '--message-format', 'json-render-diagnostics'],
    ...(isForeign ? ['--target', target] : []),
  ],
  {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...(platform.endsWith('-musl') ? muslEnvironment() : {}) },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  },
);

// Cargo says where it put the library, whatever the target directory and the system's name for such a file.
const library = messages
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'flagstaff_node')
  .flatMap(({ filenames }) => filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file));
if (library === undefined) {
  throw new Error('cargo built no dynamic library of flagstaff-node');
}

const subfolder = isForeign ? 'others/' : profile === 'dev' ? 'dev/' : '';
const path = `native/${subfolder}${addonFile}`;
const addon = `${folder}${path}`;
mkdirSync(dirname(addon), { recursive: true });
// Renamed into place, so that a process which has the old one open keeps it.
copyFileSync(library, `${addon}.new`);
renameSync(`${addon}.new`, addon);
if (profile !== 'dev' && !isForeign) {
  // It would be loaded instead.
  rmSync(`${folder}native/dev`, { recursive: true, force: true });
}
console.log(`built ${path} (${profile})`);
