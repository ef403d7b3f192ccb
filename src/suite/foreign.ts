/** What another host throws where it refuses or stops something: it stands for any of our codes. */
export class Refused extends Error {}

/** What another host throws when it is asked for something that it has no word for: the case says nothing about it. */
export class NotApplicable extends Error {}

/** The code of a refusal by a host that has no codes. */
export const REFUSED = 'refused';
