"use strict";
const drawn = JSON.parse(document.getElementById("charts").textContent);
const themes = JSON.parse(document.getElementById("themes").textContent);
const root = document.documentElement;
const themeButton = document.getElementById("theme");
const views = new Map();

async function drawChart(place) {
  views.get(place)?.finalize();
  const options = {
    actions: false,
    ast: true, // no eval: the page's own policy forbids it
    renderer: "svg",
    config: themes[root.dataset.theme],
    tooltip: { theme: root.dataset.theme },
  };
  views.set(place, await vegaEmbed(place, drawn[place.dataset.chart], options));
}

async function drawCharts() {
  const places = [...document.querySelectorAll(".chart")].filter((place) => !place.hidden);
  await Promise.all(places.map(drawChart));
  root.dataset.drawn = String(places.length);
}

function setTheme(name) {
  root.dataset.theme = name;
  themeButton.setAttribute("aria-pressed", String(name === "dark"));
  delete root.dataset.drawn;
  return drawCharts();
}

themeButton.addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));

for (const button of document.querySelectorAll("button[data-panel]")) {
  button.addEventListener("click", () => {
    const panel = document.getElementById(button.dataset.panel);
    const showsRows = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(showsRows));
    panel.querySelector(".rows").hidden = !showsRows;
    const place = panel.querySelector(".chart");
    place.hidden = showsRows;
    if (!showsRows) drawChart(place); // the theme may be another one by now
  });
}

setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
