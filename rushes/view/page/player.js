// Here: one sequence, frame by frame, with its boxes. A frame is the very JPEG of the data set, drawn when it has come.
const $ = (id) => document.getElementById(id);
const picture = $("picture"), stage = $("stage"), brush = picture.getContext("2d", { alpha: false });
const LONGEST_WAIT_S = 2;            // between frames that are far apart in the source, no one wants to wait as long
const LABEL = 18;                    // how high the words on a box are
const KEPT_PIXELS = 64e6, AHEAD = 24, AT_ONCE = 6;

let place = null, told = null, opening = 0;
let step = 0, drawn = -1;            // the frame that is wanted, and the one in the picture
let clock = null;                    // while playing: when the wanted frame began
let boxes = true, loop = true, chosen = null, objects = [];
let frames = new Map();              // step → { bitmap } or { coming } or { error }
let frameSeen = () => {}, boxesChanged = () => {};

export const onFrame = (act) => { frameSeen = act; };
export const onBoxes = (act) => { boxesChanged = act; };
export const opened = () => place;
export const boxesShown = () => boxes;

// ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export async function open(number, frame) {
  if (number === place && told) return go(frame);
  close();
  place = number;
  const mine = ++opening;
  $("message").textContent = "opening …";
  $("name").textContent = "";
  let found;
  try {
    const answer = await fetch(`sequence/${number}.json`);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    found = await answer.json();
  } catch (error) {
    if (mine === opening) { $("message").textContent = error.message; document.body.dataset.shown = "failed"; }
    return;
  }
  if (mine !== opening) return;
  told = found;
  $("message").textContent = "";
  $("name").textContent = told.about.sequence_id;
  document.title = `${told.about.sequence_id} · rushes`;
  $("timeline").max = told.times.length - 1;
  stage.style.setProperty("--shape", `${told.about.width} / ${told.about.height}`);
  facts();
  list();
  go(frame);
}

export function close() {
  clock = null;
  opening++;
  for (const frame of frames.values()) { frame.abort?.abort(); frame.bitmap?.close(); }
  frames = new Map();
  place = told = chosen = null;
  drawn = -1;
  picture.width = picture.height = 0;
  delete document.body.dataset.shown;
}

function facts() {
  const { about, times } = told, s = (seconds) => `${seconds.toFixed(3)} s`;
  const lines = [
    ["label", about.label ?? "none"], ["split", about.split], ["video", about.video_id], ["clip", about.clip_id],
    ["track", about.track_id], ["time", `${s(about.start_s)} – ${s(about.end_s)}`],
    ["frames", `${times.length}, at ${+about.frame_rate.toFixed(3)} a second`], ["size", `${about.width}×${about.height}`],
    ["boxes", about.n_boxes], ["source", about.source_uri],
    ["embedding", about.embedding_length ? `${about.embedding_model}, ${about.embedding_length} numbers` : null],
  ];
  $("facts").replaceChildren(...lines.filter(([, value]) => value !== null && value !== undefined).flatMap(([name, value]) => {
    const term = document.createElement("dt"), meaning = document.createElement("dd");
    term.textContent = name;
    meaning.textContent = value;
    return [term, meaning];
  }));
}

function list() {
  const found = new Map();
  told.boxes.forEach((of, at) => of.forEach(([, , , , id, name, , , annotated]) => {
    if (!found.has(id)) found.set(id, { id, name, annotated, steps: [] });
    found.get(id).steps.push(at);
  }));
  objects = [...found.values()].sort((a, b) => a.id - b.id);
  $("objectCount").textContent = objects.length === 1 ? "1 object" : `${objects.length} objects`;
  $("objects").replaceChildren(...objects.map((object) => {
    const entry = document.createElement("button"), dot = document.createElement("i"), label = document.createElement("span"), count = document.createElement("small");
    entry.type = "button";
    entry.className = "object";
    entry.title = object.annotated ? "annotated" : "detected";
    dot.style.background = colour(object.id);
    label.textContent = `${object.name} #${object.id}`;
    count.textContent = object.steps.length === 1 ? "1 frame" : `${object.steps.length} frames`;
    entry.append(dot, label, count);
    entry.addEventListener("click", () => {
      chosen = chosen === object.id ? null : object.id;
      if (chosen !== null && !object.steps.includes(step)) go(object.steps[0]);
      entry.blur();
      draw();
    });
    object.entry = entry;
    return entry;
  }));
}

