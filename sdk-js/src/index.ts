/** What `@flagstaff/node` and `@flagstaff/web` share. Each brings an {@link Evaluator} and, where it needs one, a {@link Fetch}. */

export {
  type Asker,
  type ClientEvents,
  type Context,
  FlagClient,
  type Logger,
  type Readiness,
  type Status,
  type Surroundings,
} from './client.js';
export { type Clock, systemClock } from './clock.js';
export { type Details, toDetails } from './details.js';
export { encodeContext, encodeValue } from './encode.js';
export { Engine } from './engine.js';
export type { ErrorCode, Evaluator, Issue, JsonObject, JsonValue, Outcome, Reason, ValueType } from './evaluator.js';
export { PreparedContext } from './prepared.js';
export type { ByteStream, Fetch, HttpRequest, HttpResponse, Remote } from './transport.js';
export { identify, parseRemote } from './transport.js';
export { VERSION } from './version.js';
export { fromWasm } from './wasm.js';
