import { parentPort, workerData } from 'node:worker_threads';
import { type PlainCallee, plainCalleeOf } from '../plain-callee.ts';

/*
 * The other end of peers that cross threads or processes: answers `[name, ...arguments]` by the core module of the bench's
 * callee. As a thread of `{ file, comlink }`; as a task of a pool of such threads; as a process, `node answer.js FILE`.
 */

/** What a thread is told. */
interface ThreadData {
  readonly file: string;
  /** Comlink's two modules, if it is to speak its protocol; true when a pool brings its own. */
  readonly comlink?: readonly [main: string, adapter: string] | 'pool';
}

type Question = readonly ['add', number, number] | readonly ['echo', string];

const isPool = Array.isArray(workerData);
const data = (isPool ? workerData[1] : workerData) as ThreadData | null;
const callee = await plainCalleeOf(data?.file ?? process.argv[2] ?? '');

function answer(question: Question): number | string {
  return question[0] === 'add' ? callee.add(question[1], question[2]) : callee.echo(question[1]);
}

if (data === null) process.on('message', (question: Question) => process.send?.(answer(question)));
else if (Array.isArray(data.comlink)) {
  const [{ expose }, { default: adapt }] = (await Promise.all(data.comlink.map((href) => import(href)))) as [
    { expose(api: PlainCallee, endpoint: unknown): void },
    { default(port: unknown): unknown },
  ];
  expose(callee, adapt(parentPort));
} else if (data.comlink !== 'pool') {
  parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)));
}

export default answer;