// ── which frame ──────────────────────────────────────────────────────────────────────────────────────────────────────
const count = () => told.times.length;

function go(to) {
  clock = null;
  want(to);
}

function want(to) {
  step = Math.max(0, Math.min(count() - 1, to));
  need();
  show();
}

function lasts(at) {
  const nominal = 1 / (told.about.frame_rate || 25), gap = at + 1 < count() ? told.times[at + 1] - told.times[at] : nominal;
  return gap > 0 ? Math.min(gap, LONGEST_WAIT_S) : nominal;
}

function toggle() {
  if (clock !== null) return go(step);
  if (count() < 2) return;
  if (step === count() - 1) want(0);
  clock = performance.now();
  buttons();
  requestAnimationFrame(tick);
}

function tick(now) {
  if (clock === null) return;
  if (drawn !== step) clock = now;  // what has not come yet is waited for
  const speed = Number($("speed").value);
  let at = step;
  while (now - clock >= (lasts(at) * 1000) / speed) {
    if (at === count() - 1 && !loop) return go(at);
    clock += (lasts(at) * 1000) / speed;
    at = (at + 1) % count();
    if (!frames.get(at)?.bitmap) { clock = now; break; }
  }
  if (at !== step) want(at);
  requestAnimationFrame(tick);
}

// ── where the pictures come from ─────────────────────────────────────────────────────────────────────────────────────
function need() {
  const room = Math.max(8, Math.floor(KEPT_PIXELS / (told.about.width * told.about.height)));
  const ahead = Math.min(AHEAD, room - 4, count());
  const wanted = Array.from({ length: Math.max(1, ahead) }, (_, i) => (step + i) % count());
  if (step > 0) wanted.push(step - 1);
  const keep = new Set(wanted);
  for (const [at, frame] of frames) {
    if (keep.has(at)) continue;
    if (frame.abort) { frame.abort.abort(); frames.delete(at); }
    else if (frames.size > room) { frame.bitmap?.close(); frames.delete(at); }
  }
  let coming = [...frames.values()].filter((frame) => frame.abort).length;
  for (const at of keep) if (!frames.has(at) && coming < AT_ONCE) { coming++; load(at); }
}

async function load(at) {
  const abort = new AbortController(), mine = frames, frame = { abort };
  mine.set(at, frame);
  try {
    const answer = await fetch(`frame/${place}/${at}.jpg`, { signal: abort.signal });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    const bitmap = await createImageBitmap(await answer.blob());
    if (abort.signal.aborted) return bitmap.close();
    frame.bitmap = bitmap;
  } catch (error) {
    if (abort.signal.aborted) return;
    frame.error = error.name === "InvalidStateError" ? "this frame cannot be decoded" : error.message;
  }
  delete frame.abort;
  if (mine !== frames) return;
  if (at === step) show();
  need();
}

// ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────
const colour = (id) => `hsl(${((id * 137.508) % 360).toFixed(1)} 85% 62%)`;

function show() {
  const frame = frames.get(step);
  $("message").textContent = frame?.error ?? "";
  $("timeline").value = step;
  const { times, frames: numbers } = told;
  $("where").textContent = `${step + 1} of ${count()} · ${times[step].toFixed(3)} s · video frame ${numbers[step]}`;
  for (const object of objects) object.entry.classList.toggle("here", object.steps.includes(step));
  buttons();
  if (frame?.bitmap) {
    drawn = step;
    draw();
  } else if (frame?.error) {
    drawn = step;
    brush.clearRect(0, 0, picture.width, picture.height);
    document.body.dataset.shown = step;
  }
  if (clock === null) frameSeen(step);
}

