import type { Builtin, Canon, OptionsExpr } from './component-ast.ts';
import { readValType } from './core-types.ts';
import { readResult } from './decode-types.ts';
import type { Reader } from './reader.ts';

/** `canon`: the four that a synchronous component has; the others are named by BUILTINS. */
export function readCanon(reader: Reader): Canon {
  const code = reader.byte();
  switch (code) {
    case 0x00: {
      reader.expect(0, 'The sort of a lifted function');
      const func = reader.u32();
      const options = readOptions(reader);
      return { kind: 'lift', func, options, type: reader.u32() };
    }
    case 0x01: {
      reader.expect(0, 'The sort of a lowered function');
      const func = reader.u32();
      return { kind: 'lower', func, options: readOptions(reader) };
    }
    case 0x02:
      return { kind: 'resource.new', type: reader.u32() };
    case 0x03:
      return { kind: 'resource.drop', type: reader.u32() };
    case 0x04:
      return { kind: 'resource.rep', type: reader.u32() };
  }
  return { kind: 'builtin', builtin: readBuiltin(reader, code) };
}

function readOptions(reader: Reader): OptionsExpr {
  const found: { -readonly [K in keyof OptionsExpr]?: OptionsExpr[K] } = {};
  const count = reader.count(16, 'canonical options');
  for (let index = 0; index < count; index++) {
    const code = reader.byte();
    const set = <K extends keyof OptionsExpr>(key: K, value: OptionsExpr[K]) => {
      if (found[key] !== undefined) reader.fail('COMPONENT_INVALID', `The canonical option ${key} is given twice`);
      found[key] = value;
    };
    if (code <= 2) set('encoding', (['utf8', 'utf16', 'latin1+utf16'] as const)[code] ?? 'utf8');
    else if (code === 3) set('memory', reader.u32());
    else if (code === 4) set('realloc', reader.u32());
    else if (code === 5) set('postReturn', reader.u32());
    else if (code === 6) set('async', true);
    else if (code === 7) set('callback', reader.u32());
    else reader.unknown(code, 'canonical option');
  }
  return { encoding: 'utf8', memory: null, realloc: null, postReturn: null, async: false, callback: null, ...found };
}

/** Operands of a built-in, in order. `async`, `cancel` and `shared` are flags of one byte. */
type Operand = 'flag' | 'options' | 'stream' | 'future' | 'memory' | 'result' | 'context' | 'func-type' | 'table';

interface Row {
  readonly name: string;
  /** Core signature: parameters, then results after a colon. */
  readonly signature: string;
  readonly operands?: readonly Operand[];
  readonly feature?: Builtin['feature'];
}

