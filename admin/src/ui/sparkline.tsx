// A line of a few numbers, as small as a word. It is a path of our own: a chart library in the rows of a table would be mounted and laid out
// again with every row that scrolls into view, and has nothing to add to seven points.

const WIDTH = 64;
const HEIGHT = 20;
/** Half the width of the line, which would be cut off at the edges */
const EDGE = 1.5;

/** `text` says the same in words: it is read aloud, and shown on hover. */
export function Sparkline({ counts, text }: { counts: readonly number[]; text: string }) {
  const most = Math.max(...counts, 1);
  const step = (WIDTH - 2 * EDGE) / Math.max(counts.length - 1, 1);
  const points = counts.map((count, index) => {
    const y = HEIGHT - EDGE - (count / most) * (HEIGHT - 2 * EDGE);
    return `${(EDGE + index * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      <path d={`M${points.join('L')}`} />
    </svg>
  );
}