function draw() {
  for (const object of objects) object.entry.classList.toggle("chosen", object.id === chosen);
  const bitmap = told && frames.get(drawn)?.bitmap;
  if (!bitmap || !stage.clientWidth) return;
  const scale = Math.min(stage.clientWidth / bitmap.width, stage.clientHeight / bitmap.height), dots = window.devicePixelRatio || 1;
  const width = Math.round(bitmap.width * scale), height = Math.round(bitmap.height * scale);
  Object.assign(picture.style, { width: `${width}px`, height: `${height}px`,
    left: `${Math.round((stage.clientWidth - width) / 2)}px`, top: `${Math.round((stage.clientHeight - height) / 2)}px` });
  if (picture.width !== Math.round(width * dots) || picture.height !== Math.round(height * dots))
    Object.assign(picture, { width: Math.round(width * dots), height: Math.round(height * dots) });
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, picture.width, picture.height);
  brush.setTransform(dots, 0, 0, dots, 0, 0);
  if (boxes) mark(told.boxes[drawn], width / bitmap.width, height / bitmap.height);
  document.body.dataset.shown = drawn;
}

function mark(found, across, down) {
  brush.font = '12px system-ui, "DejaVu Sans", sans-serif';
  const faint = (id) => (chosen !== null && chosen !== id ? 0.35 : 1), labels = [];
  for (const [left, top, wide, high, id, , , generated] of found) {
    brush.globalAlpha = faint(id);
    brush.strokeStyle = colour(id);
    brush.lineWidth = chosen === id ? 3 : 2;
    brush.setLineDash(generated ? [6, 4] : []);
    brush.strokeRect(left * across, top * down, wide * across, high * down);
  }
  for (const [left, top, , , id, name, score, , , considered] of found) {
    const words = `${name} #${id}${score === null ? "" : " " + score.toFixed(2)}${considered ? "" : " (ignored)"}`;
    const { x, y, length } = room(labels, left * across - 1, top * down, brush.measureText(words).width + 8);
    brush.globalAlpha = faint(id);
    brush.fillStyle = colour(id);
    brush.fillRect(x, y, length, LABEL);
    brush.fillStyle = "#000";
    brush.fillText(words, x + 4, y + LABEL - 5);
  }
  brush.globalAlpha = 1;
}

// Room for a label: above its box, or inside where there is none, and below the labels that are there already.
function room(labels, left, top, length) {
  const x = Math.max(0, Math.min(left, picture.clientWidth - length));
  let y = top >= LABEL ? top - LABEL : Math.max(top, 0), inWay;
  const meets = (other) => x < other.x + other.length && other.x < x + length && Math.abs(y - other.y) < LABEL;
  while ((inWay = labels.find(meets))) y = inWay.y + LABEL;
  labels.push({ x, y, length });
  return labels.at(-1);
}

function buttons() {
  $("play").textContent = clock === null ? "▶︎ play" : "❚❚ pause";
  $("play").disabled = count() < 2;
  $("loop").setAttribute("aria-pressed", loop);
}

// ── what a person does ───────────────────────────────────────────────────────────────────────────────────────────────
export function toggleBoxes() {
  boxes = !boxes;
  for (const button of document.querySelectorAll("button.boxes")) button.setAttribute("aria-pressed", boxes);
  draw();
  boxesChanged();
}

const acts = {
  toggle, loop: () => { loop = !loop; buttons(); },
  back: () => go(step - 1), forward: () => go(step + 1), back10: () => go(step - 10), forward10: () => go(step + 10),
  first: () => go(0), last: () => go(count() - 1),
};
const keys = { " ": "toggle", k: "toggle", ArrowLeft: "back", ArrowRight: "forward", Home: "first", End: "last", l: "loop" };

export function key(event) {
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || !told) return;
  event.preventDefault();
  acts[event.shiftKey && acts[act + "10"] ? act + "10" : act]();
}

$("buttons").addEventListener("click", (event) => {
  const act = event.target.closest("[data-do]")?.dataset.do;
  if (act && told) { acts[act](); event.target.blur(); }
});
for (const button of document.querySelectorAll("button.boxes")) button.addEventListener("click", () => { toggleBoxes(); button.blur(); });
$("timeline").addEventListener("input", () => { if (told) go(Number($("timeline").value)); });
picture.addEventListener("click", () => { if (told) toggle(); });
new ResizeObserver(draw).observe(stage);
