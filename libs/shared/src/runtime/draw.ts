/**
 * A number in [0, 1) from a seed and a name: two 32-bit multiply-xor hashes make 53 bits. Whole-number arithmetic only,
 * so every engine gives the same.
 */
export function drawOf(seed: string, name: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  const text = `${seed}\n${name}`;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return ((high >>> 0) * 2 ** 21 + ((low >>> 0) >>> 11)) / 2 ** 53;
}
