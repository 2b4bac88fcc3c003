/** What a page or a laptop does to real connections. */
import { RestlessPage } from '../../kit/page.ts';

export class SoakPage extends RestlessPage {
  #slept = 0;

  constructor() {
    super({
      now: () => performance.now(),
      wallTime: () => Date.now() + this.#slept,
      setInterval(callback, ms) {
        const timer = setInterval(callback, ms).unref();
        return () => clearInterval(timer);
      },
    });
  }

  /** As far as the clocks can tell. */
  sleep(ms: number): void {
    this.#slept += ms;
  }
}
