import { CofferdamError } from '../error.ts';
import type { Context, Loan } from './context.ts';
import { fault, tooLarge } from './fault.ts';
import { MAX_LIST_BYTES } from './limits.ts';
import { at, bad, isChar, type Mismatch } from './mismatch.ts';
import { GuestResource } from './resource.ts';
import { isAscii } from './utf8.ts';

/** What generated code calls, by the names it uses. */

const scratch = new DataView(new ArrayBuffer(8));

/** Any NaN is the canonical one: its payload is no part of the value, and would carry bits unseen. */
const nan = (value: number): number => (Number.isNaN(value) ? Number.NaN : value);

function bitsOfF32(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function bitsOfF64(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

function f32OfBits(bits: number): number {
  scratch.setUint32(0, bits);
  return nan(scratch.getFloat32(0));
}

function f64OfBits(bits: bigint): number {
  scratch.setBigUint64(0, BigInt.asUintN(64, bits));
  return nan(scratch.getFloat64(0));
}

function toChar(code: number): string {
  const scalar = code >>> 0;
  if (scalar > 0x10ffff || (scalar >= 0xd800 && scalar <= 0xdfff)) {
    throw fault('ABI_CHAR', `${scalar} is no Unicode scalar value`);
  }
  return String.fromCodePoint(scalar);
}

function badCase(discriminant: number): never {
  throw fault('ABI_DISCRIMINANT', `the discriminant ${discriminant >>> 0} names no case`);
}

const toCase = (names: readonly string[], discriminant: number): string =>
  names[discriminant >>> 0] ?? badCase(discriminant);

function listRange(context: Context, pointer: number, align: number, byteCount: number, charge: number): number {
  if (byteCount > MAX_LIST_BYTES) throw fault('ABI_LENGTH', `a list of ${byteCount} bytes`);
  const start = context.range(pointer, align, byteCount);
  context.charge(charge);
  return start;
}

/** Properties with names that every object inherits are read only where they are the object's own. */
const own = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;

/** Lone surrogates are refused, not replaced: a message arrives as it was sent or not at all. */
function checkString(value: unknown, context: Context): Mismatch | null {
  if (typeof value !== 'string') return bad('string', value);
  context.checked += value.length * 3;
  return isAscii(value) || value.isWellFormed() ? null : bad('well-formed Unicode', value);
}

let lastSerial = 0;
const nextSerial = (): number => ++lastSerial;

function liftOwn(context: Context, resource: number, index: number, isGuest: boolean): unknown {
  const { rep } = context.scope.handles.remove(index, resource, true);
  return isGuest ? wrap(context, resource, rep, true) : rep;
}

/** The handle can't be dropped or given away until `release`. */
function liftBorrow(context: Context, resource: number, index: number, isGuest: boolean): unknown {
  const handle = context.scope.handles.get(index, resource);
  const object = isGuest ? wrap(context, resource, handle.rep, false) : null;
  handle.lends++;
  context.loans.push({ handle, object });
  return object ?? handle.rep;
}

/** A resource is borrowed by the scope that defines it as its bare number, elsewhere as a handle for this call. */
function lowerBorrow(context: Context, resource: number, value: GuestResource, definedIn: number): number {
  const rep = GuestResource.rep(value);
  if (context.scopeNumber === definedIn) return rep;
  return context.scope.handles.add(resource, rep, context.borrowScope);
}

function wrap(context: Context, resource: number, rep: unknown, isOwned: boolean): GuestResource {
  const Class = context.owner.resourceClasses[resource] ?? GuestResource;
  return new Class(context.owner, resource, rep as number, isOwned);
}

function release(loans: readonly Loan[]): void {
  for (const { handle, object } of loans) {
    handle.lends--;
    if (object !== null) GuestResource.expire(object);
  }
}

const describe = (mismatch: Mismatch): string => `${mismatch.path}: expected ${mismatch.expected}, got ${mismatch.got}`;

const badArgument = (mismatch: Mismatch, index: number, id: string): CofferdamError =>
  new CofferdamError('ARGUMENT_TYPE', `${id}: args[${index}]${describe(mismatch)}`);

const badCount = (count: number, expected: number, id: string): CofferdamError =>
  new CofferdamError('ARGUMENT_TYPE', `${id}: args: expected ${expected} arguments, got ${count}`);

const badResult = (mismatch: Mismatch, id: string): CofferdamError =>
  new CofferdamError(
    'RESULT_TYPE',
    `${id}: result${describe(mismatch)} - the import must answer with its declared type`,
  );

const unreadableResult = (cause: unknown, id: string): CofferdamError =>
  new CofferdamError(
    'RESULT_TYPE',
    `${id}: the result threw when it was read - the import must answer with plain values`,
    {
      cause,
    },
  );

const reentered = (): CofferdamError =>
  new CofferdamError(
    'INSTANCE_REENTERED',
    'A component was entered while a call is inside it - break the cycle of calls',
  );

const borrowsLeft = (count: number): CofferdamError =>
  fault('ABI_BORROW', `it returned with ${count} borrowed handles not dropped`);

export const LIBRARY = {
  at,
  bad,
  badArgument,
  badCase,
  badCount,
  badResult,
  bitsOfF32,
  bitsOfF64,
  borrowsLeft,
  checkGuest: GuestResource.check,
  checkString,
  f32OfBits,
  f64OfBits,
  isChar,
  liftBorrow,
  liftOwn,
  listRange,
  lowerBorrow,
  nan,
  nextSerial,
  own,
  reentered,
  release,
  takeGuest: GuestResource.take,
  toCase,
  toChar,
  tooLarge,
  unreadableResult,
} as const;
