/** The message of whatever was thrown, with those of its causes, since `fetch` hides the cause. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? error.message : `${error.message}: ${errorMessage(error.cause)}`;
}
