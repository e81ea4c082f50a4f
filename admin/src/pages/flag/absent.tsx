import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Place } from '../../api/queries';
import { request } from '../../api/request';
import { texts } from '../../texts';
import { Empty, Failure } from '../../ui/parts';
import { say } from '../../ui/toasts';

/** An environment without the flag: it can be copied there from one that has it. */
export function Absent({ place, flagKey, others }: { place: Place; flagKey: string; others: readonly string[] }) {
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const copy = async (from: string) => {
    try {
      await request('post', '/api/v1/projects/{project}/environments/{environment}/copy', {
        path: { ...place },
        ownReason: texts.absent.reason(from),
        body: { from, flags: [flagKey] },
      });
      await client.invalidateQueries({ queryKey: ['flag', place.project, place.environment, flagKey] });
      await client.invalidateQueries({ queryKey: ['projectFlag', place.project, flagKey] });
      await client.invalidateQueries({ queryKey: ['projectFlags', place.project] });
      say(texts.absent.done(flagKey, place.environment));
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <Empty title={texts.flags.notIn(place.environment)}>
      <p className="dim">{texts.absent.hint}</p>
      <div className="row">
        {others.map((from) => (
          <Button key={from} variant="default" onClick={() => copy(from)}>
            {texts.absent.copy(from)}
          </Button>
        ))}
      </div>
      {failure !== undefined && <Failure error={failure} />}
    </Empty>
  );
}
