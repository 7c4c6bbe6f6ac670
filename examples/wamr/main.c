/* Example: decisions about what a microphone hears, by a baked module of qurio in WAMR.
 *
 *   ring   | half 0 | half 1 |     a DMA channel writes one half while the loop moves the other one into the module
 *
 * On a board, microphone_half is what the DMA's interrupts do, and module and model are arrays in flash; here a file of 16-bit PCM stands for
 * the microphone, and mapped files for flash. Everything else is what a firmware would do. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "classifier.h"

#ifndef POOL_BYTES
#define POOL_BYTES (512 * 1024)
#endif
#ifndef STACK_BYTES
#define STACK_BYTES 4096 /* of the module, in WAMR's interpreter */
#endif
#define HALF 512 /* samples: 32 ms */

static uint8_t pool[POOL_BYTES] __attribute__((aligned(8))); /* all of WAMR's memory */

static struct {
  int16_t samples[2 * HALF];
  volatile uint32_t halves_written; /* counts up in the interrupt, and nowhere else */
} ring;

struct options {
  const char *module, *recording, *model;
  struct qurio_stream_settings settings;
  struct classifier_memory memory;
  bool records, show_memory;
};

__attribute__((format(printf, 2, 3), noreturn)) static void stop(int status, const char* format, ...) {
  va_list values;
  va_start(values, format);
  fflush(stdout);
  fputs("qurio-wamr: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  exit(status);
}

/* A file as an array in flash. Only the classic interpreter needs the module writable, which on a board means a copy in RAM. */
static uint8_t* in_flash(const char* path, int protection, uint32_t* bytes) {
  struct stat about;
  int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &about) != 0) stop(1, "cannot read %s: %s", path, strerror(errno));
  if (!S_ISREG(about.st_mode) || about.st_size == 0 || about.st_size > INT32_MAX) stop(1, "cannot read %s: a file with something in it expected", path);
  void* start = mmap(NULL, (size_t)about.st_size, protection, MAP_PRIVATE, file, 0);
  if (start == MAP_FAILED) stop(1, "cannot read %s: %s", path, strerror(errno));
  close(file);
  *bytes = (uint32_t)about.st_size;
  return start;
}

/* In place of the DMA: writes the next half of the ring and counts it. Returns its samples; fewer than HALF only at the end of a recording. */
static uint32_t microphone_half(FILE* recording, const char* name) {
  int16_t* half = ring.samples + (ring.halves_written & 1) * HALF;
  size_t bytes = fread(half, 1, 2 * HALF, recording);
  if (ferror(recording)) stop(1, "cannot read %s: %s", name, strerror(errno));
  if (bytes % 2 != 0) stop(1, "%s ends in the middle of a sample: 16-bit PCM expected, an odd number of bytes found", name);
  ring.halves_written++;
  return (uint32_t)(bytes / 2);
}

/* One window: decision is NULL when the gate slept through it. */
static void report(struct classifier* c, const struct options* options, const struct qurio_decision* decision) {
  struct qurio_stream stream;
  if (!classifier_stream(c, &stream)) return;
  int32_t frame = (stream.windows - 1) * options->settings.hop;
  if (options->records) {
    printf("%d %d ", frame, stream.event);
    for (size_t i = 0; i < sizeof *decision; i++) printf("%02x", decision ? ((const uint8_t*)decision)[i] : 0);
    putchar('\n');
  } else {
    char answer[96] = "asleep";
    if (decision) {
      const char* unsure = decision->abstained ? ", not sure" : "";
      snprintf(answer, sizeof answer, "%s, %d %%%s", classifier_label(c, decision->index), (int)(100 * decision->probability), unsure);
    }
    printf("%4d.%02d s  %-32s event: %s\n", frame / 100, frame % 100, answer, stream.event < 0 ? "none" : classifier_label(c, stream.event));
  }
  fflush(stdout);
}

/* The main loop of a firmware: takes halves of the ring as they come. */
static void listen(struct classifier* c, const struct options* options, FILE* recording) {
  struct qurio_decision decision;
  bool decided = false;
  uint32_t halves_read = 0, count;
  while ((count = microphone_half(recording, options->recording)) > 0) {
    /* on a board: wait here until ring.halves_written != halves_read; if it is ahead by two, samples are lost: start over */
    const int16_t* samples = ring.samples + (halves_read++ & 1) * HALF;
    while (count > 0) {
      uint32_t taken = classifier_push(c, samples, count);
      samples += taken;
      count -= taken;
      int32_t phase = classifier_step(c);
      if (taken == 0 && phase == QURIO_IDLE) stop(1, "the module takes no more audio");
      for (; phase != QURIO_IDLE; phase = classifier_step(c)) {
        if (phase == QURIO_DONE) decided = classifier_decision(c, &decision);
        if (phase == QURIO_HOP) {
          report(c, options, decided ? &decision : NULL);
          decided = false;
        }
        if (c->error[0]) stop(1, "%s", c->error);
      }
    }
  }
}

