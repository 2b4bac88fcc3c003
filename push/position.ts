/** How far a topic has been heard, and its form as a cursor: `EPOCH.AT`. */

export interface Position {
  /** One life of a log: where history may have been lost, rewound or forked, a new one begins. 1 to 40 characters of `A-Z a-z 0-9 _ -`. */
  readonly epoch: string;
  /** Of the last message that was heard. Within an epoch it only rises. 0 to 2⁵³ − 1. */
  readonly at: number;
}

/** Longest cursor, in characters. */
export const longestCursor = 64;

const form = /^([A-Za-z0-9_-]{1,40})\.(0|[1-9]\d{0,15})$/;
const numberForm = /^(?:0|[1-9]\d{0,15})$/;

export function cursorOf({ epoch, at }: Position): string {
  return `${epoch}.${at}`;
}

/** Undefined for what is no cursor, whatever it is. */
export function positionIn(cursor: unknown): Position | undefined {
  if (typeof cursor !== 'string' || cursor.length > longestCursor) return undefined;
  const [, epoch, digits] = form.exec(cursor) ?? [];
  const at = Number(digits);
  return epoch !== undefined && Number.isSafeInteger(at) ? { epoch, at } : undefined;
}

/** 0 to 2⁵³ − 1, in digits; undefined for all else. */
export function numberIn(text: string | undefined): number | undefined {
  const number = text !== undefined && numberForm.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Nothing lies between them. */
export function isSame(a: Position, b: Position): boolean {
  return a.at === b.at && a.epoch === b.epoch;
}
