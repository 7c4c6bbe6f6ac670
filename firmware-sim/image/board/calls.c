/* The calls of calls.inc on linear memory, which lies at address 0, so that a wasm address is the machine address; each between two regions.
 * It overwrites the vectors, which reset has read by then. calls.inc declares the functions and defines IMAGE_BYTES and CALLS.
 *
 * Output: "result <hex>" for each give(), in order. */
#include "board.h"

#include "calls.inc"

extern uint8_t linear[], image[]; /* 0, and where QEMU has put the bytes that linear memory starts with */
const uint32_t memory_pages = (IMAGE_BYTES + 65535) / 65536; /* as a host would have grown it */
void module_start(void);

__attribute__((noreturn)) void module_trapped(void) {
  print("\ntrapped\n");
  quit(1);
}

static void fresh(void) {
  for (uint32_t at = 0; at < IMAGE_BYTES; at += 4) *(volatile uint32_t*)(linear + at) = *(uint32_t*)(image + at);
}

static inline void put(uint32_t to, uint32_t from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at++) ((volatile uint8_t*)linear)[to + at] = image[from + at];
}

static inline void give(uint32_t offset, uint32_t bytes) {
  print("result ");
  print_hex(linear + offset, bytes);
  print("\n");
}

#define CALL(name, ...) region_begin(), (void)call_##name(__VA_ARGS__), region_end();
#define REPEAT(times, name, ...) region_begin(); for (uint32_t i = 0; i < times; i++) (void)call_##name(__VA_ARGS__); region_end();

static void run(void) {
  module_start();
  CALLS
}
