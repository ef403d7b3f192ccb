/** Of the values that generated code handles. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** The instructions that are generated, by their names in the text format. Source: WebAssembly Core, "Instructions". */
// biome-ignore format: a table
export const OPCODES = {
  unreachable: [0x00], block: [0x02], loop: [0x03], if: [0x04], else: [0x05], end: [0x0b], br: [0x0c], br_if: [0x0d],
  br_table: [0x0e], drop: [0x1a], call: [0x10], call_indirect: [0x11], 'local.get': [0x20], 'local.set': [0x21],
  'local.tee': [0x22], 'global.get': [0x23], 'global.set': [0x24], 'i32.load': [0x28], 'i64.load': [0x29],
  'f32.load': [0x2a], 'f64.load': [0x2b], 'i32.load8_u': [0x2d], 'i32.load16_u': [0x2f], 'i32.store': [0x36],
  'i64.store': [0x37], 'f32.store': [0x38], 'f64.store': [0x39], 'i32.store8': [0x3a], 'i32.store16': [0x3b],
  'memory.size': [0x3f], 'i32.const': [0x41], 'i64.const': [0x42], 'f32.const': [0x43], 'f64.const': [0x44],
  'i32.eqz': [0x45], 'i32.eq': [0x46], 'i32.ne': [0x47], 'i32.lt_u': [0x49], 'i32.gt_u': [0x4b], 'i32.le_u': [0x4d],
  'i32.ge_u': [0x4f], 'i64.eqz': [0x50], 'i64.lt_u': [0x54], 'i64.gt_u': [0x56], 'i32.ctz': [0x68],
  'i32.add': [0x6a], 'i32.sub': [0x6b], 'i32.mul': [0x6c], 'i32.and': [0x71], 'i32.or': [0x72], 'i32.xor': [0x73],
  'i32.shl': [0x74], 'i32.shr_u': [0x76], 'i32.rotr': [0x78], 'i64.add': [0x7c], 'i64.and': [0x83], 'i64.or': [0x84],
  'i64.xor': [0x85], 'i64.shl': [0x86], 'i64.rotl': [0x89], 'i32.wrap_i64': [0xa7], 'i64.extend_i32_u': [0xad],
  'i32.reinterpret_f32': [0xbc], 'i64.reinterpret_f64': [0xbd], 'f32.reinterpret_i32': [0xbe],
  'f64.reinterpret_i64': [0xbf], 'i32.extend8_s': [0xc0], 'i32.extend16_s': [0xc1], 'memory.copy': [0xfc, 0x0a],
} as const satisfies Record<string, readonly number[]>;

export type Opcode = keyof typeof OPCODES;

/** As the binary format writes them. */
export const CORE_TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
export const EMPTY_BLOCK = 0x40;
