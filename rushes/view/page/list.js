// Here: the list of sequences, its filters and pages, and the address, which says what is shown. Not here: one sequence
// (player.js). All that comes out of a data set is put in as text, never as HTML.
import * as player from "./player.js";

const $ = (id) => document.getElementById(id);
const ON_PAGE = 60;
const number = (n) => n.toLocaleString("en");
const counted = (n, what) => `${number(n)} ${n === 1 ? what : what + "s"}`;

let about;
let state = { split: "", class: "", text: "", page: 1, sequence: null, frame: 0 };
let rows = [], total = 0;      // of the page that is shown
let shownFor = null;           // the filter and page that they answer to
let asking = 0;

// ── what the address says ────────────────────────────────────────────────────────────────────────────────────────────
function fromAddress() {
  const told = new URLSearchParams(location.hash.slice(1));
  const whole = (name, least, otherwise) => (/^\d{1,9}$/.test(told.get(name) ?? "") ? Math.max(least, +told.get(name)) : otherwise);
  return { split: told.get("split") ?? "", class: told.get("class") ?? "", text: told.get("text") ?? "",
    page: whole("page", 1, 1), sequence: whole("sequence", 0, null), frame: whole("frame", 0, 0) };
}

function toAddress(newEntry) {
  const told = new URLSearchParams();
  for (const name of ["split", "class", "text"]) if (state[name]) told.set(name, state[name]);
  if (state.page > 1) told.set("page", state.page);
  if (state.sequence !== null) told.set("sequence", state.sequence);
  if (state.sequence !== null && state.frame) told.set("frame", state.frame);
  const address = location.pathname + location.search + (String(told) && "#" + told);
  history[newEntry ? "pushState" : "replaceState"](null, "", address);
}

// ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────────
async function asked(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
  return answer.json();
}

async function load() {
  const query = new URLSearchParams({ start: (state.page - 1) * ON_PAGE, count: ON_PAGE });
  for (const name of ["split", "class", "text"]) if (state[name]) query.set(name, state[name]);
  const wanted = String(query), mine = ++asking;
  if (wanted === shownFor) return;
  document.body.dataset.state = "asking";
  const found = await asked("sequences.json?" + wanted);
  if (mine !== asking) return;  // another was asked for meanwhile
  const pages = Math.max(1, Math.ceil(found.total / ON_PAGE));
  if (state.page > pages) { state.page = pages; toAddress(); return load(); }
  ({ rows, total } = found);
  shownFor = wanted;
  draw(pages);
}

function draw(pages) {
  $("grid").replaceChildren(...rows.map(tile));
  $("list").scrollTop = 0;
  const first = (state.page - 1) * ON_PAGE;
  $("nothing").hidden = total > 0;
  $("nothing").textContent = about.sequences ? "No sequence is like that." : "This data set is empty.";
  $("pages").hidden = total <= ON_PAGE;
  $("page").value = state.page;
  $("last").textContent = number(pages);
  $("range").textContent = `${number(first + 1)}–${number(first + rows.length)} of ${number(total)}`;
  $("before").disabled = state.page <= 1;
  $("after").disabled = state.page >= pages;
  const filtered = state.split || state.class || state.text;
  $("counts").textContent = filtered ? `${number(total)} of ${counted(about.sequences, "sequence")}`
    : `${counted(about.sequences, "sequence")}, ${counted(about.frames, "frame")}`;
  $("clear").hidden = !filtered;
  document.body.dataset.state = "list";
}

function made(tag, text, name) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return element;
}

function tile(row) {
  const entry = made("button", undefined, "tile"), picture = made("img"), facts = made("small");
  // Ids begin with their video's, as a rule, and are too long for one line.
  const begins = row.sequence_id.startsWith(row.video_id + "."), rest = row.sequence_id.slice(row.video_id.length + 1);
  entry.type = "button";
  entry.dataset.place = row.place;
  entry.title = row.sequence_id;
  picture.loading = "lazy";
  picture.alt = "";
  picture.src = thumbnail(row.place);
  picture.addEventListener("error", () => picture.replaceWith(made("div", "cannot be read", "bad")));
  facts.append(row.label ? made("b", row.label) : made("span", row.n_boxes === 1 ? "1 box" : `${number(row.n_boxes)} boxes`));
  facts.append(made("span", counted(row.n_frames, "frame")), made("span", row.split));
  entry.append(picture, made("span", begins ? row.video_id : row.sequence_id, "name"), made("span", begins ? rest : row.video_id, "rest"), facts);
  entry.addEventListener("click", () => show(row.place, true));
  return entry;
}

