// Portable. Error codes that the device returns; host/errors.ts gives each its name, message and hint.

export const OK = 0;

// ---- 1xx: the file ----
export const ERROR_TRUNCATED = 101;
export const ERROR_NOT_A_MODEL = 102;
export const ERROR_VERSION = 103;
export const ERROR_FILE_BYTES = 104;
export const ERROR_HEADER_CRC = 105;
export const ERROR_SECTION_TABLE = 106;
export const ERROR_SECTION_CRC = 107;
export const ERROR_PADDING = 108;
export const ERROR_MISSING_SECTION = 109;
export const ERROR_MISALIGNED = 110;
/** A baked module takes the model that it was baked with. */
export const ERROR_OTHER_MODEL = 111;

// ---- 2xx: what the file says ----
export const ERROR_PLAN = 201;
export const ERROR_FRONT_END = 202;
export const ERROR_NORMALIZATION = 203;
export const ERROR_NETWORK = 204;
export const ERROR_LAYER_SHAPE = 205;
export const ERROR_WEIGHT_TYPE = 206;
export const ERROR_LAYOUT = 207;
export const ERROR_TENSOR_BOUNDS = 208;
export const ERROR_SCALE = 209;
export const ERROR_NOT_FINITE = 210;
export const ERROR_POLICY = 211;
export const ERROR_LABELS = 212;
export const ERROR_WEIGHT_CODES = 213;
export const ERROR_TENSOR_NOT_FINITE = 214;
export const ERROR_LAYER = 215;
export const ERROR_OP = 216;
export const ERROR_BUFFER = 217;
export const ERROR_INPUT = 218;

// ---- 3xx: running ----
export const ERROR_NOT_LOADED = 301;
export const ERROR_MEMORY = 302;
export const ERROR_NO_FRONT_END = 303;
export const ERROR_AUDIO_OVERFLOW = 304;
export const ERROR_INPUT_NOT_FINITE = 305;
export const ERROR_OVERFLOW = 306;
export const ERROR_OVERLAP = 307;
