import type { Code } from '../codes.ts';
import { isCofferdamError } from '../error.ts';
import { familyOf, type LabelInput, LabelSpace, type TagDeclaration, type TagKind } from '../label/index.ts';
import type { Cuts } from './cuts.ts';
import { nearest } from './names.ts';
import type { Problems } from './problems.ts';
import type { Manifest } from './schema.ts';
import { isTreeMap, type Path, type Source } from './source.ts';

export type Section = 'principals' | 'tags' | 'compartments' | 'resources';

/** What the checks of a manifest's meaning share: what it declares, and where to report. */
export class Context {
  readonly manifest: Manifest;
  readonly #source: Source;
  readonly #cuts: Cuts;
  readonly #problems: Problems;
  #space: LabelSpace = new LabelSpace([]);

  constructor(manifest: Manifest, cuts: Cuts, { source, problems }: { source: Source; problems: Problems }) {
    this.manifest = manifest;
    this.#cuts = cuts;
    this.#source = source;
    this.#problems = problems;
  }

  get space(): LabelSpace {
    return this.#space;
  }

  declareTags(tags: Iterable<TagDeclaration>): void {
    this.#space = new LabelSpace(tags);
  }

  /** `path` is one of the shaped manifest; positions in lists are turned back into those of the file. */
  report(code: Code, path: Path, text: string, at: 'key' | 'value' = 'value'): void {
    this.#problems.add(code, this.#cuts.original(path), text, at);
  }

  lineOf(path: Path): number | null {
    return this.#source.placeOf(this.#cuts.original(path), 'value')?.line ?? null;
  }

  /** Was a part of this left out for its shape? Then what is said about the rest could be wrong. */
  isDoubtful(path: Path): boolean {
    return this.#cuts.touches(path);
  }

  /** Also names whose entries have a wrong shape: what refers to them is not dangling. */
  namesOf(section: Section): readonly string[] {
    const tree = this.#source.get([section]);
    return isTreeMap(tree) ? Object.keys(tree) : [];
  }

  isDeclared(section: Section, name: string): boolean {
    return this.namesOf(section).includes(name);
  }

  /** ` — did you mean 'notify'?`, or the advice. */
  guess(name: string, sections: readonly Section[], advice: string): string {
    const found = nearest(
      name,
      sections.flatMap((section) => this.namesOf(section)),
    );
    return found === null ? advice : `did you mean '${found}'?`;
  }

  /** Reports a tag or family that is not declared, or is of the other kind. */
  checkTag(tag: string, kind: TagKind, path: Path): boolean {
    return this.attempt(path, tag, () => this.space.assertTag(tag, kind));
  }

  /** Runs a check of the label room and turns what it throws into a problem here. */
  attempt(path: Path, tag: string, check: () => unknown): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!isCofferdamError(error)) throw error;
      const isCut =
        error.code === 'LABEL_TAG_UNDECLARED' &&
        [tag, familyOf(tag) ?? tag].some((name) => this.isDeclared('tags', name));
      if (!isCut) this.report(MANIFEST_CODES[error.code] ?? 'MANIFEST_VALUE', path, error.message);
      return false;
    }
  }

  checkTags(tags: readonly string[] | undefined, kind: TagKind, path: Path): boolean {
    return (tags ?? []).map((tag, index) => this.checkTag(tag, kind, [...path, index])).every((isRight) => isRight);
  }

  /** As checkLabel, for a label that something will carry: it must also be no larger than labels may be. */
  checkCarried(label: LabelInput, path: Path): boolean {
    return this.checkLabel(label, path) && this.attempt(path, '', () => this.space.label(label));
  }

  checkLabel(
    label: { secrecy?: readonly string[] | undefined; integrity?: readonly string[] | undefined } | undefined,
    path: Path,
  ): boolean {
    const isSecrecyRight = this.checkTags(label?.secrecy, 'secrecy', [...path, 'secrecy']);
    return this.checkTags(label?.integrity, 'integrity', [...path, 'integrity']) && isSecrecyRight;
  }
}

const MANIFEST_CODES: Readonly<Record<string, Code>> = {
  LABEL_TAG_SYNTAX: 'MANIFEST_TAG_SYNTAX',
  LABEL_TAG_UNDECLARED: 'MANIFEST_TAG_UNDECLARED',
  LABEL_TAG_KIND: 'MANIFEST_TAG_KIND',
  LABEL_LIMIT: 'MANIFEST_LIMIT',
};
