// Mantine's theme. The overridden variables are those whose default contrast is below WCAG 2.2 AA.

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const INK: MantineColorsTuple = [
  '#eff0ff',
  '#dfe1fb',
  '#bdc1f1',
  '#9aa0e9',
  '#7c83e2',
  '#666edd',
  '#5a63da',
  '#4a53c3',
  '#3f48ae',
  '#343c99',
];

/** As cool as the other surfaces; Mantine's own are warm. */
const DARK: MantineColorsTuple = [
  '#e7e8ef',
  '#c5c9d6',
  '#a5aaba',
  '#7d8296',
  '#454a5c',
  '#343847',
  '#22252f',
  '#181a22',
  '#13151b',
  '#101117',
];

export const theme = createTheme({
  colors: { ink: INK, dark: DARK },
  primaryColor: 'ink',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650' },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': 'var(--surface)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--dim)',
    '--mantine-color-placeholder': 'var(--dim)',
    '--mantine-color-error': 'var(--bad)',
    '--mantine-color-anchor': 'var(--accent)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-gray-6': 'var(--dim)',
    '--mantine-color-ink-light-color': 'var(--accent)',
    '--mantine-color-red-light-color': 'var(--bad)',
    '--mantine-color-red-filled': '#b3261e',
  },
  dark: {
    '--mantine-color-body': 'var(--surface)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--dim)',
    '--mantine-color-placeholder': 'var(--dim)',
    '--mantine-color-error': 'var(--bad)',
    '--mantine-color-anchor': 'var(--accent)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-hover': 'var(--raised)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-dark-2': 'var(--dim)',
    '--mantine-color-ink-light-color': 'var(--accent)',
    '--mantine-color-red-light-color': 'var(--bad)',
    '--mantine-color-red-filled': '#b3261e',
  },
});
