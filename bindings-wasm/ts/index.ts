/**
 * `@flagstaff/web`: the flags of a page, which the server evaluates for the page's context, again after each change. It needs an SDK key
 * of kind `client`, with which a page gets values and no rules.
 */

export type { Bootstrap, EvaluatedFlag } from '../../sdk-js/src/bootstrap.js';
export type { ErrorCode, JsonObject, JsonValue, Reason } from '../../sdk-js/src/evaluator.js';
export type { ByteStream, Fetch, HttpRequest, HttpResponse } from '../../sdk-js/src/transport.js';
export type { Context, Logger, Readiness, Status } from '../../sdk-js/src/types.js';
export type { PageClient } from './page/client.js';
export { toDetails, valueOr } from './page/details.js';
export type { ClientEvents, ClientOptions } from './page/options.js';
export type { Signature } from './page/signature.js';
// All types are exported, so that an application can extend `FlagTypes` under the package's name.
export type * from './page/types.js';
export { Client } from './remote/client.js';
