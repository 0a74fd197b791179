"use strict";
// The explorer of the overview: the arithmetic of attendance.py and chances.py on weighted draws; controls.
// A test compares it with Python to 1e-6; whoever changes those files changes this one too.

const OFFSETS = [-3, -2, -1, 0, 1, 2, 3], YEAR = 365.25;
const sum = list => list.reduce((total, value) => total + value, 0);
const product = list => list.reduce((total, value) => total * value, 1);
const oddsTimes = (chance, ratio) => chance * ratio / (1 - chance + chance * ratio);

// P(these unsettled words | he comes) / P(these | he stays away), of those said after a day.
const wordRatio = (p, i, [, , levels], since) =>
  product(levels.map(([level, day]) => day > since ? p.misled[level][i] ** (level < 2 ? -1 : 1) : 1));

function afterWords(p, i, chance, said) {
  const level = said[0] > 0 ? Math.max(chance, p.came_if_will[i]) : Math.min(chance, p.came_if_not[i]);
  return oddsTimes(said[0] ? level : chance, wordRatio(p, i, said, -Infinity));
}

const talk = (p, i, {planned, doubted}) => p.word_factor[i] ** (planned - doubted);
const promise = (p, i, days, {at_risk}) => Math.exp(-p.breaks[i] * Math.min(Math.max(days, 0), at_risk));

// A slot in draw i: P(held), P(each leader comes), P(both do), P(a promise is kept), the days of a meeting.
function inDraw(p, i, slot, tone, data) {
  const comes = slot.odds.map((odds, side) => afterWords(p, i, oddsTimes(
    0.5, odds[i] * p.tone_factor[i] ** (slot.home[side] ? 0 : tone)), slot.coming[side]));
  const held = afterWords(p, i, p.held[i], slot.coming[2]), beside = (1 - data.named_day) / 2;
  const usual = OFFSETS.map((offset, k) => slot.ahead + offset < 1 ? 0 : p.meeting_day[k][i]);
  const named = [beside, data.named_day, beside].map((chance, k) => slot.due + k > 1 ? chance : 0);
  const [first, day] = slot.due === null ? [slot.ahead - 3, usual] : [slot.due - 1, named];
  const days = day.map((chance, k) => [first + k, chance / Math.max(sum(day), 1e-300)]);
  const against = slot.coming.map(([settled, day, levels]) => [settled, day, levels.filter(([level]) => level > 1)]);
  const since = product(against.map(said => wordRatio(p, i, said, slot.announced)));
  const ratio = p.word_factor[i] ** -slot.doubted * since, due = slot.due ?? slot.ahead;
  return {...slot, held, comes, kept: oddsTimes(promise(p, i, due, data), ratio), days, left: sum(usual),
    bothCome: held * comes[0] * comes[1], talk: talk(p, i, slot)};
}

// Of each slot, P(they meet there) and P(both are there), announcements aside: a sum over who comes where.
function unpromised(p, i, slots, tone) {
  const summit = oddsTimes(p.meets_summit[i], p.tone_factor[i] ** tone), other = p.meets_other[i];
  const rows = slots.map(() => ({there: 0, both: 0}));
  let whole = 0;
  for (let pattern = 0; pattern < 2 ** slots.length; pattern++) {
    const at = slots.map((_, k) => pattern >> k & 1), on = slots.filter((_, k) => at[k]);
    const chance = product(slots.map((slot, k) => at[k] ? slot.bothCome : 1 - slot.bothCome));
    const apart = on.filter(slot => !slot.summit).map(() => 1 - other);
    const missed = (apart.length < on.length ? 1 - summit : 1) * product(apart);
    const ahead = Math.max(0, ...on.map(slot => slot.summit ? slot.left : 0));
    const passed = on.filter(slot => !slot.summit).map(slot => 1 - other * (1 - slot.left));
    const soFar = (passed.length < on.length ? 1 - summit * (1 - ahead) : 1) * product(passed);
    const weight = slots.map((slot, k) => at[k] * (slot.summit ? summit : other) * slot.talk * slot.left);
    const ratio = Math.max(0, ...on.map(slot => slot.talk)) / Math.max(sum(weight), 1e-300);
    const met = weight.map(share => chance * (soFar - missed) * ratio * share);
    const seen = chance * missed + sum(met);
    rows.forEach((row, k) => { row.there += met[k]; row.both += at[k] * seen; });
    whole += seen;
  }
  return rows.map(({there, both}) => ({there: there / whole, both: both / whole}));
}

