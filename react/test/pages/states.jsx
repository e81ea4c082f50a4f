// Loading, suspense, the context and exposures, under StrictMode and with options written inline.

import { Feature, FlagsProvider, useFlag, useFlagDetails, useFlagsClient, useSuspenseFlag } from '@flagstaff/react';
import { StrictMode, Suspense, useState } from 'react';
import { createRoot } from 'react-dom/client';

const { url, key } = globalThis.config;
globalThis.exposures = [];
globalThis.clients = new Set();

function Loading() {
  const { value, isLoading, source, errorCode } = useFlagDetails('wishlist-button-text', 'Add');
  globalThis.clients.add(useFlagsClient());
  return <p id="details">{JSON.stringify({ value, isLoading, source, errorCode })}</p>;
}

function Suspended() {
  return <p id="suspended">{String(useSuspenseFlag('wishlist-gallery'))}</p>;
}

function Exposed() {
  return <p id="exposed">{useFlag('wishlist-max-items', 0)}</p>;
}

function App() {
  const [user, setUser] = useState({ targetingKey: 'user-1' });
  const [isShown, setShown] = useState(true);
  globalThis.setUser = setUser;
  globalThis.setShown = setShown;
  return isShown ? (
    <FlagsProvider
      options={{
        url,
        key,
        context: { ...user },
        cache: 'off',
        onExposure: ({ flagKey, variant }) => globalThis.exposures.push(`${flagKey}=${variant}`),
      }}
    >
      <Loading />
      <Suspense fallback={<p id="waiting">Waiting</p>}>
        <Suspended />
      </Suspense>
      <Exposed />
      <Feature flag="wishlist-button-text" match="Add to wishlist" fallback={<p id="feature">other</p>}>
        <p id="feature">match</p>
      </Feature>
    </FlagsProvider>
  ) : (
    <p id="closed">Closed</p>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
