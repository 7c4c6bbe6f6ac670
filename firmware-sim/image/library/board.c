/* Bare metal: start, decide about one clip that lies in flash, or about each window of it as a stream, print through semihosting, exit. For QEMU's mps2 boards, and to
 * see what a named board would hold; an application brings its own start-up code and has main.c instead.
 *
 * Output, a line each: phases of the steps as digits | decision <hex of the record> | label | stack <bytes>; or error <code place expected found>.
 * Of a stream: phases up to a window's end | decision, unless the gate slept | stream <hex of the record>; and so on. */
#include "qurio.h"

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026 };

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
extern uint32_t __stack_bottom[], __stack_top[], __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

#ifdef QURIO_EMULATED
static uint32_t semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void print(const char* text) { semihost(SYS_WRITE0, text); }
static __attribute__((noreturn)) void quit(uint32_t code) {
  const uint32_t block[2] = {STOPPED_APPLICATION_EXIT, code};
  semihost(SYS_EXIT_EXTENDED, block);
  for (;;) {}
}
#else
/* On a board without a debugger semihosting would stop the core: this image only shows what fits. */
static void print(const char* text) { __asm__ volatile("" : : "r"(text) : "memory"); }
static __attribute__((noreturn)) void quit(uint32_t code) {
  (void)code;
  for (;;) {}
}
#endif

/* cycles.c counts between these two. */
__attribute__((noinline)) void region_begin(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void region_end(void) { __asm__ volatile("nop"); }

static void print_hex(const void* bytes, uint32_t count) {
  char text[3] = {0};
  for (uint32_t i = 0; i < count; i++) {
    uint32_t byte = ((const uint8_t*)bytes)[i];
    text[0] = "0123456789abcdef"[byte >> 4];
    text[1] = "0123456789abcdef"[byte & 15];
    print(text);
  }
}

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

#define PAINT 0x51524f51u

static void print_stack(void) {
  const uint32_t* p = __stack_bottom;
  while (p < __stack_top && *p == PAINT) p++;
  uint32_t bytes = (uint32_t)((const uint8_t*)__stack_top - (const uint8_t*)p);
  print("stack ");
  print_hex(&bytes, 4);
  print("\n");
}

/* Reset: no stack frame may be needed before the stack is painted, so that happens below the current frame. */
__attribute__((noreturn)) static void start(void) {
#ifdef __ARM_FP
  *(volatile uint32_t*)0xe000ed88 |= 0xf << 20; /* CPACR: switch the floating-point unit on */
  __asm__ volatile("dsb\n isb");
#endif
  for (volatile uint32_t* p = __stack_bottom; p < (volatile uint32_t*)__builtin_frame_address(0) - 16; p++) *p = PAINT;
  const uint32_t* from = __data_load;
  for (uint32_t* p = __data_start; p < __data_end;) *p++ = *from++;
  for (uint32_t* p = __bss_start; p < __bss_end;) *p++ = 0;
  if (clip.stream.hop > 0) stream();
  else decide();
  print_stack();
  quit(0);
}

static void fault(void) { quit(9); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
  __stack_top, start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};

void* memcpy(void* restrict to, const void* restrict from, size_t bytes) {
  uint8_t* t = to;
  const uint8_t* f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0)
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(uint32_t QURIO_MAY_ALIAS*)t = *(const uint32_t QURIO_MAY_ALIAS*)f;
  while (bytes--) *t++ = *f++;
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  for (uint8_t* t = to; bytes--;) *t++ = (uint8_t)value;
  return to;
}
