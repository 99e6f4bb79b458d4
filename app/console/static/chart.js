// Draws a figure's table as lines with uPlot; arrow keys go along it, and a live region reads it out.
const drawn = new WeakMap();
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => {
  for (const figure of document.querySelectorAll("[data-chart]")) draw(figure, true);
});

export function draw(figure, anew = false) {
  const plot = figure.querySelector("[data-plot]"), rows = [...figure.querySelectorAll("[data-series] tbody tr")];
  if (!window.uPlot || !rows.length) return;
  const number = (cell) => (cell && cell.dataset.v !== "" ? Number(cell.dataset.v) : null);
  const column = (place) => rows.map((row) => number(row.cells[place]));
  const x = rows.map((row) => Number(row.dataset.x)), humans = column(1), bots = column(2);
  const last = rows.length - 1, isOpen = "open" in rows[last].dataset && last > 0;
  // The step that isn't over is a line of its own, dotted.
  const whole = isOpen ? humans.map((value, place) => (place < last ? value : null)) : humans;
  const open = isOpen ? humans.map((value, place) => (place >= last - 1 ? value : null)) : humans.map(() => null);
  const data = [x, whole, open, bots, rows[0].cells[3] ? column(3) : x.map(() => null)];
  const width = plot.clientWidth, was = drawn.get(figure);
  if (was && !anew && was.root.isConnected && was.width === width) {
    was.rows = rows;
    if (JSON.stringify(was.data) !== JSON.stringify(data)) was.setData(data);
    plot.querySelector(".lines")?.setAttribute("hidden", "");
    return;
  }
  if (was) was.destroy();
  const css = getComputedStyle(document.documentElement), probe = document.createElement("i");
  const colour = (name) => {
    // A canvas knows nothing of light-dark().
    probe.style.color = css.getPropertyValue(name);
    plot.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const [main, bot, soft, line, tint] = ["--main", "--bots", "--soft", "--line", "--tint"].map(colour);
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const dots = { show: rows.length < 2, size: 7 };
  const chart = new uPlot({
    width, height: 240, tzDate: (second) => uPlot.tzDate(new Date(second * 1000), "UTC"),
    legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.08, 4)] } },
    axes: [{ ...axis, size: 30, grid: { show: false }, values: (self, all, _, __, step) => all.map((each) => when(each, step)) }, { ...axis, size: 52, values: (_, all) => all.map((each) => (Number.isInteger(each) ? new Intl.NumberFormat("en", { notation: "compact" }).format(each) : "")) }],
    series: [{},
      { stroke: main, width: 2, fill: tint, points: dots },
      { stroke: main, width: 2, dash: [2, 4], fill: tint, points: { show: isOpen, size: 6, filter: () => [last] } },
      { stroke: bot, width: 1.5, points: dots },
      { stroke: soft, width: 1.5, dash: [6, 5], points: { show: false } }],
    hooks: { setCursor: [(self) => read(figure, self.rows, self.cursor.idx)], draw: [(self) => mark(self, self.rows ?? rows, soft)] },
  }, data, plot);
  chart.rows = rows;
  drawn.set(figure, chart);
  plot.querySelector(".lines")?.setAttribute("hidden", "");
  if (!plot.hasAttribute("tabindex")) {
    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-label", "Chart; arrow keys read out each step");
    plot.addEventListener("keydown", (event) => step(event, figure));
    new ResizeObserver(() => {
      const now = drawn.get(figure);
      if (now && plot.clientWidth && plot.clientWidth !== now.width) now.setSize({ width: plot.clientWidth, height: 240 });
    }).observe(plot);
  }
}

// A dashed line stands where the table says that something changed.
function mark(chart, rows, colour) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([3, 3]);
  for (const [place, row] of rows.entries()) {
    if (!("mark" in row.dataset)) continue;
    const x = Math.round(chart.valToPos(chart.data[0][place], "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function when(second, apart) {
  const form = apart < 86400 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : apart < 2e6 ? { day: "numeric", month: "short" } : { month: "short", year: "numeric" };
  const midnight = apart < 86400 && second % 86400 === 0 ? { day: "numeric", month: "short" } : form;
  return new Intl.DateTimeFormat("en-GB", { ...midnight, timeZone: "UTC" }).format(second * 1000);
}

function step(event, figure) {
  const chart = drawn.get(figure), ways = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 };
  if (!(event.key in ways)) return;
  event.preventDefault();
  const most = chart.data[0].length - 1, from = chart.cursor.idx ?? most + (ways[event.key] < 0 ? 1 : 0);
  const to = Math.min(most, Math.max(0, from + ways[event.key]));
  chart.setCursor({ left: chart.valToPos(chart.data[0][to], "x"), top: 10 });
}

function read(figure, rows, place) {
  const readout = figure.querySelector(".readout");
  if (place == null || !rows[place]) {
    readout.textContent = "";
    return;
  }
  const heads = [...figure.querySelectorAll("thead th")], cells = [...rows[place].cells];
  readout.textContent = cells.map((cell, at) => (at ? `${heads[at].textContent}: ${cell.textContent}` : cell.textContent)).join(" · ");
}
