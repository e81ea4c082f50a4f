// A table whose caption is read aloud and not shown, and which scrolls sideways on a narrow screen.

import type { ReactNode } from 'react';

/** `columns` are the headings; `actions` is that of a last column of buttons, which is not shown. The children are rows. */
export function Table(props: {
  caption: string;
  columns: readonly string[];
  actions?: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    <div className="tablewrap">
      <table className={props.className === undefined ? 'plain' : `plain ${props.className}`}>
        <caption className="hidden">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th scope="col" key={column}>
                {column}
              </th>
            ))}
            {props.actions !== undefined && (
              <th scope="col">
                <span className="hidden">{props.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}
