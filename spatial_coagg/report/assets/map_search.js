/* The search: a city by any of its names, or its code. */
"use strict";

(() => {
  const { element } = SpatialCoagg.panel;
  const byId = (id) => document.getElementById(`coagg-${id}`);

  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f\s'\u2019-]/g, "");

  /* A keyboard without \u00fc writes v for it: Lvliang. */
  const withV = (name) => (/\u00fc/i.test(name) ? name.replace(/\u00fc/gi, "v") : "");

  const search = {
    found: [],
    active: -1,
    start(page) {
      const { codes, shown, others } = page.data.names;
      this.keys = codes.map((code, city) => {
        const names = `${shown[city]}\u0001${others[city]}`;
        return plain(`${names}\u0001${withV(names)}\u0001${code}`);
      });
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

  SpatialCoagg.parts.push(search);
})();
