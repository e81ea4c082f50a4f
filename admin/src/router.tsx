// The addresses of all pages. Filters and the chosen environment are in the address, so that a link shows the same.

import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { projects, queryClient } from './api/queries';
import { BASE_PATH, isPageBelow } from './base-path';
import { lazyPage } from './lost-chunks';
import { FlagsPage } from './pages/flags/flags-page';
import { currentSession } from './session';
import { Broken, NotFound, Root } from './shell/root';
import { Shell } from './shell/shell';

type Raw = Record<string, unknown>;

/** Texts of the address by name; absent and empty ones are left out. */
function texts<N extends string>(...names: N[]): (raw: Raw) => { [K in N]?: string } {
  return (raw) => {
    const given = names.filter((name) => raw[name] !== undefined && raw[name] !== '');
    return Object.fromEntries(given.map((name) => [name, String(raw[name])])) as { [K in N]?: string };
  };
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    if (currentSession().state === 'signedOut') {
      return;
    }
    const all = await queryClient.ensureQueryData(projects()).catch(() => []);
    const first = all[0];
    if (first !== undefined) {
      throw redirect({ to: '/projects/$project/flags', params: { project: first.name } });
    }
  },
});

const project = createRoute({ getParentRoute: () => root, path: '/projects/$project', component: Shell });

const flags = createRoute({
  getParentRoute: () => project,
  path: 'flags',
  component: FlagsPage,
  validateSearch: texts('q', 'state', 'env', 'type', 'kind', 'tag', 'owner', 'lifecycle', 'sort', 'new'),
});

const flag = createRoute({
  getParentRoute: () => project,
  path: 'flags/$flag',
  component: lazyPage(() => import('./pages/flag/flag-page'), 'FlagPage'),
  validateSearch: texts('env', 'tab', 'as'),
});

const person = createRoute({
  getParentRoute: () => project,
  path: 'people',
  component: lazyPage(() => import('./pages/person/person-page'), 'PersonPage'),
  validateSearch: texts('env', 'kind', 'key', 'q'),
});

const playground = createRoute({
  getParentRoute: () => project,
  path: 'playground',
  component: lazyPage(() => import('./pages/playground/playground-page'), 'PlaygroundPage'),
  validateSearch: texts('env', 'flag', 'q'),
});

const segments = createRoute({
  getParentRoute: () => project,
  path: 'segments',
  component: lazyPage(() => import('./pages/segments/segments-page'), 'SegmentsPage'),
  validateSearch: texts('env', 'q'),
});

const segment = createRoute({
  getParentRoute: () => project,
  path: 'segments/$segment',
  component: lazyPage(() => import('./pages/segments/segment-page'), 'SegmentPage'),
  validateSearch: texts('env'),
});

const groups = createRoute({
  getParentRoute: () => project,
  path: 'groups',
  component: lazyPage(() => import('./pages/groups/groups-page'), 'GroupsPage'),
  validateSearch: texts('env', 'tab', 'q'),
});

const compare = createRoute({
  getParentRoute: () => project,
  path: 'compare',
  component: lazyPage(() => import('./pages/compare/compare-page'), 'ComparePage'),
  validateSearch: texts('from', 'to'),
});

const document = createRoute({
  getParentRoute: () => project,
  path: 'document',
  component: lazyPage(() => import('./pages/document/document-page'), 'DocumentPage'),
  validateSearch: texts('env', 'as'),
});

const history = createRoute({
  getParentRoute: () => project,
  path: 'history',
  component: lazyPage(() => import('./pages/history/history-page'), 'HistoryPage'),
  validateSearch: texts('env', 'from', 'to'),
});

const audit = createRoute({
  getParentRoute: () => project,
  path: 'audit',
  component: lazyPage(() => import('./pages/audit/audit-page'), 'AuditPage'),
  validateSearch: texts('env', 'flag', 'actor', 'action', 'kind', 'from'),
});

const keys = createRoute({
  getParentRoute: () => project,
  path: 'keys',
  component: lazyPage(() => import('./pages/keys/keys-page'), 'KeysPage'),
  validateSearch: texts('env', 'tab'),
});

const settings = createRoute({
  getParentRoute: () => project,
  path: 'settings',
  component: lazyPage(() => import('./pages/settings/settings-page'), 'SettingsPage'),
  validateSearch: texts('tab'),
});

const instances = createRoute({
  getParentRoute: () => project,
  path: 'instances',
  component: lazyPage(() => import('./pages/instances/instances-page'), 'InstancesPage'),
  validateSearch: texts('env'),
});

const routeTree = root.addChildren([
  home,
  project.addChildren([
    flags,
    flag,
    person,
    playground,
    segments,
    segment,
    groups,
    compare,
    document,
    history,
    audit,
    keys,
    instances,
    settings,
  ]),
]);

export const router = createRouter({
  routeTree,
  basepath: isPageBelow ? `${BASE_PATH}/` : '/',
  defaultPreload: 'intent',
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  // Plain texts: the default would write numbers and quotes as JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