const thumbnail = (place) => `thumbnail/${place}${player.boxesShown() ? "-boxes" : ""}.jpg`;

player.onBoxes(() => {
  for (const entry of $("grid").children) {
    const picture = entry.querySelector("img");
    if (picture) picture.src = thumbnail(entry.dataset.place);
  }
});

// ── one sequence, and back ───────────────────────────────────────────────────────────────────────────────────────────
function show(place, newEntry) {
  Object.assign(state, { sequence: place, frame: 0 });
  toAddress(newEntry);
  apply();
}

function leave() {
  Object.assign(state, { sequence: null, frame: 0 });
  toAddress(true);
  apply();
}

const beside = (step) => {
  const here = rows.findIndex((row) => row.place === state.sequence), to = (state.page - 1) * ON_PAGE + here + step;
  return here >= 0 && to >= 0 && to < total ? to : null;
};

async function go(step) {
  const to = beside(step);
  if (to === null) return;
  state.page = Math.floor(to / ON_PAGE) + 1;
  try { await load(); } catch (error) { return failed(error); }
  if (rows[to % ON_PAGE]) show(rows[to % ON_PAGE].place, false);
}

async function apply() {
  for (const name of ["split", "class", "text"]) if ($(name).value !== state[name]) $(name).value = state[name];
  try { await load(); } catch (error) { return failed(error); }
  const one = state.sequence;
  $("list").hidden = one !== null;
  $("player").hidden = one === null;
  document.body.dataset.state = one === null ? "list" : "player";
  if (one === null) {
    $("grid").querySelector(`[data-place="${player.opened()}"]`)?.focus();
    player.close();
    document.title = `${about.title} · rushes`;
    return;
  }
  $("previous").disabled = beside(-1) === null;
  $("next").disabled = beside(1) === null;
  await player.open(one, state.frame);
}

player.onFrame((frame) => { state.frame = frame; toAddress(); });

function failed(error) {
  $("list").hidden = false;
  $("player").hidden = true;
  $("nothing").hidden = false;
  $("nothing").textContent = error.message;
  $("grid").replaceChildren();
  $("pages").hidden = true;
  document.body.dataset.state = "failed";
}

function filter(changes) {
  Object.assign(state, { page: 1, sequence: null, frame: 0 }, changes);
  toAddress();
  return apply();
}

let pause;
$("text").addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(() => filter({ text: $("text").value.trim() }), 200); });
for (const name of ["split", "class"]) $(name).addEventListener("change", () => filter({ [name]: $(name).value }));
$("clear").addEventListener("click", () => filter({ split: "", class: "", text: "" }));
$("filters").addEventListener("submit", (event) => event.preventDefault());
function turn(page) {
  if (!(page >= 1)) page = 1;
  state.page = page;
  toAddress(true);
  apply();
}
$("before").addEventListener("click", () => turn(state.page - 1));
$("after").addEventListener("click", () => turn(state.page + 1));
$("page").addEventListener("change", () => turn(parseInt($("page").value, 10)));
$("back").addEventListener("click", leave);
for (const [name, step] of [["previous", -1], ["next", 1]]) $(name).addEventListener("click", () => go(step));
window.addEventListener("popstate", () => { state = fromAddress(); apply(); });

document.addEventListener("keydown", (event) => {
  if (event.target.matches("#text, #page, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = state.sequence === null ? { "/": () => $("text").focus() } : { Escape: leave, p: () => go(-1), n: () => go(1) };
  acts.b = player.toggleBoxes;
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); act(); } else if (state.sequence !== null) player.key(event);
});

async function main() {
  about = await asked("about.json");
  document.title = `${about.title} · rushes`;
  $("title").textContent = about.title;
  for (const [split, count] of Object.entries(about.splits)) $("split").append(new Option(`${split} (${number(count)})`, split));
  state = fromAddress();
  await apply();
  for (const [id, name, count] of await asked("classes.json")) $("class").append(new Option(`${name} (${number(count)})`, id));
  $("class").value = state.class;
  document.body.dataset.classes = "known";
}
main().catch(failed);
