import { FlagsProvider } from '@flagstaff/react';

const url = process.env.NEXT_PUBLIC_FLAGSTAFF_URL;
const key = process.env.NEXT_PUBLIC_FLAGSTAFF_KEY;

export default function App({ Component, pageProps: { flagsBootstrap, ...props } }) {
  return (
    <FlagsProvider options={{ url, key, bootstrap: flagsBootstrap }}>
      <Component {...props} />
    </FlagsProvider>
  );
}
