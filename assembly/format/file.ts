// Portable. Byte offsets of the model file; docs/reference/format.md is the prose of this table.
// All integers are little-endian u32 unless said; offsets inside a section count from the section's first byte.

// ---- header, 32 bytes, then the section table ----
export const HEADER_MAGIC = 0;
export const HEADER_VERSION = 4;
/** Length of the whole file. */
export const HEADER_FILE_BYTES = 8;
export const HEADER_SECTIONS = 12;
/** CRC-32 of the header and the section table, this field taken as zero. */
export const HEADER_CRC = 16;
/** The rest of the header is zero. */
export const HEADER_BYTES = 32;

// ---- section table entry, 16 bytes; sections lie in table order, 16-byte aligned, gaps are zero ----
export const ENTRY_ID = 0;
export const ENTRY_OFFSET = 4;
export const ENTRY_BYTES_FIELD = 8;
export const ENTRY_CRC = 12;
export const ENTRY_SIZE = 16;

// ---- plan: what the host must provide before load ----
export const PLAN_FEATURES = 0;
export const PLAN_CLASSES = 4;
export const PLAN_EXPERTS = 8;
/** Buffers, cache and outputs of networkScratchBytes (plan.ts). */
export const PLAN_BUFFER_BYTES = 12;
export const PLAN_CACHE = 16;
export const PLAN_OUTPUTS = 20;
export const PLAN_ARENA_BYTES = 24;
export const PLAN_RING_BYTES = 28;
/** Capacity of the PCM buffer in samples. */
export const PLAN_AUDIO_SAMPLES = 32;
/** Arena, ring and PCM buffer together. */
export const PLAN_WORK_BYTES = 36;
/** Upper bound of multiply-accumulates that networks may spend on one decision. */
export const PLAN_MAX_MACS = 40;
/** Scratch of networkScratchBytes (plan.ts). */
export const PLAN_SCRATCH_BYTES = 44;
export const PLAN_BYTES = 48;

// ---- input spec: what the device takes, and how it becomes features. Vectors end at INPUT_VECTORS_BYTES, samples without a front end at
// INPUT_SAMPLES_BYTES ----
/** SOURCE_* of ids.ts. */
export const INPUT_SOURCE = 0;
/** FEATURE_SET_* of ids.ts. */
export const INPUT_FEATURE_SET = 4;
/** Length of the feature vector. */
export const INPUT_FEATURES = 8;
export const INPUT_VECTORS_BYTES = 12;

export const INPUT_CHANNELS = 12;
/** Hz, of each channel. */
export const INPUT_SAMPLE_RATE = 16;
/** Of each channel. */
export const INPUT_WINDOW_SAMPLES = 20;
/** INPUT_FRONT_END_* of ids.ts. */
export const INPUT_FRONT_END = 24;
export const INPUT_SAMPLES_BYTES = 28;

export const INPUT_FRAME_SAMPLES = 28;
/** From the start of a frame to the start of the next one. */
export const INPUT_HOP_SAMPLES = 32;
export const INPUT_FFT_POINTS = 36;
export const INPUT_BANDS = 40;
export const INPUT_COEFFICIENTS = 44;
/** u8: FRONT_END_FLOAT32 or FRONT_END_FIXED. */
export const INPUT_ARITHMETIC = 48;
/** u8: sum of FRONT_END_CODES_4BIT and FRONT_END_REMOVE_DC. */
export const INPUT_OPTIONS = 49;
/** f32: L = ln(power + floor). */
export const INPUT_FLOOR = 52;
/** f32: code = round((L - origin) / step), clamped to 0..255, or 0..15 with FRONT_END_CODES_4BIT. */
export const INPUT_ORIGIN = 56;
export const INPUT_STEP = 60;
/** f32, Hz: outer edges of the first and the last mel band. The tables of the front end follow from them; a device does not read them. */
export const INPUT_LOWEST_HZ = 64;
export const INPUT_HIGHEST_HZ = 68;
export const INPUT_BYTES = 72;

/** Window, transform, mel bands and logarithm in float32, or in integers. */
export const FRONT_END_FLOAT32 = 0;
export const FRONT_END_FIXED = 1;

/** Codes of 4 bits in a ring of half the size. */
export const FRONT_END_CODES_4BIT = 1;
/** Each frame's mean is subtracted from its samples. */
export const FRONT_END_REMOVE_DC = 2;