// The same with announced meetings kept as promises: of all subsets of them the one with the largest chance.
function seasonChances(p, i, slots, tone) {
  const total = rows => sum(rows.map(row => row.there)), announced = slots.filter(slot => slot.announced !== null);
  let best = unpromised(p, i, slots, tone);
  for (let chosen = 1; chosen < 2 ** announced.length; chosen++) {
    const isPromise = slot => chosen >> announced.indexOf(slot) & 1 && slot.announced !== null;
    let broken = 1;
    const promised = slots.map(slot => isPromise(slot) ? {there: broken - (broken *= 1 - slot.kept), both: slot.kept} : null);
    const others = unpromised(p, i, slots.filter((_, k) => !promised[k]), tone);
    for (const row of others) row.there *= broken;
    const rows = promised.map(row => row ?? others.shift());
    if (total(rows) > total(best)) best = rows;
  }
  return best;
}

function visitDays(p, i, visit, data) {
  const {id, first, last, due, shift} = visit;
  const from = Math.max(due ?? first, 1), length = due === null ? last - from + 1 : 1;
  const kept = day => oddsTimes(promise(p, i, day, data), talk(p, i, visit));
  return [id, Array.from({length}, (_, k) => [from + k, kept(from + k) / length]), shift];
}

function againDays(p, i, {id, last, since}) {
  const left = last / (last + since), chance = p.again[i] * left / (1 - p.again[i] * (1 - left));
  return [id, Array.from({length: last}, (_, k) => [k + 1, chance / last])];
}

// What is said of a place under some settings; a leader who stays away takes an announcement back.
function spoken({words, switches, sides}, asked, place) {
  const {set, heard} = words[place.id], status = asked.meeting[place.id];
  const said = status ? set[status] : heard[asked.mask[place.id]];
  if (!said) return null;
  const [announced, due, named, planned, since, doubted] = said.meeting;
  const coming = said.comes.map((now, k) => switches[asked[sides[k]]?.[place.id]] ?? now);
  const off = Math.max(...coming.map(([settled, day]) => settled < 0 ? day : -Infinity));
  return {...place, coming, planned, ...announced !== null && announced > off ?
    {announced, due: named > off ? due : null, doubted: since} : {announced: null, due: null, doubted}};
}

// Groups of what excludes one another in draw i, a season or a visit: each as [id, [[day, chance], ...]].
function groupsOf(data, i, {seasons, visits}, felt, add) {
  const p = data.draws;
  return seasons.map(({fade, slots}) => {
    const inside = slots.map(slot => inDraw(p, i, slot, felt * fade, data));
    const rows = seasonChances(p, i, inside, felt * fade);
    return inside.map(({id, held, comes, bothCome, days, shift}, k) => {
      const {there, both} = rows[k], alone = (1 - both) * held / Math.max(1 - bothCome, 1e-12);
      data.sides.forEach((side, s) => add(side, id, both + alone * comes[s] * (1 - comes[1 - s])));
      add("both", id, both);
      return [id, days.map(([t, chance]) => [t, there * chance]), shift];
    });
  }).concat(visits.map(at => [visitDays(p, i, at, data)]), data.again.map(at => [againDays(p, i, at)]));
}

// The hazard of each member of a group by day, in the time zone of the question; none before it opens.
function hazards(group, {horizon, opens}) {
  const days = group.map(([, list, [before, after] = [0, 0]]) => {
    const own = new Float64Array(horizon + 1);
    for (const [t, chance] of list) if (t >= 1 && t <= horizon + 1) own[t - 1] += chance;
    return Float64Array.from({length: horizon}, (_, t) => t + 1 < opens ? 0 : (1 - before - after) * own[t] +
      before * (own[t + 1] + (t ? 0 : own[0])) + after * (t ? own[t - 1] : 0));
  });
  let left = 1;
  const rate = days[0].map((_, t) => {
    const chance = sum(days.map(own => own[t])), before = left;
    return chance > 0 ? Math.log(Math.max(before, 1e-12) / Math.max(left -= chance, 1e-12)) / chance : 0;
  });
  return group.map(([id], k) => [id, days[k].map((chance, t) => chance * rate[t])]);
}

