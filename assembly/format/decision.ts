// Portable. The decision record: what the device says about one window, 40 little-endian bytes.
// host/runtime/decision.ts names what it means, for JavaScript, WIT and JSON alike.
//
//   0      4      8            12       16                  20              24        28         32          36               40
//   | status | index | probability | entropy | mutualInformation | routerVariance | answerer | abstained | framesSeen | weightBytesRead |
//     u32      i32     f32           f32       f32                 f32              i32        u32         u32          u32
//
// Absent values: -1 (a label, an answerer, or a quantity that the policy does not compute). Entropies are in nats.

export const DECISION_BYTES = 40;

export const DECISION_STATUS = 0;
/** Index into the labels section. */
export const DECISION_INDEX = 4;
export const DECISION_PROBABILITY = 8;
/** Predictive entropy of the network that answered, H(mean p). */
export const DECISION_ENTROPY = 12;
/** H(mean p) - mean H(p_m) over the router's samples. */
export const DECISION_MUTUAL_INFORMATION = 16;
/** Sum over the router's outputs (experts; classes for a probe) of the variance of its sampled softmaxes, before its scale is applied. */
export const DECISION_ROUTER_VARIANCE = 20;
/** Index among the networks that may answer: the probe (if there is one) first, then the experts in file order. */
export const DECISION_ANSWERER = 24;
export const DECISION_ABSTAINED = 28;
/** Log-mel frames computed for this window, zero-padding included. */
export const DECISION_FRAMES_SEEN = 32;
/** Packed weights (as the file's canonical layout stores them) and scales read for this decision, the router included. */
export const DECISION_WEIGHT_BYTES_READ = 36;

/** Status: 0 while no decision is made, 1 when the record is complete. */
export const STATUS_NONE = 0;
export const STATUS_DECIDED = 1;
