/* The panel: layer and year, legend, search, the selected city, the table. */
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

  const colourOf = (page, city) => {
    const own = page.frame().classes[city];
    return own < 0 ? SpatialCoagg.view.NO_DATA : page.layer().colours[own];
  };

  const yearShown = (page) => page.data.years[page.state.year] ?? "";

  const valueText = (page, city) => {
    const value = page.frame().values[city];
    return value === null ? page.words.no_data : writeValue(page.layer(), value);
  };

  function rankText(page, city) {
    const { ranks, order } = page.frame();
    if (page.layer().labels || ranks[city] === null) return "";
    return fillWords(page.words.rank_of, { rank: ranks[city], count: order.length });
  }

  function sentence(page, city) {
    const parts = [page.data.names.shown[city], valueText(page, city), rankText(page, city)];
    return parts.filter((part) => part !== "").join(", ");
  }

  /* The city's values over the years; a year without data breaks the line. */
  function sparkline(page, city) {
    const layer = page.layer();
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
    const now = values[page.state.year];
    if (now !== null) box.append(svgElement("circle", { cx: x(page.state.year), cy: y(now), r: 3.2 }));
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

  /* What is known of a city: in the tooltip, and in the card once it is selected. */
  function describe(page, city) {
    const { shown, others, codes } = page.data.names;
    const second = [others[city], codes[city]].filter((name) => name && name !== shown[city]);
    const value = element("div", { class: "coagg-value" }, [
      swatch(colourOf(page, city)),
      element("b", {}, [valueText(page, city)]),
    ]);
    const box = element("div", { class: "coagg-city" }, [
      element("strong", {}, [shown[city]]),
      element("small", {}, [second.join(" \u00b7 ")]),
      element("small", { class: "coagg-what" }, [page.heading()]),
      value,
    ]);
    const rank = rankText(page, city);
    if (rank) box.append(element("small", {}, [rank]));
    const line = sparkline(page, city);
    if (line) box.append(line);
    return box;
  }

  /* ---- layer and year ---- */

  const choices = {
    start(page) {
      const { layers, years } = page.data;
      byId("layer").append(
        ...layers.map((layer, place) => element("option", { value: place }, [layer.title])),
      );
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
      byId("heading").textContent = page.heading();
    },
  };

  /* ---- legend ---- */

  const legend = {
    update(page, changed) {
      if (!changed.has("layer") && !changed.has("year")) return;
      const layer = page.layer();
      const { counts, missing } = page.frame();
      const most = Math.max(...counts, missing, 1);
      const row = (colour, label, count) =>
        element("tr", {}, [
          element("th", { scope: "row" }, [swatch(colour), label]),
          element("td", {}, [
            element("span", { class: "coagg-bar", style: `--share:${count / most}` }),
            element("span", { class: "coagg-count" }, [String(count)]),
          ]),
        ]);
      const rows = classLabels(layer).map((label, place) => row(layer.colours[place], label, counts[place]));
      if (!layer.labels) rows.reverse();
      if (this.everMissing(layer)) rows.push(row(SpatialCoagg.view.NO_DATA, page.words.no_data, missing));
      byId("legend").tBodies[0].replaceChildren(...rows);
      byId("note").textContent = layer.note;
    },
    /* A row that comes and goes would make the legend jump while the years play. */
    everMissing: (layer) => layer.values.some((year) => year.includes(null)),
  };

  /* ---- table ---- */

  const table = {
    all: false,
    start(page) {
      byId("more").addEventListener("click", () => {
        this.all = !this.all;
        byId("more").setAttribute("aria-pressed", String(this.all));
        byId("more").textContent = this.all ? page.words.top_ten : page.words.all_cities;
        byId("table-title").textContent = this.all ? page.words.all_cities : page.words.top_ten;
        this.update(page);
      });
    },
    update(page) {
      byId("ranking").hidden = Boolean(page.layer().labels);
      const { order, ranks } = page.frame();
      const rows = order.slice(0, this.all ? order.length : TOP).map((city) => {
        const button = element("button", { type: "button" }, [page.data.names.shown[city]]);
        button.addEventListener("click", () => page.visit(city));
        const row = element("tr", {}, [
          element("td", {}, [String(ranks[city])]),
          element("td", {}, [button]),
          element("td", {}, [valueText(page, city), swatch(colourOf(page, city))]),
        ]);
        if (city === page.state.city) row.setAttribute("aria-current", "true");
        return row;
      });
      const body = byId("table").tBodies[0];
      const place = [...body.querySelectorAll("button")].indexOf(document.activeElement);
      body.replaceChildren(...rows);
      if (place >= 0) body.querySelectorAll("button")[place]?.focus();
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
      box.replaceChildren(describe(page, city), close);
    },
  };

  /* ---- search ---- */

  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f\s'\u2019-]/g, "");

  const search = {
    found: [],
    active: -1,
    start(page) {
      const { codes, shown, others } = page.data.names;
      this.keys = codes.map((code, city) => plain(`${shown[city]}\u0001${others[city]}\u0001${code}`));
      const box = byId("search");
      box.addEventListener("input", () => this.look(page));
      box.addEventListener("keydown", (event) => this.key(page, event));
      box.addEventListener("blur", () => this.close());
    },
    look(page) {
      const wanted = plain(byId("search").value);
      const hits = this.keys
        .map((key, city) => ({ city, place: wanted ? key.indexOf(wanted) : -1 }))
        .filter(({ place }) => place >= 0);
      hits.sort((a, b) => a.place - b.place || this.keys[a.city].localeCompare(this.keys[b.city]));
      this.found = hits.slice(0, 8).map(({ city }) => city);
      this.active = this.found.length ? 0 : -1;
      this.show(page, wanted !== "");
    },
    show(page, open) {
      const list = byId("found");
      const { shown, others } = page.data.names;
      const items = this.found.map((city, place) => {
        const item = element("li", { role: "option", id: `coagg-found-${place}`, "aria-selected": place === this.active }, [
          shown[city],
          element("small", {}, [others[city]]),
        ]);
        // Before the field loses the focus, which closes the list.
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          this.choose(page, city);
        });
        return item;
      });
      if (items.length === 0) items.push(element("li", { class: "coagg-none" }, [page.words.no_match]));
      list.replaceChildren(...items);
      list.hidden = !open;
      byId("search").setAttribute("aria-expanded", String(open));
      if (this.active >= 0) byId("search").setAttribute("aria-activedescendant", `coagg-found-${this.active}`);
      else byId("search").removeAttribute("aria-activedescendant");
    },
    key(page, event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && this.found.length) {
        this.active = (this.active + step + this.found.length) % this.found.length;
        this.show(page, true);
      } else if (event.key === "Enter" && this.active >= 0) this.choose(page, this.found[this.active]);
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
    },
    choose(page, city) {
      byId("search").value = "";
      this.close();
      page.visit(city);
    },
    close() {
      this.found = [];
      this.active = -1;
      byId("found").hidden = true;
      byId("search").setAttribute("aria-expanded", "false");
    },
    update() {},
  };

  SpatialCoagg.parts.push(choices, legend, table, card, search);

  return { describe, sentence };
})();
