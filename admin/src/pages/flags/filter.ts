// Which flags are shown and in which order: pure, and the only place that decides it.

import type { ProjectFlag } from '../../api/queries';

export interface Filter {
  q?: string;
  env?: string;
  state?: string;
  type?: string;
  kind?: string;
  tag?: string;
  owner?: string;
  lifecycle?: string;
  sort?: string;
}

export const SORTS = ['key', '-createdAt', '-updatedAt', 'lastSeenAt', '-lastSeenAt'] as const;

/** The flags that a filter admits, in its order */
export function matching(flags: readonly ProjectFlag[], filter: Filter): ProjectFlag[] {
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const admitted = flags.filter((flag) => {
    const text = `${flag.key} ${flag.name} ${flag.description} ${flag.tags.join(' ')} ${flag.owner}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      isOrAny(filter.type, flag.type ?? '') &&
      isOrAny(filter.kind, flag.kind) &&
      isOrAny(filter.owner, flag.owner) &&
      isOrAny(filter.lifecycle, flag.lifecycle) &&
      (filter.tag === undefined || flag.tags.includes(filter.tag)) &&
      hasState(flag, filter)
    );
  });
  return admitted.sort(order(filter.sort));
}

function isOrAny(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted === given;
}

function hasState(flag: ProjectFlag, { state, env }: Filter): boolean {
  if (state === undefined) {
    return env === undefined || flag.environments.some((place) => place.name === env);
  }
  const places = flag.environments.filter((place) => env === undefined || place.name === env);
  return places.some((place) => place.enabled === (state === 'on'));
}

function order(sort: string | undefined): (one: ProjectFlag, other: ProjectFlag) => number {
  const field = sort?.replace(/^-/, '') ?? 'key';
  const direction = sort?.startsWith('-') ? -1 : 1;
  const value = (flag: ProjectFlag): string => {
    switch (field) {
      case 'createdAt':
        return flag.createdAt ?? '';
      case 'lastSeenAt':
        return flag.lastSeenAt ?? '';
      case 'updatedAt':
        return updatedAt(flag);
      default:
        return '';
    }
  };
  return (one, other) => {
    const [left, right] = [value(one), value(other)];
    if (left !== right) {
      return left < right ? -direction : direction;
    }
    return one.key < other.key ? -1 : 1;
  };
}

/** When it was last changed in any environment */
export function updatedAt(flag: ProjectFlag): string {
  return flag.environments.reduce((latest, place) => (place.updatedAt > latest ? place.updatedAt : latest), '');
}

/** What there is to choose from in the filters */
export function choices(flags: readonly ProjectFlag[]): { tags: string[]; owners: string[] } {
  const sorted = (values: Iterable<string>) => [...new Set(values)].filter((value) => value !== '').sort();
  return { tags: sorted(flags.flatMap((flag) => flag.tags)), owners: sorted(flags.map((flag) => flag.owner)) };
}
