// WAV in: the chunks are walked one by one, nothing is kept. Only what needs no conversion is taken: 16-bit PCM, mono, at the rate of the input spec.
//
//   "RIFF" u32 bytes "WAVE" | "fmt " u32 16.. format | … | "data" u32 bytes, samples
//   format: u16 tag, u16 channels, u32 rate, u32 bytes/s, u16 bytes/frame, u16 bits (+ u16 22, u16 bits, u32 mask, u16 tag, … when extensible)

import { SAMPLE_RATE } from "../format/input_spec.ts";
import { read } from "./files.ts";
import { begin, endWithRate, refuse } from "./errors.ts";
import { putText, putUnsigned } from "./print.ts";

const RIFF: u32 = 0x46464952;
const WAVE: u32 = 0x45564157;
const FORMAT: u32 = 0x20746d66;
const DATA: u32 = 0x61746164;
const TAG_PCM = 1;
const TAG_EXTENSIBLE = 0xfffe;
const FORMAT_BYTES = 16;
/** An extensible format up to the inner tag. */
const EXTENSIBLE_BYTES = 26;

const SCRATCH_BYTES = 256;
const SCRATCH: usize = memory.data(SCRATCH_BYTES, 4);

/** Reads up to the first sample and returns the length that the data chunk claims; ends the program unless the format fits. */
export function findSamples(fd: i32): u32 {
  const got = read(fd, SCRATCH, 12);
  if (got == 0) refuse(" is empty: 0 bytes (WAV_EMPTY)", "Record or copy it again.");
  if (load<u32>(SCRATCH) != RIFF || (got == 12 && load<u32>(SCRATCH, 8) != WAVE)) {
    begin();
    putText(" is not a WAV file: it does not start with RIFF ... WAVE (WAV_NOT_A_WAV)");
    convert();
  }
  let formatSeen = false;
  while (true) {
    if (read(fd, SCRATCH, 8) < 8) truncated();
    const id = load<u32>(SCRATCH);
    const bytes = load<u32>(SCRATCH, 4);
    if (id == DATA && formatSeen) return bytes;
    let rest = <u64>bytes + (bytes & 1);
    if (id == FORMAT) {
      rest -= readFormat(fd, bytes);
      formatSeen = true;
    }
    skip(fd, rest);
  }
}

function convert(): void {
  endWithRate("Convert it first: sox in.wav -b 16 -r ", " -c 1 out.wav");
}

/** Returns how much of the chunk was read. */
function readFormat(fd: i32, bytes: u32): i32 {
  const want: i32 = bytes < <u32>EXTENSIBLE_BYTES ? FORMAT_BYTES : EXTENSIBLE_BYTES;
  if (bytes < <u32>FORMAT_BYTES || read(fd, SCRATCH, want) < want) truncated();
  const outerTag: u32 = load<u16>(SCRATCH);
  const tag: u32 = outerTag == TAG_EXTENSIBLE && want == EXTENSIBLE_BYTES ? load<u16>(SCRATCH, 24) : outerTag;
  const channels = load<u16>(SCRATCH, 2);
  const rate = load<u32>(SCRATCH, 4);
  const bits = load<u16>(SCRATCH, 14);
  if (tag != TAG_PCM || channels != 1 || rate != SAMPLE_RATE || bits != 16 || load<u16>(SCRATCH, 12) != 2) {
    begin();
    putText(": 16-bit PCM (format 1), 1 channel, ");
    putUnsigned(SAMPLE_RATE);
    putText(" Hz expected, found ");
    putUnsigned(bits);
    putText("-bit format ");
    putUnsigned(tag);
    putText(", channels ");
    putUnsigned(channels);
    putText(", ");
    putUnsigned(rate);
    putText(" Hz (WAV_FORMAT)");
    convert();
  }
  return want;
}

/** Chunks may claim 4 GB; the file's end stops this. */
function skip(fd: i32, bytes: u64): void {
  while (bytes > 0) {
    const part = <i32>min<u64>(bytes, SCRATCH_BYTES);
    if (read(fd, SCRATCH, part) < part) truncated();
    bytes -= part;
  }
}

function truncated(): void {
  refuse(": truncated header: the file ends before its format or samples (WAV_TRUNCATED)", "Record or copy it again.");
}

export function noSamples(): void {
  refuse(" holds no samples (WAV_NO_SAMPLES)", "Record or copy it again.");
}
