"use strict";
// What a pointer and a keyboard can do with the page; it is complete without.
const D = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement, [T0, T1] = D.span, find = (query, from = document) => [...from.querySelectorAll(query)];
const level = new Map([...D.levels].map((sign, place) => [sign, place]));
const hidden = new Set();
let from = T0, to = T1, cursor = null;

const lanes = D.lanes.map(lane => {
  const columns = [], values = [...lane.values], weights = [...lane.weights];
  let place = 0, value = 0, weight = 0;
  for (const [start, length, count] of lane.blocks)
    for (let i = 0; i < count; i++) {
      const code = lane.codes.charCodeAt(place++), column = {start: start + i * length, end: start + (i + 1) * length};
      if (code < 97) {
        column.word = code - 65;
        column.p = D.words.map(() => level.get(values[value++]));
        column.weights = lane.sources.map(() => level.get(weights[weight++]));
      } else column.reason = code - 97;
      columns.push(column);
    }
  for (const [name, text] of Object.entries(lane.measures)) {
    const [low, high] = D.scales[name];
    [...text].forEach((sign, at) => {
      if (sign !== " ") (columns[at].m ??= {})[name] = low + level.get(sign) / 100 * (high - low);
    });
  }
  return {...lane, columns};
});

// Where people were: each moment as lines to draw, by the number of the person.
const poses = Object.fromEntries(Object.entries(D.poses).map(([number, {times, near, used, places}]) => {
  const signs = [...places];
  let at = 0;
  const next = () => level.get(signs[at++]), fine = () => (next() * 101 + next()) / 10200 * 1000;
  return [number, {near, moments: times.map(time => {
    const face = signs[at++], joints = [];
    let lines = [];
    if (face !== "n") {
      const [left, top, width, height] = [fine(), fine(), fine(), fine()];
      if (face === "o") {
        const dots = [];
        for (let i = 0; i < D.outline; i++) dots.push([left + next() / 100 * width, top + next() / 100 * height]);
        lines = D.lines.map(line => line.map(place => dots[place]));
      } else lines = [[[left, top], [left + width, top], [left + width, top + height], [left, top + height], [left, top]]];
    }
    for (const joint of used) if (signs[at] === " ") at++; else joints[joint] = [fine(), fine()];
    return {time, lines, joints};
  })}];
}));

const x = time => (time - from) / (to - from) * D.width;
const box = (start, end, height = 100) => {
  const left = x(start), width = Math.max(x(end) - left, .7);
  return `M${left.toFixed(1)} 0h${width.toFixed(1)}v${height}H${left.toFixed(1)}z`;
};
const visible = items => items.filter(item => item.end > from - (to - from) / 50 && item.start < to + (to - from) / 50);

// Columns that touch and that `same` finds alike.
function runs(columns, same) {
  const found = [];
  for (const column of columns) {
    const last = found.at(-1);
    if (last && column.start - last.end < 1e-3 && same(last.columns[0], column)) last.end = column.end, last.columns.push(column);
    else found.push({start: column.start, end: column.end, columns: [column]});
  }
  return found;
}

// What is drawn: the columns in view, averaged where a column would be narrower than two pixels.
function seen(plot, lane) {
  const columns = visible(lane.columns), many = Math.ceil(columns.length / Math.max(plot.clientWidth / 2, 40));
  if (many < 2) return columns;
  const found = [];
  for (let place = 0; place < columns.length; place += many) {
    const group = columns.slice(place, place + many), judged = group.filter(column => column.p);
    const whole = {start: group[0].start, end: group.at(-1).end};
    if (judged.length * 2 >= group.length) {
      whole.p = D.words.map((_, word) => judged.reduce((sum, column) => sum + column.p[word], 0) / judged.length);
      whole.word = whole.p.indexOf(Math.max(...whole.p));
    } else whole.reason = group.find(column => !column.p).reason;
    for (const name of Object.keys(lane.measures)) {
      const taken = group.filter(column => column.m?.[name] !== undefined);
      if (taken.length * 2 >= group.length) (whole.m ??= {})[name] = taken.reduce((sum, column) => sum + column.m[name], 0) / taken.length;
    }
    found.push(whole);
  }
  return found;
}

