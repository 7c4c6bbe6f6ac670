/* Example: what a microphone hears, as a stream. A DMA channel fills a ring of samples, half by half; the main loop takes them from there.
 *
 *   ring   | half 0 | half 1 |     the DMA writes one half while the loop must be through with the other
 *
 * How many samples that asks for. While a decision is computed (features, networks, and moving on by a hop) no frame is, so the loop is through
 * with a half in time if
 *
 *   HALF * (cycles a sample lasts - cycles of a frame / QURIO_HOP_SAMPLES) >= cycles of a decision
 *
 * models/esc10-tiny.qmoe, unchecked, on a Cortex-M4F at 64 MHz (nRF52840): a sample lasts 4,000 cycles, a frame takes 75,000, a decision 9.7
 * million: at least 2,747 samples in a half, 5,494 in the ring. Here it has 6,144: 384 ms, 12 KiB. qurio's own buffer (1,024 samples) is not
 * counted on.
 *
 * Put in what `qurio bake` printed for your model and core, and your clock; connect the two functions of the microphone to your board. */
#include <stdio.h>

#include "qurio.h"

#if QURIO_SAMPLE_RATE == 0
#error "this example needs a model that takes sound"
#endif

#define CLOCK_HZ 64000000
#define FRAME_CYCLES 75000      /* "stream: frame" */
#define DECISION_CYCLES 9700000 /* "stream: decision behind its last frame", rounded up */

#define HOP (QURIO_SAMPLE_RATE / QURIO_HOP_SAMPLES) /* frames: a window every second */
#define HALF 3072                                   /* samples */

QURIO_ASSERT((int64_t)HALF * (CLOCK_HZ / QURIO_SAMPLE_RATE - FRAME_CYCLES / QURIO_HOP_SAMPLES) >= DECISION_CYCLES, "the ring holds what comes in during a decision");
QURIO_ASSERT(HALF <= QURIO_HOP_SAMPLES * HOP, "a half has no more than one decision");

/* Wakes 6 dB above the background, sleeps 2 s after it was last 3 dB above. An event starts with 2 of 3 windows, and ends with none. */
static const struct qurio_stream_settings settings = {
  .hop = HOP, .wake = QURIO_LEVEL(6), .sleep = QURIO_LEVEL(3), .hold = 200, .votes = 3, .start = 2, .stop = 1,
};

int16_t microphone_ring[2 * HALF];
static volatile uint32_t halves_written; /* counts up in the interrupt, and nowhere else */

/* STM32Cube: call this from HAL_SAI_RxHalfCpltCallback and HAL_SAI_RxCpltCallback (or HAL_I2S_…, HAL_DFSDM_FilterRegConvHalfCpltCallback).
 * Zephyr: from the loop around dmic_read, after copying a block into microphone_ring. nRF5: from nrfx_pdm's buffer handler. */
void microphone_half_written(void) { halves_written++; }

/* Starts the circular DMA over microphone_ring, QURIO_SAMPLE_RATE, 16 bits, mono. */
extern void microphone_start(int16_t* ring, uint32_t samples);

static void stop(void) {
  const struct qurio_error* error = qurio_last_error();
  printf("qurio error %d, place %d, expected %d, found %d\n", (int)error->code, (int)error->place, (int)error->expected, (int)error->found);
  for (;;) {}
}

static void start(void) {
  if (qurio_init()) stop();
  qurio_stream(&settings);
  qurio_reset(0);
}

static void report(void) {
  static int32_t before = -1;
  int32_t event = qurio_stream_state()->event;
  if (event == before) return;
  if (before >= 0) printf("%s ends\n", qurio_label(before));
  if (event >= 0) printf("%s starts\n", qurio_label(event));
  before = event;
}

/* A window may end anywhere among the samples. */
static void listen(const int16_t* samples, uint32_t left) {
  while (left > 0) {
    int32_t phase;
    uint32_t taken = qurio_push(samples, left);
    samples += taken;
    left -= taken;
    do {
      phase = qurio_step();
      if (phase == QURIO_HOP) report();
    } while (phase != QURIO_IDLE && phase != QURIO_FAILED);
    if (phase == QURIO_IDLE) continue;
    if (qurio_last_error()->code != QURIO_TRAPPED) stop();
    start();
  }
}

int main(void) {
  uint32_t halves_read = 0;
  start();
  microphone_start(microphone_ring, 2 * HALF);
  for (;;) {
    if (halves_read == halves_written) continue; /* or __WFI(), k_sem_take(…) */
    listen(microphone_ring + (halves_read & 1) * HALF, HALF);
    if (halves_written - halves_read > 1) { /* too late: part of it was overwritten meanwhile */
      halves_read = halves_written;
      qurio_reset(0);
    } else halves_read++;
  }
}
