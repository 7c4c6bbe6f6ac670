// Portable: compiled by asc and run by Node. Every identifier that the model file, the device and the host share.
// A retired id leaves a tombstone comment here and is never used again.

export const ABI_VERSION = 1;

// ---- file ----

/** "QMOE", little-endian. */
export const MAGIC = 0x454f4d51;
export const FORMAT_VERSION = 2;
export const ALIGNMENT = 16;

export const SECTION_PLAN = 1;
export const SECTION_FRONT_END = 2;
export const SECTION_NORMALIZATION = 3;
export const SECTION_ROUTER = 4;
export const SECTION_EXPERT = 5;
export const SECTION_POLICY = 6;
export const SECTION_LABELS = 7;
export const SECTION_PROVENANCE = 8;
export const SECTION_INPUT = 9;

// ---- input spec ----

/** What comes in: 16-bit PCM of one channel; samples of one or several channels; frames of codes, computed elsewhere; feature vectors. */
export const SOURCE_AUDIO = 1;
export const SOURCE_SIGNAL = 2;
export const SOURCE_FRAMES = 3;
export const SOURCE_VECTORS = 4;

/** What the networks read: the values as they come (vectors, samples, or codes of frames), or statistics of a window's codes. */
export const FEATURE_SET_VALUES = 0;
export const FEATURE_SET_RICH = 1;

/** What makes frames of samples. */
export const INPUT_FRONT_END_NONE = 0;
export const INPUT_FRONT_END_LOG_MEL = 1;

// ---- policy ----

/** No network: the module computes features and stops. */
export const POLICY_FEATURES = 0;
/** Expert 0 answers everything. */
export const POLICY_SINGLE = 1;
/** The router is a probe, itself the cheapest expert; it answers when sure and escalates when not. */
export const POLICY_PROBE = 2;
/** The paper's Monte Carlo dropout router, p_i * exp(alpha * u * beta_i - lambda * energy_i). */
export const POLICY_BAYESIAN = 3;

// ---- phases: what step() did ----

/** Nothing to do before more audio, or features, arrive. */
export const PHASE_IDLE = 0;
export const PHASE_FRAME = 1;
export const PHASE_FEATURES = 2;
export const PHASE_ROUTER = 3;
export const PHASE_EXPERT = 4;
/** The decision record is complete; further steps return this and do nothing. */
export const PHASE_DONE = 5;
/** lastError says why; further steps return this and do nothing. */
export const PHASE_FAILED = 6;
/** In a stream: the window has moved on, behind a decision or past a window that the gate slept through. */
export const PHASE_HOP = 7;

// ---- limits of an input spec: wider than what a build may have code for ----

export const MAX_CHANNELS = 16;
/** Hz. */
export const MIN_SAMPLE_RATE = 50;
export const MAX_SAMPLE_RATE = 96000;
export const MAX_WINDOW_SAMPLES = 1 << 24;
/** Of a window. */
export const MAX_FRAMES = 65536;
export const MIN_FFT_POINTS = 32;
export const MAX_FFT_POINTS = 8192;

// ---- limits that bound memory and time whatever a file says ----

export const MAX_SECTIONS = 24;
export const MAX_EXPERTS = 8;
/** Of one network. */
export const MAX_OPS = 16;
export const MAX_BUFFERS = 32;
export const MAX_WIDTH = 8192;
/** Padded rows times padded columns of one matrix. */
export const MAX_WEIGHTS = 1 << 24;
export const MAX_CLASSES = 1024;
export const MAX_SAMPLES = 64;