// The forecast under some settings: probability, curve by day, and by "first id", "both id", "SIDE id" the
// chance that they first meet there and who comes. Asked: `off`, signals left out; `trust`, a factor on the
// tone; by id, `mask` of the words that count, and what is set of `meeting` and of each side.
function explore(data, asked) {
  const {draws: p, weights, horizon} = data, curve = new Float64Array(horizon), values = {};
  let weight;
  const add = (what, id, chance) => values[`${what} ${id}`] = (values[`${what} ${id}`] ?? 0) + chance * weight;
  const heard = data.background.concat(data.signals.filter((_, index) => !asked.off.has(index)));
  const tone = sum(heard) / (sum(heard.map(Math.abs)) + 1), place = each => spoken(data, asked, each);
  const ahead = {seasons: data.seasons.map(({fade, slots}) => ({fade, slots: slots.map(place)})),
    visits: data.visits.map(place).filter(Boolean)};
  for (let i = 0; i < weights.length; i++) {
    weight = weights[i];
    const groups = groupsOf(data, i, ahead, asked.trust * (tone - p.norm[i]), add);
    const unknown = curve.map((_, t) => t + 1 < data.opens ? 0 :
      -p.visit_rate[i] / YEAR * data.unseen_here * Math.expm1(-(t + 1) / p.visit_notice[i]));
    const rise = [["unknown", unknown], ...groups.flatMap(group => hazards(group, data))];
    let survival = 1;
    const share = unknown.map((_, t) => {
      const total = sum(rise.map(([, own]) => own[t])), gain = -survival * Math.expm1(-total);
      curve[t] += (1 - (survival -= gain)) * weight;
      return total > 0 ? gain / total : 0;
    });
    for (const [id, own] of rise) add("first", id, sum(own.map((hazard, t) => hazard * share[t])));
  }
  return {probability: curve.at(-1), curve, values};
}

const root = document.querySelector('[data-script="explorer.js"]');
const data = JSON.parse(root.querySelector("script").textContent);
const all = selector => [...root.querySelectorAll(selector)];
const one = name => root.querySelector(`[data-show="${name}"]`);
const percent = x => x > 0 && x < 0.005 ? "<1%" : x > 0.995 && x < 1 ? ">99%" : `${(100 * x).toFixed(0)}%`;

function settings() {
  const off = new Set(all("[data-tone]:not(:checked)").map(box => Number(box.dataset.tone)));
  const asked = {off, mask: {}, meeting: {}, trust: Number(root.querySelector("[type=range]").value)};
  for (const {name, value, dataset: {part}} of all("select")) (asked[part] ??= {})[name] = value;
  for (const id in data.words) asked.mask[id] = data.words[id].heard.length - 1;
  for (const word of all("[data-words]:not(:checked)").flatMap(box => box.dataset.words.split(" "))) {
    const [id, bit] = word.split(":");
    asked.mask[id] -= 1 << bit;
  }
  return asked;
}

function update() {
  const asked = settings(), made = explore(data, asked);
  data.begin ??= made.probability;
  const moved = (100 * (made.probability - data.begin)).toFixed(1);
  one("number").textContent = percent(made.probability);
  one("word").textContent = data.scale.find(([edge]) => made.probability < edge)[1];
  one("moved").textContent = Number(moved) === 0 ? "as forecast" :
    `${moved.replace("-", "−").replace(/^(?=\d)/, "+")} points from the forecast, ${percent(data.begin)}`;
  one("trust").textContent = `${asked.trust.toFixed(1)}×`;
  for (const cell of all("[data-value]")) cell.textContent = percent(made.values[cell.dataset.value] ?? 0);
  const line = [...made.curve].map((p, t) => `L${t + 1} ${(1 - p).toFixed(4)}`).join("");
  one("curve").setAttribute("d", `M0 1${line}`);
}

root.addEventListener("input", update);
root.querySelector("button").addEventListener("click", () => {
  for (const field of all("select, [type=range]")) field.value = field.dataset.plain;
  for (const box of all("[type=checkbox]")) box.checked = true;
  update();
});
update();
one("base").setAttribute("d", one("curve").getAttribute("d"));
root.hidden = false;
