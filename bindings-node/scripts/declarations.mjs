// Removes the internal declarations, which no entry of a package needs.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Removes from `folder` all declarations that none of `entries`, paths in the folder, refers to. */
export function removeUnused(folder, entries) {
  const needed = new Set();
  const waiting = entries.map(normalize);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (!needed.has(file)) {
      needed.add(file);
      const text = readFileSync(join(folder, file), 'utf8');
      const imports = text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g);
      waiting.push(...Array.from(imports, ([, path]) => join(dirname(file), `${path}.d.ts`)));
    }
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !needed.has(file.slice(normalize(folder).length + 1))) {
      rmSync(file);
    }
  }
}
