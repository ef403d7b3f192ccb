import { camelCase } from '../abi/names.ts';
import type { FuncType, World } from '../wasm/types.ts';
import { type Method, surfaceOf } from './surface.ts';
import { capitalised, commented, propertyKey, Scope } from './type-names.ts';
import { TypePrinter } from './type-printer.ts';

/** Names that the declarations use and that no guest's type may take. */
const USED = (
  'CallOptions Compartments Promise Reply Symbol Array Uint8Array Int8Array Uint16Array Int16Array Uint32Array ' +
  'Int32Array BigUint64Array BigInt64Array Float32Array Float64Array resource'
).split(' ');

/**
 * TypeScript declarations (a `.d.ts` module) for `host.compartment(name)` of each compartment, made from its world.
 * `source` is where the worlds come from, for the first line.
 */
export function declarations(compartments: ReadonlyMap<string, World>, source: string): string {
  const scope = new Scope(USED);
  const names = new Map([...compartments.keys()].map((name) => [name, scope.name(capitalised(name))]));
  const parts: string[] = [];
  let hasResources = false;
  for (const [name, world] of compartments) {
    const typeName = names.get(name) ?? '';
    const printer = new TypePrinter(world, scope, typeName);
    const text = compartmentInterface(name, typeName, world, printer);
    parts.push(text, ...printer.declarations);
    hasResources ||= printer.hasResources;
  }
  const all = [...names].map(([name, typeName]) => `  readonly ${propertyKey(name)}: ${typeName};\n`).join('');
  parts.push(`/** All compartments by name. */\nexport interface Compartments {\n${all}}`);
  const head = [
    `// Made by \`cofferdam types ${commented(source)}\`. Make it anew when a guest's types change.`,
    "import type { CallOptions, Reply } from 'cofferdam';",
    ...(hasResources ? ['\ndeclare const resource: unique symbol;\nexport {};'] : []),
  ];
  return `${[head.join('\n'), ...parts].join('\n\n')}\n`;
}

function compartmentInterface(name: string, typeName: string, world: World, printer: TypePrinter): string {
  const { methods, groups } = surfaceOf(world);
  const lines = methods.flatMap((method) => signature(method, printer));
  for (const [id, group] of groups) {
    lines.push(`readonly ${propertyKey(id)}: {`);
    lines.push(...group.flatMap((method) => signature(method, printer)).map((line) => `  ${line}`), '};');
  }
  return [
    `/** Compartment \`${commented(name)}\`: \`host.compartment<${typeName}>('${commented(name)}')\`. */`,
    `export interface ${typeName} {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}

function signature({ name, func }: Method, printer: TypePrinter): string[] {
  const scope = new Scope();
  const parameters = func.type.params.map(
    (param) => `${scope.name(camelCase(param.name))}: ${printer.print(param.type, [name, param.name])}`,
  );
  const reply = printer.print(replyType(func.type), [name, 'result']);
  const list = [...parameters, `${scope.name('options')}?: CallOptions`].join(', ');
  return [`/** \`${commented(func.id)}\` */`, `${propertyKey(name)}(${list}): Promise<Reply<${reply}>>;`];
}

/** A function's own `result` gives its `ok`; its `err` is thrown as GUEST_ERROR. */
function replyType({ result }: FuncType): FuncType['result'] {
  return result?.kind === 'result' ? result.ok : result;
}
