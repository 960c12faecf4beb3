// Sorting and filtering for the tables that tables.py writes; without it they are plain tables.
"use strict";

const table = document.querySelector("table");
const body = table.tBodies[0];
const rows = [...body.rows];
const order = new Intl.Collator("zh-CN", { numeric: true });

const compare = (a, b, column) => {
  const [x, y] = [a, b].map((row) => row.cells[column].dataset.sort ?? "");
  if (x === "" || y === "") return null;
  return Number.isNaN(Number(x) + Number(y)) ? order.compare(x, y) : x - y;
};

// What has no value stays last, whichever way the others go.
const sort = (column, sign) => {
  const sorted = [...rows].sort((a, b) => {
    const difference = compare(a, b, column);
    if (difference !== null) return sign * difference;
    const empty = (row) => Number(!row.cells[column].dataset.sort);
    return empty(a) - empty(b);
  });
  body.append(...sorted);
};

[...table.tHead.rows[0].cells].forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    table.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(column, down ? -1 : 1);
  });
});

const form = document.querySelector("form");
const told = form.querySelector("output");
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.querySelector("input").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += Number(!row.hidden);
  }
  told.textContent = words.length ? `${shown} / ${rows.length} 条` : "";
});
