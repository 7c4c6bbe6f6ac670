/* What a baked module of qurio and its host share, by npm run wamr-header: do not edit. All numbers are little-endian. */
#ifndef QURIO_RECORDS_H
#define QURIO_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define QURIO_ASSERT(condition, text) static_assert(condition, text)
#else
#define QURIO_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define QURIO_MAY_ALIAS __attribute__((may_alias))

/* What abiVersion() returns. */
#define QURIO_ABI_VERSION 1
/* Frames of 10 ms in a window. */
#define QURIO_WINDOW_FRAMES 498

/* At decisionPtr(). Absent values are -1. */
struct qurio_decision {
  uint32_t status;            /* 0 while no decision is made, 1 when the record is complete */
  int32_t index;              /* into the labels of the model */
  float probability;          /* of that label */
  float entropy;              /* of the network that answered, in nats */
  float mutual_information;   /* over the router's samples, in nats */
  float router_variance;      /* sum of the variances of its sampled outputs */
  int32_t answerer;           /* who answered: the probe first, if there is one, then the experts */
  uint32_t abstained;         /* 1: the probability is below the answerer's threshold */
  uint32_t frames_seen;       /* frames computed for this window */
  uint32_t weight_bytes_read; /* packed weights and scales read */
} QURIO_MAY_ALIAS;
QURIO_ASSERT(offsetof(struct qurio_decision, status) == 0, "status");
QURIO_ASSERT(offsetof(struct qurio_decision, index) == 4, "index");
QURIO_ASSERT(offsetof(struct qurio_decision, probability) == 8, "probability");
QURIO_ASSERT(offsetof(struct qurio_decision, entropy) == 12, "entropy");
QURIO_ASSERT(offsetof(struct qurio_decision, mutual_information) == 16, "mutual_information");
QURIO_ASSERT(offsetof(struct qurio_decision, router_variance) == 20, "router_variance");
QURIO_ASSERT(offsetof(struct qurio_decision, answerer) == 24, "answerer");
QURIO_ASSERT(offsetof(struct qurio_decision, abstained) == 28, "abstained");
QURIO_ASSERT(offsetof(struct qurio_decision, frames_seen) == 32, "frames_seen");
QURIO_ASSERT(offsetof(struct qurio_decision, weight_bytes_read) == 36, "weight_bytes_read");
QURIO_ASSERT(sizeof(struct qurio_decision) == 40, "qurio_decision");

/* At streamPtr(): settings count from the next reset on. */
struct qurio_stream_settings {
  int32_t hop;                /* frames of 10 ms from window to window, at most 498; 0: one window, no stream */
  int32_t wake;               /* the gate wakes when the level is so far above the background; 0: no gate */
  int32_t sleep;              /* it stays awake while the level is so far above the background ... */
  int32_t hold;               /* ... and so many frames longer */
  int32_t votes;              /* so many of the last windows vote, 1 to 16 */
  int32_t start;              /* an event starts with so many votes for its label */
  int32_t stop;               /* and ends below so many */
} QURIO_MAY_ALIAS;
QURIO_ASSERT(offsetof(struct qurio_stream_settings, hop) == 0, "hop");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, wake) == 4, "wake");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, sleep) == 8, "sleep");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, hold) == 12, "hold");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, votes) == 16, "votes");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, start) == 20, "start");
QURIO_ASSERT(offsetof(struct qurio_stream_settings, stop) == 24, "stop");
QURIO_ASSERT(sizeof(struct qurio_stream_settings) == 28, "qurio_stream_settings");

struct qurio_stream {
  struct qurio_stream_settings settings;
  int32_t awake;              /* 1 while the gate is awake */
  int32_t level;              /* of the newest frame */
  int32_t background;         /* in 1/256 of a level */
  int32_t windows;            /* since reset, those included that the gate slept through */
  int32_t event;              /* label of the event that goes on */
  int16_t history[16];        /* labels of the last windows, newest first; -1: abstained, or slept */
  float lambda;               /* written by the host: how much energy counts when a Bayesian router chooses */
} QURIO_MAY_ALIAS;
QURIO_ASSERT(offsetof(struct qurio_stream, settings) == 0, "settings");
QURIO_ASSERT(offsetof(struct qurio_stream, awake) == 28, "awake");
QURIO_ASSERT(offsetof(struct qurio_stream, level) == 32, "level");
QURIO_ASSERT(offsetof(struct qurio_stream, background) == 36, "background");
QURIO_ASSERT(offsetof(struct qurio_stream, windows) == 40, "windows");
QURIO_ASSERT(offsetof(struct qurio_stream, event) == 44, "event");
QURIO_ASSERT(offsetof(struct qurio_stream, history) == 48, "history");
QURIO_ASSERT(offsetof(struct qurio_stream, lambda) == 80, "lambda");
QURIO_ASSERT(sizeof(struct qurio_stream) == 84, "qurio_stream");

