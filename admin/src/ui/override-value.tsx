import { Select } from '@mantine/core';
import { type FlagBody, type Override, offVariantOf, onVariantOf, variantsOf } from '../model/language';
import { texts } from '../texts';

/** What an override of a flag can be: include and exclude where the flag has the variant that they serve, and each variant */
export function overrideChoices(flag: FlagBody): { value: string; label: string }[] {
  const named = (value: 'include' | 'exclude', variant: string | undefined) =>
    variant === undefined ? [] : [{ value, label: `${texts.overrides.values[value]} (${variant})` }];
  return [
    ...named('include', onVariantOf(flag)),
    ...named('exclude', offVariantOf(flag)),
    ...Object.keys(variantsOf(flag)).map((variant) => ({
      value: `variant ${variant}`,
      label: texts.overrides.variant(variant),
    })),
  ];
}

export function parseOverride(choice: string): Override {
  const variant = /^variant (.*)$/.exec(choice)?.[1];
  return variant === undefined ? (choice as 'include' | 'exclude') : { variant };
}

interface Props {
  flag: FlagBody;
  value: string | null;
  label?: string;
  onChange: (choice: string) => void;
}

export function OverrideValue({ flag, value, label, onChange }: Props) {
  return (
    <Select
      {...(label === undefined ? { 'aria-label': texts.overrides.value } : { label })}
      data={overrideChoices(flag)}
      value={value}
      allowDeselect={false}
      onChange={(choice) => choice !== null && onChange(choice)}
    />
  );
}
