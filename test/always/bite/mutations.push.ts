/** The rules of `push/hub.ts`, each left out once. */
import type { Mutation } from './mutations.ts';

const silence = 'nothing is missing in silence';

export const rules: readonly Mutation[] = [
  {
    invariant: silence,
    judges: ['push'],
    what: '1. the head is asked for first, and followed afterwards',
    file: 'push/feed.ts',
    edits: [
      ['this.#unfollow ??= await this.#followed();', ''],
      [
        'this.#begin(await log.head(name));',
        'this.#begin(await log.head(name));\n      this.#unfollow ??= await this.#followed();',
      ],
    ],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '1. what comes between following and the head is not held',
    file: 'push/feed.ts',
    edits: [['else if (this.#held.length < mostHeld) this.#held.push(entry);', 'else if (entry) return;']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '2. what does not join is delivered',
    file: 'push/feed.ts',
    edits: [['entry.prev <= head.at && head.at < entry.at', 'head.at < entry.at']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '2. a reset changes nothing',
    file: 'push/hub.ts',
    edits: [['for (const { feed } of this.#topics.values()) feed.sync();', '']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '2. heads are not compared',
    file: 'push/feed.ts',
    edits: [['if (isSame(head, this.#head!)) this.#completeAt = at;', 'if (head) this.#completeAt = at;']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '3. a read gives what is left',
    file: 'push/memory.ts',
    edits: [
      ['if (after.at < first) return', 'if (after.at < 0) return'],
      ['const from = after.at - first;', 'const from = Math.max(0, after.at - first);'],
    ],
  },
  {
    invariant: 'each line is told once',
    judges: ['push'],
    what: '4. a client that is ahead of the hub becomes live',
    file: 'push/feed.ts',
    edits: [['at < this.#from || at > this.#head.at)', 'at < this.#from)']],
  },
  {
    invariant: 'nobody is believed',
    judges: ['push'],
    what: '4. a hub believes a client who is ahead of it',
    file: 'push/feed.ts',
    edits: [['at < this.#from || at > this.#head.at)', 'at < this.#from)']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '5. who has all there is, is live a turn later',
    file: 'push/subscription.ts',
    edits: [
      [
        'return this.#goLive(head);',
        '{ await new Promise((resolve) => setTimeout(resolve)); return this.#goLive(head); }',
      ],
    ],
  },
  {
    invariant: 'no needless gap',
    judges: ['push'],
    what: '6. a hub of another epoch tells of a gap without asking',
    file: 'push/subscription.ts',
    edits: [
      [
        'if (recent === undefined) await this.#read(away);',
        "if (recent === undefined && head.epoch !== this.#at.epoch) this.#tellGap('epoch', head);\n      else if (recent === undefined) await this.#read(away);",
      ],
    ],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '7. a number that falls is passed over',
    file: 'push/feed.ts',
    edits: [['else this.sync();\n  }\n\n  #deliver', 'else if (entry.at > head.at) this.sync();\n  }\n\n  #deliver']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: '8. every life of a log is of the same epoch',
    file: 'push/memory.ts',
    edits: [['crypto.randomUUID().slice(0, 13)', "'always'"]],
  },
  {
    invariant: 'each once, in order',
    judges: ['push'],
    what: '9. an id that is known is appended again',
    file: 'push/memory.ts',
    edits: [['if (known !== undefined && now - known.since <= idsKeptFor)', 'if (known !== undefined && now < 0)']],
  },
  {
    invariant: 'what waits is bounded',
    judges: ['push'],
    what: '10. who does not read is sent on and on',
    file: 'push/peer.ts',
    edits: [['if (this.#full !== undefined) return false;', '']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: 'a read is taken for the answer to a position before it',
    file: 'push/feed.ts',
    edits: [['if (after.at < from.at || after.at > last) return undefined;', 'if (after.at > last) return undefined;']],
  },
  {
    invariant: 'nobody is believed',
    judges: ['push'],
    what: 'a stranger hears what the hub has not heard yet',
    file: 'push/subscription.ts',
    edits: [['if (!history) this.#feed.sync();', '']],
  },
  {
    invariant: 'the state comes first',
    judges: ['push'],
    what: 'what comes while a state is loaded is delivered',
    file: 'push/topic.ts',
    edits: [["if (typeof this.#state === 'object') return this.#hold(message, this.#state);", '']],
  },
  {
    invariant: 'a position only rises',
    judges: ['push'],
    what: 'who has caught up begins anew',
    file: 'push/topic.ts',
    edits: [['this.#at = this.#heard;', 'this.#at = 0;']],
  },
  {
    invariant: silence,
    judges: ['push'],
    what: 'what comes after more than may wait for a state is taken',
    file: 'push/topic.ts',
    edits: [
      ["if (at <= this.#heard || phase === 'asking' || phase === 'closed') return;", "if (phase === 'closed') return;"],
    ],
  },
  {
    invariant: 'a gap knows what it is',
    judges: ['push'],
    what: 'what waits for a state is not counted among what is missing',
    file: 'push/topic.ts',
    edits: [['missed + held;', 'missed;']],
  },
];
