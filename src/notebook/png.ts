/** Pixels as PNG. Knows no chart. */
import { crc32, deflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** A PNG of 8-bit RGB pixels (Portable Network Graphics, W3C Recommendation, sections 5 and 11). */
export function png(pixels: Uint8Array, columns: number): Buffer {
  const rowBytes = 3 * columns;
  const rows = pixels.length / rowBytes;
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  // Before each row stands how it is filtered: 0, not at all.
  const lines = Buffer.alloc(rows * (rowBytes + 1));
  for (let r = 0; r < rows; r++) lines.set(pixels.subarray(r * rowBytes, (r + 1) * rowBytes), r * (rowBytes + 1) + 1);
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", deflateSync(lines)), chunk("IEND")]);
}

/** Length, name, content and checksum. */
function chunk(name: string, content: Uint8Array = new Uint8Array()): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