function drawLane(plot, lane) {
  const columns = seen(plot, lane), judged = runs(columns, (a, b) => !a.p === !b.p);
  const below = [];
  for (const word of D.order) {
    below.push(word);
    // Whole percents rarely sum to 100; the lane is full all the same.
    const sum = column => 100 - 100 * below.reduce((all, each) => all + (hidden.has(each) ? 0 : column.p[each]), 0)
      / column.p.reduce((all, p) => all + p);
    const path = hidden.has(word) ? "" : judged.filter(run => run.columns[0].p).map(run => {
      const middle = run.columns.map(column => `L${x((column.start + column.end) / 2).toFixed(1)} ${sum(column).toFixed(1)}`);
      return `M${x(run.start).toFixed(1)} 100V${sum(run.columns[0]).toFixed(1)}${middle.join("")}H${x(run.end).toFixed(1)}V100z`;
    }).join("");
    plot.querySelector(`path[data-word="${word}"]`).setAttribute("d", path);
  }
  find(".gap", plot).forEach(path => path.remove());
  label(plot, runs(columns, (a, b) => a.reason === b.reason).filter(run => run.columns[0].p === undefined),
    run => D.reasons[run.columns[0].reason]);
}

function drawMeasure(plot, lane, name) {
  const [low, high] = D.scales[name], columns = seen(plot, lane), value = column => column.m?.[name];
  const y = column => (100 - 100 * (value(column) - low) / (high - low)).toFixed(1);
  const found = runs(columns, (a, b) => (value(a) === undefined) === (value(b) === undefined));
  plot.querySelector(".level").setAttribute("d", found.filter(run => value(run.columns[0]) !== undefined).map(run =>
    `M${x(run.start).toFixed(1)} 100V${y(run.columns[0])}`
    + run.columns.map(column => `L${x((column.start + column.end) / 2).toFixed(1)} ${y(column)}`).join("")
    + `H${x(run.end).toFixed(1)}V100z`).join(""));
  plot.querySelector(".ground").setAttribute("d", found.filter(run => value(run.columns[0]) !== undefined).map(run => box(run.start, run.end)).join(""));
  find(".gap", plot).forEach(path => path.remove());
  label(plot, runs(columns, (a, b) => a.reason === b.reason && (value(a) === undefined) === (value(b) === undefined))
    .filter(run => value(run.columns[0]) === undefined), run => missing(run.columns[0]));
}
const missing = column => column.reason === undefined || column.reason === D.unasked ? "not measured" : D.reasons[column.reason];

function drawPose(svg, {moments, near}) {
  const time = cursor, far = moment => Math.abs(moment.time - time);
  const moment = moments.reduce((best, each) => far(each) < far(best) ? each : best);
  const line = places => "M" + places.map(place => place.map(Math.round).join(" ")).join("L"), {joints} = moment;
  const paths = {
    face: moment.lines.map(line).join(""),
    limbs: D.limbs.filter(([a, b]) => joints[a] && joints[b]).map(([a, b]) => line([joints[a], joints[b]])).join(""),
    joints: joints.map(place => line([place]) + "h0").join(""),
  };
  for (const [name, path] of Object.entries(paths)) svg.querySelector("." + name).setAttribute("d", path);
  const lost = far(moment) > near;
  svg.classList.toggle("lost", lost);
  svg.parentNode.querySelector(".when").textContent = lost ? `not at ${clock(time, 1)}; nearest at ${clock(moment.time, 1)}` : "at " + clock(moment.time, 1);
}

function drawRibbon(plot, lane) {
  const found = runs(seen(plot, lane), (a, b) => a.word === b.word).filter(run => run.columns[0].p);
  const svg = plot.querySelector("svg");
  svg.replaceChildren(...D.words.map((_, word) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("class", "w" + word);
    path.setAttribute("d", found.filter(run => run.columns[0].word === word && !hidden.has(word)).map(run => box(run.start, run.end)).join(""));
    return path;
  }));
  label(plot, found.filter(run => !hidden.has(run.columns[0].word)), run => D.words[run.columns[0].word], run => "i" + run.columns[0].word);
}

// Names the runs that have room for their name.
function label(plot, found, text, style) {
  const pixels = plot.clientWidth / (to - from);
  plot.querySelector(".labels").replaceChildren(...found.flatMap(run => {
    const start = Math.max(run.start, from), end = Math.min(run.end, to), said = text(run);
    if ((end - start) * pixels < said.length * 6.6 + 10) return [];
    const tag = document.createElement("b");
    tag.textContent = said;
    if (style) tag.className = style(run);
    tag.style.left = (start - from) * pixels + "px";
    tag.style.width = (end - start) * pixels + "px";
    return [tag];
  }));
}

function clock(time, digits) {
  const unit = 10 ** digits, ticks = Math.round(Math.max(time, 0) * unit), seconds = Math.floor(ticks / unit);
  const pad = number => String(number).padStart(2, "0"), hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  return (hours ? hours + ":" + pad(minutes) : minutes) + ":" + pad(seconds % 60) + (digits ? "." + String(ticks % unit).padStart(digits, "0") : "");
}

