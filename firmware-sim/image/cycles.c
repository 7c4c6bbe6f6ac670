/* QEMU plugin: instructions by class and modelled Cortex-M cycles of each call between region_begin and region_end, one line a region.
 *
 *   -plugin cycles.so,core=<cortex-m4, -m33 or -m0plus>,begin=<hex address of region_begin>,end=<hex address of region_end>
 *
 * Instruction counts are exact. Cycles are published timings at zero wait states; where each table comes from is in cortex_m.ts.
 *
 *                          M4                                           M33                                  M0+
 *   ALU, MUL, MLA, UMULL   1                                            1, 2 cycles to its result: *         1 (MUL)
 *   LDR                    2, or 1 right after an LDR whose             1, 2 cycles to its result: *         2
 *                          result is not its address
 *   STR                    1, with a register offset 2                  1                                    2
 *   LDRD, STRD             3                                            2
 *   LDM, STM, PUSH, POP    1 + registers                                registers                            1 + registers
 *   branch                 1, +2 when taken                             1, +1 when taken                     1, +1 when taken, BL +1, POP {pc} +1
 *   SDIV, UDIV             7 (2-12, by operands)                        7 (2-11)
 *   VFP                    1, VMLA and VFMA 3, VDIV and VSQRT 14        1, 14
 *                          VLDR as LDR, VSTR 2
 *
 *   * one more if the next instruction needs it: after a load, a multiplication or a shifted operand (an accumulator may wait)
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
extern const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
extern char* qemu_plugin_insn_disas(const struct qemu_plugin_insn*);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { ALU, MUL, DIV, LOAD, STORE, BRANCH, FLOAT, CLASSES };
static const char* const class_names[CLASSES] = {"alu", "mul", "div", "load", "store", "branch", "float"};

/* A run of instructions as QEMU translated it, with its cost but for branches taken. QEMU may cut a run anywhere, so what its first
 * instruction costs behind another run is worked out when that run was there. */
struct run {
  uint64_t start, end, cycles, classes[CLASSES];
  char first[80], last[80];
  const struct run* before;
  unsigned first_cycles, first_cycles_behind;
};
static uint64_t begin_address, end_address, cycles, classes[CLASSES];
static const struct run* previous;
static unsigned taken_cycles;
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

/* `where`, the rest of an instruction's text, names the register that the instruction `before` wrote: its first operand. */
static bool names_result(const char* before, const char* where) {
  char reg[8] = {0};
  const char* name = strpbrk(before, " \t");
  if (!name || !where) return false;
  name += strspn(name, " \t");
  memcpy(reg, name, strcspn(name, ", ") < 7 ? strcspn(name, ", ") : 7);
  for (const char* hit = where; *reg && (hit = strstr(hit, reg)); hit++) {
    char after = hit[strlen(reg)];
    if (after < '0' || after > '9') return true;
  }
  return false;
}

static bool register_offset(const char* text) {
  const char* address = strchr(text, '[');
  const char* comma = address ? strchr(address, ',') : 0;
  return comma && strchr(address, ']') > comma && !strchr(comma, '#');
}

static bool any(const char* text, const char* const* prefixes) {
  for (; *prefixes; prefixes++) if (starts(text, *prefixes)) return true;
  return false;
}

static int class_of(const char* text) {
  static const char* const loads[] = {"ldr", "ldm", "pop", "vld", "vpop", 0};
  static const char* const stores[] = {"str", "stm", "push", "vst", "vpush", 0};
  static const char* const divisions[] = {"sdiv", "udiv", 0};
  static const char* const products[] = {"mul", "mla", "mls", "smul", "smla", "umul", "umla", "umaal", "smuad", "smm", 0};
  static const char* const not_branches[] = {"bic", "bfi", "bfc", "bkpt", 0};
  static const char* const branches[] = {"b", "cb", "tb", 0};
  if (any(text, loads)) return LOAD;
  if (any(text, stores)) return STORE;
  if (any(text, divisions)) return DIV;
  if (any(text, products)) return MUL;
  if (text[0] == 'v') return FLOAT;
  return any(text, branches) && !any(text, not_branches) ? BRANCH : ALU;
}

static bool multiple(const char* text) {
  static const char* const names[] = {"ldm", "stm", "pop", "push", "vpop", "vpush", "vldm", "vstm", 0};
  return any(text, names);
}

/* Each takes an instruction as QEMU's disassembler writes it, and the instruction before it in this run, or "". */
typedef unsigned (*cost_of)(const char* text, const char* before);

static unsigned m4_cost(const char* text, const char* before) {
  if (multiple(text)) return 1 + list_length(text);
  if (starts(text, "ldrd") || starts(text, "strd")) return 3;
  if (starts(text, "ldr") || starts(text, "vldr")) {
    bool pipelined = (starts(before, "ldr") && !starts(before, "ldrd")) || starts(before, "vldr");
    return pipelined && strchr(text, '[') && !names_result(before, strchr(text, '[')) ? 1 : 2;
  }
  if (starts(text, "vstr")) return 2;
  if (starts(text, "str")) return register_offset(text) ? 2 : 1;
  if (starts(text, "sdiv") || starts(text, "udiv")) return 7;
  if (starts(text, "vdiv") || starts(text, "vsqrt")) return 14;
  if (starts(text, "vmla") || starts(text, "vmls") || starts(text, "vfm") || starts(text, "vnml")) return 3;
  if (starts(text, "tbb") || starts(text, "tbh")) return 2;
  return 1;
}

