/**
 * Runs the component model's own tests, as far as they are about validity:
 *
 *   node scripts/spec-tests.ts DIR [--verbose]
 *
 * DIR is the `test` folder of WebAssembly/component-model. Text becomes bytes through wasm-tools; what its version does
 * not parse is counted apart. Execution (assert_return, assert_trap) is not run here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { isCofferdamError } from '../src/error.ts';
import { type ComponentAst, type ModuleRange, understandComponent } from '../src/wasm/index.ts';
import { type Atom, readScript, type Sexp, stringBytes } from './wast.ts';

type List = Extract<Sexp, { kind: 'list' }>;
type Outcome = 'passed' | 'failed' | 'unparsed' | 'unsupported';

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: node scripts/spec-tests.ts DIR [--verbose]');
const verbose = process.argv.includes('--verbose');

const total: Record<Outcome, number> = { passed: 0, failed: 0, unparsed: 0, unsupported: 0 };
for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.wast')) continue;
  const counts = await runFile(join(dir, file));
  for (const key of Object.keys(total) as Outcome[]) total[key] += counts[key];
  const { passed, failed, unparsed, unsupported } = counts;
  console.log(
    `${relative(dir, join(dir, file))}: ${passed} passed, ${failed} failed, ${unsupported} unsupported, ${unparsed} unparsed`,
  );
}
console.log(total);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runFile(path: string): Promise<Record<Outcome, number>> {
  const text = readFileSync(path, 'utf8');
  const counts: Record<Outcome, number> = { passed: 0, failed: 0, unparsed: 0, unsupported: 0 };
  for (const command of readScript(text)) {
    const [head, subject] = command.items;
    const name = head?.kind === 'atom' ? head.text : '';
    const isValid = name === 'component' && !isInstance(command);
    const isInvalid = name === 'assert_invalid' || name === 'assert_malformed';
    const component = isValid ? command : subject;
    if ((!isValid && !isInvalid) || component?.kind !== 'list' || headOf(component) !== 'component') continue;
    const { outcome, note } = await runOne(text, component, isValid);
    counts[outcome] += 1;
    const line = text.slice(0, command.start).split('\n').length;
    if (outcome === 'failed' || (verbose && outcome !== 'passed'))
      console.log(`  ${path}:${line} ${name} ${outcome}: ${note}`);
  }
  return counts;
}

async function runOne(text: string, component: List, isValid: boolean): Promise<{ outcome: Outcome; note: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await bytesOf(text, component);
  } catch (error) {
    return isValid ? { outcome: 'unparsed', note: firstLine(error) } : { outcome: 'passed', note: '' };
  }
  try {
    const isEngineHappy = modulesIn(understandComponent(bytes).ast).every(({ start, end }) =>
      WebAssembly.validate(Buffer.from(bytes.subarray(start, end))),
    );
    return {
      outcome: isValid === isEngineHappy ? 'passed' : 'failed',
      note: `was ${isEngineHappy ? 'accepted' : 'refused by the engine'}`,
    };
  } catch (error) {
    if (!isCofferdamError(error))
      return { outcome: 'failed', note: `crashed: ${error instanceof Error ? error.stack : error}` };
    if (error.code === 'WASM_UNSUPPORTED') return { outcome: 'unsupported', note: error.message };
    return { outcome: isValid ? 'failed' : 'passed', note: error.message };
  }
}

/** What is inside core modules is the engine's to judge. */
function modulesIn({ definitions }: ComponentAst): ModuleRange[] {
  return definitions.flatMap((definition) => {
    if (definition.kind === 'core-module') return [definition.range];
    return definition.kind === 'component' ? modulesIn(definition.component) : [];
  });
}

/** `(component definition $id ...)`, `(component quote "..." ...)`, `(component binary "..." ...)`. */
async function bytesOf(text: string, component: List): Promise<Uint8Array> {
  const form = component.items[1]?.kind === 'atom' ? component.items[1].text : '';
  const strings = component.items.filter((item): item is Atom => item.kind === 'string').map(stringBytes);
  if (form === 'binary') return Buffer.concat(strings);
  if (form === 'quote') return await parse(`(component ${Buffer.concat(strings).toString()})`);
  const source = text.slice(component.start, component.end);
  return await parse(form === 'definition' ? source.replace('definition', '') : source);
}

function isInstance(command: List): boolean {
  return command.items[1]?.kind === 'atom' && command.items[1].text === 'instance';
}

function headOf(list: List): string {
  return list.items[0]?.kind === 'atom' ? list.items[0].text : '';
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
}
