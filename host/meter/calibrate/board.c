/* Bare-metal Cortex-M4 (QEMU mps2-an386): start, fill linear memory, make the calls of calls.inc, exit through semihosting.
 * linear memory is identity based: a wasm address is a machine address, so LINEAR + offset is passed where wasm gets offset. */
#include "module.h"

enum { SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026, LINEAR_BYTES = 2 << 20 };

static uint8_t linear[LINEAR_BYTES] __attribute__((aligned(4096)));
static w2c_module instance;
extern uint32_t __stack;

static __attribute__((noreturn)) void quit(uint32_t code) {
  const uint32_t block[2] = {STOPPED_APPLICATION_EXIT, code};
  register uint32_t r0 __asm__("r0") = SYS_EXIT_EXTENDED;
  register const void* r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  for (;;);
}

void wasm_rt_trap(wasm_rt_trap_t code) { quit(100 + code); }

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_bytes) {
  memory->data = linear;
  memory->size = sizeof linear;
  memory->pages = memory->max_pages = (uint32_t)pages;
}

/* The plugin finds these two by address. */
__attribute__((noinline)) void region_begin(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void region_end(void) { __asm__ volatile("nop"); }

/* The same words as emulate.ts writes: float32 in [0.25, 1), every byte but the highest random. */
static void fill(void) {
  uint32_t state = 7;
  for (uint32_t at = 0; at < sizeof linear; at += 4) {
    state = state * 1664525u + 1013904223u;
    *(uint32_t*)(linear + at) = 0x3e800000u | (state >> 8 & 0x00ffffffu);
  }
}

#define AT(offset) ((u32)(uintptr_t)linear + (offset))
#define CALL(name, ...) fill(), region_begin(), (void)w2c_module_##name(&instance, __VA_ARGS__), region_end();

static void start(void) {
  *(volatile uint32_t*)0xe000ed88 |= 0xf << 20; /* CPACR: switch the floating-point unit on */
  __asm__ volatile("dsb\n isb");
  wasm2c_module_instantiate(&instance);
#include "calls.inc"
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