/* Sources of an instruction; of a multiply-accumulate after a late result, the factors only. */
static const char* early_sources(const char* text) {
  const char* sources = strchr(text, class_of(text) == STORE ? '[' : ',');
  if (class_of(text) == BRANCH || starts(text, "cmp") || starts(text, "tst")) sources = strpbrk(text, " \t");
  return sources;
}

static bool late_result(const char* text) {
  static const char* const shifts[] = {", lsl", ", lsr", ", asr", ", ror", 0};
  if (class_of(text) == LOAD) return !multiple(text);
  if (class_of(text) == MUL) return true;
  for (int i = 0; shifts[i]; i++) if (class_of(text) == ALU && strstr(text, shifts[i])) return true;
  return false;
}

/* The accumulator of mla and smla* is the last operand, of umlal and smlal the first two. */
static bool waits(const char* text, const char* before) {
  char factors[80];
  if (!late_result(before)) return false;
  if (starts(text, "mla") || (starts(text, "smla") && !starts(text, "smlal"))) {
    snprintf(factors, sizeof factors, "%s", early_sources(text));
    char* last = strrchr(factors, ',');
    if (last) *last = 0;
    return names_result(before, factors);
  }
  if (starts(text, "umlal") || starts(text, "smlal")) {
    const char* high = strchr(text, ',');
    return names_result(before, high ? strchr(high + 1, ',') : 0);
  }
  return names_result(before, early_sources(text));
}

static unsigned m33_cost(const char* text, const char* before) {
  unsigned wait = waits(text, before);
  if (multiple(text)) return list_length(text);
  if (starts(text, "ldrd") || starts(text, "strd") || starts(text, "tbb") || starts(text, "tbh")) return 2 + wait;
  if (starts(text, "sdiv") || starts(text, "udiv")) return 7 + wait;
  if (starts(text, "vdiv") || starts(text, "vsqrt")) return 14 + wait;
  return 1 + wait;
}

static unsigned m0plus_cost(const char* text, const char* before) {
  if (multiple(text)) return 1 + list_length(text) + (strstr(text, "pc}") != 0);
  if (class_of(text) == LOAD || class_of(text) == STORE) return 2;
  return starts(text, "bl") && !starts(text, "blt") && !starts(text, "ble") && !starts(text, "bls") && !starts(text, "blx") ? 2 : 1;
}

static cost_of cost = m4_cost;

static void print_region(void) {
  uint64_t instructions = 0;
  for (int i = 0; i < CLASSES; i++) instructions += classes[i];
  fprintf(stderr, "region instructions %llu cycles %llu", (unsigned long long)instructions, (unsigned long long)cycles);
  for (int i = 0; i < CLASSES; i++) fprintf(stderr, " %s %llu", class_names[i], (unsigned long long)classes[i]);
  fprintf(stderr, "\n");
}

static void on_run(unsigned cpu, void* data) {
  struct run* run = data;
  if (run->start == begin_address) {
    counting = true;
    cycles = 0;
    memset(classes, 0, sizeof classes);
  } else if (run->start == end_address) {
    if (counting) print_region();
    counting = false;
  } else if (counting) {
    for (int i = 0; i < CLASSES; i++) classes[i] += run->classes[i];
    cycles += run->cycles;
    if (run->start != previous->end) {
      cycles += taken_cycles + run->first_cycles;
    } else {
      if (run->before != previous) run->first_cycles_behind = cost(run->first, previous->last);
      run->before = previous;
      cycles += run->first_cycles_behind;
    }
  }
  previous = run;
}

/* Thumb: 4 bytes if the first halfword starts with 0b11101, 0b1111. qemu_plugin_insn_size is 2 too many at the end of a page, where QEMU
 * has peeked at the next instruction. */
static unsigned size_of(const struct qemu_plugin_insn* insn) {
  const uint8_t* data = qemu_plugin_insn_data(insn);
  return data[1] >= 0xe8 ? 4 : 2;
}

static void on_translate(plugin_id id, struct qemu_plugin_tb* block) {
  struct run* run = calloc(1, sizeof *run);
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
    struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(block, i);
    char* text = qemu_plugin_insn_disas(insn);
    if (i == 0) {
      run->start = qemu_plugin_insn_vaddr(insn);
      run->first_cycles = cost(text, "");
      snprintf(run->first, sizeof run->first, "%s", text);
    } else {
      run->cycles += cost(text, run->last);
    }
    run->end = qemu_plugin_insn_vaddr(insn) + size_of(insn);
    run->classes[class_of(text)]++;
    snprintf(run->last, sizeof run->last, "%s", text);
    free(text);
  }
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_run, 0, run);
}

EXPORT int qemu_plugin_install(plugin_id id, const void* info, int argc, char** argv) {
  taken_cycles = 2;
  for (int i = 0; i < argc; i++) {
    if (starts(argv[i], "begin=")) begin_address = strtoull(argv[i] + 6, 0, 16);
    if (starts(argv[i], "end=")) end_address = strtoull(argv[i] + 4, 0, 16);
    if (starts(argv[i], "core=cortex-m33")) cost = m33_cost, taken_cycles = 1;
    if (starts(argv[i], "core=cortex-m0plus")) cost = m0plus_cost, taken_cycles = 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  return 0;
}
