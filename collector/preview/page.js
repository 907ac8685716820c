"use strict";
const drawn = JSON.parse(document.getElementById("charts").textContent);
const themes = JSON.parse(document.getElementById("themes").textContent);
const root = document.documentElement;
const themeButton = document.getElementById("theme");
let views = [];

async function drawCharts() {
  views.forEach((view) => view.finalize());
  const options = {
    actions: false,
    ast: true, // no eval: the page's own policy forbids it
    renderer: "svg",
    config: themes[root.dataset.theme],
    tooltip: { theme: root.dataset.theme },
  };
  const places = [...document.querySelectorAll(".chart")].filter((place) => !place.closest("[hidden]"));
  views = await Promise.all(places.map((place) => vegaEmbed(place, drawn[place.dataset.chart], options)));
  root.dataset.drawn = String(views.length);
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
    panel.querySelector(".chart").hidden = showsRows;
  });
}

setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
