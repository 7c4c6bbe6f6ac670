
/* ---- the interface of qurio.h around the core ---- */

enum { NOT_READY, READY, FAILED, TRAPPED };
static u32 state;
static struct qurio_error failure;

#if QURIO_CHECKED
static void* resume_at[5];
static void trap(void) {
  state = TRAPPED;
  failure = (struct qurio_error){QURIO_TRAPPED, (int32_t)(uintptr_t)__builtin_return_address(0), 0, 0};
  __builtin_longjmp(resume_at, 1);
}
/* Ends the function with `value` when anything in it traps. */
#define ON_TRAP(value) if (__builtin_setjmp(resume_at)) return value
#else
#define ON_TRAP(value) ((void)0)
#endif

static int32_t fail(int32_t code, int32_t place, int32_t expected, int32_t found) {
  failure = (struct qurio_error){code, place, expected, found};
  state = FAILED;
  return code;
}

/* The core's own failure record, if it has the code. */
static int32_t core_failed(int32_t code) {
  memcpy(&failure, (const void*)(uintptr_t)core_lastError(), sizeof failure);
  if (code >= 0) failure.code = code;
  if (state != READY) state = FAILED;
  return failure.code;
}

static u32 model_word(u32 at) {
  u32 word;
  memcpy(&word, (const u8*)qurio_model + at, 4);
  return word;
}

/* Of a section table that load() has accepted. */
static u32 section(u32 id) {
  for (u32 entry = HEADER_BYTES, i = model_word(HEADER_SECTIONS); i > 0; i--, entry += ENTRY_SIZE) {
    if (model_word(entry + ENTRY_ID) == id) return model_word(entry + ENTRY_OFFSET);
  }
  return 0;
}

__attribute__((noinline)) static int32_t init(void) {
  ON_TRAP(QURIO_TRAPPED);
  memset(qurio_ram, 0, sizeof qurio_ram);
  memset(&core, 0, sizeof core);
  core_start();
  int32_t code = (int32_t)core_load(MODEL, QURIO_MODEL_BYTES);
  if (code) return core_failed(code);
  u32 work_end = core_workPtr() + model_word(section(SECTION_PLAN) + PLAN_WORK_BYTES);
  if (work_end > RAM(QURIO_RAM_BYTES)) return fail(QURIO_ERROR_MEMORY, 0, (int32_t)(work_end - RAM(0)), QURIO_RAM_BYTES);
  state = READY;
  return QURIO_OK;
}

int32_t qurio_init(void) {
  state = NOT_READY;
  failure = (struct qurio_error){0, 0, 0, 0};
  return init();
}

static int ready(void) {
  if (state == NOT_READY) failure = (struct qurio_error){QURIO_ERROR_NOT_LOADED, 0, 0, 0};
  return state == READY;
}

void qurio_reset(uint32_t seed) {
  if (!ready()) return;
  ON_TRAP();
  failure = (struct qurio_error){0, 0, 0, 0};
  core_reset(seed);
}

__attribute__((noinline)) static uint32_t push(const int16_t* samples, uint32_t count) {
  ON_TRAP(0);
  u32 space = core_audioSpace();
  if (count > space) count = space;
  if (count == 0) return 0;
  u32 at = core_audioPtr();
  in_ram(at, 0, 1);
  TRAP_IF(count > (RAM(QURIO_RAM_BYTES) - at) / 2);
  memcpy((void*)(uintptr_t)at, samples, 2 * count);
  if (core_pushAudio(count)) return core_failed(-1), 0;
  return count;
}

uint32_t qurio_push(const int16_t* samples, uint32_t count) { return ready() ? push(samples, count) : 0; }

__attribute__((noinline)) static int32_t push_features(const float* features) {
  ON_TRAP(QURIO_TRAPPED);
  u32 at = core_featuresPtr();
  in_ram(at, 0, 1);
  TRAP_IF(4 * QURIO_FEATURE_COUNT > RAM(QURIO_RAM_BYTES) - at);
  memcpy((void*)(uintptr_t)at, features, 4 * QURIO_FEATURE_COUNT);
  return core_pushFeatures() ? core_failed(-1) : QURIO_OK;
}

int32_t qurio_push_features(const float* features) { return ready() ? push_features(features) : failure.code; }

__attribute__((noinline)) static int32_t step(int padded) {
  ON_TRAP(QURIO_FAILED);
  u32 phase = padded ? core_stepPadded() : core_step();
  if (phase == QURIO_FAILED) core_failed(-1);
  return (int32_t)phase;
}

int32_t qurio_step(void) { return ready() ? step(0) : QURIO_FAILED; }
int32_t qurio_step_padded(void) { return ready() ? step(1) : QURIO_FAILED; }

int32_t qurio_decide(void) {
  int32_t phase;
  do phase = qurio_step_padded();
  while (phase != QURIO_DONE && phase != QURIO_FAILED);
  return phase == QURIO_DONE ? QURIO_OK : failure.code;
}

const struct qurio_decision* qurio_decision(void) {
  static const struct qurio_decision none; /* status 0 */
  if (state != READY) return &none;
  u32 at = core_decisionPtr();
  return (const struct qurio_decision*)(uintptr_t)at;
}

void qurio_stream(const struct qurio_stream_settings* settings) {
  if (!ready()) return;
  u32 at = core_streamPtr();
  memcpy((void*)(uintptr_t)at, settings, sizeof *settings);
}

void qurio_lambda(float lambda) {
  if (!ready()) return;
  u32 at = core_streamPtr() + STREAM_LAMBDA;
  memcpy((void*)(uintptr_t)at, &lambda, sizeof lambda);
}

const struct qurio_stream* qurio_stream_state(void) {
  static const struct qurio_stream none = {.event = -1};
  if (state != READY) return &none;
  u32 at = core_streamPtr();
  return (const struct qurio_stream*)(uintptr_t)at;
}

const char* qurio_label(int32_t index) {
  u32 labels = state == READY ? section(SECTION_LABELS) : 0;
  if (!labels || (u32)index >= model_word(labels + LABELS_COUNT)) return "";
  return (const char*)qurio_model + labels + model_word(labels + LABELS_OFFSETS + 4 * (u32)index);
}

const struct qurio_error* qurio_last_error(void) { return &failure; }
