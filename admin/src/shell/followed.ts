// The open page follows what others change: its queries are read again, and the last change by somebody else is told.

import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { follow, type Notice, type ProjectChange } from '../api/follow';
import { environments, me, setLive } from '../api/queries';
import { ownName } from '../base-path';
import { concerns } from '../model/concerns';
import { currentSession, useSession } from '../session';

/** Changes that come together are read together. */
const TOGETHER_MS = 250;
/** However many changes there are, a page is read again no more often. */
const APART_MS = 1_000;

let foreign: ProjectChange | undefined;
const listeners = new Set<() => void>();

function setForeign(change: ProjectChange | undefined): void {
  foreign = change;
  for (const listener of listeners) {
    listener();
  }
}

/** The last change by somebody else since {@link forgetForeign} */
export function useForeign(): ProjectChange | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => foreign,
  );
}

export function forgetForeign(): void {
  setForeign(undefined);
}

/** Follows a project while a page of it is open. */
export function useFollowed(project: string): void {
  const client = useQueryClient();
  const { state } = useSession();
  const { data: own } = useQuery(me());
  // Whoever writes is asked for a reason by what was read here last.
  useQuery(environments(project));
  const isSignedIn = state === 'signedIn' && own !== undefined;
  const who = own === undefined ? '' : `${own.credential} ${own.id ?? own.name}`;
  const actor = own?.name;
  useEffect(() => {
    if (!isSignedIn) {
      return;
    }
    const pages = new Pages(client, project);
    const hear = (notice: Notice) => {
      if (notice.type === 'change') {
        pages.add(notice.change);
        if (notice.change.actor !== actor) {
          setForeign(notice.change);
        }
        return;
      }
      setLive(notice.type !== 'lost');
      if (notice.type !== 'live') {
        pages.addAll();
      }
    };
    const stop = follow(ownName(`events ${project} ${who}`), project, hear);
    return () => {
      stop();
      pages.stop();
      setLive(false);
      setForeign(undefined);
    };
  }, [client, project, isSignedIn, who, actor]);
}

/** Reads again what changes concern, a moment after the first of them */
class Pages {
  readonly #client: QueryClient;
  readonly #project: string;
  #changes: ProjectChange[] = [];
  #isAll = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;

  constructor(client: QueryClient, project: string) {
    this.#client = client;
    this.#project = project;
  }

  add(change: ProjectChange): void {
    this.#changes.push(change);
    this.#plan();
  }

  addAll(): void {
    this.#isAll = true;
    this.#plan();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #plan(): void {
    const wait = Math.max(TOGETHER_MS, this.#last + APART_MS - Date.now());
    this.#timer ??= setTimeout(() => this.#read(), wait);
  }

  #read(): void {
    const [changes, isAll] = [this.#changes, this.#isAll];
    this.#changes = [];
    this.#isAll = false;
    this.#timer = undefined;
    this.#last = Date.now();
    // A session that the server refused can read nothing.
    if (currentSession().state === 'signedIn') {
      void this.#client.invalidateQueries({
        predicate: ({ queryKey }) => isAll || changes.some((change) => concerns(queryKey, this.#project, change)),
      });
    }
  }
}
