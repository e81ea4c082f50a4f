/** `@flagstaff/node/next`: the flags of each request in Next.js: App Router, Pages Router, route handlers, API routes and the proxy. */

import type { ReactElement } from 'react';
import { jsx } from 'react/jsx-runtime';
import type { Bootstrap, ContextInput, Flags, FlagValue, Widened } from '../../sdk-js/src/index.js';
import { toBootstrap } from './bootstrap.js';
import { Client } from './client.js';
import { type NextClient, ProcessClient } from './next-client.js';
import { findRequest, type NodeRequest, readRequest, type Visit, type WebRequest } from './next-request.js';
import type { ClientOptions } from './options.js';
import { type MiddlewareOptions, type RequireOptions, toRefusal } from './request-flags.js';
import { runWithFlags } from './scope.js';

export type { NextClient } from './next-client.js';
export type { NodeRequest, Visit, WebRequest } from './next-request.js';
export type { MiddlewareOptions, RequireOptions } from './request-flags.js';

/** The flags of a request, and the context for which they are evaluated. */
interface RequestFlags {
  flags: Flags;
  context: ContextInput | undefined;
}

export interface FlagsBootstrapProps {
  /** The nonce of the page's content security policy. */
  nonce?: string | undefined;
}

/** The parts of the argument and the result of `getServerSideProps` (Pages Router) that are used; the rest is passed on. */
interface PageContext {
  req: NodeRequest;
}
interface PageResult {
  props?: object | Promise<object>;
}

/** The prop of a page that contains the flags for the browser. */
export interface BootstrapProps {
  flagsBootstrap: Bootstrap;
}

/** A response of an API route of the Pages Router. */
interface ApiResponse {
  status(code: number): { json(body: unknown): unknown };
}

/** A function that handles a request: a route handler of the App Router, or an API route of the Pages Router. */
// biome-ignore lint/suspicious/noExplicitAny: both kinds, with whatever types the application gives them
type Handler = (request: any, second: any) => unknown;

/** The flags of an application of Next.js. Its functions need no `this`. */
export interface NextFlags {
  /** The client; it is made at the first call, so that a build needs no server and no key. */
  readonly client: NextClient;
  /** The flags of the request that is rendered or handled: in server components, route handlers, server actions and `generateMetadata`. */
  getFlags(): Promise<Flags>;
  /** The value of a flag for this request; the fallback, `false` unless given, if there is none of its type. */
  getFlag(key: string): Promise<boolean>;
  getFlag<T extends FlagValue>(key: string, fallback: T): Promise<Widened<T>>;
  /** The flags marked `clientSide` for this request, for the option `bootstrap` of the browser's client. */
  getBootstrap(): Promise<Bootstrap>;
  /** A server component that puts these flags into the page, where a client of `@flagstaff/web` finds them. The element contains data, not a script. */
  FlagsBootstrap(props: FlagsBootstrapProps): Promise<ReactElement>;
  /** The flags of a request that the caller has: in `proxy.js`, and in the Pages Router. */
  forRequest(request: WebRequest | NodeRequest): Promise<Flags>;
  /**
   * The function `getServerSideProps` of a page (Pages Router), whose argument has `flags` and whose props have `flagsBootstrap`. Without an argument
   * the page has this prop only.
   */
  withFlags<Context extends PageContext, Result extends PageResult>(
    getServerSideProps?: (context: Context & { flags: Flags }) => Promise<Result>,
  ): (context: Context) => Promise<Result>;
  /**
   * A route handler or an API route that exists only where a boolean flag is on: otherwise the response is a 404 with
   * `{"error": "Feature not available"}`. In it `currentFlags()` returns the flags of the request.
   */
  requireFlag<Handle extends Handler>(key: string, handle: Handle, options?: RequireOptions): Handle;
}

/**
 * Creates the functions that read flags, for a module of the application. Every request evaluates each flag once, in one revision, however many
 * components read it.
 *
 * ```js
 * export const { getFlags, getFlag, getBootstrap } = createNextFlags(
 *   { url: process.env.FLAGSTAFF_URL, key: process.env.FLAGSTAFF_KEY },
 *   { context: ({ cookies }) => ({ targetingKey: cookies.get('user') }) },
 * );
 * ```
 *
 * For equal options, all modules of a process share one client, also after a module is loaded again in development.
 */
