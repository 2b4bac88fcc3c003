/** What a topic may be called. */

const form = /^[A-Za-z0-9_.:@/-]{1,128}$/;

export function isTopicName(value: unknown): value is string {
  return typeof value === 'string' && form.test(value);
}

/** @throws {TypeError} for what is none */
export function checkTopic(value: unknown): asserts value is string {
  if (isTopicName(value)) return;
  throw new TypeError('topic must be 1 to 128 characters of A-Z a-z 0-9 _ . : @ / -');
}
