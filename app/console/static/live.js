// Shows clicks as they come. Everything from outside becomes text, never markup.
const ticker = document.getElementById("ticker"), rows = ticker.querySelector("tbody");
const said = document.getElementById("said"), rate = document.getElementById("rate"), pause = document.getElementById("pause");
const most = 100, seconds = [];
let source = null, paused = false, last = "";

const make = (name, text, kind = "") => {
  const node = document.createElement(name);
  node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const cell = (...nodes) => {
  const td = document.createElement("td");
  td.append(...nodes);
  return td;
};

function show(click) {
  const row = document.createElement("tr"), link = make("a", `/${click.code}`);
  link.href = `/links/${encodeURIComponent(click.code)}`;
  const who = make("span", click.bot || click.verdict, `badge ${click.verdict}`);
  who.title = click.reasons.join(", ") || "no rule says anything";
  const ask = make("button", "Explain", "link");
  ask.type = "button";
  ask.addEventListener("click", () => explain(click.click_id));
  const host = click.referer && URL.canParse(click.referer) ? new URL(click.referer).host : click.referer;
  row.append(cell(new Date(click.time).toLocaleTimeString()), cell(link), cell(who), cell(host || "–"), cell(click.network || "–"), cell(ask));
  row.cells[3].title = click.user_agent;
  rows.prepend(row);
  while (rows.rows.length > most) rows.lastElementChild.remove();
}

function tick(told) {
  seconds.push(told.matched);
  if (seconds.length > 10) seconds.shift();
  const mean = seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
  const lag = Math.max(0, Date.now() - Date.parse(told.time));
  rate.hidden = false;
  rate.textContent = `${mean.toFixed(1)} clicks/s · ${lag < 2000 ? "up to date" : `${Math.round(lag / 1000)} s behind`}`;
  if (told.is_redis_away) said.textContent = "Redis is away: clicks are kept, and show as soon as it is back.";
  else said.textContent = told.is_sampled ? `More come than can be read: ${told.sent} of ${told.matched} of the last second are shown.` : "";
}

function account(value) {
  if (value === null || typeof value !== "object") return make("span", value === null || value === "" ? "–" : String(value));
  const list = make("dl", "", "account");
  for (const [name, held] of Object.entries(value)) {
    const told = document.createElement("dd");
    told.append(account(held));
    list.append(make("dt", Array.isArray(value) ? "" : name.replaceAll("_", " ")), told);
  }
  return list;
}

// What people look for first: when each stage was, which rules said something, what is stored.
function tidy(told) {
  if (!Array.isArray(told.rules) || !Array.isArray(told.stages)) return told;
  const words = told.rules.filter((each) => each.stored).map((each) => `${each.rule} (${each.mode})`);
  const held = Object.entries(told.row || {}).filter(([, value]) => value !== "" && value !== null);
  return {
    state: told.state,
    stages: Object.fromEntries(told.stages.map((each) => [each.stage, [each.time, each.note].filter(Boolean).join(" · ")])),
    "rules that say something": words.join(", ") || `none of ${told.rules.length}`,
    forgotten: told.forgotten.join("; "),
    "came in": told.came_in,
    row: held.length ? Object.fromEntries(held) : "none yet",
    fault: told.fault,
  };
}

async function explain(id) {
  const answer = await fetch(`/api/v1/clicks/${id}`).catch(() => null);
  const told = answer && (await answer.json().catch(() => null));
  document.getElementById("account").replaceChildren(told ? account(tidy(told)) : make("p", "The console doesn't answer."));
  document.getElementById("explain").showModal();
}

// A browser has six connections to a host: whoever isn't looked at gives its own back.
function watch() {
  const wanted = !paused && !document.hidden;
  if (!wanted && source) {
    source.close();
    source = null;
    rate.hidden = true;
  }
  if (!wanted || source) return;
  const url = new URL(ticker.dataset.events, location.href);
  source = new EventSource(url);
  source.addEventListener("click", (event) => {
    if (event.lastEventId !== last) show(JSON.parse(event.data));
    last = event.lastEventId;
  });
  source.addEventListener("tick", (event) => tick(JSON.parse(event.data)));
  source.addEventListener("end", (event) => {
    source.close();
    said.textContent = `Nothing more is sent: ${JSON.parse(event.data).reason}. Load the page again.`;
  });
  source.addEventListener("error", () => {
    rate.hidden = true;
    said.textContent = "The console doesn't answer; this goes on as soon as it does.";
  });
}

pause.hidden = false;
document.getElementById("ticks").hidden = false;
said.textContent = "Waiting for the next click.";
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", paused);
  pause.textContent = paused ? "Go on" : "Pause";
  watch();
});
document.addEventListener("visibilitychange", watch);
watch();
