import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { texts } from '../texts';
import { explain } from '../ui/parts';
import { complain, say } from '../ui/toasts';
import { request } from './request';

/** Switches a flag at once, says so, and offers to take it back. */
export function useSwitchFlag(project: string): (flag: string, environment: string, enabled: boolean) => Promise<void> {
  const client = useQueryClient();
  return useCallback(
    async function change(flag: string, environment: string, enabled: boolean, isUndo = false): Promise<void> {
      try {
        await request('patch', '/api/v1/projects/{project}/environments/{environment}/flags/{key}', {
          path: { project, environment, key: flag },
          ownReason: isUndo ? texts.switching.undoReason : texts.switching.reason,
          body: { enabled },
        });
        const undo = { label: texts.common.undo, run: () => void change(flag, environment, !enabled, true) };
        say(texts.switching.done(flag, environment, enabled), ...(isUndo ? [] : [undo]));
      } catch (error) {
        complain(texts.switching.failed(flag, explain(error)));
      }
      await client.invalidateQueries({ queryKey: ['projectFlag', project, flag] });
      await client.invalidateQueries({ queryKey: ['projectFlags', project] });
      await client.invalidateQueries({ queryKey: ['flag', project, environment, flag] });
    },
    [client, project],
  );
}
