// The members of a project: people whose role is set here, whatever their tokens claim

import { Button, Select, TextInput } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { get, request, type Schemas } from '../../api/request';
import { texts } from '../../texts';
import { Listing } from '../../ui/listing';
import { Empty, explain, Time } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';

type Member = Schemas['Member'];

const BASE = '/api/v1/projects/{project}/members';
const words = texts.settings;
const named = (names: Record<string, string>) => Object.entries(names).map(([value, label]) => ({ value, label }));

const members = (project: string) =>
  infiniteQueryOptions({
    queryKey: ['members', project],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 200, ...(pageParam === '' ? {} : { cursor: pageParam }) };
      return get(BASE, { path: { project }, query, signal });
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

export function Members({ project }: { project: string }) {
  const client = useQueryClient();
  const query = useInfiniteQuery(members(project));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const act = async (change: () => Promise<unknown>, done: string) => {
    try {
      await change();
      await client.invalidateQueries({ queryKey: members(project).queryKey });
      say(done);
      return true;
    } catch (error) {
      complain(explain(error));
      return false;
    }
  };
  const add = (id: string, who: string, role: string) =>
    act(() => request('post', BASE, { path: { project }, body: { [id]: who, role } }), words.added(who));
  const setRole = (member: Member, role: string) =>
    act(
      () => request('patch', `${BASE}/{key}`, { path: { project, key: member.id }, body: { role } }),
      words.roleChanged(nameOf(member), role),
    );
  const remove = (member: Member) =>
    act(() => request('delete', `${BASE}/{key}`, { path: { project, key: member.id } }), words.removed(nameOf(member)));
  return (
    <div className="stack">
      <p className="dim">{words.membersHint}</p>
      <Add onAdd={add} />
      <Listing
        query={query}
        isEmpty={items.length === 0}
        empty={
          <Empty title={words.noMembers}>
            <p className="dim">{words.noMembersHint}</p>
          </Empty>
        }
      >
        <Table
          caption={words.tabs.members}
          columns={[words.who, words.by, words.role, words.since]}
          actions={words.actions}
        >
          {items.map((member) => (
            <tr key={member.id}>
              <td>{nameOf(member)}</td>
              <td>{words.ids[member.subject === undefined ? 'email' : 'subject']}</td>
              <td>
                <Select
                  size="xs"
                  aria-label={words.roleOf(nameOf(member))}
                  data={named(words.roles)}
                  value={member.role}
                  allowDeselect={false}
                  w={120}
                  onChange={(role) => role !== null && role !== member.role && setRole(member, role)}
                />
              </td>
              <td>
                <Time at={member.createdAt} />
              </td>
              <td>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  aria-label={words.removeLabel(nameOf(member))}
                  onClick={() => remove(member)}
                >
                  {texts.common.remove}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      </Listing>
    </div>
  );
}

function nameOf(member: Member): string {
  return member.email ?? member.subject ?? member.id;
}

function Add({ onAdd }: { onAdd: (id: string, who: string, role: string) => Promise<boolean> }) {
  const [id, setId] = useState('email');
  const [who, setWho] = useState('');
  const [role, setRole] = useState('viewer');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await onAdd(id, who.trim(), role)) {
      setWho('');
    }
  };
  return (
    <form className="card row bottom" onSubmit={submit}>
      <Select
        label={words.by}
        data={named(words.ids)}
        value={id}
        allowDeselect={false}
        onChange={(value) => value !== null && setId(value)}
      />
      <TextInput
        className="grow"
        label={words.who}
        description={words.idHints[id]}
        value={who}
        onChange={(event) => setWho(event.currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
      />
      <Select
        label={words.role}
        data={named(words.roles)}
        value={role}
        allowDeselect={false}
        w={120}
        onChange={(value) => value !== null && setRole(value)}
      />
      <Button type="submit" disabled={who.trim() === ''}>
        {words.add}
      </Button>
    </form>
  );
}
