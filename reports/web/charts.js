// Draws every chart of the page with uPlot in place of its still picture; without this script the picture stays.
(() => {
  "use strict";
  const charts = JSON.parse(document.getElementById("chart-data").textContent);
  const HEIGHT = 240;
  const NINES = [[1, "0 %"], [2, "50 %"], [10, "90 %"], [100, "99 %"], [1e3, "99.9 %"], [1e4, "99.99 %"],
    [1e5, "99.999 %"], [1e6, "99.9999 %"]];
  const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const style = () => getComputedStyle(document.documentElement);
  const color = (name) => style().getPropertyValue(name).trim();
  const two = (value) => String(value).padStart(2, "0");

  function elapsed(seconds) {
    const whole = Math.round(Math.abs(seconds));
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const clock = hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
    return (seconds < 0 ? "-" : "") + clock;
  }

  function figure(value) {
    if (value === null || value === undefined) return "NA";
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : Math.abs(value) >= 0.01 ? 3 : 6;
    return value.toLocaleString("en-US", {maximumFractionDigits: digits});
  }

  const withUnit = (chart, value) => value === null || value === undefined ? "NA" : `${figure(value)} ${chart.unit}`;

  function place(chart) {
    return (_, x) => {
      if (x === null || x === undefined) return "";
      if (chart.across === "labels") return chart.labels[Math.round(x)] ?? "–";
      if (chart.across === "quantile") return `${figure(100 * (1 - 1 / x))} %`;
      const at = chart.began === null ? "" : ` · ${new Date((chart.began + x) * 1000).toISOString().slice(11, 19)} UTC`;
      return elapsed(x) + at;
    };
  }

  function acrossAxis(chart) {
    const axis = {stroke: color("--soft"), font: font(), grid: {show: false}, ticks: {stroke: color("--line"), width: 1}, size: 34};
    if (chart.across === "quantile") {
      axis.splits = (u) => NINES.map(([at]) => at).filter((at) => at <= u.scales.x.max * 1.001);
      axis.values = (u, splits) => splits.map((at) => (NINES.find(([nine]) => nine === at) ?? ["", ""])[1]);
      axis.filter = (u, splits) => u.width > 520 ? splits : splits.map((at, index) => index % 2 ? null : at);
    } else if (chart.across === "labels") {
      const every = (u) => Math.max(1, Math.ceil(chart.labels.length / Math.max(2, Math.floor(u.width / 110))));
      axis.splits = (u) => chart.labels.map((_, at) => at).filter((at) => at % every(u) === 0);
      axis.values = (_, splits) => splits.map((at) => chart.labels[at] ?? "");
    } else {
      axis.incrs = STEPS_S;
      axis.values = (_, splits) => splits.map(elapsed);
    }
    return axis;
  }

  function upAxis(chart) {
    const axis = {stroke: color("--soft"), font: font(), size: 64, grid: {stroke: color("--line"), width: 1},
      ticks: {show: false}, values: (_, splits) => splits.map((at) => at === null ? "" : `${figure(at)} ${chart.unit}`)};
    if (chart.log) {
      const [low, high] = chart.range[1].map((at) => Math.round(Math.log10(at)));
      axis.splits = () => Array.from({length: high - low + 1}, (_, index) => 10 ** (low + index));
      axis.filter = (_, splits) => splits;
    }
    return axis;
  }

  const font = () => `12px ${style().fontFamily}`;

  function seriesOf(chart, line) {
    const series = {label: line.name, stroke: color(`--t-${line.tone}`), width: 1.75, points: {show: false},
      value: (_, value, __, at) => at === null || at === undefined ? "" : withUnit(chart, value)};
    if (line.stroke === "dashed") series.dash = [5, 4];
    if (line.stroke === "step") series.paths = uPlot.paths.stepped({align: 1});
    if (line.values.filter((value) => value !== null).length < 3) series.points = {show: true, size: 5};
    return series;
  }

  function drawExtras(chart) {
    return (u) => {
      const {ctx, bbox} = u;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.font = `${11 * ratio}px ${style().fontFamily}`;
      for (const limit of chart.limits) {
        const y = Math.round(u.valToPos(limit.value, "y", true));
        if (y < bbox.top || y > bbox.top + bbox.height) continue;
        line(ctx, color("--t-limit"), [4 * ratio, 4 * ratio], [bbox.left, y, bbox.left + bbox.width, y], ratio);
      }
      chart.marks.forEach((mark, index) => {
        const x = Math.round(u.valToPos(mark.at, "x", true));
        if (x < bbox.left || x > bbox.left + bbox.width) return;
        const tint = color(mark.kind === "breaker" ? "--t-bad" : "--soft");
        line(ctx, tint, [2 * ratio, 3 * ratio], [x, bbox.top, x, bbox.top + bbox.height], ratio);
        ctx.fillStyle = tint;
        ctx.textAlign = "center";
        ctx.fillText(String(index + 1), x, bbox.top - 4 * ratio);
      });
      ctx.restore();
    };
  }

  function line(ctx, stroke, dash, [x1, y1, x2, y2], ratio) {
    ctx.beginPath();
    ctx.strokeStyle = stroke;
    ctx.lineWidth = ratio;
    ctx.setLineDash(dash);
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  }

  function options(chart, width) {
    const [[left, right], [low, high]] = chart.range;
    const across = {time: false, range: (_, from, to) => from > left || to < right ? [from, to] : [left, right]};
    const all = chart.groups.flatMap((group) => group.xs);
    const [first, last] = [Math.min(...all), Math.max(...all)];
    across.range = (_, from, to) => from > first || to < last ? [from, to] : [left, right];
    if (chart.across === "quantile") across.distr = 3;
    const lines = chart.groups.flatMap((group) => group.lines);
    return {
      width, height: HEIGHT,
      padding: [18, 14, 0, 0],
      scales: {x: across, y: {range: [low, high], distr: chart.log ? 3 : 1}},
      axes: [acrossAxis(chart), upAxis(chart)],
      series: [{label: chart.across === "quantile" ? "Percentile" : "At", value: place(chart)},
        ...lines.map((item) => seriesOf(chart, item))],
      cursor: chart.across === "time" ? {sync: {key: "time", scales: ["x", null]}, y: false} : {y: false},
      hooks: {draw: [drawExtras(chart)]},
    };
  }

  // A step speaks for the time until the next one, so it has a value wherever another line has a point.
  function held(chart, joined) {
    chart.groups.flatMap((group) => group.lines.map((item) => [group, item])).forEach(([group, item], index) => {
      if (item.stroke !== "step") return;
      const values = joined[index + 1];
      const end = group.xs[group.xs.length - 1];
      for (let at = 1; at < values.length; at++) {
        if (values[at] === undefined && joined[0][at] <= end) values[at] = values[at - 1];
      }
    });
    return joined;
  }

  function draw(chart) {
    const figure = document.querySelector(`[data-chart="${CSS.escape(chart.id)}"]`);
    const room = figure.querySelector(".plot");
    const tables = chart.groups.filter((group) => group.xs.length)
      .map((group) => [group.xs, ...group.lines.map((item) => item.values)]);
    const drawn = {...chart, groups: chart.groups.filter((group) => group.xs.length)};
    room.replaceChildren();
    room.hidden = false;
    const plot = new uPlot(options(drawn, room.clientWidth), held(drawn, uPlot.join(tables)), room);
    figure.classList.add("drawn");
    return {plot, room};
  }

  let drawn = charts.map(draw);
  new ResizeObserver(() => {
    for (const {plot, room} of drawn) {
      if (room.clientWidth && room.clientWidth !== plot.width) plot.setSize({width: room.clientWidth, height: HEIGHT});
    }
  }).observe(document.querySelector("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const {plot} of drawn) plot.destroy();
    drawn = charts.map(draw);
  });
})();
