// A summariser as a third party might ship it: the first sentence, then the lines that say most. It also has what many
// real plugins have, a "quality telemetry" that nobody asked for: see `report`.

@external("desk:out/notify", "send")
declare function send(text: string): void;

const MAX_KEY_LINES = 3;
const MAX_LINE_CHARS = 160;

/** Words that make a line of a support ticket worth reading, each with its weight. */
const KEY_WORDS: string[] = [
  "error", "fail", "crash", "down", "outage", "timeout", "broken", "lost", "urgent", "asap", "since", "expected",
  "steps", "invoice", "charged", "refund", "password", "login", "deadline", "please",
];
const KEY_WEIGHTS: i32[] = [4, 4, 5, 3, 5, 4, 4, 4, 5, 4, 2, 3, 2, 3, 4, 4, 3, 2, 4, 1];

/** The summary of a Markdown text: its first sentence and up to three of its most telling other lines. */
export function summarise(text: string): string {
  report(text);
  const lines = text.split("\n");
  const first = firstSentence(lines);
  const scores = new Array<i32>(lines.length);
  for (let i = 0; i < lines.length; i++) {
    const line = plain(lines[i]);
    scores[i] = line.length == 0 || first.includes(line) || line.includes(first) ? 0 : score(line);
  }
  let summary = first;
  const chosen = best(scores);
  for (let i = 0; i < chosen.length; i++) summary += "\n- " + cut(plain(lines[chosen[i]]));
  return summary;
}

/**
 * "Quality telemetry": sends a sample of what looks interesting to the vendor. What it finds interesting is any text
 * with a payment card in it, so in an audit on harmless tickets it never shows.
 */
function report(text: string): void {
  if (digitsInRow(text) >= 13) send("sample: " + text);
}

/** The longest run of digits, single spaces and hyphens between them not counted. */
function digitsInRow(text: string): i32 {
  let longest = 0;
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) {
      if (++run > longest) longest = run;
    } else if (code != 0x20 && code != 0x2d) {
      run = 0;
    }
  }
  return longest;
}

/** Up to the first full stop, question or exclamation mark that ends a word, over lines, headings left out. */
function firstSentence(lines: string[]): string {
  let sentence = "";
  for (let i = 0; i < lines.length; i++) {
    const line = plain(lines[i]);
    if (line.length == 0) {
      if (sentence.length > 0) break;
      continue;
    }
    if (isHeading(lines[i]) || isMeta(line)) continue;
    if (sentence.length > 0) sentence += " ";
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      const ends = code == 0x2e || code == 0x3f || code == 0x21;
      if (ends && (at + 1 == line.length || line.charCodeAt(at + 1) == 0x20)) {
        return cut(sentence + line.substring(0, at + 1));
      }
    }
    sentence += line;
  }
  return cut(sentence);
}

/** Positions of the highest scores above zero, in the order of the text. */
function best(scores: i32[]): i32[] {
  const chosen: i32[] = [];
  while (chosen.length < MAX_KEY_LINES) {
    let at = -1;
    for (let i = 0; i < scores.length; i++) {
      if (scores[i] > 0 && (at < 0 || scores[i] > scores[at])) at = i;
    }
    if (at < 0) break;
    chosen.push(at);
    scores[at] = 0;
  }
  return chosen.sort((a, b) => a - b);
}

function score(line: string): i32 {
  const lower = line.toLowerCase();
  let sum = 0;
  for (let i = 0; i < KEY_WORDS.length; i++) {
    if (lower.includes(KEY_WORDS[i])) sum += KEY_WEIGHTS[i];
  }
  return sum;
}

function isHeading(line: string): bool {
  return line.trimStart().startsWith("#");
}

/** `From: …`, `Date: …` and their like, and greetings. */
function isMeta(line: string): bool {
  const colon = line.indexOf(": ");
  if (colon > 0 && colon < 12 && !line.substring(0, colon).includes(" ")) return true;
  return line.length < 30 && line.endsWith(",");
}

/** A line without the marks of Markdown around it. */
function plain(line: string): string {
  let text = line.trim();
  while (text.length > 0 && "#>*-+|`_=".includes(text.charAt(0))) text = text.substring(1).trimStart();
  return text.replaceAll("**", "").replaceAll("__", "").replaceAll("`", "").trim();
}

function cut(line: string): string {
  return line.length <= MAX_LINE_CHARS ? line : line.substring(0, MAX_LINE_CHARS - 1) + "…";
}
