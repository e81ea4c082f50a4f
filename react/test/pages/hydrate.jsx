import { FlagsProvider } from '@flagstaff/react';
import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { Page, Shop } from './shop.jsx';

const { config, ...bootstrap } = JSON.parse(document.getElementById('flagstaff-bootstrap').textContent);

// Every text that the page has shown from the first one on: a flicker would add to it.
globalThis.shown = [document.querySelector('main').textContent];
new MutationObserver(() => {
  const text = document.querySelector('main').textContent;
  if (text !== globalThis.shown.at(-1)) {
    globalThis.shown.push(text);
  }
}).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });

hydrateRoot(
  document,
  <StrictMode>
    <Page bootstrap={{ config, ...bootstrap }}>
      <FlagsProvider options={{ ...config }}>
        <Shop />
      </FlagsProvider>
    </Page>
  </StrictMode>,
);
