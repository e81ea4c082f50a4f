import { FlagsProvider } from '@flagstaff/react';
import { getFlag } from '@flagstaff/react/server';
import { renderToString } from 'react-dom/server';
import { Page, Shop } from './shop.jsx';

export { getFlag };

/** The page as HTML. */
export function render({ url, key, bootstrap, nonce }) {
  const page = (
    <Page bootstrap={bootstrap} nonce={nonce}>
      <FlagsProvider options={{ url, key, bootstrap }}>
        <Shop />
      </FlagsProvider>
    </Page>
  );
  return `<!doctype html>${renderToString(page)}`;
}
