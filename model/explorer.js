"use strict";
// The explorer of the overview: the arithmetic of hazard.py on thinned draws, and the controls that ask it.
// A test holds it to Python to 1e-6; whoever changes hazard.py changes this file too.

const OFFSETS = [-3, -2, -1, 0, 1, 2, 3], YEAR = 365.25;
const sum = list => list.reduce((total, value) => total + value, 0);

// P(Z < z) of a standard normal: a series near the middle, a continued fraction in the tails.
function ndtr(z) {
  const x = Math.abs(z), density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  let term = x, series = x, fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / fraction;
  if (x > 4) return z < 0 ? density / fraction : 1 - density / fraction;
  for (let k = 3; term > 1e-17 * series; k += 2) series += term *= x * x / k;
  return 0.5 + Math.sign(z) * density * series;
}

// P(lead < days) of a LogNormal lead; 0 for days <= 0.
function leadBelow(p, i, which, days) {
  return days > 0 ? ndtr(Math.log(days / p[which + "_lead"][i]) / Math.log(p[which + "_lead_spread"][i])) : 0;
}

// Cumulative hazard of unknown visits by day and the day of a silent meeting: all that no setting changes.
function prepare(data) {
  const p = data.draws, n = data.count, {horizon} = data;
  data.surprise = Array.from({length: n}, (_, i) => Float64Array.from({length: horizon}, (_, t) =>
    p.surprise_rate[i] / YEAR * leadBelow(p, i, "surprise", t + 1)));
  for (const season of data.seasons) for (const slot of season.slots) {
    slot.draws = Array.from({length: n}, (_, i) => {
      const plain = OFFSETS.map((offset, k) => slot.ahead + offset >= 1 ? p.meeting_day[k][i] : 0);
      const silent = plain.map((value, k) => value * leadBelow(p, i, "announcement", slot.ahead + OFFSETS[k]));
      const left = sum(silent);
      const unrefused = 1 - p.refusal_share[slot.type][i] * (1 - leadBelow(p, i, "refusal", slot.ahead));
      const intensity = -Math.log1p(-p.season_chance[i]) * p.year_factor[i] ** p.year_effect[season.year][i]
        * p.type_factor[i] ** p.type_effect[slot.type][i];
      return {plain, ratio: left / unrefused, intensity, day: silent.map(value => value / Math.max(left, 1e-300))};
    });
  }
}

// Tone B = (P - N) / (P + N + 1) of draw i, less its norm; heard: signals as [kind, value].
function tone(p, i, heard) {
  const parts = heard.map(([kind, value]) => p.weight[kind][i] * value);
  return sum(parts) / (sum(parts.map(Math.abs)) + 1) - p.tone_norm[i];
}

const informal = (p, i, [, planned, doubted]) =>
  Math.log(p.planned_factor[i]) * planned - Math.log(p.doubt_factor[i]) * doubted;

function chanceKept(kept, left, logRatio) {
  const odds = kept / (1 - kept) * Math.exp(logRatio), after = odds / (1 + odds);
  return after * left / (1 - after + after * left);
}

// One hazard from those of a season's occasions: (sum h^(1/overlap))^overlap.
function together(hazards, overlap) {
  const largest = Math.max(...hazards);
  return largest * sum(hazards.map(h => (h / largest) ** (1 / overlap))) ** overlap;
}

// Of a season in draw i, P(they meet at each slot on each day), as [slot, [[day, chance], ...]].
function seasonDays(p, i, season, felt, said, horizon) {
  const possible = season.slots.filter(slot => slot.ahead + OFFSETS[6] >= 1);
  let slots = possible.filter(slot => said(slot)[0] !== -1), words = said, revived = 1;
  if (!slots.length) [slots, words, revived] = [possible, () => [0, 0, 0, 0], p.revived[i]];
  const either = hazards => -Math.expm1(-together(hazards, p.overlap[i]));
  const [rest, announced] = [false, true].map(wanted => slots.filter(slot => (words(slot)[0] === 1) === wanted));
  const rows = [];
  let others = 0;
  if (rest.length) {
    const each = rest.map(slot => slot.draws[i].intensity * p.tone_factor[i] ** felt), agreed = either(each);
    const weight = rest.map((slot, k) => agreed * each[k] / sum(each) * slot.draws[i].ratio
      * Math.exp(informal(p, i, words(slot))));
    const whole = Math.max(1 - agreed + sum(weight), 1e-300);
    others = Math.min(sum(weight) / whole, 1 - 1e-15);
    rest.forEach((slot, k) => rows.push({slot, chance: p.kept[i] * weight[k] / whole, days: slot.draws[i].day}));
  }
  if (announced.length) {
    const promises = announced.map(slot => {
      const whole = sum(OFFSETS.map((offset, k) => slot.ahead + offset >= words(slot)[3] ? p.meeting_day[k][i] : 0));
      const left = Math.max(sum(slot.draws[i].plain), 1e-300);
      return -Math.log1p(-chanceKept(p.kept[i], left / Math.max(whole, left), informal(p, i, words(slot))));
    });
    const kept = either(promises), added = either([...promises, -Math.log1p(-others)]) - kept;
    for (const row of rows) row.chance *= others > 0 ? added / others : 0;
    announced.forEach((slot, k) => {
      const {plain} = slot.draws[i], left = Math.max(sum(plain), 1e-300);
      rows.push({slot, chance: kept * promises[k] / sum(promises), days: plain.map(value => value / left)});
    });
  }
  return rows.map(({slot, chance, days}) => [slot.id, OFFSETS.map((offset, k) =>
    [slot.ahead + offset, revived * chance * days[k]]).filter(([t]) => t >= 1 && t <= horizon)]);
}

