// CRC-32 (IEEE 802.3, reflected, polynomial 0xedb88320), the checksum of every binary file that qurio writes.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** Unsigned 32-bit. Pass the previous result as `crc` to go on. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (const byte of bytes) state = (state >>> 8) ^ TABLE[(state ^ byte) & 255];
  return ~state >>> 0;
}
