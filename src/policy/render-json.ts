import type { Way } from './analysis.ts';
import type { CheckReport } from './check-report.ts';

/** The report for a program: `CheckReport` as it is. Ends with a line break. */
export function renderJson(report: CheckReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The answer to `--why` for a program. */
export function renderWhyJson(tag: string, resource: string, ways: readonly Way[]): string {
  return `${JSON.stringify({ tag, resource, ways }, null, 2)}\n`;
}
