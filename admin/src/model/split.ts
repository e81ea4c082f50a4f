// Shares of a split, in thousandths of a percent: integers, so that they always sum to exactly 100 %.

export const WHOLE = 100_000;

export interface Arm {
  variant: string;
  weight: number;
}

/** Distributes `total` in the ratio of `parts`, in integers that sum to it: the largest remainders are rounded up. */
export function apportion(total: number, parts: readonly number[]): number[] {
  const sum = parts.reduce((one, other) => one + other, 0);
  // Without a ratio, in equal parts.
  const ratio = sum > 0 ? parts : parts.map(() => 1);
  const whole = sum > 0 ? sum : parts.length;
  const exact = ratio.map((part) => (total * part) / whole);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((one, other) => one + other, 0);
  const order = exact.map((value, index) => ({ index, rest: value - Math.floor(value) }));
  order.sort((one, other) => other.rest - one.rest || one.index - other.index);
  for (const { index } of order.slice(0, missing)) {
    shares[index] = (shares[index] ?? 0) + 1;
  }
  return shares;
}

/** Equal shares for these variants. */
export function equal(variants: readonly string[]): Arm[] {
  const shares = apportion(
    WHOLE,
    variants.map(() => 1),
  );
  return variants.map((variant, index) => ({ variant, weight: shares[index] ?? 0 }));
}

/** Sets one arm; the other arms, except locked ones, take or give the difference in their ratio. */
export function setWeight(arms: readonly Arm[], index: number, weight: number, locked: ReadonlySet<number>): Arm[] {
  const isFree = (other: number) => other !== index && !locked.has(other);
  const fixed = arms.reduce((sum, arm, other) => (other === index || isFree(other) ? sum : sum + arm.weight), 0);
  const free = arms.map((_, other) => other).filter(isFree);
  const room = WHOLE - fixed;
  // Without another free arm there is nothing to take from: the arm gets what is left.
  const own = free.length === 0 ? room : Math.min(Math.max(weight, 0), room);
  const shares = apportion(
    room - own,
    free.map((other) => arms[other]?.weight ?? 0),
  );
  return arms.map((arm, other) => {
    if (other === index) {
      return { ...arm, weight: own };
    }
    const position = free.indexOf(other);
    return position < 0 ? arm : { ...arm, weight: shares[position] ?? 0 };
  });
}

/** Moves the border between an arm and the next one by `step`, within the two. */
export function moveBorder(arms: readonly Arm[], index: number, step: number): Arm[] {
  const [left, right] = [arms[index], arms[index + 1]];
  if (left === undefined || right === undefined) {
    return [...arms];
  }
  const moved = Math.min(Math.max(step, -left.weight), right.weight);
  return arms.map((arm, other) => {
    if (other === index) {
      return { ...arm, weight: arm.weight + moved };
    }
    return other === index + 1 ? { ...arm, weight: arm.weight - moved } : arm;
  });
}

/** Removes an arm; its share goes to the others in their ratio. */
export function removeArm(arms: readonly Arm[], index: number): Arm[] {
  const emptied = setWeight(arms, index, 0, new Set());
  return emptied.filter((_, other) => other !== index);
}

/** A percentage with at most three decimals, as text: `33.334`. */
export function percent(weight: number): string {
  const text = (weight / 1000).toFixed(3);
  return text.replace(/\.?0+$/, '');
}

/** The share that a text means, or undefined if it is not a percentage from 0 to 100 with at most three decimals. */
export function parsePercent(text: string): number | undefined {
  const match = /^\s*(\d{1,3})(?:[.,](\d{1,3}))?\s*%?\s*$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const weight = Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0'));
  return weight <= WHOLE ? weight : undefined;
}
