"use strict";
// The as-of slider of the overview: shows one stop of the replay at a time; Play goes through them to the last.
{
  const root = document.querySelector('[data-script="replay.js"]');
  const [slider, button, marker, told] = ["input", "button", "circle", ".stops"].map(what => root.querySelector(what));
  let next = 0;

  const show = playing => {
    const stop = told.children[slider.value];
    for (const each of told.children) each.hidden = each !== stop;
    marker.setAttribute("cx", stop.dataset.x);
    marker.setAttribute("cy", stop.dataset.y);
    slider.ariaValueText = stop.dataset.day;
    playing &&= slider.value !== slider.max;
    [button.textContent, told.ariaLive] = playing ? ["Pause", "off"] : ["Play", "polite"];
    clearTimeout(next);
    next = playing && setTimeout(() => { slider.stepUp(); show(true); }, 1500);
  };

  button.addEventListener("click", () => {
    if (slider.value === slider.max) slider.value = 0;
    show(!next);
  });
  slider.addEventListener("input", () => show(false));
  show(false);
  root.hidden = false;
}
