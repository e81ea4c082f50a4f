import { NextResponse } from 'next/server';
import { forRequest } from './app/flags.js';

/** The address `/start` shows one of two pages. */
export async function proxy(request) {
  const flags = await forRequest(request);
  return NextResponse.rewrite(new URL(flags.isEnabled('wishlist-gallery') ? '/' : '/classic', request.url));
}

export const config = { matcher: '/start' };
