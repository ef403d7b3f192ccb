/**
 * The names of imports and exports of components.
 * Source: component-model, Explainer.md "Import and Export Definitions" and "Name Uniqueness".
 */
export type ExternName =
  | { readonly kind: 'plain'; readonly label: string }
  | { readonly kind: 'constructor'; readonly resource: string }
  | { readonly kind: 'method' | 'static'; readonly resource: string; readonly label: string }
  | {
      readonly kind: 'interface';
      readonly namespace: string;
      readonly package: string;
      readonly interface: string;
      readonly version: string | null;
    };

const LABEL = /^(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-(?:[0-9a-z]+|[0-9A-Z]+))*$/;
const WORDS = /^[a-z][0-9a-z]*(?:-[0-9a-z]+)*$/;
// Semantic Versioning 2.0, and the shortened `canonversion` of the explainer.
const CORE_VERSION = /^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)$/;
const PRE_RELEASE_PART = /^(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)$/;
const BUILD_PART = /^[0-9A-Za-z-]+$/;
const CANON_VERSION = /^(?:[1-9][0-9]*|0\.[1-9][0-9]*|0\.0\.[1-9][0-9]*|0\.0\.0)$/;

/** Is this kebab-case, with words in lower case and acronyms in upper case? */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Is this a version by Semantic Versioning 2.0? Every check is linear in its length. */
export function isSemver(text: string): boolean {
  const plus = text.indexOf('+');
  const build = plus < 0 ? null : text.slice(plus + 1);
  const rest = plus < 0 ? text : text.slice(0, plus);
  const dash = rest.indexOf('-');
  const preRelease = dash < 0 ? null : rest.slice(dash + 1);
  if (!CORE_VERSION.test(dash < 0 ? rest : rest.slice(0, dash))) return false;
  if (preRelease !== null && !preRelease.split('.').every((part) => PRE_RELEASE_PART.test(part))) return false;
  return build === null || build.split('.').every((part) => BUILD_PART.test(part));
}

export function isCanonVersion(text: string): boolean {
  return CANON_VERSION.test(text);
}

/** Null when the text is no name of the grammar. */
export function parseExternName(text: string): ExternName | null {
  if (text.startsWith('[')) return parseAnnotated(text);
  if (text.includes(':')) return parseInterface(text);
  return isLabel(text) ? { kind: 'plain', label: text } : null;
}

function parseAnnotated(text: string): ExternName | null {
  const close = text.indexOf(']');
  const annotation = text.slice(1, close);
  const rest = text.slice(close + 1);
  if (annotation === 'constructor') return isLabel(rest) ? { kind: 'constructor', resource: rest } : null;
  if (annotation !== 'method' && annotation !== 'static') return null;
  const dot = rest.indexOf('.');
  if (dot < 0) return null;
  const resource = rest.slice(0, dot);
  const label = rest.slice(dot + 1);
  return isLabel(resource) && isLabel(label) ? { kind: annotation, resource, label } : null;
}

function parseInterface(text: string): ExternName | null {
  const at = text.indexOf('@');
  const version = at < 0 ? null : text.slice(at + 1);
  const path = at < 0 ? text : text.slice(0, at);
  const colon = path.indexOf(':');
  const slash = path.indexOf('/');
  if (slash < colon) return null;
  const namespace = path.slice(0, colon);
  const packageName = path.slice(colon + 1, slash);
  const interfaceName = path.slice(slash + 1);
  if (!WORDS.test(namespace) || !WORDS.test(packageName) || !isLabel(interfaceName)) return null;
  if (version !== null && !isSemver(version) && !isCanonVersion(version)) return null;
  return { kind: 'interface', namespace, package: packageName, interface: interfaceName, version };
}

/**
 * Two names in one scope conflict when their keys are equal: binding generators may map such names to one identifier.
 */
export function uniqueKey(text: string): string {
  const name = parseExternName(text);
  if (name === null || name.kind === 'plain') return text.toLowerCase();
  if (name.kind === 'constructor') return `[constructor]${name.resource.toLowerCase()}`;
  if (name.kind === 'interface') return text.replace(/^[^@]*/, (path) => path.toLowerCase());
  const [resource, label] = [name.resource.toLowerCase(), name.label.toLowerCase()];
  return resource === label ? label : `${resource}.${label}`;
}
