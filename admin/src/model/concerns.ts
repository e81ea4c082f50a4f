// Which of the queries of a page a change concerns, by their keys: [what, project, environment, …]

interface Change {
  environment: string | null;
  kind: string;
  key: string;
}

/** What is read again by itself, or only tried */
const OTHERS = new Set([
  'attributes',
  'check',
  'checkCondition',
  'convergence',
  'copy',
  'document',
  'documentAt',
  'instances',
  'me',
  'unknown',
  'usage',
]);
/** Queries about one flag, whose key is the fourth part of theirs */
const OF_FLAG = new Set(['flag', 'history', 'overrides', 'patched']);

/** Whether a query must be read again after a change of a project */
export function concerns(queryKey: readonly unknown[], project: string, change: Change): boolean {
  const [what, ofProject, environment, other] = queryKey;
  if (OTHERS.has(String(what)) || /preview/i.test(String(what))) {
    return false;
  }
  // Names and numbers of projects and environments are everywhere.
  if (change.kind === 'project' || change.kind === 'environment') {
    return true;
  }
  if (ofProject !== project) {
    return false;
  }
  if (what === 'projectFlag') {
    return change.kind !== 'flag' || environment === change.key;
  }
  if (change.kind === 'flag' && OF_FLAG.has(String(what)) && other !== change.key) {
    return false;
  }
  const isOfOne = typeof environment === 'string' && what !== 'projectFlags';
  return change.environment === null || !isOfOne || environment === change.environment || other === change.environment;
}
