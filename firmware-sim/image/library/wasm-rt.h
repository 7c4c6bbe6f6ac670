/* What a translated module needs: linear memory, for the core in qurio.c with two windows, and WebAssembly's operations in C.
 *
 *   qurio_ram[], static RAM                              qurio_model[], const: flash
 *   | static data | work memory | guard |    nothing     | model, read in place | guard |
 *
 * A wasm address is a machine address: the module was compiled so that its addresses could be told from numbers, and RAM(offset) stands
 * for them. The model's address is what load() is given. So an access costs neither an addition nor a decision between windows.
 *
 * QURIO_CHECKED 0: nothing is compared. load() has validated the model, and the core takes no other address from outside.
 * QURIO_CHECKED 1: the core is in a sandbox. Each access must start from an address inside a window, and stores inside RAM; constant offsets
 * up to QURIO_GUARD may reach into the guard bytes behind a window, which hold nothing, larger ones are compared exactly. What is outside,
 * and every other trap, ends the call with QURIO_TRAPPED.
 *
 * QURIO_RAM_BYTES, QURIO_MODEL_BYTES, QURIO_GUARD and QURIO_CHECKED are defined in qurio.h. Modules other than the core define QURIO_MODULE:
 * they have no windows and their traps, but for those of memory. */
#ifndef QURIO_WASM_RT_H
#define QURIO_WASM_RT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__FAST_MATH__)
#error "compile qurio.c without -ffast-math: decisions would not have the bits that the model was tested with"
#endif

/* No fused multiply-add: a decision has the same bits on every board. clang and armclang take the first line, gcc the others, of which the
 * last is for speed. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("O2", "fp-contract=off", "no-tree-reassoc", "no-math-errno", "no-tree-loop-distribute-patterns")
#if QURIO_CHECKED
#pragma GCC optimize("no-ivopts", "no-gcse")
#endif
#if defined(__thumb__) && !defined(__thumb2__)
#pragma GCC optimize("no-schedule-insns") /* eight registers: gcc leaves it out there, until a pragma says O2 */
#endif
#endif
/* What the translation leaves over. */
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-label"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;

/* All that is asked of a C library. */
void* memcpy(void* restrict, const void* restrict, size_t);
void* memset(void*, int, size_t);

#define INLINE static inline __attribute__((always_inline, unused))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Of an address of WebAssembly. */
#ifndef POINTER
#define POINTER(at) ((u8*)(uintptr_t)(at))
#endif

#ifndef QURIO_MODULE
static u8 qurio_ram[QURIO_RAM_WINDOW + QURIO_GUARD] __attribute__((aligned(16)));
extern const uint32_t qurio_model[];

#define RAM(offset) ((u32)(uintptr_t)qurio_ram + (u32)(offset))
#define MODEL ((u32)(uintptr_t)qurio_model)
#endif

#if QURIO_CHECKED || defined(QURIO_MODULE)
__attribute__((noreturn, noinline, cold)) static void trap(void);
#define TRAP_IF(condition) (UNLIKELY(condition) ? trap() : (void)0)
#else
#define TRAP_IF(condition) ((void)0)
#endif

#if QURIO_CHECKED
INLINE void in_ram(u32 base, u32 offset, u32 bytes) {
  if (offset + bytes > QURIO_GUARD) base += offset, offset = bytes; else offset = 1;
  if (UNLIKELY(base - RAM(0) > QURIO_RAM_WINDOW - offset)) trap();
}
INLINE void in_window(u32 base, u32 offset, u32 bytes) {
  if (offset + bytes > QURIO_GUARD) base += offset, offset = bytes; else offset = 1;
  if (base - RAM(0) > QURIO_RAM_WINDOW - offset && UNLIKELY(base - MODEL > QURIO_MODEL_WINDOW - offset)) trap();
}
#else
#define in_ram(base, offset, bytes) ((void)0)
#define in_window(base, offset, bytes) ((void)0)
#endif

/* Cores without unaligned access fetch a word at once only if they are told that it is aligned: every access of the core is. */
#if defined(__ARM_FEATURE_UNALIGNED)
#define ADDRESS(at, type) POINTER(at)
#else
#define ADDRESS(at, type) ((u8*)__builtin_assume_aligned(POINTER(at), sizeof(type)))
#endif
#if QURIO_CHECKED && !defined(__ARM_FEATURE_UNALIGNED)
#define ALIGNED(at, type) TRAP_IF((at) & (sizeof(type) - 1))
#else
#define ALIGNED(at, type) ((void)0)
#endif

#define DEFINE_LOAD(name, type, extended, result) \
  INLINE result name(u32 base, u32 offset) { \
    type value; \
    in_window(base, offset, sizeof(type)); \
    ALIGNED(base + offset, type); \
    __builtin_memcpy(&value, ADDRESS(base + offset, type), sizeof(type)); \
    return (result)(extended)value; \
  }
