// The environments of a project: how many flags each has, whether its values are public, and creating one

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { environments, projects, settings } from '../../api/queries';
import { request } from '../../api/request';
import { texts } from '../../texts';
import { explain, Failure, Loading } from '../../ui/parts';
import { Switch } from '../../ui/switch';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';
import { RecordedAttributes } from './attributes';
import { NameActions } from './name-actions';
import { NameForm } from './name-form';

const BASE = '/api/v1/projects/{project}/environments';
const words = texts.settings;

export function Environments({ project }: { project: string }) {
  const client = useQueryClient();
  const query = useQuery(environments(project));
  const create = async (name: string) => {
    await request('post', BASE, { path: { project }, body: { name } });
    await client.invalidateQueries({ queryKey: environments(project).queryKey });
    await client.invalidateQueries({ queryKey: projects().queryKey });
    say(words.environmentCreated(name));
  };
  const rename = async (environment: string, name: string) => {
    await request('patch', `${BASE}/{environment}`, { path: { project, environment }, body: { name } });
    // Everything that was read of it has its old name.
    await client.invalidateQueries();
    say(words.renamed(environment, name));
  };
  const remove = async (environment: string) => {
    const path = { project, environment };
    const { data } = await request('delete', `${BASE}/{environment}`, { path, query: { confirm: environment } });
    await client.invalidateQueries();
    say(words.deleted(environment, data.auditName));
  };
  return (
    <div className="stack">
      <p className="dim">{words.environmentsHint}</p>
      <NameForm label={words.newEnvironment} submit={words.createEnvironment} onSubmit={create} />
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.isPending && !query.isError && <Loading lines={3} />}
      {query.data !== undefined && (
        <Table
          caption={words.tabs.environments}
          columns={[
            words.name,
            words.flags,
            words.revision,
            words.publicValues,
            texts.protection.column,
            words.attributes,
          ]}
          actions={words.actions}
        >
          {query.data.map((each) => (
            <tr key={each.name}>
              <td>{each.name}</td>
              <td>{each.flags.toLocaleString('en')}</td>
              <td>{each.revision.toLocaleString('en')}</td>
              <td>
                <PublicValues project={project} environment={each.name} />
              </td>
              <td>
                <Protected project={project} environment={each.name} isOn={each.requireReason} />
              </td>
              <td>
                <RecordedAttributes project={project} environment={each.name} />
              </td>
              <td>
                <NameActions
                  what="environment"
                  name={each.name}
                  onRename={(name) => rename(each.name, name)}
                  onDelete={() => remove(each.name)}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <p className="dim small">{words.publicHint}</p>
      <p className="dim small">{texts.protection.hint}</p>
      <p className="dim small">{words.attributesHint}</p>
    </div>
  );
}

function Protected({ project, environment, isOn }: { project: string; environment: string; isOn: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const set = async (requireReason: boolean) => {
    setBusy(true);
    try {
      const path = { project, environment };
      await request('put', `${BASE}/{environment}/settings`, { path, body: { requireReason } });
      await client.invalidateQueries({ queryKey: environments(project).queryKey });
      say(requireReason ? texts.protection.begun(environment) : texts.protection.ended(environment));
    } catch (error) {
      complain(explain(error));
    }
    setBusy(false);
  };
  return (
    <Switch
      isOn={isOn}
      label={texts.protection.label(environment)}
      onSwitch={(next) => {
        if (!isBusy) {
          void set(next);
        }
      }}
    />
  );
}

function PublicValues({ project, environment }: { project: string; environment: string }) {
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const path = { project, environment };
  const query = useQuery(settings(path));
  const set = async (publicValues: boolean) => {
    setBusy(true);
    try {
      await request('put', `${BASE}/{environment}/settings`, { path, body: { publicValues } });
      await client.invalidateQueries({ queryKey: settings(path).queryKey });
      say(publicValues ? words.publicOn(environment) : words.publicOff(environment));
    } catch (error) {
      complain(explain(error));
    }
    setBusy(false);
  };
  if (query.data === undefined) {
    return query.isError ? <span>{explain(query.error)}</span> : <Loading lines={1} />;
  }
  return (
    <Switch
      isOn={query.data.publicValues}
      label={words.publicLabel(environment)}
      onSwitch={(isOn) => {
        if (!isBusy) {
          void set(isOn);
        }
      }}
    />
  );
}
