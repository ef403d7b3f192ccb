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
  // limits of core modules (wasm/rewrite-limits)
  LIMIT_MEMORY_INITIAL: 'A module starts with more memory than its compartment may have.',
  LIMIT_TABLE_INITIAL: 'A module starts with more table entries than its compartment may have.',
  LIMIT_SHARED: 'A module wants a shared memory or table.',
  // load
  LOAD_SOURCE: 'A module reference is not written in the grammar.',
  LOAD_NOT_FOUND: 'The file of a module, or of its WIT, does not exist.',
  LOAD_NOT_A_FILE: 'A module reference names something other than a regular file.',
  LOAD_UNREADABLE: 'The file of a module cannot be read.',
  LOAD_TOO_LARGE: 'A file is larger than may be loaded.',
  LOAD_HASH_MISMATCH: 'The bytes of a module are not those that the manifest pins.',
  LOAD_PACKAGE_MISSING: 'No node_modules folder upward of the manifest has the package.',
  LOAD_PACKAGE_VERSION: 'The installed package has another version than the manifest demands.',
  LOAD_PACKAGE_ESCAPE: 'A path inside a package leads out of it.',
  LOAD_KIND: 'The bytes are not of the kind that the abi says.',
  LOAD_WIT_MISSING: 'A module that carries no types has no WIT in the manifest.',
  LOAD_WIT: 'WIT text cannot be understood.',
  LOAD_DISAGREEMENT: 'Two decoders understand a module differently.',
  LOAD_INVALID: 'The engine refuses a module.',
  LOAD_TIMEOUT: 'Understanding a module took too long.',
  LOAD_CRASHED: 'The worker that parses modules died.',
  LOAD_ABORTED: 'The caller aborted the loading.',
  // policy
  MANIFEST_SYNTAX: 'The manifest is not YAML or JSON.',
  MANIFEST_YAML_FEATURE: 'The manifest uses a part of YAML that is refused: an anchor, alias, tag, merge key, directive or second document.',
  MANIFEST_LIMIT: 'The manifest is too large, too deep, or made of too many pieces.',
  MANIFEST_DUPLICATE_KEY: 'A key stands twice in one map of the manifest.',
  MANIFEST_UNKNOWN_KEY: 'The manifest has a key that means nothing there.',
  MANIFEST_MISSING_KEY: 'The manifest lacks a key that must be there.',
  MANIFEST_TYPE: 'A value of the manifest is of the wrong type.',
  MANIFEST_VALUE: 'A value of the manifest is of the right type, but none that is allowed there.',
  MANIFEST_NAME: 'A principal, compartment or resource has a name outside the grammar, or a name that another one has.',
  MANIFEST_CONFLICT: 'Two parts of the manifest contradict each other.',
  MANIFEST_UNSUPPORTED: 'The manifest asks for something that this build cannot enforce.',
  MANIFEST_TAG_SYNTAX: 'A tag, tag family or privilege in the manifest is not written in the grammar.',
  MANIFEST_TAG_UNDECLARED: 'The manifest uses a tag that it does not declare.',
  MANIFEST_TAG_KIND: 'The manifest uses a secrecy tag where an integrity tag belongs, or the other way round.',
  MANIFEST_LABEL: 'A base label lies outside the clearance, so that no instance could exist.',
  MANIFEST_PRIVILEGE: 'A gate uses a privilege that its compartment does not hold, or a tag is owned by nobody who is declared.',
  MANIFEST_REFERENCE: 'The manifest names a compartment or resource that it does not declare.',
  MANIFEST_LINK_DANGLING: 'A link starts or ends at something that the manifest does not declare, or that the compartment may not reach.',
  MANIFEST_FILE_MISSING: 'A file that the manifest names is not there or cannot be read.',
  CHECK_LIMIT: 'The policy has more labels or paths than `check` enumerates.',
  CHECK_QUESTION: '`check` was asked about a tag or resource that the manifest does not declare.',
  // audit
  AUDIT_WRITE: 'The journal cannot be written, or is closed: nothing unrecorded is delivered.',
  AUDIT_READ: 'The journal cannot be opened or read.',
  AUDIT_LOCKED: 'Another host is writing this journal.',
  AUDIT_FORMAT: 'A file is not a journal, or not one that this version can read.',
  AUDIT_BROKEN: 'The journal does not end where its head file says.',
  AUDIT_EVENT: 'An event has a field that cannot be recorded.',
  AUDIT_LIMIT: 'A batch limit is outside its range.',
  AUDIT_QUERY: 'A question about the journal names something that is not in it, or is not a question.',
} as const satisfies Record<string, string>;

export type Code = keyof typeof CODES;
