"use strict";
// The page asks for the jobs every second and draws what has changed. Texts are set as text, never
// as markup: a plate may be called anything.

const EVERY_MS = 1000;
const rows = new Map(); // job id to what was drawn of it

function cell(row, name) {
  return row.querySelector("." + name);
}

function draw(job) {
  const row = document.createElement("tr");
  for (const name of ["plate", "restorer", "frames", "state", "output", "action"]) {
    row.insertCell().className = name;
  }
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "frames done");
  cell(row, "frames").append(bar, document.createElement("span"));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Cancel";
  button.addEventListener("click", () => cancel(job.job, button));
  cell(row, "action").append(button);
  row.id = job.job;
  return row;
}

function update(row, job, device) {
  cell(row, "plate").textContent = job.plate;
  cell(row, "restorer").textContent = job.restorer + (job.urgent ? " (urgent)" : "");
  cell(row, "frames").querySelector("progress").max = job.total;
  cell(row, "frames").querySelector("progress").value = job.done;
  cell(row, "frames").querySelector("span").textContent = `${job.done} of ${job.total}`;
  cell(row, "state").textContent = device ? `${job.state} on ${device}` : job.state;
  cell(row, "output").textContent = job.output;
  cell(row, "action").firstChild.hidden = !["queued", "running"].includes(job.state);
  row.className = job.state + (location.hash === "#" + job.job ? " asked" : "");
}

function show(report) {
  const body = document.querySelector("tbody");
  const several = report.workers.length > 1;
  const devices = new Map(several ? report.workers.map((one) => [one.job, one.device]) : []);
  const listed = new Set(report.jobs.map((job) => job.job));
  for (const [name, row] of rows) {
    if (!listed.has(name)) {
      row.remove();
      rows.delete(name);
    }
  }
  report.jobs.forEach((job, place) => {
    if (!rows.has(job.job)) rows.set(job.job, draw(job));
    const row = rows.get(job.job);
    update(row, job, devices.get(job.job));
    if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null);
  });
  document.querySelector("table").hidden = report.jobs.length === 0;
  document.querySelector("#nothing").hidden = report.jobs.length !== 0;
}

function say(text, gone) {
  const line = document.querySelector("#engine");
  if (line.textContent !== text) line.textContent = text; // said once to who listens
  line.classList.toggle("gone", gone);
}

async function cancel(job, button) {
  button.disabled = true;
  button.textContent = "Cancelling…";
  try {
    const answer = await (await fetch("cancel/" + job, { method: "POST" })).json();
    if (answer.error) say(answer.error, true);
  } catch {
    button.disabled = false;
    button.textContent = "Cancel";
  }
}

async function look() {
  try {
    const answer = await (await fetch("jobs")).json();
    if (answer.error) {
      say("No engine: " + answer.error, true);
    } else {
      const counts = Object.entries(answer.report.counts).map(([state, n]) => `${n} ${state}`);
      const workers = answer.report.workers.map((one) => `${one.device} ${one.state}`);
      const doing = workers.join(", ") || answer.report.worker; // an older engine names none
      say(["Worker " + doing, ...counts].join("; "), false);
      show(answer.report);
    }
  } catch {
    say("This page has ended. Open it again from Faceplate's menu, or say `faceplate page`.", true);
  }
  setTimeout(look, EVERY_MS);
}

look();
