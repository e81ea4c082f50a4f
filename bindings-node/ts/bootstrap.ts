/** The values of flags for a page. */

import {
  type Bootstrap,
  type Context,
  type ContextInput,
  contextOf,
  type Details,
  type EvaluatedFlag,
  type JsonValue,
  PreparedContext,
} from '../../sdk-js/src/index.js';

/** The flags as OFREP's bulk evaluation returns them, and the context if it is given. */
export function toBootstrap(
  all: Record<string, Details<JsonValue | undefined>>,
  context: ContextInput | undefined,
): Bootstrap {
  const flags = Object.values(all).map(toEvaluatedFlag);
  return context === undefined ? { flags } : { flags, context: toJson(context) };
}

/** The context as JSON represents it, since it is sent to a page. */
export function toJson(context: ContextInput): Context {
  return contextOf(context instanceof PreparedContext ? context : new PreparedContext(context)) as Context;
}

function toEvaluatedFlag(details: Details<JsonValue | undefined>): EvaluatedFlag {
  const { flagKey: key, value, variant, reason, flagMetadata, errorCode, errorMessage } = details;
  if (errorCode !== undefined) {
    return { key, errorCode, ...(errorMessage === undefined ? {} : { errorDetails: errorMessage }) };
  }
  // OFREP has no DEFAULT; the server writes it in the same way.
  const isDefault = reason === 'DEFAULT';
  const metadata = isDefault ? { ...flagMetadata, flagstaffReason: reason } : flagMetadata;
  return {
    key,
    // A flag that serves nothing leaves the value to the code of the page.
    ...(value === undefined ? {} : { value }),
    reason: isDefault ? 'STATIC' : reason,
    ...(variant === undefined ? {} : { variant }),
    metadata,
  };
}
