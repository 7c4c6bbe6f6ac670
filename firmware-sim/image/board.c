/* Bare-metal Cortex-M under QEMU: start, make the calls of calls.inc on linear memory, write the results that are asked for into
 * results.bin, exit through semihosting. calls.inc defines IMAGE_BYTES and CALLS. */
#include "module.h"
#include "calls.inc"

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026, WRITE_BINARY = 5 };

extern uint8_t linear[], image[]; /* board.ld */
extern uint32_t __stack;
static w2c_module instance;
static uint32_t results;

static uint32_t semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static __attribute__((noreturn)) void quit(uint32_t code) {
  const uint32_t block[2] = {STOPPED_APPLICATION_EXIT, code};
  semihost(SYS_EXIT_EXTENDED, block);
  for (;;);
}

void wasm_rt_trap(wasm_rt_trap_t code) { quit(100 + code); }

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_bytes) {
  memory->data = linear;
  memory->size = IMAGE_BYTES;
  memory->pages = memory->max_pages = (IMAGE_BYTES + 65535) / 65536; /* as the host would have grown it */
}

/* The plugin finds these two by address. */
__attribute__((noinline)) void region_begin(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void region_end(void) { __asm__ volatile("nop"); }

static void fresh(void) {
  for (uint32_t at = 0; at < IMAGE_BYTES; at += 4) *(volatile uint32_t*)(linear + at) = *(uint32_t*)(image + at);
}

static void put(uint32_t to, uint32_t from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at++) ((volatile uint8_t*)linear)[to + at] = image[from + at];
}

static void give(uint32_t offset, uint32_t bytes) {
  const uint32_t block[3] = {results, (uint32_t)(uintptr_t)linear + offset, bytes};
  if (semihost(SYS_WRITE, block)) quit(8);
}

#define AT(offset) ((u32)(uintptr_t)linear + (offset))
#define CALL(name, ...) region_begin(), (void)w2c_module_##name(&instance, ##__VA_ARGS__), region_end();
#define REPEAT(times, name, ...) region_begin(); for (u32 i = 0; i < times; i++) (void)w2c_module_##name(&instance, ##__VA_ARGS__); region_end();

static void start(void) {
  static const char file[] = "results.bin";
  const uint32_t block[3] = {(uint32_t)(uintptr_t)file, WRITE_BINARY, sizeof file - 1};
#ifdef __ARM_FP
  *(volatile uint32_t*)0xe000ed88 |= 0xf << 20; /* CPACR: switch the floating-point unit on */
  __asm__ volatile("dsb\n isb");
#endif
  results = semihost(SYS_OPEN, block);
  wasm2c_module_instantiate(&instance);
  CALLS
  quit(0);
}

static void fault(void) { quit(9); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
  &__stack, start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};

void* memcpy(void* to, const void* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) ((char*)to)[i] = ((const char*)from)[i];
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) ((char*)to)[i] = (char)value;
  return to;
}

#ifndef __ARM_FP
/* Correctly rounded, digit by digit: what a core without a floating-point unit runs for f32.sqrt. Positive normal numbers only. */
float sqrtf(float x) {
  uint32_t bits, root = 0, rest = 0;
  __builtin_memcpy(&bits, &x, 4);
  if (!bits) return x;
  int exponent = (int)(bits >> 23) - 127;
  uint32_t digits = (bits & 0x7fffff) | 0x800000;
  if (exponent & 1) digits <<= 1;
  digits <<= 7;
  for (int i = 0; i < 25; i++) {
    rest = rest << 2 | digits >> 30;
    digits <<= 2;
    uint32_t next = root << 2 | 1;
    root <<= 1;
    if (rest >= next) rest -= next, root |= 1;
  }
  root = (root + 1) >> 1; /* 25 digits: a rest never lies on the half, so the last one rounds */
  bits = ((uint32_t)((exponent >> 1) + 126) << 23) + root;
  __builtin_memcpy(&x, &bits, 4);
  return x;
}
#endif
