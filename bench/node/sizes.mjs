// Prints what a page loads: each client for browsers, whole, bundled and minified in the same way, compressed with gzip (level 9).
//
// React itself is not counted, since the application has it. The WebAssembly module of @flagstaff/web/local is counted.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');

/** A client, and what an application of it imports. */
const CLIENTS = [
  ['Flagstaff', "export { Client } from '@flagstaff/web';"],
  ['GrowthBook', "export { GrowthBook } from '@growthbook/growthbook';"],
  ['Unleash', "export { UnleashClient } from 'unleash-proxy-client';"],
  ['LaunchDarkly', "export { initialize } from 'launchdarkly-js-client-sdk';"],
  ['Statsig', "export { StatsigClient } from '@statsig/js-client';"],
  [
    'OpenFeature with OFREP',
    "export { OpenFeature } from '@openfeature/web-sdk'; export { OFREPWebProvider } from '@openfeature/ofrep-web-provider';",
  ],
  [
    'Flagstaff, evaluating in the page',
    "export { Client } from '@flagstaff/web/local';",
    ['@flagstaff/web/flagstaff_wasm.wasm'],
  ],
];

const WITH_REACT = [
  [
    'Flagstaff',
    "export { FlagsProvider, useFlag, useFlagDetails, useFlags, useSuspenseFlag, Feature } from '@flagstaff/react';",
  ],
  ['GrowthBook', "export { GrowthBook, GrowthBookProvider, useFeatureValue } from '@growthbook/growthbook-react';"],
  ['Unleash', "export { FlagProvider, useFlag, useVariant } from '@unleash/proxy-client-react';"],
  ['LaunchDarkly', "export { asyncWithLDProvider, useFlags } from 'launchdarkly-react-client-sdk';"],
  [
    'Statsig',
    "export { StatsigProvider, useFeatureGate } from '@statsig/react-bindings'; export { StatsigClient } from '@statsig/js-client';",
  ],
  [
    'OpenFeature with OFREP',
    "export { OpenFeature, OpenFeatureProvider, useFlag } from '@openfeature/react-sdk'; export { OFREPWebProvider } from '@openfeature/ofrep-web-provider';",
  ],
];

/** Bytes of an application that contains nothing but the client. */
function sizeOf(source, files = []) {
  const { outputFiles } = buildSync({
    stdin: { contents: source, resolveDir: source.includes('@flagstaff/') ? ROOT : HERE },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
    external: ['react', 'react-dom', 'react/jsx-runtime'],
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const require = createRequire(join(ROOT, 'package.json'));
  const texts = [outputFiles[0].contents, ...files.map((name) => readFileSync(require.resolve(name)))];
  return texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
}

for (const [title, clients] of [
  ['What a page loads', CLIENTS],
  ['What a page of React loads, without React', WITH_REACT],
]) {
  console.log(`\n${title}, bytes (gzip)\n`);
  for (const [name, source, files] of clients) {
    console.log(`${String(sizeOf(source, files)).padStart(8)}  ${name}`);
  }
}
