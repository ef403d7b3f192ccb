import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { askingSubject, type Question } from '../operation.ts';
import type { MakeSubject, Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** The callee behind a thread's or a process's messages, one question at a time: nothing decided or recorded. */
export function postMessages(question: Question): MakeSubject {
  return async (scene) => {
    const worker = new Worker((await scene.programs()).answer, { workerData: { file: await calleeFile(scene) } });
    return await messagesSubject('postmessage', question, worker, () => void worker.terminate());
  };
}

export function forkMessages(question: Question): MakeSubject {
  return async (scene) => {
    const child = fork((await scene.programs()).answer, [await calleeFile(scene)], { stdio: ['ignore', 2, 2, 'ipc'] });
    return await messagesSubject('fork-ipc', question, child, () => void child.kill());
  };
}

export function comlink(question: Question): MakeSubject {
  return async (scene) => {
    const file = await calleeFile(scene);
    const modules = ['comlink.mjs', 'node-adapter.mjs'].map((name) => scene.peers.file('comlink', `dist/esm/${name}`));
    const worker = new Worker((await scene.programs()).answer, { workerData: { file, comlink: modules } });
    const [{ wrap }, { default: adapt }] = (await Promise.all(modules.map((href) => import(href)))) as [
      { wrap(endpoint: unknown): { add(a: number, b: number): Promise<number>; echo(text: string): Promise<string> } },
      { default(worker: Worker): unknown },
    ];
    const api = wrap(adapt(worker));
    return {
      ...askingSubject(
        'comlink',
        question,
        (a, b) => api.add(a, b),
        (text) => api.echo(text),
      ),
      close: () => void worker.terminate(),
    };
  };
}

interface Pool {
  run(task: readonly unknown[]): Promise<unknown>;
  destroy(): Promise<void>;
}

/** One thread, so that no two calls run at once, as with the others. */
export function tinypool(question: Question): MakeSubject {
  return async (scene) => {
    const { default: Tinypool } = (await import(scene.peers.file('tinypool', 'dist/index.js'))) as {
      default: new (options: object) => Pool;
    };
    const pool = new Tinypool({
      filename: (await scene.programs()).answer,
      minThreads: 1,
      maxThreads: 1,
      workerData: { file: await calleeFile(scene), comlink: 'pool' },
    });
    return {
      ...askingSubject(
        'tinypool',
        question,
        (a, b) => pool.run(['add', a, b]) as Promise<number>,
        (text) => pool.run(['echo', text]) as Promise<string>,
      ),
      close: () => pool.destroy(),
    };
  };
}

async function calleeFile(scene: Scene): Promise<string> {
  const file = join(scene.folder, 'callee.core.wasm');
  writeFileSync(file, await scene.guests.core('callee'));
  return file;
}

type Peer = Worker | ChildProcess;

async function messagesSubject(name: string, question: Question, peer: Peer, close: () => void): Promise<Subject> {
  let settle: (value: unknown) => void = () => undefined;
  peer.on('message', (value) => settle(value));
  const send = (message: unknown) => ('send' in peer ? peer.send(message as string) : peer.postMessage(message));
  const ask = (message: readonly unknown[]) =>
    new Promise<unknown>((resolve) => {
      settle = resolve;
      send(message);
    });
  await once(peer, peer instanceof Worker ? 'online' : 'spawn');
  return {
    ...askingSubject(
      name,
      question,
      (a, b) => ask(['add', a, b]) as Promise<number>,
      (text) => ask(['echo', text]) as Promise<string>,
    ),
    close,
  };
}
