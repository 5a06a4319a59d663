/* The panel: layer and year, legend, the selected city, the table. */
"use strict";

SpatialCoagg.panel = (() => {
  const { writeValue, classLabels, fillWords } = SpatialCoagg.data;
  const { svgElement } = SpatialCoagg.view;
  const TOP = 10;
  const byId = (id) => document.getElementById(`coagg-${id}`);

  /* Text goes in as text, never as markup: names are data. */
  function element(name, attributes = {}, children = []) {
    const node = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    node.append(...children);
    return node;
  }

  function swatch(colour) {
    const box = svgElement("svg", { class: "coagg-swatch", "aria-hidden": "true" });
    box.append(svgElement("rect", { width: "100%", height: "100%", fill: colour }));
    return box;
  }

  const colourOf = (pane, city) => {
    const { classes, colours } = pane.frame();
    return classes[city] < 0 ? SpatialCoagg.view.NO_DATA : colours[classes[city]];
  };

  const yearShown = (page) => page.data.years[page.state.year] ?? "";

  const valueText = (page, pane, city) => {
    const { classes, text } = pane.frame();
    return classes[city] < 0 ? page.words.no_data : text(city);
  };

  function rankText(page, pane, city) {
    const { ranks, order, ranked } = pane.frame();
    if (!ranked || ranks[city] === null) return "";
    return fillWords(page.words.rank_of, { rank: ranks[city], count: order.length });
  }

  /* The interval of a what-if's change. */
  function intervalText(pane, city) {
    const { interval, headings, ranks } = pane.frame();
    return interval && ranks[city] !== null ? `${headings[1]} ${interval(city)}` : "";
  }

  function sentence(page, pane, city) {
    const parts = [
      page.data.names.shown[city],
      valueText(page, pane, city),
      intervalText(pane, city),
      rankText(page, pane, city),
    ];
    return parts.filter((part) => part !== "").join(", ");
  }

  /* The city's values over the years; a year without data breaks the line. */
  function sparkline(page, pane, city) {
    const layer = pane.layer();
    const values = layer.values.map((year) => year[city]);
    const present = values.filter((value) => value !== null);
    if (layer.labels || values.length < 2 || present.length === 0) return null;
    const [low, high] = [Math.min(...present), Math.max(...present)];
    const x = (year) => 4 + (year * 142) / (values.length - 1);
    const y = (value) => (high === low ? 18 : 31 - ((value - low) * 26) / (high - low));
    let pen = "M";
    let path = "";
    values.forEach((value, year) => {
      if (value !== null) path += `${pen}${x(year).toFixed(1)},${y(value).toFixed(1)}`;
      pen = value === null ? "M" : "L";
    });
    const box = svgElement("svg", { class: "coagg-spark", viewBox: "0 0 150 36", "aria-hidden": "true" });
    box.append(svgElement("path", { d: path }));
    const now = values[pane.year()];
    if (now !== null) box.append(svgElement("circle", { cx: x(pane.year()), cy: y(now), r: 3.2 }));
    const ends = element("span", { class: "coagg-ends" }, [
      element("span", {}, [String(page.data.years[0])]),
      element("span", {}, [String(page.data.years[values.length - 1])]),
    ]);
    const span = element("span", { class: "coagg-span" }, [
      element("span", {}, [writeValue(layer, high)]),
      element("span", {}, [writeValue(layer, low)]),
    ]);
    return element("div", { class: "coagg-sparkrow" }, high === low ? [box, "", ends] : [box, span, ends]);
  }

  /* What one pane shows of a city. */
  function facts(page, pane, city) {
    const rows = [
      element("small", { class: "coagg-what" }, [pane.heading()]),
      element("div", { class: "coagg-value" }, [
        swatch(colourOf(pane, city)),
        element("b", {}, [valueText(page, pane, city)]),
      ]),
    ];
    [intervalText(pane, city), rankText(page, pane, city)]
      .filter((text) => text !== "")
      .forEach((text) => rows.push(element("small", {}, [text])));
    const line = sparkline(page, pane, city);
    return line ? [...rows, line] : rows;
  }

  function nameRows(page, city) {
    const { shown, others, codes } = page.data.names;
    const second = [others[city], codes[city]].filter((name) => name && name !== shown[city]);
    return [element("strong", {}, [shown[city]]), element("small", {}, [second.join(" \u00b7 ")])];
  }

  /* The tooltip of a pane. */
  const describe = (page, pane, city) =>
    element("div", { class: "coagg-city" }, [...nameRows(page, city), ...facts(page, pane, city)]);

  /* The card of the selected city: all that is shown of it. */
  const describeAll = (page, city) =>
    element("div", { class: "coagg-city" }, [
      ...nameRows(page, city),
      ...page.shown().flatMap((pane) => facts(page, pane, city)),
    ]);

  /* The layers as options, those of a group under its heading. */
  function layerOptions(layers) {
    const nodes = [];
    const groups = new Map();
    layers.forEach(({ title, group }, place) => {
      const option = element("option", { value: place }, [title]);
      if (!group) nodes.push(option);
      else if (groups.has(group)) groups.get(group).append(option);
      else {
        groups.set(group, element("optgroup", { label: group }, [option]));
        nodes.push(groups.get(group));
      }
    });
    return nodes;
  }

  /* ---- layer and year ---- */

  const choices = {
    start(page) {
      const { layers, years } = page.data;
      byId("layer").append(...layerOptions(layers));
      byId("layer").closest("label").hidden = layers.length < 2;
      byId("layer").addEventListener("change", (event) => page.choose(Number(event.target.value)));
      byId("years").hidden = years.length < 2;
      byId("year").max = String(Math.max(0, years.length - 1));
      byId("year").addEventListener("input", (event) => {
        this.pause(page);
        page.set({ year: Number(event.target.value) });
      });
      byId("play").addEventListener("click", () => (this.timer ? this.pause(page) : this.play(page)));
    },
    play(page) {
      const last = page.data.years.length - 1;
      if (page.state.year === last) page.set({ year: 0 });
      this.timer = setInterval(() => {
        page.set({ year: page.state.year + 1 });
        if (page.state.year === last) this.pause(page);
      }, 900);
      this.label(page);
    },
    pause(page) {
      clearInterval(this.timer);
      this.timer = null;
      this.label(page);
    },
    label(page) {
      const button = byId("play");
      const text = this.timer ? page.words.pause : page.words.play;
      button.dataset.playing = String(Boolean(this.timer));
      button.setAttribute("aria-label", text);
      button.title = text;
    },
    update(page) {
      const still = page.layer().values.length === 1;
      if (still && this.timer) this.pause(page);
      byId("layer").value = String(page.state.layer);
      byId("year").value = String(page.state.year);
      byId("year").disabled = still;
      byId("play").disabled = still;
      byId("year").setAttribute("aria-valuetext", String(yearShown(page)));
      byId("year-shown").textContent = still ? "\u2013" : String(yearShown(page));
      byId("years").title = still ? page.words.same_every_year : "";
      byId("heading").textContent = page.panes[0].heading();
    },
  };

  /* ---- legend ---- */

  const legend = {
    start(page) {
      byId("scheme").addEventListener("change", ({ target }) => page.set({ scheme: target.value }));
    },
    update(page) {
      const frame = page.panes[0].frame();
      if (frame === this.shown) return;
      this.shown = frame;
      const most = Math.max(...frame.legend.map(({ count }) => count), frame.missing, 1);
      const row = (colour, label, count) =>
        element("tr", {}, [
          element("th", { scope: "row" }, [swatch(colour), label]),
          element("td", {}, [
            element("span", { class: "coagg-bar", style: `--share:${count / most}` }),
            element("span", { class: "coagg-count" }, [String(count)]),
          ]),
        ]);
      const rows = frame.legend.map(({ label, place, count }) => row(frame.colours[place], label, count));
      if (frame.everMissing) rows.push(row(SpatialCoagg.view.NO_DATA, page.words.no_data, frame.missing));
      byId("legend").tBodies[0].replaceChildren(...rows);
      const still = page.layer().values.length === 1;
      byId("legend-title").textContent = frame.legendTitle ?? (still ? page.words.classes : page.words.legend);
      byId("note").textContent = frame.note;
      this.offer(page);
    },
    /* The rules by which the classes may be made. */
    offer(page) {
      const layer = page.layer();
      const options = layer.schemes.map(({ name }) =>
        element("option", { value: name }, [page.words[name] ?? name]),
      );
      byId("scheme").replaceChildren(...options);
      byId("scheme").value = page.scheme(layer).name;
      byId("scheme").closest("label").hidden = options.length < 2;
    },
  };

  /* ---- table ---- */

  const table = {
    all: false,
    start(page) {
      byId("more").addEventListener("click", () => {
        this.all = !this.all;
        byId("more").setAttribute("aria-pressed", String(this.all));
        this.update(page);
      });
    },
    update(page) {
      const frame = page.panes[0].frame();
      const { order, ranked } = frame;
      byId("ranking").hidden = !ranked;
      const ten = frame.title ?? page.words.top_ten;
      byId("more").textContent = this.all ? ten : page.words.all_cities;
      byId("table-title").textContent = this.all ? page.words.all_cities : ten;
      const { rank, city, value } = page.words;
      const headings = [rank, city, ...(frame.headings ?? [value])];
      byId("table").tHead.rows[0].replaceChildren(
        ...headings.map((text) => element("th", { scope: "col" }, [text])),
      );
      const cities = order.slice(0, this.all ? order.length : TOP);
      const rows = ranked ? cities.map((place) => this.row(page, frame, place)) : [];
      const body = byId("table").tBodies[0];
      const place = [...body.querySelectorAll("button")].indexOf(document.activeElement);
      body.replaceChildren(...rows);
      if (place >= 0) body.querySelectorAll("button")[place]?.focus();
    },
    row(page, frame, city) {
      const button = element("button", { type: "button" }, [page.data.names.shown[city]]);
      button.addEventListener("click", () => page.visit(city));
      const colour = swatch(colourOf(page.panes[0], city));
      const cells = frame.interval
        ? [[frame.text(city).replace(/ %$/, "")], [frame.interval(city), colour]]
        : [[frame.text(city), colour]];
      const row = element("tr", {}, [
        element("td", {}, [String(frame.ranks[city])]),
        element("td", {}, [button]),
        ...cells.map((cell) => element("td", {}, cell)),
      ]);
      if (city === page.state.city) row.setAttribute("aria-current", "true");
      return row;
    },
  };

  /* ---- selected city ---- */

  const card = {
    update(page) {
      const { city } = page.state;
      const box = byId("card");
      if (city === null) {
        box.replaceChildren(element("p", { class: "coagg-hint" }, [page.words.select_hint]));
        return;
      }
      const close = element("button", { type: "button", class: "coagg-close", "aria-label": page.words.close }, ["\u00d7"]);
      close.addEventListener("click", () => page.set({ city: null }));
      box.replaceChildren(describeAll(page, city), close);
    },
  };

  SpatialCoagg.parts.push(choices, legend, table, card);

  return { element, swatch, describe, sentence, layerOptions };
})();
