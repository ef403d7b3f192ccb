// A privileged helper as one might write it in good faith: it holds a customer's name, and fills it into whatever
// template it is given. It checks nothing of who asks, and has a way out of its own.
#include "arena.h"

#define MAX_NAME 64

IMPORT("$root", "out") extern void out(const char *text, uint32_t len);

static char name[MAX_NAME];
static uint32_t name_len;

EXPORT("hold") void hold(const char *text, uint32_t len) {
  name_len = len < MAX_NAME ? len : MAX_NAME;
  __builtin_memcpy(name, text, name_len);
  arena_reset();
}

// Each '%' of the template becomes the name.
EXPORT("fill") void fill(const char *template, uint32_t len) {
  char *const text = arena_take(len + len * MAX_NAME, 1);
  char *to = text;
  for (uint32_t i = 0; i < len; i++) {
    if (template[i] == '%') {
      __builtin_memcpy(to, name, name_len);
      to += name_len;
    } else {
      *to++ = template[i];
    }
  }
  out(text, (uint32_t)(to - text));
  arena_reset();
}
