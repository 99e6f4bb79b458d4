// One stream of events for all tabs of a browser that ask the same: a browser has six connections to a
// host. Whoever holds the lock reads and tells the others. Where a browser has no locks (a page that came
// without TLS from another machine), each tab reads for itself.
const NAMES = ["click", "tick", "end"], SILENT_MS = 10_000, LOOK_MS = 1_000;

// `who` is whose page this is: what one key may see, a page of another is not told. `told` is called with an
// event's name and data, and with "silence" and for how many seconds it lasts.
export function feed(url, who, told) {
  const shared = `hopline ${who} ${url}`;
  const isShared = "locks" in navigator && "BroadcastChannel" in window;
  let source = null, channel = null, waiting = null, release = null, last = "", heard = 0, watch = 0;

  function take({ name, id, data }) {
    heard = performance.now();
    if (id) {
      // What two readers have both sent is told once.
      if (name === "click" && id === last) return;
      last = id;
    }
    told(name, data);
    if (name === "end") stop();
  }
  function read() {
    source?.close();
    const from = new URL(url, location.href);
    if (last) from.searchParams.set("after", last);
    source = new EventSource(from);
    heard = performance.now();
    // The first tick counts what was missed, and no second.
    let isFirst = true;
    for (const name of NAMES) source.addEventListener(name, (event) => {
      spread({ name, id: event.lastEventId, data: { ...JSON.parse(event.data), isFirst } });
      isFirst &&= name !== "tick";
    });
    source.addEventListener("error", () => {
      told("silence", 0);
      if (source?.readyState === EventSource.CLOSED) ask(from);
    });
  }
  function spread(held) {
    channel?.postMessage(held);
    take(held);
  }
  // A browser doesn't ask again by itself for what wasn't answered by 200, nor does it say by what.
  async function ask(from) {
    const answer = await fetch(from, { method: "HEAD" }).catch(() => null);
    const isFinal = answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    if (isFinal && source) spread({ name: "end", id: "", data: { reason: String(answer.status) } });
  }
  function look() {
    const silent = performance.now() - heard;
    if (silent < 3 * LOOK_MS) return;
    told("silence", Math.round(silent / 1000));
    if (silent < SILENT_MS) return;
    heard = performance.now();
    // A connection may be dead without anybody's word, and so may the tab that reads for us.
    if (source) read();
    else if (isShared) lead({ steal: true });
  }
  function lead(how) {
    const turn = {};
    waiting?.abort();
    waiting = how.steal ? null : new AbortController();
    const options = how.steal ? how : { signal: waiting.signal };
    navigator.locks.request(shared, options, () => new Promise((done) => {
      // Whoever stopped meanwhile has nobody to read for.
      if (!watch) return done();
      release = Object.assign(turn, { done });
      read();
    })).catch(() => {
      // Given up, or taken away by a tab that heard nothing of this one.
      if (release !== turn) return;
      source?.close();
      source = release = null;
      lead({});
    });
  }
  function start() {
    if (watch) return;
    heard = performance.now();
    watch = setInterval(look, LOOK_MS);
    if (!isShared) return read();
    channel = new BroadcastChannel(shared);
    channel.addEventListener("message", (event) => take(event.data));
    lead({});
  }
  function stop() {
    clearInterval(watch);
    waiting?.abort();
    source?.close();
    channel?.close();
    const held = release;
    source = channel = waiting = release = null;
    watch = 0;
    held?.done();
  }
  return { start, stop };
}
