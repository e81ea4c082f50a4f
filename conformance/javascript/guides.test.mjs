// The guides of docs/javascript for pages, followed to the letter with the packed packages, in Chromium against the server.

import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';
import { SingleNode } from '../e2e/support/deployment.mjs';
import { openBrowser } from '../e2e/support/page.mjs';
import { fromRoot } from '../e2e/support/paths.mjs';
import { KEYS } from '../e2e/support/server.mjs';
import { readBlocks } from '../readme/blocks.mjs';
import { Project, packedFiles, readGuide } from './project.mjs';

const FLAG = 'wishlist-gallery';
const SHOWN = { timeout: 30_000 };
const WEB = { '@flagstaff/web': 'bindings-wasm' };

describe('the guide', () => {
  let deployment;
  let server;
  let browser;
  let project;

  before(async () => {
    deployment = await SingleNode.start();
    server = deployment.writer;
    browser = await openBrowser();
  });

  afterEach(() => project?.remove());

  after(async () => {
    await browser?.close();
    await deployment?.stop();
  });

  /** The text of a guide with this server and its key. */
  const here = (text) => text.replace('http://127.0.0.1:8080', server.url).replace('fs_client_…', KEYS.client);

  async function open(url) {
    const page = await browser.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
    await page.goto(url);
    return { page, problems };
  }

  test('for React with Vite, and for its tests', async () => {
    await server.flip(FLAG, false);
    const files = new Map([...(await readGuide('vite-react')), ...(await readGuide('testing-react'))]);
    for (const [path, text] of files) {
      assert.equal(await readFile(fromRoot(`examples/javascript/vite-react/${path}`), 'utf8'), text, path);
    }
    project = await Project.create(files, {
      packages: { ...WEB, '@flagstaff/react': 'react' },
      tools: [
        ...['react', 'react-dom', 'vite', '@vitejs/plugin-react'],
        ...['vitest', 'happy-dom', '@testing-library/dom', '@testing-library/react'],
      ],
    });
    const { stdout } = await project.run('vitest/vitest.mjs', ['run', '--no-color']);
    assert.match(stdout, /Tests {2}3 passed/);
    await project.run('vite/bin/vite.js', ['build', '--logLevel', 'error'], {
      VITE_FLAGSTAFF_URL: server.url,
      VITE_FLAGSTAFF_KEY: KEYS.client,
    });
    const url = await project.serve('dist');
    const { page, problems } = await open(url);
    const heading = (text) => page.getByRole('heading', { name: text }).waitFor(SHOWN);
    await heading('List');
    await page.getByText('Coming soon').waitFor(SHOWN);
    await server.flip(FLAG, true);
    await heading('Gallery');
    await page.getByLabel('up to 20 items').check();
    await page.getByLabel('up to 100 items').waitFor(SHOWN);
    assert.deepEqual(problems, []);

    await server.kill();
    await page.reload();
    await heading('Gallery');
    await server.restart();
    await server.flip(FLAG, false);
    await heading('List');
  });

  test('for a plain page', async () => {
    await server.flip(FLAG, true);
    const files = await readGuide('plain-page');
    project = await Project.create(
      [...files].map(([path, text]) => [path, here(text)]),
      { packages: WEB },
    );
    const client = await readFile(`${project.folder}/node_modules/@flagstaff/web/dist/esm/index.js`, 'utf8');
    await project.write('flagstaff.js', client);
    const { page, problems } = await open(await project.serve('.'));
    await page.locator('#wishes.gallery').waitFor(SHOWN);
    assert.notEqual(await page.locator('#add').textContent(), 'Add');
    assert.ok(await page.locator('#mine').isHidden());
    await server.flip('wishlist-add-item', true);
    await page.locator('#mine').waitFor(SHOWN);
    assert.deepEqual(problems, []);
  });

  /** Each makes `dist` of the page `index.html`, whose script is `page.js`. */
  const BUNDLERS = {
    Vite: () => project.run('vite/bin/vite.js', ['build', '--logLevel', 'error']),
    async webpack() {
      const compiler = webpack({
        mode: 'production',
        context: project.folder,
        entry: './page.js',
        output: { path: `${project.folder}/dist`, filename: 'page.js', assetModuleFilename: 'assets/[name][ext]' },
      });
      const stats = await promisify(compiler.run.bind(compiler))();
      await promisify(compiler.close.bind(compiler))();
      assert.equal(stats.hasErrors(), false, stats.toString());
      await copyFile(`${project.folder}/index.html`, `${project.folder}/dist/index.html`);
    },
    async Rollup() {
      const built = await rollup({ input: `${project.folder}/page.js`, plugins: [nodeResolve({ browser: true })] });
      await built.write({ file: `${project.folder}/dist/assets/page.js`, format: 'esm' });
      await built.close();
      await beside();
    },
    async esbuild() {
      const outfile = `${project.folder}/dist/assets/page.js`;
      await esbuild({ entryPoints: [`${project.folder}/page.js`], bundle: true, format: 'esm', outfile });
      await beside();
    },
  };

  /** What Rollup and esbuild leave to the application: the page, and the module in the folder above the script's. */
  async function beside() {
    const { folder } = project;
    const html = await readFile(`${folder}/index.html`, 'utf8');
    await writeFile(`${folder}/dist/index.html`, html.replace('/page.js', '/assets/page.js'));
    await copyFile(
      `${folder}/node_modules/@flagstaff/web/dist/flagstaff_wasm.wasm`,
      `${folder}/dist/flagstaff_wasm.wasm`,
    );
  }

  for (const [bundler, build] of Object.entries(BUNDLERS)) {
    test(`for evaluation in the page, as ${bundler} builds it: one module, which is found`, async () => {
      await server.flip(FLAG, true);
      const { text } = readBlocks(fromRoot('bindings-wasm/README.md')).get('local');
      const html = '<!doctype html><title></title><script type="module" src="/page.js"></script>';
      const script = here(text).replace('clientLocalKey', JSON.stringify(KEYS.local));
      project = await Project.create(Object.entries({ 'index.html': html, 'page.js': script }), {
        packages: WEB,
        tools: ['vite'],
      });
      await build();
      const { page, problems } = await open(await project.serve('dist'));
      await page.waitForFunction(() => document.title === 'Gallery', undefined, SHOWN);
      assert.deepEqual(problems, []);
      const files = await readdir(`${project.folder}/dist`, { recursive: true });
      const modules = files.filter((name) => name.endsWith('.wasm'));
      assert.equal(modules.length, 1);
    });
  }

  test('for OpenFeature', async () => {
    await server.flip(FLAG, true);
    const { text } = readBlocks(fromRoot('docs/javascript/openfeature-web.md')).get('openfeature-web');
    project = await Project.create([['app.mjs', here(text)]], {
      packages: WEB,
      tools: ['@openfeature/web-sdk', '@openfeature/core'],
    });
    assert.equal((await project.run('../app.mjs', [])).stdout, 'gallery: true\n');
  });
});

