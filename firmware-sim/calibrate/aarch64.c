/* The calls of calls.inc on linear memory filled from memory.bin, between two marks that the plugin finds by address.
 * Under qemu-aarch64, statically linked; calls.inc declares the functions and defines IMAGE_BYTES and CALLS. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.inc"

_Alignas(16) uint8_t linear[IMAGE_BYTES];
static _Alignas(16) uint8_t image[IMAGE_BYTES];
const uint32_t memory_pages = IMAGE_BYTES / 65536;
void module_start(void);

__attribute__((noreturn)) void module_trapped(void) { exit(100); }

__attribute__((noinline)) void region_begin(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void region_end(void) { __asm__ volatile("nop"); }

static void fresh(void) { memcpy(linear, image, IMAGE_BYTES); }

#define CALL(name, ...) region_begin(), (void)call_##name(__VA_ARGS__), region_end();

int main(void) {
  FILE* file = fopen("memory.bin", "rb");
  if (!file || fread(image, 1, IMAGE_BYTES, file) != IMAGE_BYTES) return 1;
  module_start();
  CALLS
  return 0;
}
