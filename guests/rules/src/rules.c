// What the desk knows about its data and arcjet's detector does not: the two callbacks of that detector. They run at
// the label of the text, in a compartment of their own, and hold no privilege.
#include "arena.h"

typedef struct {
  uint8_t type; // email, phone-number, ip-address, credit-card-number, custom(string)
  string_t custom;
} entity_t;

typedef struct {
  uint8_t some;
  entity_t entity;
} maybe_entity_t;

typedef struct {
  maybe_entity_t *at;
  uint32_t len;
} maybe_entities_t;

typedef struct {
  uint8_t some;
  string_t text;
} maybe_string_t;

_Static_assert(sizeof(maybe_entity_t) == 16 && sizeof(maybe_string_t) == 12, "layout of the canonical ABI");

enum { EMAIL, PHONE_NUMBER, IP_ADDRESS, CREDIT_CARD_NUMBER, CUSTOM, NOTHING };

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static int is_word(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); }
static int is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// An address anywhere in the token: arcjet misses `<ada@example.com>` and `mailto:` links.
static int has_email(string_t token) {
  for (uint32_t i = 1; i + 1 < token.len; i++) {
    if (token.at[i] != '@' || !is_word(token.at[i - 1]) || !is_word(token.at[i + 1])) continue;
    for (uint32_t dot = i + 2; dot + 1 < token.len; dot++)
      if (token.at[dot] == '.' && is_word(token.at[dot + 1])) return 1;
  }
  return 0;
}

// 13 to 19 digits whose check digit is right, with any single separators: arcjet misses hyphens.
static int is_card(string_t token) {
  uint32_t digits = 0, sum = 0;
  for (uint32_t i = token.len; i > 0; i--) {
    const char c = token.at[i - 1];
    if (!is_digit(c)) {
      if (c != '-' && c != ' ' && c != '.') return 0;
      continue;
    }
    uint32_t value = (uint32_t)(c - '0');
    if (digits % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
    digits++;
  }
  return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

// `555-0199`: a local number, too short for arcjet.
static int is_local_phone(string_t token) {
  if (token.len != 8 || token.at[3] != '-') return 0;
  for (uint32_t i = 0; i < 8; i++)
    if (i != 3 && !is_digit(token.at[i])) return 0;
  return 1;
}

// `(192.0.2.7)`: arcjet misses an address in brackets.
static int has_ipv4(string_t token) {
  uint32_t groups = 0, digits = 0;
  for (uint32_t i = 0; i <= token.len; i++) {
    if (i < token.len && is_digit(token.at[i])) {
      digits++;
      continue;
    }
    groups = digits >= 1 && digits <= 3 ? groups + 1 : 0;
    if (groups == 4) return 1;
    if (i == token.len || token.at[i] != '.') groups = 0;
    digits = 0;
  }
  return 0;
}

// Three or more groups of hexadecimal digits: arcjet knows IPv4 only.
static int has_ipv6(string_t token) {
  uint32_t colons = 0, hex = 0;
  for (uint32_t i = 0; i < token.len; i++) {
    if (token.at[i] == ':') colons++;
    else if (is_hex(token.at[i])) hex++;
    else if (token.at[i] != '[' && token.at[i] != ']' && token.at[i] != '/') return 0;
  }
  return colons >= 3 && hex >= 3;
}

// `ACME-10442`: an order or contract number of one of the desk's customers.
static int has_reference(string_t token) {
  for (uint32_t i = 2; i + 4 < token.len; i++) {
    if (token.at[i] != '-' || !is_upper(token.at[i - 1]) || !is_upper(token.at[i - 2])) continue;
    uint32_t digits = 0;
    while (i + 1 + digits < token.len && is_digit(token.at[i + 1 + digits])) digits++;
    if (digits >= 4) return 1;
  }
  return 0;
}

static uint8_t classify(string_t token) {
  if (has_email(token)) return EMAIL;
  if (is_card(token)) return CREDIT_CARD_NUMBER;
  if (has_ipv4(token) || has_ipv6(token)) return IP_ADDRESS;
  if (is_local_phone(token)) return PHONE_NUMBER;
  if (has_reference(token)) return CUSTOM;
  return NOTHING;
}

static maybe_entities_t detected;
static maybe_string_t replacement;

EXPORT("arcjet:redact/custom-redact#detect-sensitive-info")
maybe_entities_t *detect_sensitive_info(const string_t *tokens, uint32_t len) {
  if (len > UINT32_MAX / sizeof(maybe_entity_t)) __builtin_trap();
  detected = (maybe_entities_t){arena_take(len * sizeof(maybe_entity_t), 4), len};
  for (uint32_t i = 0; i < len; i++) {
    const uint8_t type = classify(tokens[i]);
    detected.at[i] = (maybe_entity_t){type != NOTHING, {type == NOTHING ? 0 : type, {"reference", 9}}};
  }
  return &detected;
}

EXPORT("cabi_post_arcjet:redact/custom-redact#detect-sensitive-info") void post_detect(maybe_entities_t *returned) {
  (void)returned;
  arena_reset();
}

// Only order numbers have a word of their own; for the rest `none` leaves the detector its default.
EXPORT("arcjet:redact/custom-redact#redact-sensitive-info")
maybe_string_t *redact_sensitive_info(int32_t type, const char *custom, uint32_t custom_len, const char *plaintext,
                                      uint32_t plaintext_len) {
  (void)custom, (void)custom_len, (void)plaintext, (void)plaintext_len;
  replacement = (maybe_string_t){type == CUSTOM, {"[reference]", 11}};
  return &replacement;
}

EXPORT("cabi_post_arcjet:redact/custom-redact#redact-sensitive-info") void post_redact(maybe_string_t *returned) {
  (void)returned;
  arena_reset();
}