export function createNextFlags(
  client: NextClient | ClientOptions,
  { context }: MiddlewareOptions<Visit> = {},
): NextFlags {
  const held = new ProcessClient(client, (options) => new Client(options));
  const byRequest = new WeakMap<object, Promise<RequestFlags>>();

  /** The flags of a request, which are made once. `identity` is the same object for everything that belongs to the request. */
  function flagsOf(identity: object, visit: () => Visit): Promise<RequestFlags> {
    let flags = byRequest.get(identity);
    if (flags === undefined) {
      flags = makeFlags(visit());
      byRequest.set(identity, flags);
    }
    return flags;
  }

  async function makeFlags(visit: Visit): Promise<RequestFlags> {
    const [input, ready] = await Promise.all([context?.(visit), held.ready()]);
    return { flags: ready.forContext(input), context: input };
  }

  const ofRequest = (request: WebRequest | NodeRequest) => flagsOf(request, () => readRequest(request));

  async function ofRendering(): Promise<RequestFlags> {
    const { identity, visit } = await findRequest();
    return flagsOf(identity, () => visit);
  }

  const bootstrapOf = ({ flags, context }: RequestFlags) => toBootstrap(flags.all({ clientSideOnly: true }), context);

  const getFlag = async (key: string, fallback: FlagValue = false) => (await ofRendering()).flags.get(key, fallback);
  const getBootstrap = async () => bootstrapOf(await ofRendering());

  return {
    get client() {
      return held.client;
    },
    getFlags: async () => (await ofRendering()).flags,
    getFlag: getFlag as NextFlags['getFlag'],
    getBootstrap,
    async FlagsBootstrap({ nonce }) {
      // The same element as that of @flagstaff/react/server.
      return jsx('script', {
        type: 'application/json',
        id: 'flagstaff-bootstrap',
        nonce,
        suppressHydrationWarning: true,
        dangerouslySetInnerHTML: { __html: JSON.stringify(await getBootstrap()).replace(/</g, '\\u003c') },
      });
    },
    forRequest: async (request) => (await ofRequest(request)).flags,
    withFlags: (getServerSideProps) => async (page) => {
      const request = await ofRequest(page.req);
      const { flags } = request;
      const result = await getServerSideProps?.({ ...page, flags });
      // A redirect, or a page that is not found.
      if (result !== undefined && !('props' in result)) {
        return result;
      }
      const props = { ...(await result?.props), flagsBootstrap: bootstrapOf(request) } satisfies BootstrapProps;
      return { ...result, props } as NonNullable<typeof result>;
    },
    requireFlag(key, handle, options) {
      const refusal = toRefusal(options);
      const handler: Handler = async (request, second) => {
        const { flags } = await ofRequest(request);
        if (flags.isEnabled(key)) {
          return runWithFlags(flags, () => handle(request, second));
        }
        return isApiResponse(second)
          ? second.status(refusal.status).json(refusal.body)
          : Response.json(refusal.body, { status: refusal.status });
      };
      return handler as typeof handle;
    },
  };
}

/** The second argument of a route handler has the route's parameters instead. */
function isApiResponse(second: unknown): second is ApiResponse {
  return typeof (second as { status?: unknown } | undefined)?.status === 'function';
}

/** The part of Next.js's configuration that {@link withFlagstaff} changes. */
export interface NextConfigPart {
  serverExternalPackages?: string[] | undefined;
}

/** A configuration that is a function, as Next.js accepts it. */
// biome-ignore lint/suspicious/noExplicitAny: its arguments and its result are passed on
type ConfigFunction = (...args: any[]) => any;

/**
 * Changes the configuration of Next.js so that the installed `@flagstaff/node` is loaded and not bundled, since a bundler cannot include its native addon.
 *
 * ```js
 * export default withFlagstaff({ reactStrictMode: true });
 * ```
 */
export function withFlagstaff<Config extends NextConfigPart | ConfigFunction>(config: Config = {} as Config): Config {
  if (typeof config === 'function') {
    return (async (...args: unknown[]) => withFlagstaff(await config(...args))) as unknown as Config;
  }
  const { serverExternalPackages: packages = [] } = config as NextConfigPart;
  return { ...config, serverExternalPackages: [...new Set([...packages, '@flagstaff/node'])] };
}
