// All projects that the caller sees, and creating one

import { TagsInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { projects } from '../../api/queries';
import { request } from '../../api/request';
import { texts } from '../../texts';
import { Failure, Loading } from '../../ui/parts';
import { Table } from '../../ui/table';
import { say } from '../../ui/toasts';
import { NameActions } from './name-actions';
import { NameForm } from './name-form';

const words = texts.settings;

const BASE = '/api/v1/projects/{project}';

export function Projects({ current }: { current: string }) {
  const [environments, setEnvironments] = useState<string[]>([]);
  const client = useQueryClient();
  const query = useQuery(projects());
  const create = async (name: string) => {
    await request('post', '/api/v1/projects', {
      body: { name, ...(environments.length === 0 ? {} : { environments }) },
    });
    await client.invalidateQueries({ queryKey: projects().queryKey });
    setEnvironments([]);
    say(words.projectCreated(name));
  };
  const navigate = useNavigate();
  const rename = async (project: string, name: string) => {
    await request('patch', BASE, { path: { project }, body: { name } });
    await client.invalidateQueries({ queryKey: projects().queryKey });
    say(words.renamed(project, name));
    if (project === current) {
      await navigate({ to: '/projects/$project/settings', params: { project: name }, search: { tab: 'projects' } });
    }
  };
  const remove = async (project: string) => {
    const { data } = await request('delete', BASE, { path: { project }, query: { confirm: project } });
    await client.invalidateQueries({ queryKey: projects().queryKey });
    say(words.deleted(project, data.auditName));
    if (project === current) {
      await navigate({ to: '/' });
    }
  };
  return (
    <div className="stack">
      <p className="dim">{words.projectsHint}</p>
      <NameForm label={words.newProject} submit={words.createProject} onSubmit={create}>
        <TagsInput
          className="grow"
          label={words.newEnvironments}
          description={words.newEnvironmentsHint}
          value={environments}
          onChange={setEnvironments}
          acceptValueOnBlur
        />
      </NameForm>
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.isPending && !query.isError && <Loading lines={3} />}
      {query.data !== undefined && (
        <Table caption={words.tabs.projects} columns={[words.name, words.environments]} actions={words.actions}>
          {query.data.map((each) => (
            <tr key={each.name}>
              <td>
                <Link to="/projects/$project/flags" params={{ project: each.name }}>
                  {each.name}
                </Link>
              </td>
              <td>{each.environments.join(', ')}</td>
              <td>
                <NameActions
                  what="project"
                  name={each.name}
                  onRename={(name) => rename(each.name, name)}
                  onDelete={() => remove(each.name)}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  );
}