#define DEFINE_STORE(name, type, given) \
  INLINE void name(u32 base, u32 offset, given value) { \
    type wrapped = (type)value; \
    in_ram(base, offset, sizeof(type)); \
    ALIGNED(base + offset, type); \
    __builtin_memcpy(ADDRESS(base + offset, type), &wrapped, sizeof(type)); \
  }
DEFINE_LOAD(i32_load, u32, u32, u32)
DEFINE_LOAD(i64_load, u64, u64, u64)
DEFINE_LOAD(f32_load, f32, f32, f32)
DEFINE_LOAD(i32_load8_s, s8, s32, u32)
DEFINE_LOAD(i32_load8_u, u8, u32, u32)
DEFINE_LOAD(i32_load16_s, s16, s32, u32)
DEFINE_LOAD(i32_load16_u, u16, u32, u32)
DEFINE_LOAD(i64_load8_u, u8, u64, u64)
DEFINE_LOAD(i64_load32_s, s32, s64, u64)
DEFINE_LOAD(i64_load32_u, u32, u64, u64)
DEFINE_STORE(i32_store, u32, u32)
DEFINE_STORE(i64_store, u64, u64)
DEFINE_STORE(f32_store, f32, f32)
DEFINE_STORE(i32_store8, u8, u32)
DEFINE_STORE(i32_store16, u16, u32)

#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32u)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64u)
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32u)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64u)
#define I32_ROTL(x, y) (((x) << ((y) & 31)) | ((x) >> (-(y) & 31)))
#define I32_ROTR(x, y) (((x) >> ((y) & 31)) | ((x) << (-(y) & 31)))

/* Both halves go through 32-bit steps, and are added while a count still fits into four bits. */
INLINE u64 I64_POPCNT(u64 x) {
  u32 a = (u32)x, b = (u32)(x >> 32);
  a -= a >> 1 & 0x55555555u;
  b -= b >> 1 & 0x55555555u;
  a = (a & 0x33333333u) + (a >> 2 & 0x33333333u);
  b = (b & 0x33333333u) + (b >> 2 & 0x33333333u);
  a += b;
  a = (a & 0x0f0f0f0fu) + (a >> 4 & 0x0f0f0f0fu);
  return a * 0x01010101u >> 24;
}
INLINE u32 I32_POPCNT(u32 x) {
  x -= x >> 1 & 0x55555555u;
  x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
  return ((x + (x >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24;
}

INLINE u32 I32_DIV_S(u32 x, u32 y) {
  TRAP_IF(y == 0 || (x == 0x80000000u && y == 0xffffffffu));
  return (u32)((s32)x / (s32)y);
}
INLINE u32 I32_REM_S(u32 x, u32 y) {
  TRAP_IF(y == 0);
  return y == 0xffffffffu ? 0 : (u32)((s32)x % (s32)y);
}
INLINE u32 DIV_U(u32 x, u32 y) {
  TRAP_IF(y == 0);
  return x / y;
}
INLINE u32 REM_U(u32 x, u32 y) {
  TRAP_IF(y == 0);
  return x % y;
}
INLINE u32 I32_TRUNC_S_F32(f32 x) {
  TRAP_IF(!(x >= -2147483648.f && x < 2147483648.f));
  return (u32)(s32)x;
}

#define DEFINE_REINTERPRET(name, from, to) \
  INLINE to name(from x) { \
    to value; \
    __builtin_memcpy(&value, &x, sizeof value); \
    return value; \
  }
DEFINE_REINTERPRET(f32_reinterpret_i32, u32, f32)
DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)

#define wasm_fabsf(x) __builtin_fabsf(x)

/* Correctly rounded: the instruction where there is one, else digit by digit. The core takes roots of numbers that are not negative. */
__attribute__((unused)) static f32 wasm_sqrtf(f32 x) {
#if defined(__aarch64__)
  f32 root;
  __asm__("fsqrt %s0, %s1" : "=w"(root) : "w"(x));
  return root;
#elif defined(__ARM_FP) && (__ARM_FP & 4)
  f32 root;
  __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
  return root;
#else
  u32 bits = i32_reinterpret_f32(x), root = 0, rest = 0;
  if ((bits >> 23) - 1 >= 254) return x; /* zero and what is not a normal positive number */
  s32 exponent = (s32)(bits >> 23) - 127;
  u32 digits = (bits & 0x7fffff) | 0x800000;
  if (exponent & 1) digits <<= 1;
  digits <<= 7;
  for (int i = 0; i < 25; i++) {
    rest = rest << 2 | digits >> 30;
    digits <<= 2;
    u32 next = root << 2 | 1;
    root <<= 1;
    if (rest >= next) rest -= next, root |= 1;
  }
  root = (root + 1) >> 1; /* 25 digits: a rest never lies on the half, so the last one rounds */
  return f32_reinterpret_i32(((u32)((exponent >> 1) + 126) << 23) + root);
#endif
}

#endif
