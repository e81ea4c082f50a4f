// The personal tokens of who is signed in: they act in their owner's name, with at most their role. A secret is shown once.

import { Button, Select, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { me } from '../../api/queries';
import { get, request } from '../../api/request';
import { texts } from '../../texts';
import { Empty, explain, Failure, Loading, Time } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';
import { Revoke } from './revoke';
import { type Credential, Secret } from './secret';

const TOKENS = '/api/v1/me/tokens';
const ROLES = ['viewer', 'editor', 'admin'];
const DAY_MS = 86_400_000;
const words = texts.personalTokens;

export function PersonalTokens({ project }: { project: string }) {
  const [shown, setShown] = useState<Credential>();
  const [revoking, setRevoking] = useState<Credential>();
  const client = useQueryClient();
  const { data: own } = useQuery(me());
  const queryKey = ['ownTokens'];
  const query = useQuery({
    queryKey,
    queryFn: async ({ signal }) => (await get(TOKENS, { query: { limit: 200 }, signal })).items as Credential[],
  });
  const role = own?.projects.find((each) => each.project === project)?.role ?? '';
  const revoke = async (token: Credential) => {
    try {
      await request('delete', `${TOKENS}/{key}`, { path: { key: token.id } });
      await client.invalidateQueries({ queryKey });
      say(texts.keys.revoked(token.name));
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <div className="stack">
      <p className="dim">{words.hint}</p>
      {own?.credential === 'person' && (
        <Create
          project={project}
          roles={ROLES.slice(0, ROLES.indexOf(role) + 1)}
          onCreated={async (token) => {
            setShown(token);
            await client.invalidateQueries({ queryKey });
          }}
        />
      )}
      {own !== undefined && own.credential !== 'person' && <p className="note">{words.onlyPeople(own.name)}</p>}
      {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
      {query.isPending && !query.isError && <Loading lines={3} />}
      {query.data?.length === 0 && <Empty title={words.none} />}
      {query.data !== undefined && query.data.length > 0 && (
        <Table
          caption={words.title}
          columns={[
            texts.keys.name,
            words.role,
            texts.keys.ends,
            texts.keys.created,
            texts.keys.used,
            texts.keys.expires,
          ]}
          actions={texts.keys.actions}
        >
          {query.data.map((each) => (
            <tr key={each.id}>
              <td>{each.name}</td>
              <td>{'role' in each ? each.role : ''}</td>
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
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  aria-label={texts.keys.revokeLabel(each.name)}
                  onClick={() => setRevoking(each)}
                >
                  {texts.keys.revoke}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Secret credential={shown} onClose={() => setShown(undefined)} />
      <Revoke credential={revoking} onClose={() => setRevoking(undefined)} onRevoke={revoke} />
    </div>
  );
}

interface CreateProps {
  project: string;
  /** What the token may do: at most what its owner may */
  roles: readonly string[];
  onCreated: (token: Credential) => Promise<void>;
}

function Create({ project, roles, onCreated }: CreateProps) {
  const [name, setName] = useState('');
  const [role, setRole] = useState(roles[0] ?? 'viewer');
  const [days, setDays] = useState('90');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      const { data } = await request('post', TOKENS, { body: { project, role, name: name.trim(), expiresAt } });
      setName('');
      await onCreated(data as Credential);
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return (
    <form className="card stack tight" onSubmit={submit}>
      <div className="row bottom">
        <TextInput
          className="grow"
          label={texts.keys.name}
          description={words.nameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          required
        />
        <Select
          label={words.role}
          data={[...roles]}
          value={role}
          allowDeselect={false}
          onChange={(value) => value !== null && setRole(value)}
        />
        <Select
          label={words.lasts}
          data={Object.entries(words.days).map(([value, label]) => ({ value, label }))}
          value={days}
          allowDeselect={false}
          onChange={(value) => value !== null && setDays(value)}
        />
        <Button type="submit" loading={isBusy} disabled={name.trim() === ''}>
          {texts.keys.create}
        </Button>
      </div>
      {failure !== undefined && <Failure error={failure} />}
    </form>
  );
}
