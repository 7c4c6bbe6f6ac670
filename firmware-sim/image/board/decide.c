/* Decides about one clip that lies in flash, or about each window of it as a stream; an application has main.c of the library instead.
 *
 * Output: phases of the steps as digits | decision <hex of the record> | label; or error <code place expected found>.
 * Of a stream: phases up to a window's end | decision, unless the gate slept | stream <hex of the record>; and so on. */
#include "qurio.h"

#include "board.h"

/* count samples of PCM; or, where count is 0, a feature vector. With a hop, a stream. */
struct clip {
  uint32_t count, seed;
  struct qurio_stream_settings stream;
  float lambda;
  union {
    int16_t samples[2];
    float features[1];
  } data;
};
extern const struct clip clip;

static __attribute__((noreturn)) void fail(void) {
  const struct qurio_error* error = qurio_last_error();
  print("\nerror ");
  print_hex(error, sizeof *error);
  print("\n");
  quit(1);
}

static int32_t counted_step(void) {
  char digit[2] = {0};
  region_begin();
  int32_t phase = qurio_step();
  region_end();
  digit[0] = (char)('0' + phase);
  print(digit);
  return phase;
}

static int32_t counted_padded(void) {
  char digit[2] = {0};
  region_begin();
  int32_t phase = qurio_step_padded();
  region_end();
  digit[0] = (char)('0' + phase);
  print(digit);
  return phase;
}

static void load(void) {
  region_begin();
  int32_t code = qurio_init();
  region_end();
  if (code) fail();
  qurio_lambda(clip.lambda);
}

static void print_decision(void) {
  const struct qurio_decision* decision = qurio_decision();
  print("\ndecision ");
  print_hex(decision, sizeof *decision);
  print("\nlabel ");
  print(qurio_label(decision->index));
  print("\n");
}

static void decide(void) {
  int32_t phase = QURIO_IDLE;
  load();
  qurio_reset(clip.seed);
  if (clip.count == 0 && qurio_push_features(clip.data.features)) fail();
  print("phases ");
  for (uint32_t at = 0; at < clip.count && phase == QURIO_IDLE;) {
    uint32_t taken = qurio_push(clip.data.samples + at, clip.count - at);
    if (taken == 0) break;
    at += taken;
    do phase = counted_step();
    while (phase != QURIO_IDLE && phase != QURIO_DONE && phase != QURIO_FAILED);
  }
  while (phase != QURIO_DONE && phase != QURIO_FAILED) phase = counted_padded();
  if (phase == QURIO_FAILED) fail();
  print_decision();
}

static void stream(void) {
  load();
  qurio_stream(&clip.stream);
  qurio_reset(clip.seed);
  print("phases ");
  for (uint32_t at = 0; at < clip.count;) {
    int32_t phase;
    at += qurio_push(clip.data.samples + at, clip.count - at);
    do {
      phase = counted_step();
      if (phase == QURIO_FAILED) fail();
      if (phase == QURIO_DONE) {
        print_decision();
        print("phases ");
      }
      if (phase == QURIO_HOP) {
        print("\nstream ");
        print_hex(qurio_stream_state(), sizeof(struct qurio_stream));
        print("\nphases ");
      }
    } while (phase != QURIO_IDLE);
  }
  print("\n");
}

static void run(void) {
  if (clip.stream.hop > 0) stream();
  else decide();
}
