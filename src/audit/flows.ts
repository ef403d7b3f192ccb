import type { AuditEvent, AuditEventOf, StoredLabel } from './events.ts';
import type { Flow, NodeKey } from './trace-graph.ts';

/** The node of a participant. Instances and sessions are told apart later, by whether one was started. */
export function participantNode(run: number, name: string): NodeKey {
  return { id: `${run} ${name}`, kind: /^host(#|$)/.test(name) ? 'host' : 'session', name, run };
}

/** `host` as such: trusted code that says itself how what it sends is labelled. What it holds of one message isn't this. */
export function isHostCode({ name, kind }: NodeKey): boolean {
  return kind === 'host' && name === 'host';
}

/**
 * A resource with one label. Objects of one resource with different labels are different objects (the files of
 * two customers), so what was written at one label isn't read at another.
 */
function resourceNode(name: string, label: StoredLabel): NodeKey {
  const id = `resource ${JSON.stringify([name, label.secrecy, label.integrity])}`;
  return { id, kind: 'resource', name, run: 0 };
}

/**
 * What an event moved; null for one that moved nothing. A `post` moves its data when it's delivered: see `postFlow`; `calls`
 * move more than once: see `callsFlows`.
 */
export function flowOf(event: AuditEvent, run: number): Flow | null {
  const { seq } = event;
  switch (event.kind) {
    case 'call':
      return {
        kind: 'request',
        from: participantNode(run, event.from),
        to: participantNode(run, event.to),
        via: event.export,
        label: event.requestLabel,
        bytes: event.bytes,
        message: event.message,
        count: 1,
        isGateable: true,
        run,
        seq,
      };
    case 'reply':
      return {
        kind: 'reply',
        from: participantNode(run, event.from),
        to: participantNode(run, event.to),
        via: event.outcome,
        label: event.label,
        bytes: event.bytes,
        message: event.message,
        count: 1,
        isGateable: true,
        run,
        seq,
      };
    case 'denied':
      return {
        kind: 'denied',
        from: participantNode(run, event.from),
        to: { id: `denied ${event.to}`, kind: 'resource', name: event.to, run: 0 },
        via: event.edge,
        label: event.requestLabel,
        bytes: 0,
        message: event.message,
        count: 1,
        isGateable: false,
        run,
        seq,
      };
    case 'output': {
      const from = participantNode(run, event.instance);
      const to: NodeKey = { id: `output ${from.id} ${event.stream}`, kind: 'output', name: event.stream, run };
      return {
        kind: 'output',
        from,
        to,
        via: event.stream,
        label: null,
        bytes: event.bytes,
        message: null,
        count: 1,
        isGateable: true,
        run,
        seq,
      };
    }
    case 'read':
    case 'write':
      return resourceFlow(event, run);
    default:
      return null;
  }
}

function resourceFlow(event: AuditEventOf<'read'> | AuditEventOf<'write'>, run: number): Flow {
  const { kind, label, bytes, message, seq } = event;
  const resource = resourceNode(event.resource, label);
  const instance = participantNode(run, event.instance);
  const [from, to] = kind === 'read' ? [resource, instance] : [instance, resource];
  return { kind, from, to, via: event.resource, label, bytes, message, count: 1, isGateable: true, run, seq };
}

export function postFlow(post: AuditEventOf<'post'>, deliver: AuditEventOf<'deliver'>, run: number): Flow {
  return {
    kind: 'post',
    from: participantNode(run, post.from),
    to: participantNode(run, deliver.to),
    via: post.export,
    label: post.requestLabel,
    bytes: post.bytes,
    message: post.message,
    count: 1,
    isGateable: true,
    run,
    seq: deliver.seq,
  };
}

/**
 * What `calls` moved, in the order of time: `count` times a request and its reply. They're told in groups: after the first pair
 * both sides hold what one of them held, going back after the last, and the pair of `message` may be where a trace
 * begins, so these stand alone and the ones between are alike.
 */
export function callsFlows(event: AuditEventOf<'calls'>, run: number, message: number | null): Flow[] {
  const { count, seq, requestLabel, replyLabel, requestBytes, replyBytes, message: first, export: via } = event;
  const from = participantNode(run, event.from);
  const to = participantNode(run, event.to);
  // A gate's uses are recorded before they take effect, so a call through one leaves Wasm.
  const shared = { via, run, seq, isGateable: false };
  const reply = { ...shared, kind: 'reply', from: to, to: from, label: replyLabel } as const;
  const request = { ...shared, kind: 'request', from, to, label: requestLabel } as const;
  if (first === null) {
    // The calls have been counted, each with a reply, where they were recorded.
    const part = { message: null, count: 0 };
    const answer = { ...reply, ...part, bytes: replyBytes };
    return count === 0 ? [{ ...request, ...part, bytes: requestBytes }, answer] : [answer];
  }
  const at = message === null ? 0 : message - first;
  const cuts = [1, at, at + 1, count - 1, count].filter((cut) => cut > 0 && cut <= count).sort((a, b) => a - b);
  const flows: Flow[] = [];
  let start = 0;
  for (const end of cuts) {
    if (end === start) continue;
    const share = (bytes: number): number => upTo(bytes, end, count) - upTo(bytes, start, count);
    const group = { message: first + start, count: end - start };
    flows.push({ ...request, ...group, bytes: share(requestBytes) }, { ...reply, ...group, bytes: share(replyBytes) });
    start = end;
  }
  return flows;
}

/** Of bytes that are known as a sum, the part of the first `pairs`: all of them are taken for equally long. */
function upTo(bytes: number, pairs: number, count: number): number {
  return pairs === count ? bytes : Math.floor((bytes / count) * pairs);
}
