// Beginning and ending the session of the cookie

import { queryOptions } from '@tanstack/react-query';
import { type Failure, hasCookie, signOut } from '../session';
import { address, get, request } from './request';

/** The identity provider, if there is one */
export const signInMethods = () =>
  queryOptions({
    queryKey: ['signIn'],
    queryFn: ({ signal }) => get('/api/v1/sign-in', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Exchanges the code of a one-time link for the cookie. */
export async function exchangeLink(code: string): Promise<Failure | undefined> {
  // Not as a request of the session: its refusal says nothing about somebody who is signed in already.
  const response = await fetch(address('/api/v1/sign-in/link'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  }).catch(() => undefined);
  if (response?.ok) {
    return undefined;
  }
  const failures: Record<number, Failure> = { 401: 'link', 429: 'rate-limited' };
  return response === undefined ? 'unreachable' : (failures[response.status] ?? 'unavailable');
}

/** Signs out, also at the server; answers where to sign out at the identity provider. Fails if the server does not end the session. */
export async function endSession(): Promise<string | undefined> {
  let next: string | null = null;
  if (hasCookie()) {
    ({ providerUrl: next } = (await request('post', '/api/v1/sign-out', {})).data);
  }
  signOut();
  return next ?? undefined;
}
