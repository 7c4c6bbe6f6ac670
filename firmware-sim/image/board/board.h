/* Bare metal: start, run(), print what the stack took, exit. For QEMU's mps2 boards (QURIO_EMULATED), which print through semihosting, and to
 * see what a named board would hold; an application brings its own start-up code. Included by the one file of an image that has run().
 *
 * Output, a line each: a name, a space and a value, bytes in hexadecimal; the last one is "stack <bytes>". */
#include <stddef.h>
#include <stdint.h>

extern uint32_t __stack_bottom[], __stack_top[], __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[]; /* image.ld */

static void run(void);

#ifdef QURIO_EMULATED
enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026 };

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
  run();
  print_stack();
  quit(0);
}

static void fault(void) { quit(9); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
  __stack_top, start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};

typedef uint32_t __attribute__((may_alias)) word;

void* memcpy(void* restrict to, const void* restrict from, size_t bytes) {
  uint8_t* t = to;
  const uint8_t* f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0)
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(word*)t = *(const word*)f;
  while (bytes--) *t++ = *f++;
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  for (uint8_t* t = to; bytes--;) *t++ = (uint8_t)value;
  return to;
}
