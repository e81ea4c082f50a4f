// Copies the core with the dialects of other vendors, which `scripts/build.sh wasm` makes, to admin/wasm. The module is stored as it is embedded: git keeps it once.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUILT = fileURLToPath(new URL('../../bindings-wasm/pkg/node', import.meta.url));
const STORED = fileURLToPath(new URL('../wasm', import.meta.url));

await mkdir(STORED, { recursive: true });
for (const name of ['flagstaff_wasm.js', 'flagstaff_wasm.d.ts']) {
  await copyFile(`${BUILT}/${name}`, `${STORED}/${name}`);
}
const module = await readFile(`${BUILT}/flagstaff_wasm_bg.wasm`);
await writeFile(`${STORED}/flagstaff_wasm_bg.wasm.gz`, gzipSync(module, { level: 9 }));
