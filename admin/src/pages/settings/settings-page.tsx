// Who may do what in a project, its environments, and all projects.

import '../../styles/flag.css';
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { texts } from '../../texts';
import { Environments } from './environments';
import { Members } from './members';
import { Projects } from './projects';

const route = getRouteApi('/projects/$project/settings');

export function SettingsPage() {
  const { project } = route.useParams();
  const { tab = 'members' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className="stack">
      <h1>{texts.settings.title}</h1>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => next !== null && navigate({ search: (before) => ({ ...before, tab: next }) })}
      >
        <Tabs.List aria-label={texts.settings.title}>
          {Object.entries(texts.settings.tabs).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="members" pt="md">
          <Members project={project} />
        </Tabs.Panel>
        <Tabs.Panel value="environments" pt="md">
          <Environments project={project} />
        </Tabs.Panel>
        <Tabs.Panel value="projects" pt="md">
          <Projects current={project} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
