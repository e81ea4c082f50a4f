import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Changes seldom, so browsers and git keep its file when the code of the UI changes. */
const REACT = /node_modules\/(react|react-dom|scheduler)\//;
/** Only the editors need it, which are loaded where they are shown. */
const EDITORS = /node_modules\/(@codemirror|@lezer|codemirror|yaml)\//;
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

const BASE_PATH = '__BASE_PATH__';

/** Without the server that the build is for nobody says below which path it is reached. */
function ownHost(): Plugin {
  return {
    name: 'own-host',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(BASE_PATH, ''),
  };
}

export default defineConfig({
  plugins: [react(), coreModule(), ownHost()],
  experimental: {
    // The page is at many addresses, so its files need the whole path; files name each other by where they are.
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `${BASE_PATH}/${file}` : { relative: true }),
  },
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
        codeSplitting: {
          groups: [
            { name: 'react', test: REACT },
            // What three files share is in one, or the first page would ask for 25.
            { name: 'shared', minShareCount: 3, test: (id: string) => !EDITORS.test(id) },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': process.env['FLAGSTAFF_URL'] ?? 'http://127.0.0.1:8080' } },
});
