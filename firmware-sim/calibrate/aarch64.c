/* The calls of calls.inc on linear memory filled from memory.bin, between two marks that the plugin finds by address.
 * Under qemu-aarch64, statically linked; calls.inc defines IMAGE_BYTES and CALLS. */
#include <stdio.h>
#include <stdlib.h>
#include "module.h"
#include "calls.inc"

static _Alignas(16) uint8_t linear[IMAGE_BYTES], image[IMAGE_BYTES];
static w2c_module instance;

void wasm_rt_trap(wasm_rt_trap_t code) { exit(100 + code); }

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_bytes) {
  memory->data = linear;
  memory->size = IMAGE_BYTES;
  memory->pages = memory->max_pages = IMAGE_BYTES / 65536;
}

__attribute__((noinline)) void region_begin(void) { __asm__ volatile("nop"); }
__attribute__((noinline)) void region_end(void) { __asm__ volatile("nop"); }

#define CALL(name, ...) memcpy(linear, image, IMAGE_BYTES), region_begin(), (void)w2c_module_##name(&instance, __VA_ARGS__), region_end();

int main(void) {
  FILE* file = fopen("memory.bin", "rb");
  if (!file || fread(image, 1, IMAGE_BYTES, file) != IMAGE_BYTES) return 1;
  wasm2c_module_instantiate(&instance);
  CALLS
  return 0;
}
