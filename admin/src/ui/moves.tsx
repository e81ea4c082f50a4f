// Which share of units moves from which variant to which, as the server's dry runs compute it.

import type { Schemas } from '../api/request';
import { texts } from '../texts';

interface Props {
  moves: readonly Schemas['FlagMoves'][];
  /** The name of the rule that a pointer of a serve means; `isGone` says that it is one of the state before */
  nameOf: (pointer: string, isGone: boolean) => string;
}

export function Moves({ moves, nameOf }: Props) {
  if (moves.length === 0) {
    return <p>{texts.impact.nobody}</p>;
  }
  return (
    <>
      {moves.map(({ flag, splits }) => (
        <div key={flag} className="stack tight">
          {splits.map((split) => (
            <div key={`${split.before} ${split.after}`} className="impact">
              <strong>
                {texts.impact.serve(
                  flag,
                  nameOf(split.after ?? split.before ?? '', split.after === null),
                  share(split.moved),
                )}
              </strong>
              {isMixed(split.moves) ? (
                <p className="note bad small">{texts.impact.mixed}</p>
              ) : (
                <p className="dim small">{texts.impact.oneWay}</p>
              )}
              <ul>
                {split.moves.map((move) => (
                  <li key={`${move.before} ${move.after}`}>
                    <span className="meter" aria-hidden="true">
                      <span style={{ width: `${move.share * 100}%` }} />
                    </span>
                    {texts.impact.move(share(move.share), move.before, move.after)}
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </div>
      ))}
      <p className="dim small">{texts.impact.shareOf}</p>
    </>
  );
}

/** Whether units move between two variants in both directions, which no other share does: it takes another hash, or variants in another order */
function isMixed(moves: Schemas['ServeMoves']['moves']): boolean {
  return moves.some(({ before, after }) => moves.some((other) => other.before === after && other.after === before));
}

/** The index of the rule that a pointer such as `/flags/K/rules/1/serve` means; undefined for the flag's own serve */
export function ruleIndex(pointer: string): number | undefined {
  const index = /\/rules\/(\d+)\/serve$/.exec(pointer)?.[1];
  return index === undefined ? undefined : Number(index);
}

/** A share from 0 to 1 as a percentage */
function share(value: number): string {
  const percent = value * 100;
  return percent > 0 && percent < 0.001 ? '< 0.001 %' : `${Number(percent.toFixed(3))} %`;
}
