// Who is signed in: one's own sessions, and those of everybody for who is admin in every project. Each can be ended.

import { Button, Modal } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { me } from '../../api/queries';
import { get, request, type Schemas } from '../../api/request';
import { browserOf } from '../../model/browser';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { Listing } from '../../ui/listing';
import { Empty, explain, Time } from '../../ui/parts';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';

type Session = Schemas['Session'];

/** What is asked before sessions end, and what then ends them */
interface End {
  title: string;
  text: string;
  /** The number of sessions that ended */
  act: () => Promise<number>;
}

const OWN = '/api/v1/me/sessions';
const ALL = '/api/v1/sessions';
const words = texts.sessions;
const QUERY_KEY = ['sessions'];

const listOf = (path: typeof OWN | typeof ALL, sort: string) =>
  infiniteQueryOptions({
    queryKey: [...QUERY_KEY, path],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 200, sort, ...(pageParam === '' ? {} : { cursor: pageParam }) };
      return get(path, { query, signal });
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });

const endOne = (path: typeof OWN | typeof ALL, session: Session): End => ({
  title: words.endTitle(session.name),
  text: words.endText,
  act: async () => {
    await request('delete', `${path}/{key}`, { path: { key: session.id } });
    return 1;
  },
});

export function Sessions() {
  const { data: own } = useQuery(me());
  const [ending, setEnding] = useState<End>();
  const isAdminEverywhere = own?.allProjects === true && own.projects.some((each) => each.role === 'admin');
  return (
    <div className="stack">
      <Own onEnd={setEnding} />
      {isAdminEverywhere && <Everybody own={own.name} onEnd={setEnding} />}
      <Ask end={ending} onClose={() => setEnding(undefined)} />
    </div>
  );
}

function Own({ onEnd }: { onEnd: (end: End) => void }) {
  const query = useInfiniteQuery(listOf(OWN, '-lastUsedAt'));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const endOthers: End = {
    title: words.endOthersTitle,
    text: words.endOthersText,
    act: async () => (await request('delete', OWN, {})).data.ended,
  };
  return (
    <section className="stack" aria-labelledby="own-sessions">
      <h2 id="own-sessions">{words.own}</h2>
      <p className="dim">{words.ownHint}</p>
      <Listing query={query} isEmpty={items.length === 0} empty={<Empty title={words.noneOwn} />}>
        <List caption={words.own} sessions={items} end={(session) => onEnd(endOne(OWN, session))} />
      </Listing>
      {items.some((session) => !session.isCurrent) && (
        <div>
          <Button variant="default" onClick={() => onEnd(endOthers)}>
            {words.endOthers}
          </Button>
        </div>
      )}
    </section>
  );
}

function Everybody({ own, onEnd }: { own: string; onEnd: (end: End) => void }) {
  const query = useInfiniteQuery(listOf(ALL, 'name,-lastUsedAt'));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const endAll = (name: string): End => ({
    title: words.endAllTitle(name),
    text: words.endAllText,
    act: async () => (await request('delete', ALL, { query: { name } })).data.ended,
  });
  return (
    <section className="stack" aria-labelledby="all-sessions">
      <h2 id="all-sessions">{words.all}</h2>
      <p className="dim">{words.allHint}</p>
      <Listing query={query} isEmpty={items.length === 0} empty={<Empty title={words.none} />}>
        <List
          caption={words.all}
          sessions={items}
          isOfAll
          end={(session) => onEnd(endOne(ALL, session))}
          endAll={(name) => (name === own ? undefined : () => onEnd(endAll(name)))}
        />
      </Listing>
    </section>
  );
}

interface ListProps {
  caption: string;
  sessions: readonly Session[];
  /** Whether it says whose session it is */
  isOfAll?: boolean;
  end: (session: Session) => void;
  /** What ends all sessions of a person, if that is offered */
  endAll?: (name: string) => (() => void) | undefined;
}

function List({ caption, sessions, isOfAll = false, end, endAll }: ListProps) {
  const columns = [words.browser, words.signedInBy, words.begun, words.used, words.ends];
  return (
    <Table caption={caption} columns={isOfAll ? [words.who, ...columns] : columns} actions={words.actions}>
      {sessions.map((session) => {
        const onEndAll = endAll?.(session.name);
        return (
          <tr key={session.id}>
            {isOfAll && <td>{session.name}</td>}
            <td title={session.userAgent ?? undefined}>
              <span className="row keep">
                {nameOf(session)}
                {session.isCurrent && <span className="tag on">{words.current}</span>}
              </span>
            </td>
            <td>{words.ways[session.signedInBy] ?? session.signedInBy}</td>
            <td>
              <Time at={session.createdAt} />
            </td>
            <td>
              <Time at={session.lastUsedAt} />
            </td>
            <td>
              <Time at={session.expiresAt} />
            </td>
            <td>
              <span className="row keep">
                {!session.isCurrent && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={words.endLabel(session.name, nameOf(session))}
                    onClick={() => end(session)}
                  >
                    {words.end}
                  </Button>
                )}
                {onEndAll !== undefined && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={words.endAllLabel(session.name)}
                    onClick={onEndAll}
                  >
                    {words.endAll}
                  </Button>
                )}
              </span>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function nameOf({ userAgent }: Session): string {
  const { browser, system } = browserOf(userAgent ?? '');
  return words.browserOn(browser, system);
}

/** Asks before sessions end */
function Ask({ end, onClose }: { end: End | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const act = async () => {
    onClose();
    try {
      const ended = await end?.act();
      await client.invalidateQueries({ queryKey: QUERY_KEY });
      say(words.ended(ended ?? 0));
    } catch (error) {
      complain(explain(error));
    }
  };
  return (
    <Modal
      opened={end !== undefined}
      onClose={onClose}
      title={end?.title}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <div className="stack">
        <p>{end?.text}</p>
        <DialogActions label={words.end} color="red" onDo={act} onCancel={onClose} />
      </div>
    </Modal>
  );
}
