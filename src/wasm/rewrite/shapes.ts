/** What stands behind an opcode: enough to find the next one, and to see what concerns the rewriter. */
export const SHAPE = {
  none: 0,
  /** One LEB128 of any kind: a constant, a label, a type, a tag. */
  leb: 1,
  local: 2,
  /** Alignment, perhaps a memory, offset. */
  access: 3,
  global: 4,
  call: 5,
  /** A call with two immediates. */
  callIndirect: 6,
  /** A block type: `block`, `if`, `try`. */
  open: 7,
  loop: 8,
  end: 9,
  /** `delegate`: a label, and it ends its block. */
  delegate: 10,
  else: 11,
  memory: 12,
  table: 13,
  f32: 14,
  f64: 15,
  brTable: 16,
  select: 17,
  tryTable: 18,
  gc: 19,
  bulk: 20,
  simd: 21,
  atomic: 22,
  unknown: 23,
} as const;

type Shape = (typeof SHAPE)[keyof typeof SHAPE];

/**
 * Opcodes of one byte, by ranges. Source: WebAssembly core specification 3.0, "Instructions"; `try`, `catch`, `rethrow`,
 * `delegate`, `catch_all` as in the legacy exception handling proposal.
 */
const RANGES: readonly (readonly [first: number, last: number, shape: Shape])[] = [
  [0x00, 0x01, SHAPE.none], // unreachable, nop
  [0x02, 0x02, SHAPE.open], // block
  [0x03, 0x03, SHAPE.loop],
  [0x04, 0x04, SHAPE.open], // if
  [0x05, 0x05, SHAPE.else],
  [0x06, 0x06, SHAPE.open], // try
  [0x07, 0x09, SHAPE.leb], // catch, throw, rethrow
  [0x0a, 0x0a, SHAPE.none], // throw_ref
  [0x0b, 0x0b, SHAPE.end],
  [0x0c, 0x0d, SHAPE.leb], // br, br_if
  [0x0e, 0x0e, SHAPE.brTable],
  [0x0f, 0x0f, SHAPE.none], // return
  [0x10, 0x10, SHAPE.call],
  [0x11, 0x11, SHAPE.callIndirect],
  [0x12, 0x12, SHAPE.call], // return_call
  [0x13, 0x13, SHAPE.callIndirect], // return_call_indirect
  [0x14, 0x15, SHAPE.call], // call_ref, return_call_ref
  [0x18, 0x18, SHAPE.delegate],
  [0x19, 0x1b, SHAPE.none], // catch_all, drop, select
  [0x1c, 0x1c, SHAPE.select],
  [0x1f, 0x1f, SHAPE.tryTable],
  [0x20, 0x22, SHAPE.local],
  [0x23, 0x24, SHAPE.global],
  [0x25, 0x26, SHAPE.table],
  [0x28, 0x3e, SHAPE.access],
  [0x3f, 0x40, SHAPE.memory],
  [0x41, 0x42, SHAPE.leb],
  [0x43, 0x43, SHAPE.f32],
  [0x44, 0x44, SHAPE.f64],
  [0x45, 0xc4, SHAPE.none],
  [0xd0, 0xd0, SHAPE.leb], // ref.null
  [0xd1, 0xd1, SHAPE.none], // ref.is_null
  [0xd2, 0xd2, SHAPE.leb], // ref.func
  [0xd3, 0xd4, SHAPE.none], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, SHAPE.leb], // br_on_null, br_on_non_null
  [0xfb, 0xfb, SHAPE.gc],
  [0xfc, 0xfc, SHAPE.bulk],
  [0xfd, 0xfd, SHAPE.simd],
  [0xfe, 0xfe, SHAPE.atomic],
];

/** The shape of each opcode. */
export const SHAPES: Uint8Array = new Uint8Array(256).fill(SHAPE.unknown);
for (const [first, last, shape] of RANGES) SHAPES.fill(shape, first, last + 1);

/**
 * Immediates behind the second opcode: `t`, `d`, `f`, `e` are indices that nothing here is added to, `n` a count, `l` a
 * label, `h` a heap type, `b` a byte; `M` is a memory, `T` a table, `E` an element segment, which are checked.
 */
export const GC_IMMEDIATES: readonly string[] = [
  ...['t', 't', 'tf', 'tf', 'tf', 'tf'], // struct.new, new_default, get, get_s, get_u, set
  ...['t', 't', 'tn', 'td', 'tE'], // array.new, new_default, new_fixed, new_data, new_elem
  ...['t', 't', 't', 't', '', 't', 'tt', 'td', 'tE'], // array.get, get_s, get_u, set, len, fill, copy, init_data, init_elem
  ...['h', 'h', 'h', 'h', 'blhh', 'blhh'], // ref.test, test null, cast, cast null, br_on_cast, br_on_cast_fail
  ...['', '', '', '', ''], // any.convert_extern, extern.convert_any, ref.i31, i31.get_s, i31.get_u
];

export const BULK_IMMEDIATES: readonly string[] = [
  ...['', '', '', '', '', '', '', ''], // saturating truncations
  ...['dM', 'D', 'MM', 'M'], // memory.init, data.drop, memory.copy, memory.fill
  ...['ET', 'X', 'TT', 'T', 'T', 'T'], // table.init, elem.drop, table.copy, table.grow, table.size, table.fill
];

/** How many bytes a vector instruction has behind its number; -1 for a memory access, -2 for one with a lane. */
export function simdShape(code: number): number | null {
  if (code <= 11 || code === 92 || code === 93) return -1;
  if (code === 12 || code === 13) return 16;
  if (code >= 84 && code <= 91) return -2;
  if (code >= 21 && code <= 34) return 1;
  // Up to 0x113: the relaxed instructions.
  return code <= 0x113 ? 0 : null;
}
