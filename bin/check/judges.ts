/** Whether a rule was kept, from all that was seen. Nothing here waits, or does anything. */
import { jsonObject } from '../../adapters/protocols/protocol.ts';
import { duration } from '../terminal.ts';
import {
  answersLike,
  delayOf,
  fateOf,
  formFault,
  hasLost,
  isGenerous,
  isRefused,
  isWelcome,
  momentsOf,
  offsetBetween,
  quickestOf,
  refusals,
  usualDelay,
  wasSentAway,
  wayOf,
  welcomed,
  wereTogether,
} from './evidence.ts';
import type { RuleName } from './rules.ts';
import { endText } from './transcript.ts';
import type { Heard, Visitor } from './visitor.ts';
import type { Seen } from './visits.ts';

export type Verdict =
  | 'held'
  | 'broken'
  /** It was not tried, or nothing was seen that decides. */
  | 'open';

export interface Finding {
  readonly verdict: Verdict;
  /** What was seen, in a few words. */
  readonly detail: string;
  /** Who have seen it. */
  readonly visitors?: readonly Visitor[] | undefined;
  /** Where it is not that of the rule. */
  readonly remedy?: string | undefined;
}

type Judge = (seen: Seen) => Finding;

/** Ms within which an answer is written. */
const atOnce = 1_000;
/** And until a welcome. */
const welcomeTime = 5_000;
/** Ms by which a clock may be off; of one that states whole seconds. */
const offBy = 1_000;
/** Close codes after which no client dials again. */
const forGood = new Set([1002, 1003, 1007, 1008, 1010, 3000, 3003]);

const held = (detail: string): Finding => ({ verdict: 'held', detail });
const open = (detail: string): Finding => ({ verdict: 'open', detail });
const broken = (detail: string, seenBy: Visitor | readonly Visitor[] | undefined, remedy?: string): Finding => ({
  verdict: 'broken',
  detail,
  visitors: seenBy === undefined ? [] : [seenBy].flat(),
  remedy,
});

/** Close codes for frames that nobody could read. */
const misreads = new Set([1002, 1007]);
/** Ms for which clients of the defaults are silent at most. */
const usualNeed = 70_000;
/** In ms, less is long ago; in seconds, it is now. */
const firstMilliseconds = 1e11;

const unwelcomed = open('nobody was welcomed');

