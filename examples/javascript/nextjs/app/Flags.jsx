'use client';

import { FlagsProvider } from '@flagstaff/react';

const url = process.env.NEXT_PUBLIC_FLAGSTAFF_URL;
const key = process.env.NEXT_PUBLIC_FLAGSTAFF_KEY;

export function Flags({ bootstrap, children }) {
  return <FlagsProvider options={{ url, key, bootstrap }}>{children}</FlagsProvider>;
}