function visitDays(p, i, visit, w, horizon) {
  const kept = w[0] === 1 ? Math.max(p.kept[i], p.window_kept[i]) : p.window_kept[i];
  const from = Math.max(visit.first, 1), length = visit.last - from + 1, days = [];
  const chance = chanceKept(kept, length / (visit.last - visit.first + 1), informal(p, i, w));
  for (let t = from; t <= Math.min(visit.last, horizon); t++) days.push([t, chance / length]);
  return [visit.id, days];
}

// The forecast under some settings: its probability, the curve by day, and where they first meet.
// off: indices of signals left out; trust: factor on the tone; status: by occasion, "" as it stands; mask: words heard.
function explore(data, {off, trust, status, mask}) {
  const {draws: p, count: n, horizon} = data, curve = new Float64Array(horizon), first = {};
  const heard = data.background.concat(data.signals.filter((_, index) => !off.has(index)));
  const said = ({id}) => status[id] ? data.words[id].set[status[id]] : data.words[id].heard[mask[id]];
  for (let i = 0; i < n; i++) {
    const felt = trust * tone(p, i, heard), rise = [["unknown", data.surprise[i]]];
    const groups = data.seasons.map(season => seasonDays(p, i, season, felt * season.fade, said, horizon))
      .concat(data.visits.filter(said).map(visit => [visitDays(p, i, visit, said(visit), horizon)]));
    for (const group of groups) {
      const days = new Float64Array(horizon + 1), rate = new Float64Array(horizon + 1);
      for (const [, list] of group) for (const [t, value] of list) days[t] += value;
      for (let t = 1, left = 1; t <= horizon; left -= days[t++])
        if (days[t] > 0) rate[t] = Math.log(Math.max(left, 1e-12) / Math.max(left - days[t], 1e-12)) / days[t];
      for (const [id, list] of group) {
        const own = new Float64Array(horizon);
        for (const [t, value] of list) own[t - 1] += rate[t] * value;
        rise.push([id, own]);
      }
    }
    for (let t = 0, survival = 1; t < horizon; t++) {
      const total = sum(rise.map(([, own]) => own[t])), gain = -survival * Math.expm1(-total);
      curve[t] += (1 - (survival -= gain)) / n;
      if (total > 0) for (const [id, own] of rise) first[id] = (first[id] || 0) + own[t] / total * gain / n;
    }
  }
  return {probability: horizon ? curve[horizon - 1] : 0, curve, first};
}

const root = document.querySelector('[data-script="explorer.js"]');
const data = JSON.parse(root.querySelector("script").textContent);
const all = selector => [...root.querySelectorAll(selector)];
const one = name => root.querySelector(`[data-show="${name}"]`);
const draw = (name, curve) =>
  one(name).setAttribute("d", `M0 1${[...curve].map((p, t) => `L${t + 1} ${(1 - p).toFixed(4)}`).join("")}`);
const percent = x => x > 0 && x < 0.005 ? "<1%" : x > 0.995 && x < 1 ? ">99%" : `${(100 * x).toFixed(0)}%`;

function settings() {
  const mask = {}, status = Object.fromEntries(all("select").map(({name, value}) => [name, value]));
  for (const id in data.words) mask[id] = data.words[id].heard.length - 1;
  for (const word of all("[data-words]:not(:checked)").flatMap(box => box.dataset.words.split(" "))) {
    const [id, bit] = word.split(":");
    mask[id] -= 1 << bit;
  }
  const off = new Set(all("[data-tone]:not(:checked)").map(box => Number(box.dataset.tone)));
  return {off, mask, status, trust: Number(root.querySelector("[type=range]").value)};
}

function update() {
  const asked = settings(), made = explore(data, asked), moved = (100 * (made.probability - data.begin)).toFixed(1);
  one("number").textContent = percent(made.probability);
  one("word").textContent = data.scale.find(([edge]) => made.probability < edge)[1];
  one("moved").textContent = Number(moved) === 0 ? "as forecast" :
    `${moved.replace("-", "−").replace(/^(?=\d)/, "+")} points from the forecast, ${percent(data.begin)}`;
  one("trust").textContent = `${asked.trust.toFixed(1)}×`;
  for (const cell of all("[data-first]")) cell.textContent = percent(made.first[cell.dataset.first] || 0);
  draw("curve", made.curve);
}

prepare(data);
const begun = explore(data, settings());
data.begin = begun.probability;
draw("base", begun.curve);
root.addEventListener("input", update);
root.querySelector("button").addEventListener("click", () => {
  for (const field of all("input, select")) [field.checked, field.value] = [true, field.dataset.plain ?? field.value];
  update();
});
update();
root.hidden = false;
