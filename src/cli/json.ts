import { GuestResource } from '../abi/resource.ts';

/*
 * Values of the component model as JSON. What JSON has no form for is written: 64-bit integers beyond 2^53 as decimal
 * text, bytes as { "$bytes": base64 }, `none` as null, NaN and the infinities as text. arguments.ts reads the same.
 */

/** One JSON document, on several lines, ASCII-safe where a terminal could be misled, with a line end. */
export function jsonText(value: unknown, indent = 2): string {
  return `${escapeControls(JSON.stringify(toJson(value), null, indent))}\n`;
}

function toJson(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return fromBigInt(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : fromObject(value);
    case 'function':
    case 'symbol':
      return String(value.toString());
    default:
      return value;
  }
}

function fromObject(value: object): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array | BigInt64Array, toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof GuestResource) return { $resource: value.constructor.name };
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (value instanceof Map) return toJson(Object.fromEntries(value));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}

function fromBigInt(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** JSON leaves these as they are: C1 controls and signs that turn the reading direction. */
function escapeControls(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
