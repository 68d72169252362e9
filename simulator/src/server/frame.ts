const TEXT = 1;
const BINARY = 2;

/** A whole WebSocket frame of a server, head and all: made once, written to everyone who hears it. The payload is ASCII. */
export function frameOf(payload: string, binary: boolean): Buffer {
  const { frame, head } = framed(payload.length, binary);
  frame.write(payload, head, 'latin1');
  return frame;
}

/** The same around bytes. */
export function frameOfBytes(payload: Uint8Array, binary: boolean): Buffer {
  const { frame, head } = framed(payload.length, binary);
  frame.set(payload, head);
  return frame;
}

function framed(length: number, binary: boolean): { readonly frame: Buffer; readonly head: number } {
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x80 | (binary ? BINARY : TEXT);
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return { frame, head };
}

/** What is inside it. */
export function payloadOf(frame: Buffer): Buffer {
  const short = (frame[1] as number) & 127;
  return frame.subarray(short < 126 ? 2 : short === 126 ? 4 : 10);
}
