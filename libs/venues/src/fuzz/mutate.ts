/** A whole number from 0, below the one given. */
export type Draw = (below: number) => number;

/** The same sequence every time, so that a failure can be seen again. */
export function seeded(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ODD = '0123456789.,:-+eE"\\{}[]ntu\u0000\u00ff ';
const MOST_DIGITS_SOUGHT = 200;

/** Cut, changed, doubled, with bytes gone or put in: what a broken wire or a changed protocol may look like. */
export function mutate(bytes: Uint8Array, draw: Draw): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = draw(copy.length);
  const odd = () => ODD.charCodeAt(draw(ODD.length));
  switch (draw(8)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return copy.subarray(at);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + draw(12))]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([odd()]), copy.subarray(at)]);
    case 4:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - draw(60)))]);
    case 5:
      copy[at] = draw(256);
      return copy;
    case 6:
      // Digits only: mostly still JSON.
      for (let i = 0; i < 1 + draw(3); i++) changeDigit(copy, draw);
      return copy;
    default:
      for (let i = 0; i < 1 + draw(6); i++) copy[draw(copy.length)] = odd();
      return copy;
  }
}

function changeDigit(bytes: Uint8Array, draw: Draw): void {
  const from = draw(bytes.length);
  for (let at = from; at < bytes.length && at < from + MOST_DIGITS_SOUGHT; at++) {
    const byte = bytes[at] as number;
    if (byte < 48 || byte > 57) continue;
    bytes[at] = 48 + draw(10);
    return;
  }
}
