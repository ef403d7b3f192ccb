import type { ExamineJob } from './examine.ts';
import type { Job } from './understand.ts';

/** What the parsing worker can be asked. */
export type Request = Job | ExamineJob;
