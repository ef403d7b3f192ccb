// The smallest allocator that the canonical ABI asks for: it hands out, and forgets everything at once when a call is
// over. For guests without a libc.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define PAGE_BYTES 65536u

typedef struct {
  const char *at;
  uint32_t len;
} string_t;

extern unsigned char __heap_base;
static uintptr_t arena_next;

static void arena_reset(void) { arena_next = 0; }

static void *arena_take(size_t size, size_t align) {
  if (arena_next == 0) arena_next = (uintptr_t)&__heap_base;
  const uintptr_t at = (arena_next + align - 1) & ~(align - 1);
  if (at + size < at) __builtin_trap();
  while (at + size > __builtin_wasm_memory_size(0) * PAGE_BYTES) {
    const size_t missing = at + size - __builtin_wasm_memory_size(0) * PAGE_BYTES;
    if (__builtin_wasm_memory_grow(0, (missing + PAGE_BYTES - 1) / PAGE_BYTES) == (size_t)-1) __builtin_trap();
  }
  arena_next = at + size;
  return (void *)at;
}

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size) {
  void *at = arena_take(new_size, align);
  if (old_size > 0) __builtin_memcpy(at, old, old_size < new_size ? old_size : new_size);
  return at;
}
