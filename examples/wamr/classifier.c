/* See classifier.h. Calls into the module are wasm_runtime_call_wasm on exports that are looked up once; records and samples are copied through
 * addresses in linear memory, which is checked before each copy: a module is not trusted to say where. */
#include "classifier.h"

#include <stdio.h>
#include <string.h>

/* WAMR 2 looks functions up without their signatures, and addresses in linear memory have 64 bits there. */
#if WAMR_MAJOR >= 2
#define LOOK_UP(instance, name) wasm_runtime_lookup_function(instance, name)
typedef uint64_t app_address;
#else
#define LOOK_UP(instance, name) wasm_runtime_lookup_function(instance, name, NULL)
typedef uint32_t app_address;
#endif

static const struct {
  const char* name;
  uint32_t arguments;
  bool needed; /* in every baked module */
} EXPORTS[EXPORT_COUNT] = {
  [ABI_VERSION] = {"abiVersion", 0, true},    [INIT] = {"init", 0, false},           [LOAD] = {"load", 2, true},
  [MODEL_PTR] = {"modelPtr", 0, true},        [MODEL_BYTES] = {"modelBytes", 0, true}, [RESET] = {"reset", 1, true},
  [AUDIO_PTR] = {"audioPtr", 0, true},        [AUDIO_SPACE] = {"audioSpace", 0, true}, [PUSH_AUDIO] = {"pushAudio", 1, true},
  [STEP] = {"step", 0, true},                 [DECISION_PTR] = {"decisionPtr", 0, true}, [STREAM_PTR] = {"streamPtr", 0, true},
  [LAST_ERROR] = {"lastError", 0, true},
};

/* Keeps the first error. */
#define FAIL(c, ...) ((c)->error[0] ? false : (snprintf((c)->error, sizeof (c)->error, __VA_ARGS__), false))

/* What an export returns; after an error 0, and nothing is called. */
static uint32_t call(struct classifier* c, enum export_id id, uint32_t first, uint32_t second) {
  uint32_t cells[2] = {first, second};
  if (c->error[0]) return 0;
  if (wasm_runtime_call_wasm(c->environment, c->exports[id], EXPORTS[id].arguments, cells)) return cells[0];
  FAIL(c, "%s() of the module stopped: %s", EXPORTS[id].name, wasm_runtime_get_exception(c->instance));
  return 0;
}

/* The bytes that an address of the module stands for, or NULL. */
static void* native(struct classifier* c, uint32_t address, uint32_t bytes) {
  if (c->error[0]) return NULL;
  if (address != 0 && wasm_runtime_validate_app_addr(c->instance, address, bytes)) return wasm_runtime_addr_app_to_native(c->instance, address);
  FAIL(c, "the module gives an address outside its memory: %u bytes at %u", bytes, address);
  return NULL;
}

static bool copy_out(struct classifier* c, void* to, uint32_t address, uint32_t bytes) {
  const void* from = native(c, address, bytes);
  if (from) memcpy(to, from, bytes);
  return from != NULL;
}

/* lastError() as one line: name and message of the table in qurio_records.h, with its numbers. */
static bool device_error(struct classifier* c) {
  static const struct { int32_t code; const char *name, *message; } ERRORS[] = {
#define ROW(code, name, message) {code, name, message},
    QURIO_ERRORS(ROW)
  };
  struct qurio_error e;
  if (!copy_out(c, &e, call(c, LAST_ERROR, 0, 0), sizeof e)) return false;
  for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
    if (ERRORS[i].code != e.code) continue;
    size_t at = (size_t)snprintf(c->error, sizeof c->error, "%s: ", ERRORS[i].name);
    for (const char* from = ERRORS[i].message; *from && at < sizeof c->error - 12; from++) {
      if (*from != '{') {
        c->error[at++] = *from;
        c->error[at] = 0;
        continue;
      }
      int32_t value = from[1] == 'p' ? e.place : from[1] == 'e' ? e.expected : from[1] == 'f' ? e.found : from[1] == 'l' ? e.place % 100 : e.place / 100;
      at += (size_t)snprintf(c->error + at, sizeof c->error - at, "%d", value);
      from += 2;
    }
    return false;
  }
  return FAIL(c, "error %d of the module, place %d, expected %d, found %d", e.code, e.place, e.expected, e.found);
}

uint32_t classifier_pool_left(const struct classifier_memory* memory) {
  uint32_t fits = 0, fails = memory->pool_bytes & ~7u;
  while (fails - fits > 8) {
    uint32_t bytes = (fits + (fails - fits) / 2) & ~7u;
    void* block = wasm_runtime_malloc(bytes);
    if (block) fits = bytes;
    else fails = bytes;
    if (block) wasm_runtime_free(block);
  }
  return fits;
}

/* What WAMR says when its pool is used up. */
static bool out_of_pool(struct classifier* c, const struct classifier_memory* memory, const char* stage) {
  return FAIL(c, "a pool of %u bytes is too small to %s: README.md has what a module takes", memory->pool_bytes, stage);
}

static bool wamr_error(struct classifier* c, const struct classifier_memory* memory, const char* stage, const char* said) {
  return strstr(said, "allocate memory failed") ? out_of_pool(c, memory, stage) : FAIL(c, "cannot %s: %s", stage, said);
}

