/* Example: decisions about what a microphone hears. A DMA channel fills a ring of samples, half by half; the main loop takes them from there.
 *
 *   ring   | half 0 | half 1 |     the DMA writes one half while the loop reads the other
 *
 * Connect the three functions at the end to your board. The window is 5 s; step by step the core does at most one frame, one piece of the
 * features or one layer, so that a half of the ring (32 ms here) is never missed: see the cycles of a step in the README. */
#include <stdio.h>

#include "qurio.h"

#define HALF 512 /* samples: 32 ms */

int16_t microphone_ring[2 * HALF];
static volatile uint32_t halves_written; /* counts up in the interrupt, and nowhere else */

/* STM32Cube: call this from HAL_SAI_RxHalfCpltCallback and HAL_SAI_RxCpltCallback (or HAL_I2S_…, HAL_DFSDM_FilterRegConvHalfCpltCallback).
 * Zephyr: from the loop around dmic_read, after copying a block into microphone_ring. nRF5: from nrfx_pdm's buffer handler. */
void microphone_half_written(void) { halves_written++; }

/* Starts the circular DMA over microphone_ring, 16 kHz, 16 bits, mono. */
extern void microphone_start(int16_t* ring, uint32_t samples);

static void report(const struct qurio_decision* decision) {
  if (decision->abstained) printf("not sure (%s, %d %%)\n", qurio_label(decision->label), (int)(100 * decision->probability));
  else printf("%s, %d %%\n", qurio_label(decision->label), (int)(100 * decision->probability));
}

static void stop(void) {
  const struct qurio_error* error = qurio_last_error();
  printf("qurio error %d, place %d, expected %d, found %d\n", (int)error->code, (int)error->place, (int)error->expected, (int)error->found);
  for (;;) {}
}

int main(void) {
  uint32_t halves_read = 0, seed = 0;
  if (qurio_init()) stop();
  qurio_reset(seed);
  microphone_start(microphone_ring, 2 * HALF);
  for (;;) {
    if (halves_read == halves_written) continue; /* or __WFI(), k_sem_take(…) */
    if (halves_written - halves_read > 1) {      /* too late: what was there is overwritten; start over */
      halves_read = halves_written;
      qurio_reset(++seed);
      continue;
    }
    const int16_t* samples = microphone_ring + (halves_read & 1) * HALF;
    uint32_t left = HALF;
    int32_t phase = QURIO_IDLE;
    while (left > 0 && phase == QURIO_IDLE) {
      uint32_t taken = qurio_push(samples, left);
      samples += taken;
      left -= taken;
      do phase = qurio_step();
      while (phase != QURIO_IDLE && phase != QURIO_DONE && phase != QURIO_FAILED);
    }
    halves_read++;
    if (phase == QURIO_FAILED) {
      if (qurio_last_error()->code != QURIO_TRAPPED || qurio_init()) stop();
      qurio_reset(++seed);
    } else if (phase == QURIO_DONE) {
      report(qurio_decision());
      halves_read = halves_written; /* the decision itself took longer than a half lasts */
      qurio_reset(++seed);
    }
  }
}
