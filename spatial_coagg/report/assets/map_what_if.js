/* Arithmetic of the what-if: from responses to a percentage, its changes and classes.
   No page here; WhatIfLayer in map_what_if.py computes the same and is the witness. */
"use strict";

SpatialCoagg.whatIf = (() => {
  const { decodeNumbers, classOf, rank, countClasses, writeFixed, fillWords } = SpatialCoagg.data;
  const DRIFT = 1e-3; // share of the range seen by which theta may leave it
  const SIDES = 6; // classes on either side of zero

  /* Responses as three lists, [source * N + city]: lower end, median, upper end. */
  function decodeResponses(coded) {
    const { unit } = coded;
    const median = decodeNumbers(coded.median);
    const below = decodeNumbers(coded.below);
    const above = decodeNumbers(coded.above);
    return {
      lower: median.map((number, place) => (number - below[place]) / unit),
      median: median.map((number) => number / unit),
      upper: median.map((number, place) => (number + above[place]) / unit),
    };
  }

  /* Rise of the driver that a percentage makes in a city of the model. */
  function stepOf(coded, source, percent) {
    if (coded.driver_scale === "ln") return Math.log1p(percent / 100);
    const before = coded.theta[source];
    const rise = (before * percent) / 100;
    return coded.driver_scale === "ln1p" ? Math.log1p(rise / (1 + before)) : rise;
  }

  /* A negative step turns the interval round. */
  function scaled([lower, median, upper], step) {
    const ends = step < 0 ? [upper * step, lower * step] : [lower * step, upper * step];
    return { lower: ends[0], median: median * step, upper: ends[1] };
  }

  const inUnits = (coded, change) =>
    coded.outcome_logged
      ? {
          lower: 100 * Math.expm1(change.lower),
          median: 100 * Math.expm1(change.median),
          upper: 100 * Math.expm1(change.upper),
        }
      : change;

  const sizeOf = (coded, step) => coded.typical * Math.abs(step) * (coded.outcome_logged ? 100 : 1);

  /* Two digits of a typical neighbour's change. */
  function decimalsOf(coded, step) {
    const size = sizeOf(coded, step);
    return size > 0 ? Math.min(9, Math.max(0, 1 - Math.floor(Math.log10(size)))) : 2;
  }

  /* Changes of every city of the model; the source's own are kept at full precision. */
  function changesOf(coded, responses, source, step) {
    const first = source * coded.cities.length;
    return coded.cities.map((_, city) => {
      const own = city === source ? coded.own[source] : null;
      const place = first + city;
      return inUnits(
        coded,
        scaled(own ?? [responses.lower[place], responses.median[place], responses.upper[place]], step),
      );
    });
  }

  /* Half the last digit shown, then four breaks of the series 1, 2, 5, 10 ... up to
     the size of a typical neighbour's change. */
  function breaksOf(coded, step, decimals) {
    const size = sizeOf(coded, step);
    if (!(size > 0)) return [];
    let power = Math.floor(Math.log10(size) + 1e-9);
    let place = [1, 2, 5].findLastIndex((digit) => digit * 10 ** power <= size * (1 + 1e-9));
    const breaks = [];
    while (breaks.length < SIDES - 2) {
      breaks.unshift(Number(`${[1, 2, 5][place]}e${power}`));
      if (place === 0) power -= 1;
      place = (place + 2) % 3;
    }
    return [Number(`5e${-decimals - 1}`), ...breaks];
  }

  function classOfChange(change, breaks) {
    if (change.lower > 0) return classOf(breaks, change.median);
    if (change.upper < 0) return SIDES + classOf(breaks, -change.median);
    return 2 * SIDES;
  }

  /* Beyond `huge` per cent an estimate is so vague that its digits would say nothing. */
  function writeSigned(number, decimals, huge) {
    if (huge !== null && Math.abs(number) > huge) {
      return `${number > 0 ? ">" : "<"} ${writeFixed(Math.sign(number) * huge, 0)}`;
    }
    const text = writeFixed(Math.abs(number), decimals);
    if (!/[1-9]/.test(text)) return text;
    return (number < 0 ? "\u2212" : "+") + text;
  }

  function writeInterval({ lower, upper }, decimals, huge) {
    const write = (number) => writeSigned(number, decimals, huge).replace("+", "");
    if (huge !== null && (lower > huge || upper < -huge)) return write(upper);
    return `${write(lower)} \u2013 ${write(upper)}`;
  }

  /* Classes of one side of zero as text, from small to large. */
  function sideLabels(breaks, sign, [less, more], words) {
    if (breaks.length === 0) return [words];
    const tops = breaks.map((top) => sign + top.toLocaleString("en-US", { maximumFractionDigits: 12 }));
    const between = tops.slice(1).map((top, place) => `${tops[place]} \u2013 ${top}`);
    return [`${less} ${tops[0]}`, ...between, `${more} ${tops[tops.length - 1]}`];
  }

  function legendOf(words, breaks, counts) {
    const rows = (labels, first) =>
      labels.map((label, place) => ({ label, place: first + place, count: counts[first + place] }));
    const gains = rows(sideLabels(breaks, "+", ["\u2264", ">"], words.more), 0).reverse();
    const losses = rows(sideLabels(breaks, "\u2212", ["\u2265", "<"], words.less), SIDES);
    const shown = (side) => (side.some(({ count }) => count > 0) ? side : []);
    const [zero, source] = rows([words.includes_zero, words.source], 2 * SIDES);
    return [source, ...shown(gains), zero, ...shown(losses)];
  }

  const legendTitle = (coded, words) => (coded.outcome_logged ? words.classes_percent : words.classes);

  /* The frame before a city is chosen: every city of the model in the same colour. */
  function emptyFrame(coded, page) {
    const classes = page.data.names.codes.map((_, city) => (coded.places.has(city) ? 2 * SIDES : -1));
    return {
      values: classes.map(() => null),
      classes,
      colours: coded.colours,
      legend: [],
      order: [],
      ranks: classes.map(() => null),
      missing: classes.filter((own) => own < 0).length,
      everMissing: true,
      ranked: false,
      note: "",
      legendTitle: legendTitle(coded, page.words),
      text: () => "",
    };
  }

  function frameFor(coded, page) {
    const { city, percent } = page.state;
    const source = coded.places.get(city);
    if (source === undefined) return emptyFrame(coded, page);
    coded.responses ??= decodeResponses(coded);
    const step = stepOf(coded, source, percent);
    const decimals = decimalsOf(coded, step);
    const breaks = breaksOf(coded, step, decimals);
    const changes = page.data.names.codes.map(() => null);
    changesOf(coded, coded.responses, source, step).forEach((change, place) => {
      changes[coded.cities[place]] = change;
    });
    const classes = changes.map((change, place) => {
      if (change === null) return -1;
      return place === city ? 2 * SIDES + 1 : classOfChange(change, breaks);
    });
    const values = changes.map((change) => (change === null ? null : change.median));
    const unit = coded.outcome_logged ? page.words.percent : "";
    return {
      // Who gains most comes first, or who loses most where the driver falls.
      ...rank(values, step < 0 ? (a, b) => a - b : (a, b) => b - a),
      values,
      classes,
      colours: coded.colours,
      legend: legendOf(page.words, breaks, countClasses(classes, coded.colours)),
      missing: classes.filter((own) => own < 0).length,
      everMissing: true,
      ranked: true,
      note: fillWords(page.words.what_if_note, coded.terms),
      headings: [coded.outcome_logged ? page.words.median_percent : page.words.median, fillWords(page.words.interval, coded.terms)],
      legendTitle: legendTitle(coded, page.words),
      title: step < 0 ? page.words.lose_most : page.words.gain_most,
      text: (place) => writeSigned(values[place], decimals, coded.huge) + unit,
      interval: (place) => writeInterval(changes[place], decimals, coded.huge),
    };
  }

  /* Own, neighbours' and total effect of the source: sums over cities, so in the
     outcome's own units, or a hundred times its logarithm. */
  function sumsOf(coded, source, percent) {
    const step = stepOf(coded, source, percent);
    const decimals = decimalsOf(coded, step);
    const unit = coded.outcome_logged ? 100 : 1;
    return ["own", "others", "total"].map((key) => {
      const sum = scaled(coded[key][source], step * unit);
      return {
        key,
        text: writeSigned(sum.median, decimals, coded.huge),
        interval: writeInterval(sum, decimals, coded.huge),
      };
    });
  }

  /* theta before and after, and whether it leaves the range that was observed. */
  function thetaOf(coded, source, percent) {
    const before = coded.theta[source];
    const after = before * (1 + percent / 100);
    const [low, high] = coded.theta_range;
    return {
      before: writeFixed(before, 2),
      after: writeFixed(after, 2),
      low: writeFixed(low, 2),
      high: writeFixed(high, 2),
      // As what_if in Python: by less than a thousandth of the range is no news.
      outside: after < low - DRIFT * (high - low) || after > high + DRIFT * (high - low),
    };
  }

  /* The what-if as one more layer of the map, the same in every year. */
  function layerOf(data) {
    const coded = data.what_if;
    coded.places = new Map(coded.cities.map((city, place) => [city, place]));
    const heading = (page) => {
      const { city, percent } = page.state;
      if (!coded.places.has(city)) return page.words.what_if_empty;
      return fillWords(percent < 0 ? page.words.what_if_lower : page.words.what_if_higher, {
        ...coded.terms,
        city: data.names.shown[city],
        percent: Math.abs(percent),
      });
    };
    return {
      title: data.words.what_if,
      note: "",
      values: [data.names.codes.map(() => null)],
      schemes: [{ name: "" }],
      whatIf: coded,
      key: (page) => `what-if:${page.state.city}:${page.state.percent}`,
      frame: (page) => frameFor(coded, page),
      heading,
    };
  }

  return { layerOf, sumsOf, thetaOf };
})();
