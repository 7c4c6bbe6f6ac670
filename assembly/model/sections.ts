// The container: header, section table, checksums. Nothing inside a section is looked at here.
//
//   | header 32 B | table: 16 B a section | section | zeros to 16 | section | …

import {
  ERROR_FILE_BYTES,
  ERROR_HEADER_CRC,
  ERROR_MISSING_SECTION,
  ERROR_NOT_A_MODEL,
  ERROR_PADDING,
  ERROR_SECTION_CRC,
  ERROR_SECTION_TABLE,
  ERROR_TRUNCATED,
  ERROR_VERSION,
  OK,
} from "../format/errors.ts";
import {
  ENTRY_BYTES_FIELD,
  ENTRY_CRC,
  ENTRY_ID,
  ENTRY_OFFSET,
  ENTRY_SIZE,
  HEADER_BYTES,
  HEADER_CRC,
  HEADER_FILE_BYTES,
  HEADER_MAGIC,
  HEADER_SECTIONS,
  HEADER_VERSION,
} from "../format/file.ts";
import { ALIGNMENT, FORMAT_VERSION, MAGIC, MAX_SECTIONS, SECTION_EXPERT, SECTION_INPUT, SECTION_PLAN } from "../format/ids.ts";
import { fail } from "../kernels/fail.ts";
import { crc32 } from "./crc.ts";

const ZEROS: usize = memory.data(4);

/** First byte of section number `index` of kind `id` (only experts have more than one), or 0. */
export function findSection(filePtr: usize, id: i32, index: i32): usize {
  const entry = findEntry(filePtr, id, index);
  return entry == 0 ? 0 : filePtr + load<i32>(entry, ENTRY_OFFSET);
}

export function sectionBytes(filePtr: usize, id: i32, index: i32): i32 {
  const entry = findEntry(filePtr, id, index);
  return entry == 0 ? 0 : load<i32>(entry, ENTRY_BYTES_FIELD);
}

function findEntry(filePtr: usize, id: i32, index: i32): usize {
  let entry = filePtr + HEADER_BYTES;
  for (let i = load<i32>(filePtr, HEADER_SECTIONS); i > 0; i--) {
    if (load<i32>(entry, ENTRY_ID) == id && index-- == 0) return entry;
    entry += ENTRY_SIZE;
  }
  return 0;
}

/** Zero bytes in [from, to), counted from filePtr. */
function padding(filePtr: usize, from: i32, to: i32): i32 {
  for (let i = from; i < to; i++) {
    if (load<u8>(filePtr + i) != 0) return fail(ERROR_PADDING, i, 0, load<u8>(filePtr + i));
  }
  return OK;
}

/** Everything about the container; after OK, all sections lie inside the file and match their checksums. */
export function checkContainer(filePtr: usize, bytes: i32): i32 {
  if (bytes < HEADER_BYTES) return fail(ERROR_TRUNCATED, 0, HEADER_BYTES, bytes);
  if (load<u32>(filePtr, HEADER_MAGIC) != MAGIC) return fail(ERROR_NOT_A_MODEL, 0, MAGIC, load<i32>(filePtr, HEADER_MAGIC));
  const version = load<i32>(filePtr, HEADER_VERSION);
  if (version != FORMAT_VERSION) return fail(ERROR_VERSION, HEADER_VERSION, FORMAT_VERSION, version);
  const fileBytes = load<i32>(filePtr, HEADER_FILE_BYTES);
  if (fileBytes > bytes) return fail(ERROR_TRUNCATED, HEADER_FILE_BYTES, fileBytes, bytes);
  if (fileBytes != bytes) return fail(ERROR_FILE_BYTES, HEADER_FILE_BYTES, fileBytes, bytes);
  const sections = load<i32>(filePtr, HEADER_SECTIONS);
  if (sections < 0 || sections > MAX_SECTIONS) return fail(ERROR_SECTION_TABLE, -1, MAX_SECTIONS, sections);
  const tableEnd = HEADER_BYTES + sections * ENTRY_SIZE;
  if (tableEnd > bytes) return fail(ERROR_TRUNCATED, 0, tableEnd, bytes);
  let crc = crc32(0, filePtr, HEADER_CRC);
  crc = crc32(crc, ZEROS, 4);
  crc = crc32(crc, filePtr + HEADER_CRC + 4, tableEnd - HEADER_CRC - 4);
  if (crc != load<u32>(filePtr, HEADER_CRC)) return fail(ERROR_HEADER_CRC, HEADER_CRC, crc, load<i32>(filePtr, HEADER_CRC));
  if (padding(filePtr, HEADER_CRC + 4, HEADER_BYTES) != OK) return ERROR_PADDING;
  return checkSections(filePtr, bytes, sections, tableEnd);
}

function checkSections(filePtr: usize, bytes: i32, sections: i32, tableEnd: i32): i32 {
  let seen: u32 = 0;
  let end = tableEnd;
  let entry = filePtr + HEADER_BYTES;
  for (let i = 0; i < sections; i++) {
    const id = load<i32>(entry, ENTRY_ID);
    const offset = load<i32>(entry, ENTRY_OFFSET);
    const length = load<i32>(entry, ENTRY_BYTES_FIELD);
    if (id < SECTION_PLAN || id > SECTION_INPUT) return fail(ERROR_SECTION_TABLE, i, SECTION_INPUT, id);
    if ((seen >>> id) & 1 && id != SECTION_EXPERT) return fail(ERROR_SECTION_TABLE, i, 0, id);
    seen |= 1 << id;
    const start = (end + ALIGNMENT - 1) & -ALIGNMENT;
    if (offset != start) return fail(ERROR_SECTION_TABLE, i, start, offset);
    if (length <= 0 || start > bytes || length > bytes - start) return fail(ERROR_SECTION_TABLE, i, bytes - start, length);
    if (padding(filePtr, end, start) != OK) return ERROR_PADDING;
    const crc = crc32(0, filePtr + offset, length);
    if (crc != load<u32>(entry, ENTRY_CRC)) return fail(ERROR_SECTION_CRC, id, load<i32>(entry, ENTRY_CRC), crc);
    end = start + length;
    entry += ENTRY_SIZE;
  }
  const fileEnd = (end + ALIGNMENT - 1) & -ALIGNMENT;
  if (fileEnd != bytes) return fail(ERROR_FILE_BYTES, HEADER_FILE_BYTES, fileEnd, bytes);
  if (padding(filePtr, end, bytes) != OK) return ERROR_PADDING;
  if (((seen >>> SECTION_PLAN) & 1) == 0) return fail(ERROR_MISSING_SECTION, SECTION_PLAN, 1, 0);
  return OK;
}
