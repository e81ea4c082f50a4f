import type { FieldError } from './types.js';

const URN = 'urn:flagstaff:problem:';

/** The server refused a request, or did not respond */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  /** The HTTP status; 0 if there was no response */
  readonly status: number;
  /** The kind of problem, such as `not-found` or `invalid`; `unreachable` without a response, `unknown` for a response that is not Flagstaff's */
  readonly code: string;
  /** What is wrong and what was expected */
  readonly detail: string;
  /** The errors in single fields of the body or parameters of the query */
  readonly errors: readonly FieldError[];
  /** The id of the request in the server's log */
  readonly requestId: string | undefined;

  constructor(
    status: number,
    problem: Readonly<Record<string, unknown>>,
    options?: ErrorOptions & { requestId?: string },
  ) {
    const { type, title, errors } = problem;
    const detail = String(problem['detail'] ?? title ?? `HTTP ${status}`);
    const kind = typeof type === 'string' && type.startsWith(URN) ? type.slice(URN.length) : undefined;
    const code = kind ?? (status === 0 ? 'unreachable' : 'unknown');
    const fields: readonly FieldError[] = Array.isArray(errors) ? errors : [];
    // The detail has the first of them.
    super([`${code}: ${detail}`, ...fields.slice(1).map(place)].join('; '), options);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = fields;
    this.requestId = options?.requestId;
  }

  /** The places of `errors`: JSON pointers into the body, or `?name` for a parameter of the query */
  get pointers(): string[] {
    return this.errors.map(({ pointer }) => pointer);
  }
}

function place({ pointer, line, message }: FieldError): string {
  return `${pointer}${line ? ` in line ${line}` : ''}: ${message}`;
}
