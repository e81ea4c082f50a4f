import { ActionIcon, Drawer, Menu, Select, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { projects } from '../api/queries';
import { Problem } from '../api/request';
import { endSession } from '../api/sign-in';
import icon from '../styles/icon.svg';
import { texts } from '../texts';
import { Icon } from '../ui/icon';
import { Time } from '../ui/parts';
import { local } from '../ui/time';
import { complain } from '../ui/toasts';
import { forgetForeign, useFollowed, useForeign } from './followed';
import { Palette } from './palette';
import { InFrame } from './root';
import { useUnreachableSince } from './unreachable';

const project = getRouteApi('/projects/$project');

const PAGES = [
  { to: '/projects/$project/flags', label: texts.pages.flags },
  { to: '/projects/$project/people', label: texts.pages.people },
  { to: '/projects/$project/playground', label: texts.pages.playground },
  { to: '/projects/$project/segments', label: texts.pages.segments },
  { to: '/projects/$project/groups', label: texts.pages.groups },
  { to: '/projects/$project/compare', label: texts.pages.compare },
  { to: '/projects/$project/document', label: texts.pages.document },
  { to: '/projects/$project/instances', label: texts.pages.instances },
  { to: '/projects/$project/audit', label: texts.pages.audit },
  { to: '/projects/$project/keys', label: texts.pages.keys },
  { to: '/projects/$project/settings', label: texts.pages.settings },
] as const;

/** The frame of the pages of a project */
export function Shell() {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const last = useRef(path);
  /** What had the focus before the palette, which has it from its first moment on */
  const opener = useRef<Element>(null);

  const find = useCallback(() => {
    opener.current ??= document.activeElement;
    setPaletteOpen(true);
  }, []);
  const found = () => {
    setPaletteOpen(false);
    if (opener.current instanceof HTMLElement) {
      opener.current.focus({ preventScroll: true });
    }
    opener.current = null;
  };

  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        find();
      }
    };
    addEventListener('keydown', open);
    return () => removeEventListener('keydown', open);
  }, [find]);

  // Another page: who uses a screen reader is told by its heading, and who uses a keyboard goes on from there.
  useEffect(() => {
    if (last.current !== path) {
      last.current = path;
      setMenuOpen(false);
      main.current?.focus({ preventScroll: true });
    }
  }, [path]);

  const { project: followedProject } = project.useParams();
  useFollowed(followedProject);
  // What others changed on another page is not news of this one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what ends it
  useEffect(forgetForeign, [path]);

  const side = <Side onFind={find} />;
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {texts.shell.skip}
      </a>
      <div className="side">{side}</div>
      <header className="topbar">
        <ActionIcon variant="subtle" size="lg" aria-label={texts.shell.menu} onClick={() => setMenuOpen(true)}>
          <Icon name="menu" />
        </ActionIcon>
        <Link to="/" className="brand">
          <img src={icon} alt="" />
          Flagstaff
        </Link>
        <ActionIcon variant="subtle" size="lg" aria-label={texts.shell.find} onClick={find}>
          <Icon name="find" />
        </ActionIcon>
      </header>
      <Drawer
        opened={isMenuOpen}
        onClose={() => setMenuOpen(false)}
        title={texts.shell.menu}
        size="17rem"
        closeButtonProps={{ 'aria-label': texts.common.close }}
      >
        {side}
      </Drawer>
      <main id="main" className="main" tabIndex={-1} ref={main}>
        <Unreachable />
        <Followed />
        <InFrame value={true}>
          <Outlet />
        </InFrame>
      </main>
      <Palette isOpen={isPaletteOpen} onClose={found} />
    </div>
  );
}

function Side({ onFind }: { onFind: () => void }) {
  const { project: name } = project.useParams();
  const client = useQueryClient();
  const leave = async () => {
    try {
      const next = await endSession();
      client.clear();
      if (next !== undefined) {
        location.assign(next);
      }
    } catch (error) {
      complain(
        texts.signIn.notSignedOut(
          error instanceof Problem && !error.isUnreachable ? error.detail : texts.errors.unreachable,
        ),
      );
    }
  };
  return (
    <>
      <Link to="/" className="brand">
        <img src={icon} alt="" />
        Flagstaff
      </Link>
      <ProjectSelect name={name} />
      <button type="button" className="find" onClick={onFind}>
        {texts.shell.find}
        <kbd>{texts.shell.findKeys}</kbd>
      </button>
      <nav aria-label={texts.shell.pages}>
        <ul className="nav">
          {PAGES.map(({ to, label }) => (
            <li key={to}>
              <Link to={to} params={{ project: name }}>
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="foot">
        <ThemeMenu />
        <button type="button" className="find" onClick={leave}>
          {texts.shell.signOut}
        </button>
      </div>
    </>
  );
}

function ProjectSelect({ name }: { name: string }) {
  const { data } = useQuery(projects());
  const navigate = useNavigate();
  if (data === undefined || data.length < 2) {
    return null;
  }
  return (
    <Select
      aria-label={texts.shell.project}
      data={data.map((each) => each.name)}
      value={name}
      allowDeselect={false}
      onChange={(chosen) =>
        chosen !== null && navigate({ to: '/projects/$project/flags', params: { project: chosen } })
      }
    />
  );
}

function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme('light');
  return (
    <Menu position="top-start" width={200}>
      <Menu.Target>
        <button type="button" className="find">
          {texts.shell.theme}
          <span>{texts.themes[shown]}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['auto', 'light', 'dark'] as const).map((each) => (
          <Menu.Item key={each} onClick={() => setColorScheme(each)} aria-current={each === colorScheme}>
            {texts.themes[each]}
            {each === colorScheme ? ' ✓' : ''}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** What somebody else has changed since the page was opened: it shows that already */
function Followed() {
  const change = useForeign();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const opened = /\/(flag|segment)s\/([^/]+)$/.exec(path);
  const isOther =
    opened !== null && (opened[1] !== change?.kind || decodeURIComponent(opened[2] ?? '') !== change?.key);
  return (
    <p className="followed" role="status">
      {change !== undefined && !isOther && (
        <>
          {texts.followed.changed(change.actor, change.action, change.key, change.environment)} ·{' '}
          <Time at={change.at} />
        </>
      )}
    </p>
  );
}

function Unreachable() {
  const since = useUnreachableSince();
  return since === undefined ? null : (
    <div className="banner" role="alert">
      {texts.shell.unreachable(local(since))}
    </div>
  );
}
