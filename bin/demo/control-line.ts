/** What the demo's page and its `/control` say to each other, beside orders: the line between them has a heart, too. */
import type { Status } from './stagehand.ts';

/** What the page is told: what holds, and how many orders of its own have come since it is there. */
export interface Told extends Status {
  taken: number;
}

/** What the page asks with, and what it is answered. */
export const beat = { question: '{"do":"beat"}', answer: '{"done":"beat"}' };
