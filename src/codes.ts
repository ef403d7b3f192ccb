/**
 * Every error code, with the one sentence that says what it means. `docs/errors.md` has an entry per code with the
 * remedy; a test holds the two lists equal. Prefix = the room that throws it.
 */
export const CODES = {
  // label
  LABEL_TAG_SYNTAX: 'A tag, tag family or privilege is not written in the grammar.',
  LABEL_TAG_UNDECLARED: 'A label names a tag that nobody declared.',
  LABEL_LIMIT: 'A label has too many tags, or too many labels are known.',
  LABEL_TAG_KIND: 'A secrecy tag stands where an integrity tag belongs, or the other way round.',
  LABEL_TAG_CONFLICT: 'A tag or tag family is declared twice.',
  LABEL_FOREIGN: 'A label was made by another label space, or by nobody.',
  LABEL_PRIVILEGE_COVERED: 'A privilege over one member was to be taken away while the whole family is held.',
} as const satisfies Record<string, string>;

export type Code = keyof typeof CODES;