/* At lastError(). */
struct qurio_error {
  int32_t code, place, expected, found;
};

/* What step() did. */
enum qurio_phase {
  QURIO_IDLE = 0,
  QURIO_FRAME = 1,
  QURIO_FEATURES = 2,
  QURIO_ROUTER = 3,
  QURIO_EXPERT = 4,
  QURIO_DONE = 5,
  QURIO_FAILED = 6,
  QURIO_HOP = 7,
};

/* QURIO_ERRORS(X): X(code, name, message). {p} place, {e} expected, {f} found; {l}, {n}: layer and network of a place that is
 * 100 * network + layer, network 0 being the router. */
#define QURIO_ERRORS(X) \
  X(101, "TRUNCATED", "model file is truncated: at least {e} bytes expected, {f} found") \
  X(102, "NOT_A_MODEL", "not a qurio model: the file does not start with QMOE") \
  X(103, "VERSION", "model format version {f} is not supported, this runtime reads version {e}") \
  X(104, "FILE_BYTES", "model file length differs from its header: {e} bytes expected, {f} found") \
  X(105, "HEADER_CRC", "header checksum does not match") \
  X(106, "SECTION_TABLE", "section table entry {p} is not valid: expected {e}, found {f}") \
  X(107, "SECTION_CRC", "checksum of section {p} does not match") \
  X(108, "PADDING", "padding at byte {p} is not zero") \
  X(109, "MISSING_SECTION", "section {p} is missing") \
  X(110, "MISALIGNED", "the model must lie at a multiple of {e} bytes, found address {f}") \
  X(111, "OTHER_MODEL", "the model is not the one that this module was baked with: header checksum {e} expected, {f} found") \
  X(201, "PLAN", "memory plan field {p} is {f}, the model needs {e}") \
  X(202, "FRONT_END", "front end parameter {p} is not supported: expected {e}, found {f}") \
  X(203, "NORMALIZATION", "normalization field {p} is not valid: expected {e}, found {f}") \
  X(204, "NETWORK", "network {n} is not valid: expected {e}, found {f}") \
  X(205, "LAYER_SHAPE", "op {l} of network {n} has a shape that does not fit: expected {e}, found {f}") \
  X(206, "WEIGHT_TYPE", "op {l} of network {n} has unknown weight type {f}") \
  X(207, "LAYOUT", "op {l} of network {n} has layout {f}, which this build cannot read (weight type {e})") \
  X(208, "TENSOR_BOUNDS", "op {l} of network {n} has a tensor outside its section or of the wrong length: expected {e}, found {f}") \
  X(209, "SCALE", "op {l} of network {n} has a scale that is not a positive finite number") \
  X(210, "NOT_FINITE", "section {p} holds a number that is not finite") \
  X(211, "POLICY", "policy field {p} is not valid: expected {e}, found {f}") \
  X(213, "WEIGHT_CODES", "op {l} of network {n} holds weight codes that its type does not have, or row sums that disagree with the codes") \
  X(212, "LABELS", "labels are not valid: expected {e}, found {f}") \
  X(214, "TENSOR_NOT_FINITE", "op {l} of network {n} holds a number that is not finite") \
  X(215, "LAYER", "op {l} of network {n} has flags or a dropout rate that are not valid") \
  X(216, "OP", "op {l} of network {n} is of unknown kind {f}") \
  X(217, "BUFFER", "op {l} of network {n} has a buffer that is not there, not yet written, or in a place that it cannot have: {f}") \
  X(218, "INPUT", "input field {p} is not supported: this build takes {e}, found {f}") \
  X(301, "NOT_LOADED", "no model is loaded") \
  X(302, "MEMORY", "linear memory is too small: {e} bytes needed, {f} there") \
  X(303, "NO_FRONT_END", "this model takes feature vectors, not audio") \
  X(304, "AUDIO_OVERFLOW", "more samples pushed than fit: {f} pushed, room for {e}") \
  X(305, "INPUT_NOT_FINITE", "feature {p} is not a finite number") \
  X(306, "OVERFLOW", "activations of op {l} of network {n} are not finite") \
  X(307, "OVERLAP", "the model lies in work memory, which ends at {e}: found at {f}")

/* The labels in the model file at modelPtr(), offsets in bytes: sections are listed behind the header, and the offsets of the texts, from the
 * start of their section, stand behind their count. */
#define QURIO_FILE_SECTIONS 12u
#define QURIO_FILE_HEADER_BYTES 32u
#define QURIO_ENTRY_BYTES 16u
#define QURIO_ENTRY_ID 0u
#define QURIO_ENTRY_OFFSET 4u
#define QURIO_SECTION_LABELS 7u
#define QURIO_LABELS_COUNT 0u
#define QURIO_LABELS_OFFSETS 4u

#endif
