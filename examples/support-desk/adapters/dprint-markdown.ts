import { defineAdapter, type GuestAccess } from '../../../src/convention/adapter.ts';

/*
 * Makes a dprint plugin keep to `format: func(text: string) -> result<string, string>`. A plugin talks through one
 * shared buffer: whoever wants to say something asks for room in it, writes, and calls.
 * Source: dprint, docs/wasm-plugin-development.md, schema version 4.
 */

const CONFIG_ID = 1;
const CONFIG = { plugin: { textWrap: 'maintain', emphasisKind: 'asterisks' }, global: { lineWidth: 100 } };
/** What `format` answers, and `host_format` too. */
const NO_CHANGE = 0;
const CHANGED = 1;

/** Puts bytes into the shared buffer. */
function say(guest: GuestAccess, text: string): void {
  const bytes = new TextEncoder().encode(text);
  guest.write(guest.call('clear_shared_bytes', bytes.length), bytes);
}

/** Reads `length` bytes of the shared buffer: what the plugin said. */
function hear(guest: GuestAccess, length: number): string {
  return guest.readText(guest.call('get_shared_bytes_ptr'), length);
}

export default defineAdapter({
  start(guest) {
    if (guest.call('dprint_plugin_version_4') !== 4) throw new Error('the plugin is not of schema version 4');
    say(guest, JSON.stringify(CONFIG));
    guest.call('register_config', CONFIG_ID);
  },

  imports: {
    // Code blocks in other languages: there is nobody here to format them, so they stay as they are.
    'dprint.host_format': () => NO_CHANGE,
    'dprint.host_get_formatted_text': () => 0,
    'dprint.host_get_error_text': () => 0,
    'dprint.host_write_buffer': () => undefined,
  },

  exports: {
    format(guest, text: string) {
      say(guest, 'ticket.md');
      guest.call('set_file_path');
      say(guest, text);
      switch (guest.call('format', CONFIG_ID)) {
        case NO_CHANGE:
          return { tag: 'ok', val: text };
        case CHANGED:
          return { tag: 'ok', val: hear(guest, guest.call('get_formatted_text')) };
        default:
          return { tag: 'err', val: hear(guest, guest.call('get_error_text')) };
      }
    },
  },
});
