/* QEMU plugin: instructions and modelled Cortex-M4 cycles of each call between region_begin and region_end, one line per region.
 *
 *   -plugin cycles.so,begin=<hex address of region_begin>,end=<hex address of region_end>
 *
 * Instruction counts are exact. Cycles are the timings of Arm's Cortex-M4 Technical Reference Manual (DDI 0439, tables 3-1 and
 * 7-1) at zero wait states:
 *
 *   ALU, MUL, MLA, UMULL, IT  1      LDR 2, or 1 right after an LDR whose result is not its address      LDRD 3
 *   SDIV, UDIV                7      (2-12, by operands)                       LDM, POP, VPOP, VLDM  1 + registers
 *   branch                    1, +2 when taken                                 STR 1, with a register offset 2    STRD 3
 *   VFP arithmetic, moves     1, VMLA 3, VDIV and VSQRT 14                     STM, PUSH, VPUSH, VSTM  1 + registers
 *
 * Plugin API version 1 (QEMU 4.2 to 8.2). Debian ships no qemu-plugin.h, so the functions used are declared here. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb*));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb*, void (*)(unsigned, void*), int flags, void* data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
extern struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn*);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
extern char* qemu_plugin_insn_disas(const struct qemu_plugin_insn*);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

/* A run of instructions as QEMU translated it, with its cost but for branches taken. */
struct run { uint64_t start, end, instructions, cycles; };
static uint64_t begin_address, end_address, instructions, cycles, expected_next;
static bool counting;

static bool starts(const char* text, const char* with) { return !strncmp(text, with, strlen(with)); }

/* Registers in the list of ldm, stm, push, pop: "{r4, r5, r6, pc}" or "{d8-d9}". */
static int list_length(const char* text) {
  int registers = 0, first = 0;
  const char* p = strchr(text, '{');
  if (!p) return 1;
  for (p++; *p && *p != '}'; p++) {
    if (p[-1] == ' ' || p[-1] == '{') first = atoi(p + 1);
    if (p[-1] == '-') registers += atoi(p + 1) - first;
    if ((p[-1] == ' ' || p[-1] == '{') && *p != ' ') registers++;
  }
  return strchr(text, 'd') && starts(text, "v") ? 2 * registers : registers;
}

/* The load's address does not use the register that the load before it wrote. */
static bool independent(const char* before, const char* text) {
  char reg[8] = {0};
  const char* address = strchr(text, '[');
  const char* name = strpbrk(before, " \t");
  if (!address || !name) return false;
  name += strspn(name, " \t");
  memcpy(reg, name, strcspn(name, ", ") < 7 ? strcspn(name, ", ") : 7);
  for (const char* hit = address; (hit = strstr(hit, reg)); hit++) {
    char after = hit[strlen(reg)];
    if (after < '0' || after > '9') return false;
  }
  return true;
}

static bool register_offset(const char* text) {
  const char* address = strchr(text, '[');
  const char* comma = address ? strchr(address, ',') : 0;
  return comma && strchr(address, ']') > comma && !strchr(comma, '#');
}

/* As QEMU's disassembler writes it; `before` is the instruction before it in this run, or "". */
static unsigned cost(const char* text, const char* before) {
  if (starts(text, "ldm") || starts(text, "pop") || starts(text, "vpop") || starts(text, "vldm")) return 1 + list_length(text);
  if (starts(text, "stm") || starts(text, "push") || starts(text, "vpush") || starts(text, "vstm")) return 1 + list_length(text);
  if (starts(text, "ldrd") || starts(text, "strd")) return 3;
  if (starts(text, "ldr") || starts(text, "vldr")) {
    bool pipelined = (starts(before, "ldr") && !starts(before, "ldrd")) || starts(before, "vldr");
    return pipelined && independent(before, text) ? 1 : 2;
  }
  if (starts(text, "vstr")) return 2;
  if (starts(text, "str")) return register_offset(text) ? 2 : 1;
  if (starts(text, "sdiv") || starts(text, "udiv")) return 7;
  if (starts(text, "vdiv") || starts(text, "vsqrt")) return 14;
  if (starts(text, "vmla") || starts(text, "vmls") || starts(text, "vfm") || starts(text, "vnml")) return 3;
  if (starts(text, "tbb") || starts(text, "tbh")) return 2;
  return 1;
}

static void on_run(unsigned cpu, void* data) {
  const struct run* run = data;
  if (run->start == begin_address) counting = true, instructions = cycles = 0;
  else if (run->start == end_address) {
    if (counting) fprintf(stderr, "region %llu instructions %llu cycles\n", (unsigned long long)instructions, (unsigned long long)cycles);
    counting = false;
  } else if (counting) {
    if (expected_next && run->start != expected_next) cycles += 2;
    instructions += run->instructions;
    cycles += run->cycles;
  }
  expected_next = run->end;
}

static void on_translate(plugin_id id, struct qemu_plugin_tb* block) {
  struct run* run = calloc(1, sizeof *run);
  char before[80] = "";
  run->instructions = qemu_plugin_tb_n_insns(block);
  for (size_t i = 0; i < run->instructions; i++) {
    struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(block, i);
    char* text = qemu_plugin_insn_disas(insn);
    if (i == 0) run->start = qemu_plugin_insn_vaddr(insn);
    run->end = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn);
    run->cycles += cost(text, before);
    snprintf(before, sizeof before, "%s", text);
    free(text);
  }
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_run, 0, run);
}

EXPORT int qemu_plugin_install(plugin_id id, const void* info, int argc, char** argv) {
  for (int i = 0; i < argc; i++) {
    if (starts(argv[i], "begin=")) begin_address = strtoull(argv[i] + 6, 0, 16);
    if (starts(argv[i], "end=")) end_address = strtoull(argv[i] + 4, 0, 16);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  return 0;
}