function drawAxis(plot) {
  const step = D.steps.find(step => (to - from) / step <= Math.max(3, plot.clientWidth / 95)) || D.steps.at(-1);
  const ticks = [];
  for (let place = Math.ceil(from / step - 1e-9); place * step <= to + 1e-9; place++) {
    const tick = document.createElement("time");
    tick.textContent = clock(place * step, step < 1 ? 1 : 0);
    tick.style.left = x(place * step) / D.width * 100 + "%";
    ticks.push(tick);
  }
  plot.replaceChildren(...ticks);
}

function draw() {
  find("[data-lane]").forEach(plot => drawLane(plot, lanes[plot.dataset.lane]));
  find("[data-ribbon]").forEach(plot => drawRibbon(plot, lanes[plot.dataset.ribbon]));
  find("[data-measure]").forEach(plot => drawMeasure(plot, lanes[plot.dataset.of], plot.dataset.measure));
  find("[data-speech]").forEach(plot => {
    const [own, unclear] = D.speech[plot.dataset.speech];
    for (const [name, turns] of [["own", own], ["unclear", unclear]])
      plot.querySelector("." + name).setAttribute("d", turns.filter(([start, end]) => end > from && start < to).map(turn => box(...turn)).join(""));
  });
  find(".axis .plot").forEach(drawAxis);
  const whole = to - from > (T1 - T0) * .999, pan = document.getElementById("pan");
  pan.style.visibility = whole ? "hidden" : "visible";
  if (!whole) pan.value = 1000 * (from - T0) / (T1 - T0 - (to - from));
  point(cursor);
}

function show(start, end) {
  const shortest = Math.min(T1 - T0, Math.max(...lanes.map(lane => lane.blocks[0][1])) * 4);
  const length = Math.min(T1 - T0, Math.max(end - start, shortest));
  from = Math.min(Math.max((start + end - length) / 2, T0), T1 - length);
  to = from + length;
  draw();
}
const zoom = (factor, at = (from + to) / 2) => show(at - (at - from) * factor, at + (to - at) * factor);
const move = by => show(from + by, to + by);

function point(time) {
  cursor = time;
  root.classList.toggle("pointing", time !== null && time >= from && time <= to);
  if (time === null) return;
  root.style.setProperty("--x", (time - from) / (to - from));
  find("[data-pose]").forEach(svg => drawPose(svg, poses[svg.dataset.pose]));
}

const columnAt = (lane, time) => lane.columns.find(column => time >= column.start && time < column.end);
function words(lane, column) {
  return column.p.map((p, word) => ({p, word})).filter(item => item.p >= 1).sort((a, b) => b.p - a.p);
}

// A measure in three digits.
const number = value => value.toFixed(Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0);

