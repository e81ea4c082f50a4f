// The few icons of the UI; what they stand for is in the label of their button.

const PATHS = {
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  find: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
  grip: 'M8 5v2h2V5zM14 5v2h2V5zM8 11v2h2v-2zM14 11v2h2v-2zM8 17v2h2v-2zM14 17v2h2v-2z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5 11v2h2v-2zM11 11v2h2v-2zM17 11v2h2v-2z',
  up: 'M12 19V5M6 11l6-6 6 6',
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
