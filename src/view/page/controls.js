// The panel: variable, time, colours and their range, order; and the buttons on the map.

const fill = (select, options) => {
  select.replaceChildren();
  for (const [value, text] of options) put(select, "option", text).value = value;
};

const attachControls = ({ meta, shown, camera, reshow, recolor, moved, reset, frame, canvases, turnTheme }) => {
  the("title").textContent = meta.title;
  fill(the("variable"), meta.variables.map((one, i) => [i, one.name]));
  the("variable").value = shown.variable;
  the("variable").addEventListener("change", (event) => {
    shown.variable = Number(event.target.value);
    shown.range = null;
    shown.palette = null;
    the("timing").hidden = !meta.variables[shown.variable].steps;
    reshow();
  });

  the("timing").hidden = !meta.variables[shown.variable].steps;
  if (meta.axis) {
    fill(the("step"), meta.axis.steps.map((said, i) => [i, said]));
    const last = meta.axis.steps.length - 1;
    const go = (step) => {
      shown.step = Math.min(Math.max(step, 0), last);
      the("step").value = shown.step;
      the("slider").value = shown.step;
      the("slider").setAttribute("aria-valuetext", meta.axis.steps[shown.step]);
      the("before").disabled = shown.step === 0;
      the("after").disabled = shown.step === last;
      reshow();
    };
    the("slider").max = last;
    the("step").addEventListener("change", (event) => go(Number(event.target.value)));
    the("slider").addEventListener("input", (event) => go(Number(event.target.value)));
    the("before").addEventListener("click", () => go(shown.step - 1));
    the("after").addEventListener("click", () => go(shown.step + 1));
    the("before").disabled = true;
    the("after").disabled = last === 0;
  }

  fill(the("palette"), Object.keys(meta.looks.light.palettes).map((name) => [name, name]));
  the("palette").addEventListener("change", (event) => {
    shown.palette = event.target.value;
    recolor();
  });
  the("reversed").addEventListener("change", (event) => {
    shown.isReversed = event.target.checked;
    recolor();
  });
  const ranged = () => {
    const ends = [the("low"), the("high")].map((input) => Number(input.value));
    const isRange = ends.every(Number.isFinite) && ends[0] < ends[1];
    the("low").setCustomValidity(isRange ? "" : "the lower end is below the upper one");
    if (!isRange) {
      the("low").reportValidity();
      return;
    }
    shown.range = ends;
    frame();
  };
  for (const id of ["low", "high"]) the(id).addEventListener("change", ranged);
  the("robust").addEventListener("click", () => {
    shown.range = null;
    frame();
  });

  const orders = meta.orders.map((one, i) => [i, `${one.order} (${grouped(one.cells)} cells)`]).reverse();
  fill(the("order"), [["", "by zoom"], ...orders]);
  the("ordering").hidden = orders.length < 2;
  the("order").addEventListener("change", (event) => {
    shown.order = event.target.value === "" ? null : Number(event.target.value);
    frame();
  });

  const zoom = (factor) => () => {
    camera.zoom(factor);
    moved();
  };
  the("nearer").addEventListener("click", zoom(1.6));
  the("farther").addEventListener("click", zoom(1 / 1.6));
  the("whole").addEventListener("click", reset);
  the("theme").addEventListener("click", turnTheme);
  the("save").addEventListener("click", () => {
    const [first] = canvases;
    const ratio = first.width / camera.width;
    const strip = Math.round(84 * ratio);
    const picture = document.createElement("canvas");
    [picture.width, picture.height] = [first.width, first.height + strip];
    const context = picture.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    context.fillStyle = style.getPropertyValue("--paper");
    context.fillRect(0, 0, picture.width, picture.height);
    for (const canvas of canvases) context.drawImage(canvas, 0, 0);
    const legend = the("legend");
    const wide = Math.min(legend.width, picture.width / 2);
    context.drawImage(legend, picture.width - wide - 10 * ratio, first.height + 4 * ratio, wide, strip - 8 * ratio);
    context.fillStyle = style.getPropertyValue("--text");
    context.font = `600 ${16 * ratio}px system-ui, sans-serif`;
    const one = meta.variables[shown.variable];
    context.fillText(meta.title, 16 * ratio, first.height + 30 * ratio, picture.width / 2 - 30 * ratio);
    context.font = `${13 * ratio}px system-ui, sans-serif`;
    const step = one.steps ? `, ${meta.axis.steps[shown.step]}` : "";
    context.fillText(`${one.name}${one.units ? ` [${one.units}]` : ""}${step}`, 16 * ratio, first.height + 54 * ratio, picture.width / 2 - 30 * ratio);
    picture.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${one.name}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  });
};