const BUILTINS: Readonly<Record<number, Row>> = {
  5: { name: 'task.cancel', signature: ':' },
  6: { name: 'subtask.cancel', signature: 'i32:i32', operands: ['flag'] },
  9: { name: 'task.return', signature: ':', operands: ['result', 'options'] },
  10: { name: 'context.get', signature: ':i32', operands: ['context'] },
  11: { name: 'context.set', signature: 'i32:', operands: ['context'] },
  12: { name: 'thread.yield', signature: ':i32', operands: ['flag'] },
  13: { name: 'subtask.drop', signature: 'i32:' },
  14: { name: 'stream.new', signature: ':i64', operands: ['stream'] },
  15: { name: 'stream.read', signature: 'i32 i32 i32:i32', operands: ['stream', 'options'] },
  16: { name: 'stream.write', signature: 'i32 i32 i32:i32', operands: ['stream', 'options'] },
  17: { name: 'stream.cancel-read', signature: 'i32:i32', operands: ['stream', 'flag'] },
  18: { name: 'stream.cancel-write', signature: 'i32:i32', operands: ['stream', 'flag'] },
  19: { name: 'stream.drop-readable', signature: 'i32:', operands: ['stream'] },
  20: { name: 'stream.drop-writable', signature: 'i32:', operands: ['stream'] },
  21: { name: 'future.new', signature: ':i64', operands: ['future'] },
  22: { name: 'future.read', signature: 'i32 i32:i32', operands: ['future', 'options'] },
  23: { name: 'future.write', signature: 'i32 i32:i32', operands: ['future', 'options'] },
  24: { name: 'future.cancel-read', signature: 'i32:i32', operands: ['future', 'flag'] },
  25: { name: 'future.cancel-write', signature: 'i32:i32', operands: ['future', 'flag'] },
  26: { name: 'future.drop-readable', signature: 'i32:', operands: ['future'] },
  27: { name: 'future.drop-writable', signature: 'i32:', operands: ['future'] },
  28: { name: 'error-context.new', signature: 'i32 i32:i32', operands: ['options'], feature: 'error-context' },
  29: { name: 'error-context.debug-message', signature: 'i32 i32:', operands: ['options'], feature: 'error-context' },
  30: { name: 'error-context.drop', signature: 'i32:', feature: 'error-context' },
  31: { name: 'waitable-set.new', signature: ':i32' },
  32: { name: 'waitable-set.wait', signature: 'i32 i32:i32', operands: ['flag', 'memory'] },
  33: { name: 'waitable-set.poll', signature: 'i32 i32:i32', operands: ['flag', 'memory'] },
  34: { name: 'waitable-set.drop', signature: 'i32:' },
  35: { name: 'waitable.join', signature: 'i32 i32:' },
  36: { name: 'backpressure.inc', signature: ':' },
  37: { name: 'backpressure.dec', signature: ':' },
  38: { name: 'thread.index', signature: ':i32', feature: 'threads' },
  39: { name: 'thread.new-indirect', signature: 'i32 i32:i32', operands: ['func-type', 'table'], feature: 'threads' },
  40: { name: 'thread.resume-later', signature: 'i32:', feature: 'threads' },
  41: { name: 'thread.suspend', signature: ':i32', operands: ['flag'], feature: 'threads' },
  42: { name: 'thread.suspend-then-resume', signature: 'i32:i32', operands: ['flag'], feature: 'threads' },
  43: { name: 'thread.yield-then-resume', signature: 'i32:i32', operands: ['flag'], feature: 'threads' },
  44: { name: 'thread.suspend-then-promote', signature: 'i32:i32', operands: ['flag'], feature: 'threads' },
  45: { name: 'thread.yield-then-promote', signature: 'i32:i32', operands: ['flag'], feature: 'threads' },
  64: { name: 'thread.spawn-ref', signature: 'i32 i32:i32', operands: ['flag', 'func-type'], feature: 'threads' },
  65: {
    name: 'thread.spawn-indirect',
    signature: 'i32 i32:i32',
    operands: ['flag', 'func-type', 'table'],
    feature: 'threads',
  },
  66: { name: 'thread.available-parallelism', signature: ':i32', operands: ['flag'], feature: 'threads' },
};

function readBuiltin(reader: Reader, code: number): Builtin {
  const row = BUILTINS[code];
  if (row === undefined) return reader.unknown(code, 'canonical definition');
  const [params = '', results = ''] = row.signature.split(':').map((part) => part.trim());
  const list = (text: string) => (text === '' ? [] : text.split(' '));
  const builtin: { -readonly [K in keyof Builtin]: Builtin[K] } = {
    name: row.name,
    feature: row.feature ?? 'async',
    signature: row.name === 'task.return' ? null : { params: list(params), results: list(results) },
    result: null,
    options: null,
    element: null,
    memory: null,
    thread: null,
  };
  for (const operand of row.operands ?? []) readOperand(reader, operand, builtin);
  return builtin;
}

function readOperand(reader: Reader, operand: Operand, builtin: { -readonly [K in keyof Builtin]: Builtin[K] }): void {
  switch (operand) {
    case 'flag': {
      const flag = reader.byte();
      if (flag > 1) reader.unknown(flag, `flag of ${builtin.name}`);
      return;
    }
    case 'options':
      builtin.options = readOptions(reader);
      return;
    case 'stream':
    case 'future':
      builtin.element = { kind: operand, type: reader.u32() };
      return;
    case 'memory':
      builtin.memory = reader.u32();
      return;
    case 'result':
      builtin.result = readResult(reader);
      return;
    case 'context': {
      const type = readValType(reader, () => reader.fail('WASM_MALFORMED', 'A context slot must hold a number'));
      if (type !== 'i32' && type !== 'i64') reader.fail('COMPONENT_INVALID', `A context slot cannot hold a ${type}`);
      if (reader.u32() > 1) reader.fail('COMPONENT_INVALID', 'There are two context slots');
      builtin.signature =
        builtin.name === 'context.get' ? { params: [], results: [type] } : { params: [type], results: [] };
      return;
    }
    case 'func-type':
      builtin.thread = { type: reader.u32(), table: null };
      return;
    case 'table':
      builtin.thread = { type: builtin.thread?.type ?? 0, table: reader.u32() };
      return;
  }
}
