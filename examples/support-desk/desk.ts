import {
  createHost,
  denials,
  gates,
  type Host,
  type HostFile,
  isCofferdamError,
  type Reply,
  routesOf,
  type TraceRoute,
  trace,
  verifyJournal,
} from '../../src/index.ts';
import { startWebhook } from './webhook.ts';

export interface Ticket {
  readonly path: string;
  readonly label: string;
  readonly text: string;
  readonly summary: string;
  readonly topic: string;
  readonly urgency: number;
  readonly words: number;
  /** Did the formatter change anything? */
  readonly isReformatted: boolean;
}

export interface Report {
  readonly compartments: readonly { name: string; from: string; speaks: string; sha256: string }[];
  readonly tickets: readonly Ticket[];
  /** What plugins tried and were not allowed to. */
  readonly denied: readonly { edge: string; explanation: string; times: number }[];
  /** What did not come back in its time, and was stopped. */
  readonly stopped: readonly { path: string; code: string; message: string; afterMs: number }[];
  /** What left, through the gate. */
  readonly released: readonly { path: string; before: string; after: string; text: string }[];
  readonly arrived: readonly string[];
  /** Personal data of the tickets that reached the public world: must be empty. */
  readonly leaks: readonly string[];
  readonly instances: readonly { id: string; label: string; memoryBytes: number }[];
  readonly questions: { readonly denials: number; readonly gateUses: number; readonly routes: readonly string[] };
  readonly journal: { readonly ok: boolean; readonly events: number; readonly path: string; readonly head: string };
  readonly elapsedMs: number;
}

interface Verdict {
  readonly topic: string;
  readonly urgency: number;
}

/** The main job: what `npm start` runs. */
export async function runDesk(manifest: string): Promise<Report> {
  const startedMs = performance.now();
  await using webhook = await startWebhook();
  const host = await createHost(manifest, { resources: { webhook: (message) => webhook.post(String(message)) } });
  const run = host.run;
  const denied = countDenials(host);
  const tickets: Ticket[] = [];
  const stopped: Report['stopped'][number][] = [];
  const released: Report['released'][number][] = [];
  for (const path of await host.list('tickets')) {
    const file = await host.read('tickets', path);
    const { ticket, summary } = await work(host, file);
    tickets.push(ticket);
    if (stopped.length === 0) stopped.push(await spellCheck(host, file));
    released.push(await release(host, path, summary));
  }
  await host.drained();
  const compartments = host.compartments();
  const instances = compartments.flatMap((compartment) =>
    compartment.instances.map(({ id, label, memoryBytes }) => ({
      id,
      label: host.format(label),
      memoryBytes: memoryBytes ?? 0,
    })),
  );
  const path = host.journalPath ?? '';
  const { seq, hash } = host.checkpoint();
  await host.close();
  const verified = verifyJournal(path, { expect: { seq, hash } });
  const customer = 'customer:acme';
  return {
    compartments: compartments.map(({ name, sha256 }) => {
      const policy = host.policy.compartments.get(name);
      return { name, from: policy?.wasm ?? '', speaks: policy?.abi ?? '', sha256 };
    }),
    tickets,
    denied: denied(),
    stopped,
    released,
    arrived: webhook.arrived,
    leaks: findLeaks(tickets, webhook.arrived),
    instances,
    questions: {
      denials: [...denials(path, { fromSeq: run })].length,
      gateUses: [...gates(path, { fromSeq: run })].length,
      routes: routesOf(trace(path, { tag: customer, direction: 'forward' }), run).map(describeRoute),
    },
    journal: { ok: verified.ok, events: verified.events, path, head: `${seq}:${hash}` },
    elapsedMs: performance.now() - startedMs,
  };
}

/** One ticket through the plugins, each reply passed on with its label. */
async function work(host: Host, file: HostFile): Promise<{ ticket: Ticket; summary: Reply<string> }> {
  const formatted = await host.call<string>('format.format', [file.value], { from: file });
  const summary = await host.call<string>('summarise.summarise', [formatted.value], { from: formatted });
  const verdict = await host.call<Verdict>('classify.classify', [formatted.value], { from: formatted });
  const counts = await host.call<{ words: number }>('count.count', [formatted.value], { from: formatted });
  const ticket = {
    path: file.path,
    label: host.format(summary.label),
    text: file.value,
    summary: summary.value,
    topic: verdict.value.topic,
    urgency: verdict.value.urgency,
    words: counts.value.words,
    isReformatted: formatted.value !== file.value,
  };
  return { ticket, summary };
}

/** A plugin that loops for ever: its call ends at its deadline, and the next plugin is called as if nothing had been. */
async function spellCheck(host: Host, file: HostFile): Promise<Report['stopped'][number]> {
  const startedMs = performance.now();
  const error = await host.call('spell.run', [], { from: file }).catch((error: unknown) => error);
  const afterMs = performance.now() - startedMs;
  if (!isCofferdamError(error)) throw new Error('the plugin came back', { cause: error });
  return { path: file.path, code: error.code, message: error.message, afterMs };
}

/** The summary goes through the gate, which removes personal data, and then out to the webhook. */
async function release(host: Host, path: string, summary: Reply<string>): Promise<Report['released'][number]> {
  const redacted = await host.call<string>('redact.redact', [summary.value], { from: summary });
  await host.post('notify.send', [redacted.value], { from: redacted });
  return { path, before: host.format(summary.label), after: host.format(redacted.label), text: redacted.value };
}

function countDenials(host: Host): () => Report['denied'] {
  const seen = new Map<string, { edge: string; explanation: string; times: number }>();
  host.on('denied', ({ edge, explanation, text }) => {
    const key = `${edge} ${explanation.from}`;
    const times = (seen.get(key)?.times ?? 0) + 1;
    seen.set(key, { edge, explanation: text, times });
  });
  return () => [...seen.values()];
}

/** `tickets → format → summarise → redact ⟶ (gate: -customer:acme) → notify → webhook`, the program's own part left out. */
function describeRoute({ steps, end, isDenied }: TraceRoute): string {
  const names = steps.flatMap(({ edge, to }) => {
    const gate = edge.gates.map(({ declassified }) => `(gate: -${declassified.join(' -')})`);
    const name = to === end ? to.name : to.compartment;
    return [...gate, ...(name === null ? [] : [name])];
  });
  const way = [steps[0]?.from.name ?? '', ...names].filter((name, i, all) => name !== all[i - 1]).join(' → ');
  return isDenied ? `${way}  DENIED` : way;
}

/** Looks for e-mail addresses, phone and card numbers of the tickets in what the public world got. */
function findLeaks(tickets: readonly Ticket[], arrived: readonly string[]): string[] {
  const personal = /[\w.]+@[\w.]+\.\w+|(?:\d[ -]?){13,16}|\+?\d?[ -]?\(?\d{3}\)?[ -]\d{3}-\d{4}/g;
  const secrets = new Set(tickets.flatMap(({ text }) => [...text.matchAll(personal)].map(([match]) => match.trim())));
  return [...secrets].filter((secret) => arrived.some((message) => message.includes(secret)));
}
