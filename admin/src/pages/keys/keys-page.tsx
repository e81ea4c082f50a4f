// SDK keys of an environment, and access tokens of a project: create, rotate and revoke. A secret is shown once. Also who is signed in.

import '../../styles/flag.css';
import { Button, Select, Tabs, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { projects } from '../../api/queries';
import { get, request } from '../../api/request';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { Listing } from '../../ui/listing';
import { Empty, explain, Time } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';
import { PersonalTokens } from './personal-tokens';
import { Revoke } from './revoke';
import { type Credential, Secret } from './secret';
import { Sessions } from './sessions';

const route = getRouteApi('/projects/$project/keys');

/** Where credentials are: keys in an environment, tokens in a project */
interface Collection {
  project: string;
  environment: string | undefined;
}

const base = ({ environment }: Collection) =>
  environment === undefined
    ? ('/api/v1/projects/{project}/tokens' as const)
    : ('/api/v1/projects/{project}/environments/{environment}/keys' as const);
const names = ({ project, environment }: Collection) =>
  environment === undefined ? { project } : { project, environment };
const GRACE_SECONDS = 86_400;

export function KeysPage() {
  const { project } = route.useParams();
  const { env, tab = 'keys' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const environment = env ?? environments[0];
  return (
    <div className="stack">
      <h1>{texts.keys.title}</h1>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => next !== null && navigate({ search: (before) => ({ ...before, tab: next }) })}
      >
        <Tabs.List aria-label={texts.keys.title}>
          <Tabs.Tab value="keys">{texts.keys.sdkKeys}</Tabs.Tab>
          <Tabs.Tab value="tokens">{texts.keys.tokens}</Tabs.Tab>
          <Tabs.Tab value="own">{texts.personalTokens.title}</Tabs.Tab>
          <Tabs.Tab value="sessions">{texts.sessions.title}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="keys" pt="md">
          <div className="stack">
            <ProtectedBar project={project} environment={environment} />
            <Select
              label={texts.flags.environment}
              data={environments}
              value={environment ?? null}
              allowDeselect={false}
              w={240}
              onChange={(next) => next !== null && navigate({ search: (before) => ({ ...before, env: next }) })}
            />
            {environment !== undefined && (
              <List
                key={environment}
                at={{ project, environment }}
                kinds={texts.keys.kinds}
                hint={texts.keys.keysHint}
              />
            )}
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="tokens" pt="md">
          <List at={{ project, environment: undefined }} kinds={texts.keys.roles} hint={texts.keys.tokensHint} />
        </Tabs.Panel>
        <Tabs.Panel value="own" pt="md">
          <PersonalTokens project={project} />
        </Tabs.Panel>
        <Tabs.Panel value="sessions" pt="md">
          <Sessions />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function List({ at, kinds, hint }: { at: Collection; kinds: Record<string, string>; hint: string }) {
  const [shown, setShown] = useState<Credential>();
  const [revoking, setRevoking] = useState<Credential>();
  const client = useQueryClient();
  const queryKey = ['credentials', at.project, at.environment];
  const query = useQuery({
    queryKey,
    queryFn: async ({ signal }) =>
      (await get(base(at), { path: names(at) as never, query: { limit: 200 }, signal })).items as Credential[],
  });
  const all = query.data ?? [];
  const act = async (change: () => Promise<Credential | undefined>) => {
    try {
      setShown(await change());
      await client.invalidateQueries({ queryKey });
    } catch (error) {
      complain(explain(error));
    }
  };
  const create = (kind: string, name: string) =>
    act(async () => {
      const body = { [at.environment === undefined ? 'role' : 'kind']: kind, name };
      return (await request('post', base(at), { path: names(at) as never, body })).data as Credential;
    });
  const rotate = (credential: Credential) =>
    act(async () => {
      const path = { ...names(at), key: credential.id } as never;
      const query = { graceSeconds: GRACE_SECONDS };
      return (await request('post', `${base(at)}/{key}/rotate`, { path, query })).data as Credential;
    });
  const revoke = (credential: Credential) =>
    act(async () => {
      await request('delete', `${base(at)}/{key}`, { path: { ...names(at), key: credential.id } as never });
      say(texts.keys.revoked(credential.name));
      return undefined;
    });

  return (
    <div className="stack">
      <p className="dim">{hint}</p>
      <Create kinds={kinds} onCreate={create} />
      <Listing query={query} isEmpty={all.length === 0} empty={<Empty title={texts.keys.none} />}>
        <Table
          caption={texts.keys.title}
          columns={[
            texts.keys.name,
            texts.keys.kind,
            texts.keys.ends,
            texts.keys.created,
            texts.keys.used,
            texts.keys.expires,
          ]}
          actions={texts.keys.actions}
        >
          {all.map((each) => (
            <tr key={each.id}>
              <td>{each.name}</td>
              <td>{kinds[kindOf(each)] ?? kindOf(each)}</td>
              <td className="code">…{each.hint}</td>
              <td>
                <Time at={each.createdAt} />
              </td>
              <td>
                <Time at={each.lastUsedAt} fallback={texts.keys.never} />
              </td>
              <td>
                <Time at={each.expiresAt} fallback={texts.keys.never} />
              </td>
              <td>
                <span className="row keep">
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={texts.keys.rotateLabel(each.name)}
                    onClick={() => rotate(each)}
                  >
                    {texts.keys.rotate}
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={texts.keys.revokeLabel(each.name)}
                    onClick={() => setRevoking(each)}
                  >
                    {texts.keys.revoke}
                  </Button>
                </span>
              </td>
            </tr>
          ))}
        </Table>
      </Listing>
      <Secret credential={shown} onClose={() => setShown(undefined)} />
      <Revoke credential={revoking} onClose={() => setRevoking(undefined)} onRevoke={revoke} />
    </div>
  );
}

function kindOf(credential: Credential): string {
  return 'kind' in credential ? credential.kind : 'role' in credential ? credential.role : '';
}

function Create({
  kinds,
  onCreate,
}: {
  kinds: Record<string, string>;
  onCreate: (kind: string, name: string) => Promise<void>;
}) {
  const all = Object.entries(kinds).map(([value, label]) => ({ value, label }));
  const [kind, setKind] = useState(all[0]?.value ?? '');
  const [name, setName] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    await onCreate(kind, name.trim());
    setName('');
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <Select
        label={texts.keys.kind}
        data={all}
        value={kind}
        allowDeselect={false}
        onChange={(value) => value !== null && setKind(value)}
        w={280}
      />
      <TextInput
        className="grow"
        label={texts.keys.name}
        description={texts.keys.nameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        required
      />
      <Button type="submit" disabled={name.trim() === ''}>
        {texts.keys.create}
      </Button>
    </form>
  );
}
