/* A baked module of qurio (`qurio bake --target core`) in WAMR: PCM in, decision records out. One instance; it has WAMR for itself.
 *
 *   classifier_open(&c, &place, module, bytes)   once; 0, or c.error says what is wrong
 *   classifier_load(&c, model, bytes)            only for modules baked with --no-weights
 *   classifier_start(&c, &settings, seed)        a new stream of windows
 *   taken = classifier_push(&c, samples, count)  16-bit PCM, 16 kHz, mono, as it comes
 *   do phase = classifier_step(&c); while (…)    bounded work: one frame, a piece of the features, or one layer */
#ifndef CLASSIFIER_H
#define CLASSIFIER_H

#include <stdbool.h>

#include "qurio_records.h"
#include "wasm_export.h"

/* What the module exports and this file calls, in the order of EXPORTS in classifier.c. */
enum export_id {
  ABI_VERSION, INIT, LOAD, MODEL_PTR, MODEL_BYTES, RESET, AUDIO_PTR, AUDIO_SPACE, PUSH_AUDIO, STEP, DECISION_PTR, STREAM_PTR, LAST_ERROR,
  EXPORT_COUNT
};

struct classifier {
  wasm_module_t module;
  wasm_module_inst_t instance;
  wasm_exec_env_t environment;
  wasm_function_inst_t exports[EXPORT_COUNT];
  bool has_model;
  char error[256]; /* empty, or one line; nothing is called behind an error */
};

/* All memory that WAMR takes. Aligned to 8. */
struct classifier_memory {
  uint8_t* pool;
  uint32_t pool_bytes, stack_bytes;
};

/* The largest block that the pool still has, after each stage of classifier_open: for the table of --memory. */
struct classifier_stages {
  uint32_t runtime, module, instance, stack;
};

/* The module's bytes must stay while the classifier is open. WAMR's classic interpreter writes to them; its fast one does not.
 * `stages` may be NULL. */
bool classifier_open(struct classifier* c, const struct classifier_memory* memory, uint8_t* module, uint32_t bytes,
                     struct classifier_stages* stages);
bool classifier_load(struct classifier* c, const uint8_t* model, uint32_t bytes);
bool classifier_start(struct classifier* c, const struct qurio_stream_settings* settings, uint32_t seed);
/* Returns how many samples were taken: 0 until steps have made room. */
uint32_t classifier_push(struct classifier* c, const int16_t* samples, uint32_t count);
/* QURIO_FAILED: c->error says why. */
int32_t classifier_step(struct classifier* c);
bool classifier_decision(struct classifier* c, struct qurio_decision* decision);
bool classifier_stream(struct classifier* c, struct qurio_stream* stream);
/* The name of a label, where it lies in the model; "" if there is none. */
const char* classifier_label(struct classifier* c, int32_t index);
/* Bytes of linear memory. */
uint32_t classifier_memory_bytes(struct classifier* c);
/* The largest block that WAMR's pool has. */
uint32_t classifier_pool_left(const struct classifier_memory* memory);
void classifier_close(struct classifier* c);

#endif
