// Makes the packages that are published: one for each platform, which contains an addon, and the package itself, which names them as optional
// dependencies, so that npm installs the one for the platform.
//
// usage: platform-packages.mjs OUT ADDONS [--complete]
//
// ADDONS is a folder with files `flagstaff.PLATFORM.node`; with --complete it must have one for each platform. OUT gets the folders `node` and
// `node-PLATFORM`. Not in the package.json of this tree: npm would look for packages that are not published yet.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLATFORMS } from './platforms.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { complete: { type: 'boolean' } } });
const [out, addons] = positionals.map((path) => resolve(path));
if (out === undefined || addons === undefined) {
  throw new Error('usage: platform-packages.mjs OUT ADDONS [--complete]');
}
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const addonFile = (platform) => `flagstaff.${platform}.node`;
const files = readdirSync(addons);
const built = Object.keys(PLATFORMS).filter((platform) => files.includes(addonFile(platform)));
const missing = Object.keys(PLATFORMS).filter((platform) => !built.includes(platform));
if (built.length === 0 || (values.complete && missing.length > 0)) {
  throw new Error(`${addons} has no addon for ${missing.join(', ')}`);
}

const main = JSON.parse(readFileSync('package.json', 'utf8'));
const { version, license, engines } = main;

for (const platform of built) {
  const folder = join(out, `node-${platform}`);
  const [os, cpu, libc] = platform.split('-');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  write(folder, {
    name: `${main.name}-${platform}`,
    version,
    description: `The addon of ${main.name} for ${platform}`,
    license,
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [{ gnu: 'glibc', musl: 'musl' }[libc]] }),
    main: addonFile(platform),
    files: [addonFile(platform), 'LICENSE-APACHE', 'LICENSE-MIT'],
  });
  writeFileSync(
    join(folder, 'README.md'),
    `The addon of \`${main.name}\` for ${platform}, which that package finds by itself.\n`,
  );
  copyFileSync(join(addons, addonFile(platform)), join(folder, addonFile(platform)));
  copyLicences(folder);
}

const folder = join(out, 'node');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
cpSync('dist', join(folder, 'dist'), { recursive: true });
copyFileSync('README.md', join(folder, 'README.md'));
const { scripts: _, devDependencies: __, ...published } = main;
write(folder, {
  ...published,
  files: ['dist', 'README.md'],
  optionalDependencies: Object.fromEntries(built.map((platform) => [`${main.name}-${platform}`, version])),
});
console.log(`made ${built.map((platform) => `node-${platform}`).join(', ')} and node in ${out}`);

function write(target, content) {
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
}

function copyLicences(target) {
  for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    copyFileSync(join('..', licence), join(target, licence));
  }
}
