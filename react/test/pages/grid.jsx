// Many components, each of which reads a flag of its own and counts how often it is rendered.

import { FlagsProvider, useFlag, useFlagDetails } from '@flagstaff/react';
import { Client } from '@flagstaff/web';
import { memo } from 'react';
import { createRoot } from 'react-dom/client';

const { url, key, count } = globalThis.config;
const client = new Client({ url, key });
const renderings = new Map();
globalThis.renderings = renderings;

const Cell = memo(function Cell({ flag, useIt }) {
  const value = useIt(flag);
  renderings.set(flag, (renderings.get(flag) ?? 0) + 1);
  return <i id={flag}>{String(value)}</i>;
});

const useDetails = (flag) => useFlagDetails(flag).value;

client.ready().then(() => {
  createRoot(document.getElementById('root')).render(
    <FlagsProvider client={client}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change
        <Cell key={index} flag={`grid-${index}`} useIt={index % 2 === 0 ? useFlag : useDetails} />
      ))}
    </FlagsProvider>,
  );
});