bool classifier_open(struct classifier* c, const struct classifier_memory* memory, uint8_t* module, uint32_t bytes,
                     struct classifier_stages* stages) {
  char said[128] = "";
  memset(c, 0, sizeof *c);
  RuntimeInitArgs arguments = {.mem_alloc_type = Alloc_With_Pool};
  arguments.mem_alloc_option.pool.heap_buf = memory->pool;
  arguments.mem_alloc_option.pool.heap_size = memory->pool_bytes;
  if (!wasm_runtime_full_init(&arguments)) return out_of_pool(c, memory, "start WAMR");
  if (stages) stages->runtime = classifier_pool_left(memory);

  if (!(c->module = wasm_runtime_load(module, bytes, said, sizeof said))) return wamr_error(c, memory, "load the module", said);
  if (stages) stages->module = classifier_pool_left(memory);

  /* no heap of WAMR's inside linear memory: the module allocates nothing */
  if (!(c->instance = wasm_runtime_instantiate(c->module, memory->stack_bytes, 0, said, sizeof said)))
    return wamr_error(c, memory, "instantiate the module", said);
  if (stages) stages->instance = classifier_pool_left(memory);

  if (!(c->environment = wasm_runtime_create_exec_env(c->instance, memory->stack_bytes))) return out_of_pool(c, memory, "hold the module's stack");
  if (stages) stages->stack = classifier_pool_left(memory);

  for (int id = 0; id < EXPORT_COUNT; id++) {
    c->exports[id] = LOOK_UP(c->instance, EXPORTS[id].name);
    if (!c->exports[id] && EXPORTS[id].needed)
      return FAIL(c, "not a module of qurio bake --target core: it does not export %s()", EXPORTS[id].name);
  }
  uint32_t version = call(c, ABI_VERSION, 0, 0);
  if (version != QURIO_ABI_VERSION)
    return FAIL(c, "the module has ABI version %u, this program was built for %u: bake it again, or build with its header", version, QURIO_ABI_VERSION);
  c->has_model = c->exports[INIT] != NULL;
  if (c->has_model && call(c, INIT, 0, 0) != 0) return device_error(c);
  return !c->error[0];
}

bool classifier_load(struct classifier* c, const uint8_t* model, uint32_t bytes) {
  if (c->error[0]) return false;
  if (c->has_model) return FAIL(c, "the module has its model already: bake with --no-weights to load one");
  uint32_t room = call(c, MODEL_BYTES, 0, 0), address = call(c, MODEL_PTR, 0, 0);
  if (bytes > room) return FAIL(c, "the model has %u bytes, the module has room for %u", bytes, room);
  void* to = native(c, address, room);
  if (!to) return false;
  memcpy(to, model, bytes);
  if (call(c, LOAD, address, bytes) != 0) return device_error(c);
  c->has_model = !c->error[0];
  return c->has_model;
}

bool classifier_start(struct classifier* c, const struct qurio_stream_settings* settings, uint32_t seed) {
  void* to = native(c, call(c, STREAM_PTR, 0, 0), sizeof(struct qurio_stream));
  if (!to) return false;
  memcpy(to, settings, sizeof *settings);
  call(c, RESET, seed, 0);
  if (call(c, AUDIO_SPACE, 0, 0) == 0) return FAIL(c, "the model takes feature vectors, not audio");
  return !c->error[0];
}

uint32_t classifier_push(struct classifier* c, const int16_t* samples, uint32_t count) {
  uint32_t space = call(c, AUDIO_SPACE, 0, 0);
  if (count > space) count = space;
  if (count == 0) return 0;
  void* to = native(c, call(c, AUDIO_PTR, 0, 0), 2 * count);
  if (!to) return 0;
  memcpy(to, samples, 2 * count);
  if (call(c, PUSH_AUDIO, count, 0) != 0) device_error(c);
  return c->error[0] ? 0 : count;
}

int32_t classifier_step(struct classifier* c) {
  int32_t phase = (int32_t)call(c, STEP, 0, 0);
  if (phase == QURIO_FAILED) device_error(c);
  return c->error[0] ? QURIO_FAILED : phase;
}

bool classifier_decision(struct classifier* c, struct qurio_decision* decision) {
  return copy_out(c, decision, call(c, DECISION_PTR, 0, 0), sizeof *decision);
}

bool classifier_stream(struct classifier* c, struct qurio_stream* stream) {
  return copy_out(c, stream, call(c, STREAM_PTR, 0, 0), sizeof *stream);
}

const char* classifier_label(struct classifier* c, int32_t index) {
  uint32_t model = call(c, MODEL_PTR, 0, 0), sections = 0, entry[2], count = 0, text;
  copy_out(c, &sections, model + QURIO_FILE_SECTIONS, 4);
  for (uint32_t i = 0; i < sections; i++) {
    uint32_t place = model + QURIO_FILE_HEADER_BYTES + i * QURIO_ENTRY_BYTES;
    if (!copy_out(c, &entry[0], place + QURIO_ENTRY_ID, 4) || !copy_out(c, &entry[1], place + QURIO_ENTRY_OFFSET, 4)) return "";
    if (entry[0] != QURIO_SECTION_LABELS) continue;
    uint32_t labels = model + entry[1];
    if (!copy_out(c, &count, labels + QURIO_LABELS_COUNT, 4) || (uint32_t)index >= count) return "";
    if (!copy_out(c, &text, labels + QURIO_LABELS_OFFSETS + 4 * (uint32_t)index, 4)) return "";
    const char* name = native(c, labels + text, 1);
    return name ? name : ""; /* init has checked that a zero byte ends it */
  }
  return "";
}

uint32_t classifier_memory_bytes(struct classifier* c) {
  app_address begin = 0, end = 0;
  wasm_runtime_get_app_addr_range(c->instance, 0, &begin, &end);
  return (uint32_t)(end - begin);
}

void classifier_close(struct classifier* c) {
  if (c->environment) wasm_runtime_destroy_exec_env(c->environment);
  if (c->instance) wasm_runtime_deinstantiate(c->instance);
  if (c->module) wasm_runtime_unload(c->module);
  wasm_runtime_destroy();
}
