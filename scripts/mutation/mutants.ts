import { parseAst } from 'rolldown/parseAst';

/** One small change of a file that takes something away from what it checks, compares, records or copies. */
export interface Mutant {
  readonly file: string;
  /** What kind of change: `drop call`, `weaken >=`, … */
  readonly operator: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The lines that it touches, before and after: how the list of equivalent ones names it. */
  readonly original: string;
  readonly mutant: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Replaces a range by a text. */
interface Change {
  readonly operator: string;
  readonly at: Pick<Node, 'start' | 'end'>;
  readonly text: string;
}

/** Comparisons, each with one that lets one more value through, or the other way round. */
const COMPARISONS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
};
/** The same in what generated Wasm compares and combines. */
const OPCODES: Readonly<Record<string, string>> = {
  lt_u: 'le_u',
  le_u: 'lt_u',
  gt_u: 'ge_u',
  ge_u: 'gt_u',
  eq: 'ne',
  ne: 'eq',
  or: 'and',
  and: 'or',
};
const QUANTIFIERS: Readonly<Record<string, string>> = { every: 'some', some: 'every' };

/** Every mutant of a source text, in the order of the text. */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const changes: Change[] = [];
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, (node) => changes.push(...changesAt(node, text)));
  return changes
    .sort((one, other) => one.at.start - other.at.start || one.at.end - other.at.end)
    .map(({ operator, at: { start, end }, text: replacement }) => {
      const lines = { from: text.lastIndexOf('\n', start - 1) + 1, to: endOfLine(text, end) };
      return {
        file,
        operator,
        line: text.slice(0, start).split('\n').length,
        start,
        end,
        replacement,
        original: tidied(text.slice(lines.from, lines.to)),
        mutant: tidied(text.slice(lines.from, start) + replacement + text.slice(end, lines.to)),
      };
    });
}

export function applied(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The list of equivalent mutants survives another indentation. */
function tidied(lines: string): string {
  return lines.trim().replace(/\s+/g, ' ');
}

function endOfLine(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}

/** Types are no code, and imports no behaviour. What an error says is for people; whether it is thrown is what counts. */
const SKIPPED = new Set(['ImportDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'ThrowStatement']);

function visit(node: Node, see: (node: Node) => void): void {
  if (SKIPPED.has(node.type) || isError(node)) return;
  see(node);
  for (const [key, child] of Object.entries(node)) {
    if (key === 'typeAnnotation' || key === 'typeArguments' || key === 'returnType') continue;
    for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each, see);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function isError({ type, callee }: Node): boolean {
  return type === 'NewExpression' && isNode(callee) && String(callee.name).endsWith('Error');
}

function changesAt(node: Node, text: string): Change[] {
  const of = (child: unknown) => (isNode(child) ? text.slice(child.start, child.end) : '');
  const change = (operator: string, replacement: string, at: Pick<Node, 'start' | 'end'> = node): Change => ({
    operator,
    at,
    text: replacement,
  });
  switch (node.type) {
    case 'IfStatement': {
      const test = node.test as Node;
      return [change('never', 'false', test), change('always', 'true', test)];
    }
    case 'ConditionalExpression':
      return [change('take one side', of(node.consequent)), change('take the other side', of(node.alternate))];
    case 'LogicalExpression': {
      const sides = [change('drop the right side', of(node.left))];
      return node.operator === '??' ? sides : [...sides, change('drop the left side', of(node.right))];
    }
    case 'BinaryExpression': {
      const other = COMPARISONS[String(node.operator)];
      const [left, right] = [node.left as Node, node.right as Node];
      if (other !== undefined) {
        const between = text.slice(left.end, right.start).replace(String(node.operator), other);
        return [change(`weaken ${node.operator}`, between, { start: left.end, end: right.start })];
      }
      return node.operator === '+' || node.operator === '-' ? [change(`drop ${node.operator}`, of(left))] : [];
    }
    case 'UnaryExpression':
      return node.operator === '!' ? [change('drop !', of(node.argument))] : [];
    case 'ExpressionStatement':
      return isCall(node.expression) ? [change('drop call', ';')] : [];
    case 'CallExpression':
      return changesOfCall(node, text, change);
    case 'ArrayExpression':
      return changesOfArray(node, text, change);
    case 'Literal':
      return typeof node.value === 'boolean'
        ? [change('turn', String(!node.value))]
        : changesOfText(node, text, change);
    case 'TemplateElement':
      return changesOfText(node, text, change);
    default:
      return [];
  }
}

type MakeChange = (operator: string, replacement: string, at?: Pick<Node, 'start' | 'end'>) => Change;

function isCall(node: unknown): boolean {
  if (!isNode(node)) return false;
  const inner =
    node.type === 'AwaitExpression' || node.type === 'ChainExpression' ? (node.argument ?? node.expression) : node;
  return isNode(inner) && inner.type === 'CallExpression';
}

/** `filter` keeps all, `every` and `some` change places. */
function changesOfCall(node: Node, text: string, change: MakeChange): Change[] {
  const callee = node.callee as Node;
  if (callee.type !== 'MemberExpression') return [];
  const [object, property] = [callee.object as Node, callee.property as Node];
  const name = text.slice(property.start, property.end);
  if (name === 'filter') return [change('drop filter', text.slice(object.start, object.end))];
  const other = QUANTIFIERS[name];
  return other === undefined ? [] : [change(`weaken ${name}`, other, property)];
}

/** A row of a table, or a name in a list of names, is left out. */
function changesOfArray({ elements }: Node, text: string, change: MakeChange): Change[] {
  const rows = (elements as readonly unknown[]).filter(isNode);
  const isTable = rows.every(({ type }) => type === 'ObjectExpression' || type === 'Literal');
  if (!isTable) return [];
  return rows.map((row) => {
    const after = text.slice(row.end).match(/^\s*,/)?.[0].length ?? 0;
    return change('drop row', '', { start: row.start, end: row.end + after });
  });
}

/** Code that is written into a text: opcodes by name, and conditions of generated JavaScript. */
function changesOfText({ start, end }: Node, text: string, change: MakeChange): Change[] {
  const content = text.slice(start, end);
  const opcode = content.match(/^'(i32|i64)\.(\w+)'$/);
  if (opcode) {
    const other = OPCODES[opcode[2] ?? ''];
    return other === undefined ? [] : [change(`weaken ${opcode[2]}`, `'${opcode[1]}.${other}'`)];
  }
  const found = [...content.matchAll(/ (<=?|>=?|[!=]==) /g)];
  return found.flatMap(({ index, 1: operator = '' }) => {
    const other = COMPARISONS[operator];
    if (other === undefined) return [];
    const at = { start: start + index + 1, end: start + index + 1 + operator.length };
    return [change(`weaken ${operator} in text`, other, at)];
  });
}
