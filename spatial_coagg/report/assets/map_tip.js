/* The tooltip: beside the pointer, always whole, above all that lies on the map.
   Leaflet's own would be cut off at the edge of the map and hidden by the inset. */
"use strict";

SpatialCoagg.tip = (() => {
  const { element, describe } = SpatialCoagg.panel;
  const APART = 14; // pixels from the pointer
  const EDGE = 6;

  const between = (low, value, high) => Math.max(low, Math.min(value, high));

  /* Right of the pointer, else left of it; where neither has room, above the edge. */
  function place(pane, { x, y }) {
    const { clientWidth: width, clientHeight: height } = pane.map.getContainer();
    const { offsetWidth, offsetHeight } = pane.tip;
    const right = x + APART;
    const left = x - APART - offsetWidth;
    const beside = right + offsetWidth + EDGE <= width || left < EDGE ? right : left;
    const across = between(EDGE, beside, Math.max(EDGE, width - offsetWidth - EDGE));
    const down = between(EDGE, y - offsetHeight / 2, Math.max(EDGE, height - offsetHeight - EDGE));
    pane.tip.style.transform = `translate(${across}px, ${down}px)`;
  }

  function show(pane, city, point) {
    hide(pane);
    pane.tip = element("div", { class: "coagg-tip", role: "tooltip" }, [describe(pane.page, pane, city)]);
    pane.tipped = { city, point };
    pane.root.querySelector(".coagg-canvas").append(pane.tip);
    place(pane, point);
  }

  function move(pane, point) {
    if (!pane.tip) return;
    pane.tipped.point = point;
    place(pane, point);
  }

  function hide(pane) {
    pane.tip?.remove();
    pane.tip = null;
    pane.tipped = null;
  }

  function refresh(pane) {
    if (pane.tip) show(pane, pane.tipped.city, pane.tipped.point);
  }

  return { show, move, hide, refresh };
})();