static void usage(void) {
  stop(2, "usage: qurio-wamr [options] MODULE RECORDING, where RECORDING is 16-bit PCM at 16 kHz without a header, or - for standard input\n"
          "  --model FILE    the model of a module baked with --no-weights\n"
          "  --hop FRAMES    from window to window, in frames of 10 ms, 1 to %d (100)\n"
          "  --wake LEVEL    wake-on-sound gate: level above the background (0: no gate)\n"
          "  --pool BYTES    memory of WAMR, 1024 to %d, which it is without this option\n"
          "  --stack BYTES   of the module, inside it (%d)\n"
          "  --records       print frame, event and decision record in hexadecimal\n"
          "  --memory        say at the end what memory was taken",
       QURIO_WINDOW_FRAMES, POOL_BYTES, STACK_BYTES);
}

static uint32_t whole_number(const char* name, const char* text, uint32_t least, uint32_t most) {
  char* end = "";
  unsigned long value = text && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
  if (!text || *text < '0' || *text > '9' || *end || value < least || value > most)
    stop(2, "%s takes a whole number from %u to %u, found %s", name, least, most, text ? text : "nothing");
  return (uint32_t)value;
}

static struct options parse(char** argument) {
  struct options options = {
    .settings = {.hop = 100, .hold = 200, .votes = 3, .start = 2, .stop = 1},
    .memory = {.pool = pool, .pool_bytes = POOL_BYTES, .stack_bytes = STACK_BYTES},
  };
  while (*++argument) {
    const char* name = *argument;
    if (!strcmp(name, "--hop")) options.settings.hop = (int32_t)whole_number(name, *++argument, 1, QURIO_WINDOW_FRAMES);
    else if (!strcmp(name, "--wake")) options.settings.wake = (int32_t)whole_number(name, *++argument, 0, 64 * 255);
    else if (!strcmp(name, "--pool")) options.memory.pool_bytes = whole_number(name, *++argument, 1024, POOL_BYTES) & ~7u;
    else if (!strcmp(name, "--stack")) options.memory.stack_bytes = whole_number(name, *++argument, 64, POOL_BYTES);
    else if (!strcmp(name, "--model")) { if (!(options.model = *++argument)) usage(); }
    else if (!strcmp(name, "--records")) options.records = true;
    else if (!strcmp(name, "--memory")) options.show_memory = true;
    else if (name[0] == '-' && name[1]) usage();
    else if (!options.module) options.module = name;
    else if (!options.recording) options.recording = name;
    else usage();
  }
  if (!options.recording) usage();
  options.settings.sleep = options.settings.wake / 2;
  return options;
}

int main(int count, char** arguments) {
  (void)count;
  struct options options = parse(arguments);
  bool is_classic = WASM_ENABLE_FAST_INTERP == 0;
  uint32_t module_bytes, model_bytes = 0;
  uint8_t* module = in_flash(options.module, is_classic ? PROT_READ | PROT_WRITE : PROT_READ, &module_bytes);
  FILE* recording = strcmp(options.recording, "-") ? fopen(options.recording, "rb") : stdin;
  if (recording == stdin) options.recording = "standard input";
  if (!recording) stop(1, "cannot read %s: %s", options.recording, strerror(errno));

  static struct classifier classifier;
  struct classifier_stages stages;
  if (!classifier_open(&classifier, &options.memory, module, module_bytes, &stages)) stop(1, "%s: %s", options.module, classifier.error);
  if (options.model) {
    uint8_t* model = in_flash(options.model, PROT_READ, &model_bytes);
    if (!classifier_load(&classifier, model, model_bytes)) stop(1, "%s: %s", options.model, classifier.error);
  } else if (!classifier.has_model) {
    stop(2, "%s was baked with --no-weights: name its model with --model", options.module);
  }
  if (!classifier_start(&classifier, &options.settings, 0)) stop(1, "%s: %s", options.module, classifier.error);
  listen(&classifier, &options, recording);

  if (options.show_memory) {
    uint32_t used = options.memory.pool_bytes - classifier_pool_left(&options.memory), linear = classifier_memory_bytes(&classifier);
    printf("module                %8u  %s\n", module_bytes, is_classic ? "in RAM: this interpreter writes to it" : "in flash, read only");
    if (options.model) printf("model file            %8u  in flash, read only\n", model_bytes);
    printf("pool, in use          %8u\n", used);
    printf("  linear memory       %8u\n", linear);
    printf("  WAMR, started       %8u\n", options.memory.pool_bytes - stages.runtime);
    printf("  module, loaded      %8u\n", stages.runtime - stages.module);
    printf("  instance            %8u\n", stages.module - stages.instance - linear);
    printf("  stack               %8u\n", stages.instance - stages.stack);
    printf("RAM                   %8u\n", used + (is_classic ? module_bytes : 0));
  }
  classifier_close(&classifier);
  return 0;
}
