// The gate of the support desk: gives back a text without the personal data that the detector finds in it. This guest
// holds the privilege, the detector does not; so the detector says only *where* something is to be removed, and what
// is put there instead comes from a fixed list here. (Its own result holds the originals and must not be released.)
#include "arena.h"

#define MAX_FINDINGS 10000u

// record redacted-sensitive-info-entity, as the canonical ABI lays it out: 36 bytes, aligned to 4
typedef struct {
  string_t original;
  string_t redacted;
  uint32_t start; // in bytes of UTF-8
  uint32_t end;
  uint8_t type; // email, phone-number, ip-address, credit-card-number, custom(string)
  string_t custom;
} finding_t;

typedef struct {
  finding_t *at;
  uint32_t len;
} findings_t;

_Static_assert(sizeof(finding_t) == 36, "layout of the canonical ABI");

IMPORT("desk:privacy/detect", "redact")
extern void detect(const char *content, uint32_t content_len, int32_t has_entities, const void *entities,
                   uint32_t entities_len, int32_t has_window, uint32_t window, int32_t skip_custom_detect,
                   int32_t skip_custom_redact, findings_t *result);

static const char *const WORDS[] = {"[e-mail]", "[phone number]", "[IP address]", "[card number]", "[removed]"};
#define CUSTOM 4

static findings_t findings;
static string_t result;

static uint32_t length(const char *word) {
  uint32_t len = 0;
  while (word[len] != 0) len++;
  return len;
}

// The detector reports in order of appearance, but nothing says that it must.
static void sort_by_start(findings_t found) {
  for (uint32_t i = 1; i < found.len; i++) {
    const finding_t moved = found.at[i];
    uint32_t at = i;
    for (; at > 0 && found.at[at - 1].start > moved.start; at--) found.at[at] = found.at[at - 1];
    found.at[at] = moved;
  }
}

static char *append(char *to, const char *from, uint32_t len) {
  __builtin_memcpy(to, from, len);
  return to + len;
}

EXPORT("redact") string_t *redact(const char *text, uint32_t len) {
  detect(text, len, 0, 0, 0, 1, 1, 0, 1, &findings);
  if (findings.len > MAX_FINDINGS) __builtin_trap();
  sort_by_start(findings);

  char *const out = arena_take(len + findings.len * 16, 1);
  char *to = out;
  uint32_t done = 0;
  for (uint32_t i = 0; i < findings.len; i++) {
    const finding_t *found = &findings.at[i];
    // A detector that lies about positions gets nothing released.
    if (found->start > found->end || found->end > len || found->type > CUSTOM) __builtin_trap();
    if (found->end <= done) continue;
    if (found->start >= done) {
      to = append(to, text + done, found->start - done);
      to = append(to, WORDS[found->type], length(WORDS[found->type]));
    }
    done = found->end;
  }
  to = append(to, text + done, len - done);
  result = (string_t){out, (uint32_t)(to - out)};
  return &result;
}

EXPORT("cabi_post_redact") void post_redact(string_t *returned) {
  (void)returned;
  arena_reset();
}
