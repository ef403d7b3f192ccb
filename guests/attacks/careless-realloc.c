// The allocators that real guests get wrong: one whose sum wraps, one that forgets to grow its memory, one that gives
// the same place twice, one that forgets to align. `choose` says which one it is.
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define PAGE_BYTES 65536u

enum mode { HONEST, WRAPS, PAST_END, SAME_PLACE, UNALIGNED };

extern unsigned char __heap_base;
static uint32_t mode = HONEST;
static uintptr_t next;
static uint64_t slot[8];

EXPORT("choose") void choose(uint32_t chosen) { mode = chosen; }

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old;
  (void)old_size;
  if (next == 0) next = (uintptr_t)&__heap_base;
  const uintptr_t at = (next + align - 1) & ~(align - 1);
  switch (mode) {
    case WRAPS: // so near the top that the end lies at the bottom again
      return (void *)(UINTPTR_MAX & ~(uintptr_t)(align - 1));
    case PAST_END:
      return (void *)(__builtin_wasm_memory_size(0) * PAGE_BYTES);
    case SAME_PLACE:
      return slot;
    case UNALIGNED:
      return (char *)slot + 1;
    default:
      next = at + size;
      if (next > __builtin_wasm_memory_size(0) * PAGE_BYTES) __builtin_trap();
      return (void *)at;
  }
}

EXPORT("first") uint32_t first(const unsigned char *one, uint32_t one_len, const unsigned char *other, uint32_t other_len) {
  (void)other;
  return one_len > 0 && other_len > 0 ? one[0] : 0;
}

EXPORT("sum") uint32_t sum(const uint32_t *items, uint32_t len) {
  uint32_t total = 0;
  for (uint32_t i = 0; i < len; i++) total += items[i];
  return total;
}
