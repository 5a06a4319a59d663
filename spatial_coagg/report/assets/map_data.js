/* Arithmetic of the map: decoding, classes, ranks, numbers as text. No page here. */
"use strict";

const SpatialCoagg = { parts: [] };

SpatialCoagg.data = (() => {
  /* Numbers written five bits to a character, lowest first, the sign in the last bit.
     No bit operations: those of JavaScript end at 31 bits. */
  function decodeNumbers(text) {
    const numbers = [];
    let number = 0;
    let unit = 1;
    for (let place = 0; place < text.length; place += 1) {
      const chunk = text.charCodeAt(place) - 63;
      number += (chunk % 32) * unit;
      unit *= 32;
      if (chunk < 32) {
        numbers.push(number % 2 ? -(number + 1) / 2 : number / 2);
        number = 0;
        unit = 1;
      }
    }
    return numbers;
  }

  /* Rings of [x, y] in grid steps; each point is written as a step from the last. */
  function decodeRings(text) {
    return text.split(" ").map((ring) => {
      const steps = decodeNumbers(ring);
      const points = [];
      let x = 0;
      let y = 0;
      for (let place = 0; place < steps.length; place += 2) {
        x += steps[place];
        y += steps[place + 1];
        points.push([x, y]);
      }
      return points;
    });
  }

  /* One list of values for each year, from differences written city by city: 0 stands
     for a missing value, and differences from 0 up are written one higher. */
  function decodeValues(text, cities) {
    const codes = decodeNumbers(text);
    const years = codes.length / cities;
    const values = Array.from({ length: years }, () => new Array(cities).fill(null));
    for (let city = 0; city < cities; city += 1) {
      let last = 0;
      for (let year = 0; year < years; year += 1) {
        const code = codes[city * years + year];
        if (code === 0) continue;
        last += code > 0 ? code - 1 : code;
        values[year][city] = last;
      }
    }
    return values;
  }

  /* A break is the top of its class. */
  function classOf(breaks, value) {
    let place = 0;
    while (place < breaks.length && value > breaks[place]) place += 1;
    return place;
  }

  /* Cities with a value, from the first to the last, and the rank of each; `before`
     says by how much a value comes before another. */
  function rank(values, before = (a, b) => b - a) {
    const order = values.map((_, city) => city).filter((city) => values[city] !== null);
    order.sort((a, b) => before(values[a], values[b]) || a - b);
    const ranks = new Array(values.length).fill(null);
    order.forEach((city, place) => {
      const last = order[place - 1];
      ranks[city] = place > 0 && values[last] === values[city] ? ranks[last] : place + 1;
    });
    return { order, ranks };
  }

  const countClasses = (classes, colours) =>
    colours.map((_, place) => classes.filter((own) => own === place).length);

  /* Everything about one layer in one year, classified by one of its schemes:
     values, classes (-1: no data), ranks, the legend's rows from top to bottom and
     text(city). */
  function frameOf(layer, scheme, year) {
    const values = layer.values[layer.values.length === 1 ? 0 : year];
    const classes = values.map((value) => {
      if (value === null) return -1;
      return layer.labels ? value : classOf(scheme.breaks, value);
    });
    const counts = countClasses(classes, scheme.colours);
    const labels = classLabels(layer, scheme);
    const legend = labels.map((label, place) => ({ label, place, count: counts[place] }));
    return {
      ...rank(values),
      values,
      classes,
      colours: scheme.colours,
      legend: layer.labels ? legend : legend.reverse(),
      missing: classes.filter((own) => own < 0).length,
      // A row that comes and goes would make the legend jump while the years play.
      everMissing: layer.values.some((list) => list.includes(null)),
      ranked: !layer.labels,
      note: layer.note,
      text: (city) => writeValue(layer, values[city]),
    };
  }

  const writeFixed = (number, decimals) =>
    number
      .toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
      .replace("-", "\u2212");

  /* `value` is whole: the number times ten to the power of layer.decimals. */
  const writeNumber = (layer, value, decimals = layer.decimals) =>
    writeFixed(value / 10 ** layer.decimals, decimals);

  const writeValue = (layer, value) => (layer.labels ? layer.labels[value] : writeNumber(layer, value));

  function classLabels(layer, scheme) {
    if (layer.labels) return layer.labels;
    const tops = scheme.breaks.map((top) => writeNumber(layer, top, scheme.decimals));
    if (tops.length === 0) return [""];
    const between = tops.slice(1).map((top, place) => `${tops[place]} \u2013 ${top}`);
    return [`\u2264 ${tops[0]}`, ...between, `> ${tops[tops.length - 1]}`];
  }

  function fillWords(pattern, words) {
    return pattern.replace(/\{(\w+)\}/g, (_, key) => String(words[key]));
  }

  return {
    decodeNumbers,
    decodeRings,
    decodeValues,
    classOf,
    rank,
    countClasses,
    frameOf,
    writeFixed,
    writeValue,
    fillWords,
  };
})();