test('the tarballs contain what is built, with types and licences, and nothing else', async () => {
  const forms = ['cjs', 'esm'];
  const scripts = (names) => forms.flatMap((form) => names.map((name) => `dist/${form}/${name}.js`));
  const others = ['LICENSE-APACHE', 'LICENSE-MIT'].map((name) => `dist/${name}`);
  const isTypes = (path) => /^dist\/(cjs|esm)\/types\/.*\.d\.ts$/.test(path);
  const rest = async (folder) => (await packedFiles(folder)).filter((path) => !isTypes(path)).sort();
  const common = ['README.md', 'dist/cjs/package.json', 'package.json', ...others];
  assert.deepEqual(
    await rest('bindings-wasm'),
    [
      ...common,
      ...scripts(['index', 'local', 'local-dialects', 'openfeature']),
      'dist/cli.js',
      'dist/flagstaff_wasm.wasm',
      'dist/flagstaff_wasm_dialects.wasm',
    ].sort(),
  );
  // Of the declarations only those that an entry refers to.
  const types = (await packedFiles('bindings-wasm')).flatMap(
    (path) => /esm\/types\/bindings-wasm\/ts\/(.+)\.d\.ts$/.exec(path)?.[1] ?? [],
  );
  const page = ['client', 'details', 'options', 'signature', 'types'].map((name) => `page/${name}`);
  assert.deepEqual(
    types.sort(),
    [
      'index',
      'local',
      'local-dialects',
      'local/client',
      'local/engine',
      'openfeature',
      ...page,
      'remote/client',
    ].sort(),
  );
  const modules = ['context', 'devtools', 'feature', 'hooks', 'index', 'provider', 'server', 'testing'];
  const declarations = forms.flatMap((form) => modules.map((name) => `dist/${form}/types/${name}.d.ts`));
  assert.deepEqual((await packedFiles('react')).sort(), [...common, ...scripts(modules), ...declarations].sort());
});
