// Counts words, lines and characters. Built against wasi-libc, so it brings what every C program brings: stdio, and
// with it imports of WASI preview 1. The canonical ABI is written by hand.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  uint32_t words;
  uint32_t lines;
  uint32_t chars;
} counts_t;

static counts_t result;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align; // malloc's own alignment of 16 is enough for every type of the canonical ABI
  void *at = realloc(old, size);
  if (at == NULL && size > 0) abort();
  return at;
}

static int is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

__attribute__((export_name("desk:text/count#count"))) counts_t *count(const unsigned char *text, uint32_t len) {
  counts_t counts = {0, 0, 0};
  int in_word = 0;
  for (uint32_t i = 0; i < len; i++) {
    if ((text[i] & 0xc0) != 0x80) counts.chars++;
    if (text[i] == '\n') counts.lines++;
    if (!is_space(text[i]) && !in_word) counts.words++;
    in_word = !is_space(text[i]);
  }
  if (len > 0 && text[len - 1] != '\n') counts.lines++;
  free((void *)text);
  printf("counted %u words in %u lines\n", counts.words, counts.lines);
  fflush(stdout);
  result = counts;
  return &result;
}
