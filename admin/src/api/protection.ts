// Protected environments: the server takes no change of them without a reason. Every write of the UI passes here, so that no page has to
// ask by itself.

/** What the person is asked before a write */
export interface Question {
  environment: string;
  /** Whether the name of the environment must be typed */
  isDangerous: boolean;
  /** The reason that was given with the form */
  reason: string;
}

interface Asked extends Question {
  answer: (reason: string | undefined) => void;
}

/** The person did not give a reason. */
export class NoReason extends Error {}

const known = new Map<string, ReadonlySet<string>>();
let asked: Asked | undefined;
const listeners = new Set<() => void>();

export function rememberProtected(project: string, environments: readonly string[]): void {
  known.set(project, new Set(environments));
}

/** The protected environments of a project, as they were last read; undefined if they were not */
export function protectedOf(project: string): readonly string[] | undefined {
  const environments = known.get(project);
  return environments && [...environments];
}

export function subscribeToQuestions(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function openQuestion(): Asked | undefined {
  return asked;
}

/** Asks for the reason of a write; fails if the person gives none. */
export function askReason(question: Question): Promise<string> {
  // Of two writes at once the later one is asked about; the earlier one is not sent.
  asked?.answer(undefined);
  return new Promise((resolve, reject) => {
    const answer = (reason: string | undefined) => {
      show(undefined);
      if (reason === undefined) {
        reject(new NoReason());
      } else {
        resolve(reason);
      }
    };
    show({ ...question, answer });
  });
}

function show(next: Asked | undefined): void {
  asked = next;
  for (const listener of listeners) {
    listener();
  }
}

/** Whether a write can take much away at once, so that the name of the environment is typed before it */
export function isDangerous(method: string, path: string): boolean {
  const isOne = path.includes('/overrides/{level}') || path.includes('/ids/{list}');
  const isMany = /\/(archive|bulk|changesets|copy|document|restore|rollback|settings)$/.test(path);
  return isMany || (method === 'delete' && !isOne);
}
