// Copies the build into server/admin, compressed, where the server embeds it. A file whose content is the same stays as it is.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const BUILT = fileURLToPath(new URL('../dist', import.meta.url));
const EMBEDDED = fileURLToPath(new URL('../../server/admin', import.meta.url));

/** The files of a build by path: the manifest is for the tests only */
export async function builtFiles() {
  const entries = await readdir(BUILT, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(BUILT, join(entry.parentPath, entry.name)));
  const served = files.filter((path) => !path.startsWith('.vite')).sort();
  return new Map(await Promise.all(served.map(async (path) => [path, await readFile(join(BUILT, path))])));
}

/** The embedded files by path, decompressed */
export async function embeddedFiles() {
  const entries = await readdir(EMBEDDED, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.gz'));
  const read = async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [relative(EMBEDDED, path).replace(/\.gz$/, ''), gunzipSync(await readFile(path))];
  };
  return new Map((await Promise.all(files.map(read))).sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function embed() {
  const [built, embedded] = [await builtFiles(), await embeddedFiles()];
  for (const path of embedded.keys()) {
    if (!built.has(path)) {
      await rm(join(EMBEDDED, `${path}.gz`));
    }
  }
  for (const [path, content] of built) {
    if (embedded.get(path)?.equals(content) !== true) {
      const target = join(EMBEDDED, `${path}.gz`);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, gzipSync(content, { level: 9 }));
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await embed();
}
