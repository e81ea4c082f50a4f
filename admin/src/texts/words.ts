// Words that several pages use

/** `1 flag`, `2,000 flags` */
export const plural = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export const onOff = (enabled: boolean) => (enabled ? 'on' : 'off');
export const types: Record<string, string> = { boolean: 'on/off', string: 'text', number: 'number', object: 'object' };
export const kinds: Record<string, string> = {
  release: 'release',
  experiment: 'experiment',
  killSwitch: 'kill switch',
  permission: 'permission',
};
export const lifecycles: Record<string, string> = {
  active: 'active',
  potentiallyStale: 'may be stale',
  stale: 'stale',
  archived: 'archived',
};