// ---- front end: where its tables lie; the input spec has its parameters ----
/** f32 [frameSamples]: window, scaled by 1/32768 so that it takes 16-bit PCM to -1..1. Fixed: i16 [frameSamples][2], high and low parts. */
export const FRONT_END_WINDOW_OFFSET = 0;
/** f32 [fftPoints/2][2]: cos, -sin of 2 pi k / fftPoints. Fixed: i16 [3 fftPoints/4][4], high and low parts of each. */
export const FRONT_END_TWIDDLE_OFFSET = 4;
/** u16 [bands][2]: first bin, number of bins. */
export const FRONT_END_MEL_BANDS_OFFSET = 8;
/** f32 [melWeights]: triangle values, band after band. Fixed: u16 [melWeights] in Q15. */
export const FRONT_END_MEL_WEIGHTS_OFFSET = 12;
export const FRONT_END_MEL_WEIGHTS = 16;
/** i16 [coefficients][bands]: sqrt(2/bands) cos(pi k (m + 0.5) / bands) in Q15. */
export const FRONT_END_DCT_OFFSET = 20;
/** Fixed: u16 [65]: log2(1 + i / 64) in Q15. Float: 0. */
export const FRONT_END_LOG_OFFSET = 24;
export const FRONT_END_BYTES = 32;

// ---- normalization: x = clamp((feature - mean) * inverseStd, -clip, clip) ----
export const NORMALIZATION_COUNT = 0;
/** f32 */
export const NORMALIZATION_CLIP = 4;
/** f32 [count] */
export const NORMALIZATION_MEAN_OFFSET = 8;
/** f32 [count] */
export const NORMALIZATION_INVERSE_STD_OFFSET = 12;
export const NORMALIZATION_BYTES = 16;

// ---- router and expert: one network each, a list of ops over numbered buffers ----
/** ASCII, zero-padded. */
export const NETWORK_NAME = 0;
export const NETWORK_NAME_BYTES = 16;
export const NETWORK_OPS = 16;
export const NETWORK_BUFFERS = 20;
/** Op records start here, in the order in which they run; buffer records follow them, then tensors. */
export const NETWORK_BYTES = 32;

// A buffer holds values between two ops. Buffer 0 is the network's input and lies at 0; the last op's output is the network's.
/** In the memory that all buffers share, a multiple of 16; buffers may overlap, but none is read that another has overwritten. */
export const BUFFER_OFFSET = 0;
/** f32 values, padding for kernels not counted. */
export const BUFFER_VALUES = 4;
export const BUFFER_BYTES = 8;
/** Values behind those of a buffer that any op may overwrite when it reads or writes the buffer, whatever the build. */
export const BUFFER_PADDING = 128;

/** OP_LINEAR, … */
export const OP_KIND = 0;
/** Numbers of buffers: one that is written before, and the one to write. */
export const OP_INPUT = 4;
export const OP_OUTPUT = 8;
/** f32: share of outputs set to zero when the router samples; 0 = no dropout behind this op. */
export const OP_DROPOUT = 12;
/** What follows belongs to the op's kind (format/linear.ts). */
export const OP_FIELDS = 16;
export const OP_BYTES = 64;

// ---- policy ----
export const POLICY_KIND = 0;
/** Monte Carlo dropout samples of the router; 0 = one pass without dropout. */
export const POLICY_SAMPLES = 4;
/** f32 */
export const POLICY_ALPHA = 8;
/** f32: the router variance is divided by this before alpha, so that alpha means the same on every model. */
export const POLICY_VARIANCE_SCALE = 12;
/** f32 [8]: answerer i escalates when its entropy exceeds this. */
export const POLICY_ESCALATE = 16;
/** The same place under policy bayesian, f32 [8]: energy of expert i, relative to the costliest. */
export const POLICY_ENERGY = POLICY_ESCALATE;
/** f32 [8]: answerer i abstains when its probability is below this. */
export const POLICY_ABSTAIN = 48;
/** f32 [8]: beta of expert i, 0..1. */
export const POLICY_BETA = 80;
export const POLICY_BYTES = 112;

// ---- labels: u32 count, u32 offset [count + 1], then UTF-8 strings, each with a zero byte behind it ----
export const LABELS_COUNT = 0;
export const LABELS_OFFSETS = 4;
