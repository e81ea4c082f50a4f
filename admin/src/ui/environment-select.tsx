import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { projects } from '../api/queries';
import { texts } from '../texts';

/** The environments of a project, in its order; empty until they are known */
export function useEnvironments(project: string): readonly string[] {
  const { data } = useQuery(projects());
  return data?.find((each) => each.name === project)?.environments ?? [];
}

export function EnvironmentSelect(props: {
  environments: readonly string[];
  value: string | undefined;
  onChange: (environment: string) => void;
}) {
  return (
    <Select
      aria-label={texts.flags.environment}
      data={[...props.environments]}
      value={props.value ?? null}
      allowDeselect={false}
      onChange={(chosen) => chosen !== null && props.onChange(chosen)}
    />
  );
}
