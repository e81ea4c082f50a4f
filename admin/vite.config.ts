import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Changes seldom, so browsers and git keep its file when the code of the UI changes. */
const REACT = /node_modules\/(react|react-dom|scheduler)\//;
const CORE = fileURLToPath(new URL('wasm/flagstaff_wasm_bg.wasm.gz', import.meta.url));

/** `virtual:core-module` is the address of the core as WebAssembly, which is stored compressed. */
function coreModule(): Plugin {
  const name = 'virtual:core-module';
  let isServing = false;
  return {
    name: 'core-module',
    configResolved(config) {
      isServing = config.command === 'serve';
    },
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    async load(id) {
      if (id !== `\0${name}`) {
        return undefined;
      }
      const source = gunzipSync(await readFile(CORE));
      if (isServing) {
        return `export default 'data:application/wasm;base64,${source.toString('base64')}';`;
      }
      const file = this.emitFile({ type: 'asset', name: 'flagstaff_wasm_bg.wasm', source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

export default defineConfig({
  plugins: [react(), coreModule()],
  build: {
    target: 'es2022',
    // An inlined asset would be a `data:` URL, which the Content-Security-Policy forbids.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The editor, which is loaded where it is shown, is the largest file; e2e/build.test.mjs has the budget of what is loaded at first.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'react', test: REACT }] },
      },
    },
  },
  server: { proxy: { '/api': process.env['FLAGSTAFF_URL'] ?? 'http://127.0.0.1:8080' } },
});
