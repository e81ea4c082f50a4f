import { createNextFlags } from '@flagstaff/node/next';

/** Who asks: here a cookie, in an application of yours the session. */
const context = ({ cookies }) => ({ targetingKey: cookies.get('user') ?? 'anonymous', plan: cookies.get('plan') });

export const { getFlags, getFlag, getBootstrap, FlagsBootstrap, forRequest, withFlags, requireFlag } = createNextFlags(
  { url: process.env.FLAGSTAFF_URL, key: process.env.FLAGSTAFF_KEY },
  { context },
);