export const judges: Readonly<Record<RuleName, Judge>> = {
  L1({ first, together, idle, crowd }) {
    const { ended } = first;
    if (ended !== undefined && hasLost(first)) {
      const what = `${endText(ended)}, ${duration(ended.at - (first.openedAt ?? 0))} after it was opened`;
      return broken(refusals.has(ended.code) ? `it refuses us: ${what}` : what, first);
    }
    const others = [...together.slice(1), ...(idle === undefined ? [] : [idle])];
    if (others.every(({ openedAt, refusal }) => openedAt === undefined && refusal === 'ETIMEDOUT'))
      return broken('it serves one client at a time: the others were never answered', others[0], oneAtATime);
    const refused = together.find((visitor) => visitor.openedAt === undefined || hasLost(visitor));
    if (refused !== undefined && isRefused(refused))
      return open(`one of ${together.length} that were there at once is refused: ${fateOf(refused)}`);
    if (refused !== undefined)
      return broken(`one of ${together.length} that were there at once: ${fateOf(refused)}`, refused);
    if (idle?.openedAt === undefined)
      return broken(`a second client: ${idle === undefined ? 'none' : fateOf(idle)}`, idle);
    const late = crowd?.witness;
    if (late?.openedAt === undefined && late !== undefined && !isRefused(late))
      return broken(`it was there, and is gone: who came later ${fateOf(late)}`, late);
    return held(`${together.length + 1} at once`);
  },

  L2({ pinger, first }) {
    if (pinger?.openedAt === undefined) return open('there was no line to try it on');
    if (hasLost(first) || isRefused(pinger)) return open(`the line was ended before: ${fateOf(pinger)}`);
    const { pinged, pongs } = pinger;
    const wrong = pongs.find(({ payload }, i) => payload !== pinged[i]?.payload);
    if (wrong !== undefined) return broken('the pong has another payload than the ping', pinger);
    if (pongs.length === 0) return broken(hasLost(pinger) ? fateOf(pinger) : 'no pong', pinger);
    if (pongs.length < pinged.length)
      return broken(hasLost(pinger) ? fateOf(pinger) : `${pongs.length} pongs to ${pinged.length} pings`, pinger);
    const quickest = quickestOf({ questions: pinged, answers: pongs });
    return quickest > atOnce + wayOf(pinger)
      ? broken(`the quickest pong after ${duration(quickest)}`, pinger)
      : held(`after ${duration(quickest)}`);
  },

  L3({ idle, plan, first }) {
    if (idle?.openedAt === undefined) return open('there was no line to try it on');
    const silence = duration(plan.idle);
    const { ended, openedAt, beats, pongs } = idle;
    if (ended !== undefined && hasLost(idle)) {
      if (hasLost(first)) return open('no line is kept at all');
      return broken(`${endText(ended)}, after ${duration(ended.at - (idle.named?.at ?? openedAt))} of silence`, idle);
    }
    if (beats.length + pongs.length > 0) return held(silence);
    return broken(`after ${silence} nothing came back any more, and nobody has said so`, idle);
  },

  L4({ halfOpen, plan, idle }) {
    if (halfOpen?.openedAt === undefined) return open('there was no line to try it on');
    const { ended } = halfOpen;
    const since = halfOpen.named?.at ?? halfOpen.openedAt;
    if (ended !== undefined && !ended.byUs) {
      // Who is let go before it was silent for long enough is judged where nothing is said.
      const after = `after ${duration(ended.at - since)}`;
      const isSoon = plan.silence !== undefined && plan.silence < usualNeed && !(idle !== undefined && hasLost(idle));
      return held(isSoon ? `${after}; clients of the defaults are silent for ${duration(usualNeed)}` : after);
    }
    if (plan.silence !== undefined) return broken(`kept for ${duration((ended?.at ?? since) - since)}`, halfOpen);
    return open(`not within ${duration((ended?.at ?? since) - since)}; --silence 150000 waits, for three minutes`);
  },

  L5({ crowd, plan, first, idle }) {
    if (crowd === undefined) return unansweredIn(first);
    const { witness, newcomer, before, isFull } = crowd;
    if (hasLost(first)) return open('no line is kept at all');
    if (witness.openedAt === undefined) return open(`there was no line to try it on: it ${fateOf(witness)}`);
    const outside = [witness, newcomer].find(isRefused);
    if (outside !== undefined) return open(`there is no room for so many: ${fateOf(outside)}`);
    if (isGenerous(witness)) return open('it answers more often than it is asked');
    const rude = `${plan.halfOpen} half open, and ${isFull ? 'all that a line holds unread' : `up to ${plan.flood} unread answers`}`;
    if (idle !== undefined && hasLost(idle) && hasLost(witness)) return open('lines are closed that are idle');
    if (hasLost(witness)) return broken(`beside ${rude}, another client: ${fateOf(witness)}`, witness);
    const quickest = quickestOf(witness.proofs, before);
    if (quickest === Infinity) return broken(`beside ${rude}, nobody else is answered`, witness);
    const { questions, answers } = witness.proofs;
    if (answers.length < questions.length)
      return broken(
        `beside ${rude}, another client is answered ${answers.length - before} of ${questions.length - before} times`,
        witness,
      );
    if (quickest > atOnce + usualDelay(first))
      return broken(`beside ${rude}, others are answered after ${duration(quickest)}`, witness);
    if (newcomer.named === undefined) return broken(`beside ${rude}, nobody else is welcomed`, newcomer);
    if (newcomer.proofs.answers.length === 0) return broken(`beside ${rude}, who comes is not answered`, newcomer);
    return held(`beside ${rude}`);
  },

  W1({ first, all }) {
    const { named, openedAt = 0, heard } = first;
    if (named !== undefined) {
      const slow = all.find(
        (visitor) => visitor.named !== undefined && delayOf(visitor) > welcomeTime + wayOf(visitor),
      );
      if (slow !== undefined)
        return broken(`after ${duration(delayOf(slow))}; clients wait for ${duration(welcomeTime)}`, slow);
      return held(`after ${duration(named.at - openedAt)}`);
    }
    if (hasLost(first)) return open('the line was ended before');
    return heard.some((each) => formFault(each) !== undefined)
      ? held('something like it came: W2')
      : broken(heard.length === 0 ? 'nothing came' : 'what came was none', first);
  },

  W2({ all, first }) {
    for (const visitor of all) {
      if (visitor.named !== undefined && visitor.named.serverTime === undefined)
        return broken('`now_time` is no time', visitor);
      if (visitor.named !== undefined) continue;
      const fault = visitor.heard.map(formFault).find(Boolean);
      if (fault !== undefined) return broken(fault, visitor);
    }
    return first.named === undefined ? unwelcomed : held(`${welcomed(all).length} of them`);
  },

  W3({ all, first }) {
    if (first.named === undefined) return unwelcomed;
    const twice = all.find(({ heard }) => heard.filter(({ frame }) => isWelcome(frame)).length > 1);
    return twice === undefined ? held('once on each line') : broken('a second one on the same line', twice);
  },

  W4({ all, first }) {
    if (first.named === undefined) return unwelcomed;
    const late = welcomed(all).find(({ heard }) => heard[0]?.answer?.named === undefined);
    return late === undefined ? held('on each line') : broken('something else came before it', late);
  },

  W5({ all, first }) {
    if (first.named === undefined) return unwelcomed;
    const here = welcomed(all);
    for (const [i, visitor] of here.entries()) {
      const namesake = here
        .slice(i + 1)
        .find((other) => other.named?.id === visitor.named?.id && wereTogether(visitor, other));
      if (namesake !== undefined) return broken('two that were there at once have the same', [visitor, namesake]);
    }
    return held(`${here.length} of them`);
  },

  H1({ first }) {
    if (first.named === undefined) return unwelcomed;
    if (first.asked.length === 0) {
      if (delayOf(first) > welcomeTime) return open('it was welcomed too late');
      // It beats by itself.
      return first.beats.length > 0 ? held('it beats by itself') : broken('no beat came', first);
    }
    const score = `${first.beats.length} of ${first.asked.length}`;
    if (first.beats.length > 0)
      return first.beats.length >= first.asked.length || hasLost(first) ? held(score) : broken(score, first);
    if (answersLike(first).length > 0) return held('something like it came: H3');
    return hasLost(first) ? open('the line was ended before') : broken('no answer came', first);
  },

  H2({ first }) {
    if (first.beats.length === 0) return unansweredIn(first);
    const quickest = quickestOf(first.proofs);
    return quickest > atOnce + wayOf(first)
      ? broken(`the quickest answer after ${duration(quickest)}`, first)
      : held(`after ${duration(quickest)}`);
  },

  H3({ first, all }) {
    const nowhere = all.find(({ beats }) => beats.some(({ serverTime }) => serverTime === undefined));
    if (nowhere !== undefined) return broken('`heartbeat` is no time', nowhere);
    if (first.beats.length > 0) {
      const more = all.find(({ heard }) => heard.some(hasMore));
      return more === undefined ? held(`${first.beats.length} of them`) : broken('it has other fields as well', more);
    }
    const [fault] = answersLike(first);
    return fault === undefined ? unansweredIn(first) : broken(fault, first);
  },

  H4({ twice, first, all, talker, stranger, framer }) {
    const generous = all.find((each) => ![talker, stranger, framer].includes(each) && isGenerous(each));
    if (generous !== undefined) return broken(scoreOf(generous), generous, tooMany);
    if (twice === undefined || twice.asked.length < 2) return unansweredIn(first);
    const { asked, beats } = twice;
    if (hasLost(twice)) return isRefused(twice) ? open(fateOf(twice)) : broken(fateOf(twice), twice);
    const pairs = beats.filter((_, i) => i % 2 === 1).map(({ at }, i) => at - asked[2 * i]!.at);
    if (twice.named === undefined) return open(`another client was not welcomed: ${fateOf(twice)}`);
    if (pairs.length === 0) return broken(scoreOf(twice), twice);
    const quickest = Math.min(...pairs);
    // How long one takes is told in H2.
    return quickest > atOnce + 2 * usualDelay(first)
      ? broken(`the second after ${duration(quickest)}`, twice)
      : held(`both after ${duration(quickest)}`);
  },

  H5({ talker, framer, first, plan }) {
    if (talker === undefined) return unansweredIn(first);
    if (isRefused(talker) || talker.named === undefined)
      return open(`another client was not welcomed: ${fateOf(talker)}`);
    const misread = [talker, framer].find(
      (each) => each !== undefined && hasLost(each) && misreads.has(each.ended!.code),
    );
    if (misread !== undefined)
      return broken(`what RFC 6455 allows is called an error: ${endText(misread.ended!)}`, misread, anyFrame);
    if (hasLost(talker))
      return open(`${endText(talker.ended!)}, when it was told something: --message TEXT says what your server takes`);
    const quickest = quickestOf(talker.proofs);
    if (quickest === Infinity) return broken('no answer, while other things are said', talker);
    if (framer?.named !== undefined && framer.beats.length === 0 && !hasLost(framer))
      return broken(
        `no answer to a heartbeat in two fragments${plan.message === undefined ? '' : ', behind a long message'}`,
        framer,
        anyFrame,
      );
    return quickest > atOnce + usualDelay(first)
      ? broken(`while other things are said, the quickest answer after ${duration(quickest)}`, talker)
      : held(`after ${duration(quickest)}`);
  },

  H6({ stranger, plan, first }) {
    if (first.beats.length === 0) return unansweredIn(first);
    if (stranger === undefined)
      return open(plan.message === undefined ? 'nothing may be said (--no-messages)' : 'not tried');
    const { asked, beats } = stranger;
    if (isRefused(stranger) || stranger.named === undefined)
      return open(`another client was not welcomed: ${fateOf(stranger)}`);
    if (hasLost(stranger)) return open(`${endText(stranger.ended!)}, when it was told something that it does not know`);
    if (isGenerous(first)) return open('it answers more often than it is asked');
    return beats.length > asked.length
      ? broken('what is no heartbeat was answered as if it were one', stranger)
      : held('neither binary, nor another text');
  },

  T1({ all, first }) {
    if (first.named === undefined) return unwelcomed;
    let span = 0;
    for (const visitor of all) {
      const moments = momentsOf(visitor);
      for (const [i, one] of moments.entries()) {
        for (const other of moments.slice(i + 1)) {
          const off = offsetBetween(one, other);
          if (off > offBy && Math.abs(one.stated) < firstMilliseconds)
            return broken(`${one.stated} and ${other.stated} look like seconds`, visitor, inMilliseconds);
          if (off > offBy)
            return broken(`it is off by ${duration(off)}, ${duration(other.to - one.to)} later`, visitor);
          span = Math.max(span, other.to - one.to);
        }
      }
    }
    return span < offBy ? open('no two times were stated') : held(`over ${duration(span)}`);
  },

  G1({ leavers, first }) {
    if (hasLost(first)) return open('it ends lines by itself');
    const tried = leavers.filter(({ said }) => said !== undefined);
    if (tried.length === 0) return open('there was no line to try it on');
    for (const leaver of tried) {
      const { ended, said } = leaver;
      const code = said!.code;
      if (ended === undefined || ended.code === 1006) return broken(`${code} is answered by no close frame`, leaver);
      if (ended.code !== code)
        return broken(
          `${code} is answered with ${ended.code === 1005 ? 'a close frame without a code' : ended.code}`,
          leaver,
        );
      if (ended.byUs) return broken('the close frame is answered, and the connection left open', leaver);
    }
    return held(tried.map(({ said }) => said!.code).join(' and '));
  },

  G2({ all, first, talker, stranger, framer }) {
    if (hasLost(first)) return open('no line is kept at all');
    // These have said what a server need not take.
    const away = all.filter((each) => wasSentAway(each) && ![talker, stranger, framer].includes(each));
    const forEver = away.find(({ ended }) => forGood.has(ended!.code));
    if (forEver !== undefined) return broken(`${forEver.role}: ${endText(forEver.ended!)}`, forEver);
    const codes = [...new Set(away.map(({ ended }) => ended!.code))];
    if (codes.length === 0) return held('it sent nobody away');
    return held(codes.map((code) => (code === 1006 ? 'no close frame' : code === 1005 ? 'no code' : code)).join(', '));
  },

  M1({ walked, first }) {
    if (walked === undefined) return unansweredIn(first);
    const { passed, all, failure } = walked;
    if (failure !== undefined) return broken('a path failed', undefined);
    return passed === 0
      ? open('there was no time for it')
      : held(`${passed} of ${all} paths${passed < all ? ', as many as there was time for' : ''}`);
  },
};

const oneAtATime =
  'Serve each connection in a thread, a task or a goroutine of its own, so that others are accepted meanwhile.';
const tooMany = 'Answer each heartbeat once, and on the line on which it came: an answer is not for all clients.';
const inMilliseconds = 'The times are to be milliseconds since 1970: multiply by 1,000.';
const anyFrame =
  'A message may come in fragments (RFC 6455 §5.4), and have a length of 7, 16 or 64 bits (§5.2): a WebSocket package reads them all by itself.';

/** With other fields, clients of ours hand it to the app as well. */
function hasMore({ frame, answer }: Heard): boolean {
  const object = answer?.named === undefined ? jsonObject(frame) : undefined;
  return object !== undefined && Object.hasOwn(object, 'heartbeat') && Object.keys(object).length > 1;
}

function scoreOf({ beats, asked }: Visitor): string {
  return `${beats.length} answer${beats.length === 1 ? '' : 's'} to ${asked.length} heartbeat${asked.length === 1 ? '' : 's'}`;
}

/** Why what needs an answer could not be tried. */
function unansweredIn({ named }: Visitor): Finding {
  return named === undefined ? unwelcomed : open('no heartbeat was answered');
}
