import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type CallOptions, createHost, type Host } from '../../src/index.ts';

const DESK = new URL('../../examples/support-desk/', import.meta.url);
const ACME = { label: { secrecy: ['customer:acme'] } };
const PUBLIC = { label: {} };

/** The guests of the support desk under its own manifest, each doing what it is there for. */
describe('the guests of the support desk', () => {
  const arrived: string[] = [];
  const denied: string[] = [];
  let host: Host;

  beforeAll(async () => {
    const manifest = parse(readFileSync(new URL('cofferdam.yaml', DESK), 'utf8'));
    const resources = { webhook: (message: unknown) => void arrived.push(String(message)) };
    host = await createHost({ ...manifest, audit: {} }, { baseDir: DESK.pathname, resources });
    host.on('denied', ({ edge }) => denied.push(edge));
  });
  afterAll(() => host.close());

  const answerOf = async (target: string, text: string, options: CallOptions = ACME): Promise<unknown> =>
    (await host.call(target, [text], options)).value;

  it('count counts words, lines and characters', async () => {
    expect(await answerOf('count.count', 'one two\nthree — four')).toEqual({ words: 5, lines: 2, chars: 20 });
    expect(await answerOf('count.count', '')).toEqual({ words: 0, lines: 0, chars: 0 });
  });

  it('classify finds topic and urgency', async () => {
    const verdict = await answerOf('classify.classify', 'The site is down, urgent!! Error 502 (production)');
    const signals = ['down', 'urgent', '!!', 'error', '502', 'production'];
    expect(verdict).toEqual({ topic: 'outage', urgency: 7, signals });
    expect(await answerOf('classify.classify', 'Hello')).toEqual({ topic: 'other', urgency: 0, signals: [] });
  });

  it('format formats', async () => {
    expect(await answerOf('format.format', '*  a\n*  b\n')).toBe('- a\n- b\n');
  });

  it.each([
    ['ada@example.com', '[e-mail]'],
    ['Ada <ada@example.com>', 'Ada [e-mail]'],
    ['call +1 212-555-0147', 'call [phone number]'],
    ['call 555-0199', 'call [phone number]'],
    ['card 4111 1111 1111 1111', 'card [card number]'],
    ['card 5555-5555-5555-4444', 'card [card number]'],
    ['order 5555-5555-5555-4445', 'order 5555-5555-5555-4445'], // the check digit is wrong
    ['from 192.0.2.7', 'from [IP address]'],
    ['from (192.0.2.7)', 'from [IP address]'],
    ['version 1.2.3', 'version 1.2.3'],
    ['from 2001:db8::17', 'from [IP address]'],
    ['at 06:10', 'at 06:10'],
    ['order ACME-10442', 'order [removed]'],
    ['größe 🦀 ada@example.com ü bob@example.com.', 'größe 🦀 [e-mail] ü [e-mail].'],
    ['nothing to hide', 'nothing to hide'],
    ['', ''],
  ])('redact makes %j %j, and it is public', async (text, expected) => {
    const reply = await host.call('redact.redact', [text], ACME);
    expect(reply.value).toBe(expected);
    expect(host.format(reply.label)).toBe('public');
  });

  it('redact takes a long text with many findings', async () => {
    const text = 'ada@example.com and text. '.repeat(300);
    expect(await answerOf('redact.redact', text)).toBe('[e-mail] and text. '.repeat(300));
  });

  it('notify sends public texts, and no others', async () => {
    arrived.length = 0;
    await host.call('notify.send', ['héllo'], PUBLIC);
    await expect(host.call('notify.send', ['secret'], ACME)).rejects.toMatchObject({ code: 'FLOW_DENIED' });
    expect(arrived).toEqual(['héllo']);
  });

  it('summarise leaks what is public, and nothing else; nor does it notice', async () => {
    const text = 'It broke. Card 4111 1111 1111 1111.';
    arrived.length = 0;
    denied.length = 0;
    expect(await answerOf('summarise.summarise', text, PUBLIC)).toBe(await answerOf('summarise.summarise', text));
    await host.drained();
    expect(arrived).toEqual([`sample: ${text}`]);
    expect(denied).toEqual(['summarise -> notify: desk:out/notify#send']);
  });

  it('keep what is not for the host out of its reach', async () => {
    const config = { skipCustomDetect: true, skipCustomRedact: true };
    await expect(host.call('detect.redact', ['x', config], ACME)).rejects.toMatchObject({ code: 'ENTRY_DENIED' });
    const init = host.call('classify.init', ['', '', undefined, false], ACME);
    await expect(init).rejects.toMatchObject({ code: 'ENTRY_DENIED' });
  });
});
