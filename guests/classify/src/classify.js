// Sorts a support ticket into a topic and says how urgent it is. Runs in QuickJS, compiled to a component.

const TOPICS = {
  billing: ['invoice', 'charged', 'refund', 'payment', 'card', 'price', 'vat', 'billing'],
  outage: ['down', 'outage', 'timeout', '500', '502', '503', 'unreachable', 'crash', 'error'],
  account: ['password', 'login', 'log in', 'account', 'locked', '2fa', 'sso', 'e-mail address'],
  feature: ['would be nice', 'feature', 'could you add', 'wish', 'suggest', 'support for'],
};

const URGENCY = {
  urgent: 3,
  asap: 3,
  immediately: 3,
  'right now': 3,
  production: 2,
  outage: 2,
  down: 1,
  deadline: 1,
  blocked: 2,
  twice: 1,
  '!!': 1,
};

function found(text, words) {
  return words
    .map((word) => ({ word, at: text.search(asWord(word)) }))
    .filter(({ at }) => at >= 0);
}

/** `down` but not `download`; signs such as `!!` stand anywhere. */
function asWord(word) {
  return /\w/.test(word) ? new RegExp(`(?<!\\w)${word}(?!\\w)`) : new RegExp(word);
}

export const classify = {
  classify(text) {
    const lower = text.toLowerCase();
    const byTopic = Object.entries(TOPICS).map(([topic, words]) => ({ topic, hits: found(lower, words) }));
    const best = byTopic.reduce((a, b) => (b.hits.length > a.hits.length ? b : a));
    const pressing = found(lower, Object.keys(URGENCY));
    const urgency = pressing.reduce((sum, { word }) => sum + URGENCY[word], 0);
    const signals = [...best.hits, ...pressing].sort((a, b) => a.at - b.at).map(({ word }) => word);
    return {
      topic: best.hits.length === 0 ? 'other' : best.topic,
      urgency: Math.min(9, urgency),
      signals: [...new Set(signals)],
    };
  },
};
