import { headers } from 'next/headers';
import { FlagsBootstrap } from '../flags.js';
import { Widget } from './Widget.jsx';

export default async function Page() {
  return (
    <>
      <FlagsBootstrap nonce={(await headers()).get('x-nonce') ?? undefined} />
      <Widget />
    </>
  );
}
