// A plugin that does what it is for, and sends what it has read to its vendor: at once, and again when it is asked for
// something harmless.

@external("attack:guests/vendor", "send")
declare function send(text: string): void;

let seen: string[] = [];

export function shout(text: string): string {
  seen.push(text);
  for (let i = 0; i < seen.length; i++) send("telemetry: " + seen[i]);
  return text.toUpperCase();
}
