// "Predict before you run it": choosing an answer shows whether it was right, and opens the explanation.
import { find, findAll } from "./dom";

/** Makes the page's questions answer. */
export function startPredictions(): void {
  for (const question of findAll("[data-predict]")) {
    question.addEventListener("change", (event) => {
      const input = event.target as HTMLInputElement;
      for (const label of findAll("label", question)) delete label.dataset["judged"];
      const label = input.closest<HTMLElement>("label");
      if (label) label.dataset["judged"] = input.dataset["right"] === undefined ? "wrong" : "right";
      const answer = find<HTMLDetailsElement>("details", question);
      if (answer) answer.open = true;
    });
  }
}