const tip = document.getElementById("tip");
const make = (name, kind, text) => Object.assign(document.createElement(name), {className: kind || "", textContent: text || ""});
function tell(event, lane, time, measure) {
  const column = columnAt(lane, time), digits = lane.blocks[0][1] < 10 ? 1 : 0;
  const head = make("h4", "", `${lane.person} · ${lane.source} `);
  head.append(make("span", "", column ? `${clock(column.start, digits)}–${clock(column.end, digits)}` : clock(time, 1)));
  tip.replaceChildren(head);
  const measured = Object.entries(column?.m ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${number(value)} ${D.units[name]}`);
  if (!column) tip.append("not looked at");
  else if (measure) tip.append(column.m?.[measure] === undefined ? missing(column) : "");
  else if (!column.p) tip.append("Not judged: " + D.reasons[column.reason]);
  else {
    const list = make("ul", "bars");
    for (const {p, word} of words(lane, column)) {
      const item = make("li"), bar = make("span", "bar"), fill = make("i");
      fill.style.width = p + "%";
      fill.style.background = colour(word);
      bar.append(fill);
      item.append(make("span", "word", D.words[word]), bar, make("span", "value", p + " %"));
      list.append(item);
    }
    tip.append(list);
    const moved = lane.sources.map((source, place) => `${source} ${column.weights[place]} %`).join(", ");
    if (moved) tip.append(make("span", "absent", "moved by " + moved));
  }
  for (const text of measured) tip.append(make("div", measure ? "" : "absent", text));
  tip.hidden = false;
  const left = event.clientX + 18 + tip.offsetWidth > innerWidth ? event.clientX - tip.offsetWidth - 18 : event.clientX + 18;
  tip.style.left = Math.max(4, left) + "px";
  tip.style.top = Math.min(event.clientY + 18, innerHeight - tip.offsetHeight - 6) + "px";
}
const colour = word => document.querySelector(`#legend [data-word="${word}"] i`).style.background;

let drag = null;
for (const plot of find("[data-lane],[data-ribbon],[data-speech],[data-measure]")) {
  const timeOf = event => {
    const area = plot.getBoundingClientRect();
    return from + Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * (to - from);
  };
  const lane = lanes[plot.dataset.lane ?? plot.dataset.ribbon ?? plot.dataset.of];
  plot.addEventListener("pointermove", event => {
    const time = timeOf(event);
    point(time);
    if (lane) tell(event, lane, time, plot.dataset.measure); else tip.hidden = true;
    if (!drag || drag.plot !== plot) return;
    drag.end = time;
    const [left, right] = [drag.start, time].sort((a, b) => a - b);
    drag.mark.style.left = 100 * (left - from) / (to - from) + "%";
    drag.mark.style.width = 100 * (right - left) / (to - from) + "%";
  });
  plot.addEventListener("pointerleave", () => { tip.hidden = true; if (!drag) point(null); });
  plot.addEventListener("pointerdown", event => {
    if (event.pointerType === "touch" || event.button) return;
    plot.setPointerCapture(event.pointerId);
    drag = {plot, start: timeOf(event), end: timeOf(event), x: event.clientX, mark: make("div", "chosen")};
    plot.append(drag.mark);
  });
  for (const name of ["pointerup", "pointercancel"]) plot.addEventListener(name, event => {
    if (!drag) return;
    const {start, end, mark} = drag, far = Math.abs(event.clientX - drag.x) > 5;
    mark.remove();
    drag = null;
    if (far && name === "pointerup") show(Math.min(start, end), Math.max(start, end));
  });
  plot.addEventListener("dblclick", () => show(T0, T1));
  plot.addEventListener("wheel", event => {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) event.preventDefault(), zoom(Math.exp(event.deltaY / 400), timeOf(event));
    else if (to - from < T1 - T0 && Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
      event.preventDefault(), move(sideways / plot.clientWidth * (to - from));
  }, {passive: false});
}

for (const chart of find(".chart")) chart.addEventListener("keydown", event => {
  const {ribbon, lane: first, of, measure} = chart.querySelector("[data-ribbon],[data-lane],[data-measure]").dataset;
  const lane = lanes[ribbon ?? first ?? of];
  const step = lane.blocks[0][1] * (event.shiftKey ? 10 : 1), at = cursor ?? from;
  const jump = {ArrowLeft: at - step, ArrowRight: at + step, Home: T0, End: T1 - 1e-3}[event.key];
  if (jump !== undefined) {
    const time = Math.min(Math.max(jump, T0), T1 - 1e-3);
    if (time < from || time > to) move(time - (from + to) / 2);
    point(time);
    const column = columnAt(lane, time);
    document.getElementById("said").textContent = clock(time, 1) + ", " + (!column ? "not looked at" : column.p
      ? words(lane, column).slice(0, 3).map(({p, word}) => `${D.words[word]} ${p} %`).join(", ")
      : column.m?.[measure] === undefined ? D.reasons[column.reason] : `${measure} ${number(column.m[measure])}`);
    const area = chart.querySelector(".plot").getBoundingClientRect();
    tell({clientX: area.left + area.width * (time - from) / (to - from), clientY: area.bottom}, lane, time, measure);
  } else if (event.key === "+" || event.key === "=") zoom(.5, at);
  else if (event.key === "-") zoom(2, at);
  else if (event.key === "0" || event.key === "Escape") tip.hidden = true, show(T0, T1);
  else return;
  event.preventDefault();
});
find(".chart").forEach(chart => chart.addEventListener("blur", () => { tip.hidden = true; }));

for (const button of find("#legend button")) button.addEventListener("click", () => {
  const word = Number(button.dataset.word), off = hidden.delete(word) ? false : !!hidden.add(word);
  button.setAttribute("aria-pressed", String(!off));
  draw();
});
const doing = {in: () => zoom(.5, cursor ?? undefined), out: () => zoom(2, cursor ?? undefined), all: () => show(T0, T1)};
find("#zoom button").forEach(button => button.addEventListener("click", () => doing[button.dataset.do]()));
document.getElementById("pan").addEventListener("input", event => {
  const start = T0 + event.target.value / 1000 * (T1 - T0 - (to - from));
  show(start, start + to - from);
});
addEventListener("resize", draw);
document.getElementById("zoom").hidden = false;
root.classList.add("live");
draw();
