// Gives out a key to whoever knows its PIN, and locks after three wrong tries. The key and the PIN come from a relying
// party that checked what this is; the tries are kept in sealed state, which the host stores and cannot turn back.
#include "arena.h"

#define MAX_TRIES 3u

typedef struct {
  const unsigned char *at;
  uint32_t len;
} bytes_t;

typedef struct {
  uint32_t is_some;
  bytes_t value;
} option_t;

typedef struct {
  uint8_t is_err;
  bytes_t value; // or the error in its first byte
} unsealed_t;

enum problem { NOT_PROVISIONED, STATE_REFUSED, LOCKED };

// result<record { key: option<list<u8>>, left: u8, state: list<u8> }, problem>
typedef struct {
  uint32_t is_err;
  union {
    struct {
      option_t key;
      uint32_t left;
      bytes_t state;
    } ok;
    uint8_t problem;
  } as;
} answer_t;

_Static_assert(sizeof(option_t) == 12 && sizeof(unsealed_t) == 12 && sizeof(answer_t) == 28, "layout of the canonical ABI");

#define SEALING "cofferdam:enclave/sealing@0.1.0"
IMPORT(SEALING, "seal") extern void seal(const void *data, uint32_t len, bytes_t *sealed);
IMPORT(SEALING, "unseal") extern void unseal(const void *sealed, uint32_t len, unsealed_t *data);
IMPORT(SEALING, "count") extern uint64_t sealed_count(void);
IMPORT("cofferdam:enclave/provisioned@0.1.0", "get") extern void get(const char *name, uint32_t len, option_t *secret);

static answer_t answer;

static answer_t *refuse(enum problem problem) {
  answer.is_err = 1;
  answer.as.problem = (uint8_t)problem;
  return &answer;
}

// Looks at every byte, so that the time does not tell how many were right.
static int is_equal(bytes_t one, const unsigned char *at, uint32_t len) {
  unsigned char difference = one.len != len;
  for (uint32_t i = 0; i < one.len && i < len; i++) difference |= one.at[i] ^ at[i];
  return difference == 0;
}

// Without a state only if none was ever sealed: else the host could keep the last one back and begin anew.
static int read_left(const unsigned char *state, uint32_t len, unsigned char *left) {
  if (len == 0) {
    *left = MAX_TRIES;
    return sealed_count() == 0;
  }
  static unsealed_t unsealed;
  unseal(state, len, &unsealed);
  if (unsealed.is_err || unsealed.value.len != 1 || unsealed.value.at[0] > MAX_TRIES) return 0;
  *left = unsealed.value.at[0];
  return 1;
}

EXPORT("open") answer_t *open_with(const unsigned char *pin, uint32_t pin_len, const unsigned char *state, uint32_t state_len) {
  static option_t wanted, key;
  static unsigned char left;
  get("pin", 3, &wanted);
  get("key", 3, &key);
  if (!wanted.is_some || !key.is_some) return refuse(NOT_PROVISIONED);
  if (!read_left(state, state_len, &left)) return refuse(STATE_REFUSED);
  if (left == 0) return refuse(LOCKED);
  const int is_right = is_equal(wanted.value, pin, pin_len);
  left = is_right ? MAX_TRIES : left - 1;
  answer.is_err = 0;
  answer.as.ok.left = left;
  // Counted before the answer is given: whoever stops the host in between has used up a try.
  seal(&left, 1, &answer.as.ok.state);
  answer.as.ok.key.is_some = (uint32_t)is_right;
  answer.as.ok.key.value = key.value;
  return &answer;
}

EXPORT("cabi_post_open") void forget(answer_t *given) {
  (void)given;
  arena_reset();
}
